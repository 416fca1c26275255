package stacks.platform.aws;

import com.hashicorp.cdktf.LocalExecProvisioner;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import stacks.cluster.Cluster;
import stacks.cluster.Node;
import stacks.platform.Gates;
import stacks.platform.Identity;
import stacks.platform.ResourceKind;

/**
 * One node after the other: a gate before each, and one at the end.
 *
 * <p>A gate depends on the nodes before it, and its node on the gate. It is made anew, and so
 * waits, when its node is to be changed; when it fails, Terraform stops there, and makes it anew
 * the next time.
 */
final class Rolling {
  /** What the plan review knows of these. */
  static final List<ResourceKind> KINDS =
      List.of(ResourceKind.step(ResourceKind.NODE + "-gate|whole|formed"));

  /** Addresses of the machines that were there; none when not one of them runs. */
  private static final String EXISTING =
      "${length(data.aws_instances.running.ids) == 0 ? \"\" :"
          + " join(\",\", data.aws_instances.existing.private_ips)}";

  /** A state of before there was an identity cannot say that its cluster was whole once. */
  private static final String IN_DEPLOY =
      "--in-deploy${var." + Identity.ADOPT + " ? \" --formed\" : \"\"}";

  private final Resources resources;
  private final Cluster cluster;
  private final boolean first;
  private final List<String> gates = new ArrayList<>();
  private final List<String> machines = new ArrayList<>();
  private List<String> previous;

  /**
   * Nodes that are yet to be added.
   *
   * @param first whether no node waits for the one before it; the last gate waits for all
   */
  Rolling(Resources resources, Cluster cluster, boolean first) {
    this.resources = resources;
    this.cluster = cluster;
    this.first = first;
    // No machine is touched before every volume has its new size, or AWS has refused it.
    previous =
        cluster.redis().stream().map(node -> "aws_ebs_volume." + node.name() + "-data").toList();
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
                  "${filesha256(\"${path.module}/" + Machine.userDataFile(node) + "\")}",
                  around.documents().get(node.name()).sha256()),
              Gates.before(cluster, node, IN_DEPLOY + " --existing=" + EXISTING),
              List.of(Offerings.condition(node))));
      gates.add("${terraform_data." + name + ".id}");
      Machine.add(resources, node, around, "terraform_data." + name);
      machines.add("aws_instance." + node.name());
      if (!first) {
        // Not what comes after the machine: the next gate looks if that has come.
        previous = List.of("aws_instance." + node.name());
      }
    }
    if (first) {
      previous = machines;
    }
    resources.add(
        "terraform_data", "whole", gate(gates, Gates.whole(cluster, IN_DEPLOY), List.of()));
    resources.add("terraform_data", Gates.FORMED, Gates.formed());
  }

  private Map<String, Object> gate(
      List<String> triggers, LocalExecProvisioner wait, List<Object> preconditions) {
    Map<String, Object> command =
        Map.of("command", wait.getCommand(), "working_dir", wait.getWorkingDir(), "quiet", true);
    return Map.of(
        "triggers_replace",
        triggers,
        "depends_on",
        previous,
        "lifecycle",
        Map.of("precondition", preconditions),
        "provisioner",
        List.of(Map.of("local-exec", command)));
  }
}
