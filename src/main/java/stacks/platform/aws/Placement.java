package stacks.platform.aws;

import com.hashicorp.cdktf.TerraformStack;
import com.hashicorp.cdktf.providers.aws.placement_group.PlacementGroup;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import stacks.cluster.Cluster;
import stacks.cluster.Node;
import stacks.platform.ResourceKind;

/**
 * Keeps nodes of one kind off each other's rack within a zone.
 *
 * <p>A spread group holds seven running instances per zone, each on a rack of its own. Nodes beyond
 * that open the next group, so the cluster may grow; a rack then holds at most one node of each
 * group. Which group a node is in follows from its own number, because moving it to another would
 * replace the instance.
 */
final class Placement {
  /** What the plan review knows of these. */
  static final List<ResourceKind> KINDS =
      List.of(
          ResourceKind.of(
              "aws_placement_group",
              "(redis|sentinel)-spread-\\d+",
              Map.of(),
              Set.of(),
              "nodes may share a rack, and are lost together"));

  /** EC2 user guide, "Spread placement groups": running instances per zone and group. */
  private static final int PER_ZONE = 7;

  private final Map<String, String> groupNames = new HashMap<>();

  Placement(TerraformStack stack, Cluster cluster) {
    place(stack, cluster, cluster.redis());
    place(stack, cluster, cluster.sentinels());
  }

  /** Name of the placement group of a node. */
  String groupName(Node node) {
    return groupNames.get(node.name());
  }

  private void place(TerraformStack stack, Cluster cluster, List<? extends Node> nodes) {
    int groupSize = PER_ZONE * cluster.subnets().size();
    for (int first = 0; first < nodes.size(); first += groupSize) {
      List<? extends Node> members =
          nodes.subList(first, Math.min(nodes.size(), first + groupSize));
      String group = group(stack, cluster, members.get(0).kind(), 1 + first / groupSize);
      members.forEach(node -> groupNames.put(node.name(), group));
    }
  }

  private static String group(TerraformStack stack, Cluster cluster, String kind, int number) {
    String name = kind + "-spread-" + number;
    PlacementGroup group =
        PlacementGroup.Builder.create(stack, name)
            .name(Tags.nameOf(cluster, name))
            .strategy("spread")
            .build();
    AccountGuard.before(group);
    return group.getName();
  }
}
