package stacks.platform.aws;

import com.hashicorp.cdktf.TerraformResource;
import com.hashicorp.cdktf.TerraformStack;
import com.hashicorp.cdktf.providers.aws.security_group.SecurityGroup;
import com.hashicorp.cdktf.providers.aws.vpc_security_group_egress_rule.VpcSecurityGroupEgressRule;
import com.hashicorp.cdktf.providers.aws.vpc_security_group_ingress_rule.VpcSecurityGroupIngressRule;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import stacks.cluster.Cluster;
import stacks.cluster.Node;
import stacks.environment.Environment;
import stacks.values.Cidr;

/**
 * Who reaches whom: one security group for data nodes and one for Sentinels.
 *
 * <p>Nodes of both groups and the listed clients reach the group's port, the listed operators reach
 * SSH, and nobody else reaches anything. Each network has a rule of its own, so that a change of
 * one is a change of one rule.
 */
final class Firewall {
  private static final int SSH = 22;

  private final TerraformStack stack;
  private final Map<String, String> groupIds = new LinkedHashMap<>();
  private final List<TerraformResource> ready = new ArrayList<>();

  Firewall(TerraformStack stack, Cluster cluster, Network network) {
    this.stack = stack;
    Environment environment = cluster.environment();
    Map<String, Integer> ports =
        Stream.of(cluster.redis().get(0), cluster.sentinels().get(0))
            .collect(Collectors.toMap(Node::kind, Node::port, (a, b) -> a, LinkedHashMap::new));
    ports.keySet().forEach(kind -> groupIds.put(kind, createGroup(cluster, network, kind)));
    ports.forEach(
        (kind, port) -> {
          groupIds.keySet().forEach(source -> fromGroup(kind, port, source));
          environment.network().clients().stream()
              .distinct()
              .forEach(block -> fromBlock(kind, kind, port, block));
          environment.network().operators().stream()
              .distinct()
              .forEach(block -> fromBlock(kind, kind + "-ssh", SSH, block));
          ready.add(toAnywhere(kind));
        });
  }

  /** Id of the security group of a node. */
  String groupId(Node node) {
    return groupIds.get(node.kind());
  }

  /** What must be there before a node boots, so that it can install packages. */
  List<TerraformResource> ready() {
    return ready;
  }

  private String createGroup(Cluster cluster, Network network, String kind) {
    SecurityGroup group =
        SecurityGroup.Builder.create(stack, kind)
            .name(Tags.nameOf(cluster, kind))
            .description("Nodes of kind " + kind + " of " + cluster.name())
            .vpcId(network.vpcId())
            .tags(Tags.name(cluster, kind))
            .build();
    AccountGuard.before(group);
    return group.getId();
  }

  private void fromGroup(String kind, int port, String source) {
    ingress(kind, kind + "-from-" + source, port)
        .referencedSecurityGroupId(groupIds.get(source))
        .build();
  }

  private void fromBlock(String kind, String name, int port, Cidr block) {
    String source = block.toString().replaceAll("[./]", "-");
    ingress(kind, name + "-from-" + source, port).cidrIpv4(block.toString()).build();
  }

  private VpcSecurityGroupIngressRule.Builder ingress(String kind, String id, int port) {
    return VpcSecurityGroupIngressRule.Builder.create(stack, id)
        .securityGroupId(groupIds.get(kind))
        .ipProtocol("tcp")
        .fromPort(port)
        .toPort(port);
  }

  private VpcSecurityGroupEgressRule toAnywhere(String kind) {
    return VpcSecurityGroupEgressRule.Builder.create(stack, kind + "-to-anywhere")
        .securityGroupId(groupIds.get(kind))
        .ipProtocol("-1")
        .cidrIpv4("0.0.0.0/0")
        .build();
  }
}
