package stacks.platform.aws;

import static stacks.platform.Effect.ACCESS_NARROWED;
import static stacks.platform.Effect.ACCESS_WIDENED;
import static stacks.platform.Effect.COSMETIC;

import com.hashicorp.cdktf.TerraformResource;
import com.hashicorp.cdktf.TerraformStack;
import com.hashicorp.cdktf.providers.aws.security_group.SecurityGroup;
import com.hashicorp.cdktf.providers.aws.vpc_security_group_egress_rule.VpcSecurityGroupEgressRule;
import com.hashicorp.cdktf.providers.aws.vpc_security_group_ingress_rule.VpcSecurityGroupIngressRule;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import stacks.cluster.Cluster;
import stacks.cluster.Exporter;
import stacks.cluster.Node;
import stacks.environment.Environment;
import stacks.platform.ResourceKind;
import stacks.values.Cidr;

/**
 * Who reaches whom: one security group for data nodes and one for Sentinels.
 *
 * <p>Nodes of both groups and the listed clients reach the group's port, the listed operators reach
 * SSH, the listed Prometheus servers the exporters, and nobody else reaches anything. Each network
 * has a rule of its own, so that a change of one is a change of one rule.
 */
final class Firewall {
  /** What the plan review knows of these. */
  static final List<ResourceKind> KINDS =
      List.of(
          ResourceKind.of(
              "aws_security_group",
              "redis|sentinel",
              Map.of(),
              Set.of("ingress", "egress"),
              "nobody reaches the nodes, and the nodes reach nobody"),
          ResourceKind.of(
              "aws_vpc_security_group_ingress_rule",
              "(redis|sentinel)(-ssh|-redis-exporter|-node-exporter)?-from-[a-z0-9-]+",
              Map.of(
                  "description", COSMETIC,
                  "cidr_ipv4", ACCESS_WIDENED,
                  "cidr_ipv6", ACCESS_WIDENED,
                  "from_port", ACCESS_WIDENED,
                  "to_port", ACCESS_WIDENED,
                  "ip_protocol", ACCESS_WIDENED,
                  "prefix_list_id", ACCESS_WIDENED,
                  "referenced_security_group_id", ACCESS_WIDENED),
              Set.of(),
              "whoever came in by it no longer does"),
          ResourceKind.of(
              "aws_vpc_security_group_egress_rule",
              "(redis|sentinel)-to-anywhere",
              Map.of("description", COSMETIC, "cidr_ipv4", ACCESS_NARROWED),
              Set.of(),
              ResourceKind.NODES_CANNOT_BOOT));

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
          environment.metrics().networks().stream()
              .distinct()
              .forEach(block -> exporters(kind, block));
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

  private void exporters(String kind, Cidr block) {
    for (Exporter each : Exporter.values()) {
      String name = each.name().toLowerCase(Locale.ROOT) + "-exporter";
      fromBlock(kind, kind + "-" + name, each.port(), block);
    }
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
