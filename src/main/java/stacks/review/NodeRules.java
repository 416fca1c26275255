package stacks.review;

import static java.util.stream.Collectors.joining;
import static stacks.review.Check.ofPlan;
import static stacks.review.Check.ofResource;
import static stacks.review.Check.when;
import static stacks.review.Severity.BLOCK;
import static stacks.review.Severity.WARN;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import stacks.values.Quote;

/** Which nodes go, come and stop, and whether enough of them are there all the while. */
final class NodeRules {
  static final List<Check> ALL =
      List.of(
          ofPlan(
              "more-than-one-data-node-down",
              BLOCK,
              "Several data nodes are away at the same time: Terraform destroys what it replaces all at once, and without its gate a node does not wait for the others.",
              "Change one node at a time: ./rediform replace ENV NODE.",
              NodeRules::severalDown),
          ofPlan(
              "quorum-lost",
              BLOCK,
              "Too few Sentinels are left to start a failover: it takes the majority of all that they know of. A master that is lost meanwhile is not replaced.",
              "Remove or replace fewer Sentinels at a time; deploy in between.",
              NodeRules::quorumLost),
          ofResource(
              "node-replaced",
              BLOCK,
              "A node is destroyed and made anew, and nothing waits before it until the others are fit.",
              "Take back what forces it. To make a node anew in order: ./rediform replace ENV NODE.",
              (resource, classifier) ->
                  when(
                      classifier.isNode(resource)
                          && resource.action() == Action.REPLACE
                          && !isOfImage(resource),
                      "destroyed and made anew" + because(resource))),
          ofResource(
              "image-forces-replacement",
              BLOCK,
              "A new image destroys a node and makes it anew.",
              "A deploy ignores newer images. Bring one in node by node: ./rediform replace ENV NODE.",
              (resource, classifier) ->
                  when(
                      classifier.isNode(resource)
                          && resource.action() == Action.REPLACE
                          && isOfImage(resource),
                      "destroyed and made anew, because its image changes")),
          ofResource(
              "node-removed",
              WARN,
              "A node leaves the cluster; the volume of a data node is deleted with it.",
              "If the file is meant to have fewer nodes this is right. If not, put the count back.",
              (resource, classifier) ->
                  when(
                      classifier.isNode(resource)
                          && resource.action() == Action.DELETE
                          && classifier.leaves(resource),
                      "leaves the cluster")),
          ofResource(
              "node-stopped",
              BLOCK,
              "A machine is stopped, or is left so.",
              "Let its aws_ec2_instance_state be running.",
              (resource, classifier) ->
                  when(
                      resource.type().equals("aws_ec2_instance_state")
                          && resource.remains()
                          && !resource.after("/state").equals(Optional.of("running")),
                      "is not to run")),
          ofPlan(
              "master-and-replica-same-zone",
              WARN,
              "All data nodes are in one zone: what takes the zone down takes the master and all of its copies down.",
              "Spread the nodes: network.zones with three zones.",
              NodeRules::sameZone),
          ofResource(
              "address-changes",
              BLOCK,
              "A node gets another address. The Sentinels go on with the old one, count a ghost, and clients that know the node do not find it.",
              "Put network.cidr, network.firstHost, the zones and the ports back. To move, add nodes in the new place and remove the old ones after.",
              (resource, classifier) ->
                  when(
                      resource.type().equals("aws_network_interface")
                          && resource.existed()
                          && !classifier.leaves(resource)
                          && (resource.action().ends()
                              || resource.changed().contains("private_ips")),
                      "its address "
                          + (resource.action() == Action.FORGET
                              ? "is no longer managed"
                              : resource.action().ends() ? "goes" : "changes")
                          + because(resource))),
          ofPlan(
              "endpoint-changes",
              BLOCK,
              "What clients are told changes: the name of the master, or address or port of a node that stays.",
              "Put it back; or change every client at the same time, and accept this with the reason.",
              NodeRules::endpointChanges));

  private NodeRules() {}

  private static boolean isOfImage(ResourceChange resource) {
    return resource.replacing().contains("ami");
  }

  /** What forces a replacement, by the names of attributes. */
  static String because(ResourceChange resource) {
    Set<String> attributes = resource.replacing();
    return attributes.isEmpty()
        ? ""
        : ", because of "
            + attributes.stream().map(name -> Quote.shorten(name, 40)).collect(joining(", "));
  }

  private static Map<String, String> severalDown(Plan plan) {
    List<String> away = plan.redis().filter(NodePlan::isAwayUnasked).map(NodePlan::name).toList();
    return away.size() < 2 ? Map.of() : Map.of(Change.SHARED, several(away) + " at the same time");
  }

  private static String several(List<String> names) {
    return names.size() <= 5
        ? String.join(", ", names)
        : String.join(", ", names.subList(0, 5)) + " and " + (names.size() - 5) + " more";
  }

  private static Map<String, String> quorumLost(Plan plan) {
    List<NodePlan> known = plan.sentinels().filter(NodePlan::existed).toList();
    long stay = known.stream().filter(node -> node.remains() && !node.isAwayUnasked()).count();
    int majority = known.size() / 2 + 1;
    return known.isEmpty() || stay >= majority
        ? Map.of()
        : Map.of(
            Change.SHARED,
            "of %d Sentinels %d stay all the while; it takes %d"
                .formatted(known.size(), stay, majority));
  }

  private static Map<String, String> sameZone(Plan plan) {
    List<NodePlan> nodes = plan.redis().filter(NodePlan::remains).toList();
    Set<String> zones =
        nodes.stream().map(NodePlan::zone).flatMap(Optional::stream).collect(Collectors.toSet());
    return nodes.size() >= 2 && zones.size() == 1
        ? Map.of(
            Change.SHARED,
            "all %d are in %s".formatted(nodes.size(), Quote.shorten(zones.iterator().next(), 40)))
        : Map.of();
  }

  /** Outputs are what clients are told. */
  private static Map<String, String> endpointChanges(Plan plan) {
    Map<String, String> found = new TreeMap<>();
    for (PlanParts.Output output : plan.outputs()) {
      if (output.sensitive() && Set.of("master_name", "nodes").contains(output.name())) {
        found.put("output." + output.name(), "nobody can see what clients are told");
      }
      if (output.before().isMissingNode() || output.before().isNull() || output.after().isNull()) {
        continue;
      }
      if (output.name().equals("master_name") && !output.before().equals(output.after())) {
        found.put("output.master_name", "the name of the master changes");
      } else if (output.name().equals("nodes")) {
        Stream.of(output.before())
            .flatMap(nodes -> nodes.properties().stream())
            .filter(node -> output.after().has(node.getKey()))
            .filter(node -> !node.getValue().equals(output.after().get(node.getKey())))
            .forEach(
                node ->
                    found.put(
                        Quote.shorten(node.getKey(), 40),
                        "clients are told another address or port"));
      }
    }
    return found;
  }
}
