package stacks.platform.aws;

import com.hashicorp.cdktf.LocalExecProvisioner;
import com.hashicorp.cdktf.TerraformStack;
import com.hashicorp.cdktf.providers.aws.data_aws_instances.DataAwsInstances;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import stacks.cluster.Cluster;
import stacks.cluster.Node;
import stacks.platform.Gates;

/**
 * One node after the other: a gate before each, and one at the end.
 *
 * <p>A gate depends on the nodes before it, and its node on the gate. It is made anew, and so
 * waits, when its node is to be changed; when it fails, Terraform stops there, and makes it anew
 * the next time.
 */
final class Rolling {
  private final Resources resources;
  private final Cluster cluster;
  private final String existing;
  private final List<String> gates = new ArrayList<>();
  private List<String> previous;

  Rolling(TerraformStack stack, Resources resources, Cluster cluster) {
    this.resources = resources;
    this.cluster = cluster;
    // Read when the deploy is planned: what was there before it.
    DataAwsInstances.Builder.create(stack, "existing")
        .instanceTags(Map.of("rediform", cluster.name()))
        .instanceStateNames(List.of("pending", "running", "stopping", "stopped"))
        .build();
    // No machine is touched before every volume has its new size, or AWS has refused it.
    previous =
        cluster.redis().stream().map(node -> "aws_ebs_volume." + node.name() + "-data").toList();
    existing = "data.aws_instances.existing.private_ips";
  }

  /** Adds all nodes, each behind a gate. */
  void add(Machine.Surroundings around) {
    for (Node node : cluster.rollingOrder()) {
      String name = node.name() + "-gate";
      resources.add(
          "terraform_data",
          name,
          gate(
              List.of(
                  InstanceTypes.of(node),
                  "${filesha256(\"${path.module}/" + Machine.userDataFile(node) + "\")}"),
              Gates.before(cluster, node, "--existing=${join(\",\", " + existing + ")}")));
      gates.add("${terraform_data." + name + ".id}");
      previous = Machine.add(resources, node, around, "terraform_data." + name);
    }
    resources.add(
        "terraform_data",
        "whole",
        gate(
            gates,
            Gates.whole(cluster, "${length(" + existing + ") == 0 ? \"--if-possible\" : \"\"}")));
  }

  private Map<String, Object> gate(List<String> triggers, LocalExecProvisioner wait) {
    Map<String, Object> command =
        Map.of("command", wait.getCommand(), "working_dir", wait.getWorkingDir(), "quiet", true);
    return Map.of(
        "triggers_replace", triggers,
        "depends_on", previous,
        "provisioner", List.of(Map.of("local-exec", command)));
  }
}
