package stacks.platform.aws;

import com.hashicorp.cdktf.TerraformStack;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.stream.Collectors;
import stacks.cluster.Cluster;
import stacks.cluster.Node;

/**
 * Which instance types EC2 offers in which zones. Single zones lack single types, and EC2 says so
 * only when a machine is to be made or has been stopped; asked here, a plan says so.
 */
final class Offerings {
  private static final String DATA = "data.aws_ec2_instance_type_offerings.offered";

  private Offerings() {}

  /** Adds the question, about the cluster's own types. */
  static void addTo(TerraformStack stack, Cluster cluster) {
    TreeSet<String> types =
        cluster.nodes().stream()
            .map(InstanceTypes::of)
            .collect(Collectors.toCollection(TreeSet::new));
    stack.addOverride(
        DATA,
        Map.of(
            "location_type",
            "availability-zone",
            "filter",
            List.of(Map.of("name", "instance-type", "values", List.copyOf(types)))));
  }

  /** The condition that a node's type is offered in its zone, and what it means when it is not. */
  static Map<String, Object> condition(Node node) {
    String type = InstanceTypes.of(node);
    String zone = node.subnet().zone();
    return Map.of(
        "condition",
        "${contains([for i, type in %1$s.instance_types : \"${type} ${%1$s.locations[i]}\"], \"%2$s %3$s\")}"
            .formatted(DATA, type, zone),
        "error_message",
        "EC2 offers no %s in %s, the zone of %s. Name another type (master.instanceType, replicas.instanceType, sentinels.instanceType), or before the first deploy other zones (network.zones)."
            .formatted(type, zone, node.name()));
  }
}
