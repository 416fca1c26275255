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
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;

/** What can cost data, or the memory that it needs. */
final class DataRules {
  static final List<Check> ALL =
      List.of(
          ofPlan(
              "cluster-destroyed",
              BLOCK,
              "Nothing of the cluster is left afterwards, its data included, or nothing of it is managed any more.",
              "If that is wanted: ./rediform destroy ENV, which asks. Otherwise look for what took the nodes out of the file.",
              DataRules::clusterDestroyed),
          ofPlan(
              "all-replicas-removed",
              BLOCK,
              "Of all nodes that hold the data, at most one keeps it. Whatever happens to that one next loses everything.",
              "Remove or replace one node at a time; let the cluster be whole in between.",
              DataRules::allReplicasRemoved),
          ofResource(
              "data-volume-destroyed",
              BLOCK,
              "The data of a node that stays in the file is destroyed, or no longer managed: the next deploy makes an empty volume.",
              "Find out what took the volume out of the configuration; terraform state mv keeps one that was only renamed.",
              (resource, classifier) ->
                  when(
                      classifier.isData(resource)
                          && resource.existed()
                          && (resource.action() == Action.DELETE
                              || resource.action() == Action.FORGET)
                          && !classifier.leaves(resource),
                      resource.action() == Action.FORGET
                          ? "Terraform forgets it with its data, and the node stays in the file"
                          : "its data is destroyed, and the node stays in the file")),
          ofResource(
              "data-volume-replaced",
              BLOCK,
              "A node's volume is destroyed, and an empty one takes its place: zone, encryption and snapshot of a volume cannot be changed.",
              "Take back what forces it (the finding names it). To move data, add replicas in the new place and remove the old ones after.",
              (resource, classifier) ->
                  when(
                      classifier.isData(resource) && resource.action() == Action.REPLACE,
                      "an empty one takes its place" + NodeRules.because(resource))),
          ofResource(
              "data-volume-detached",
              BLOCK,
              "A node loses its data volume while it runs, and does not start without one.",
              "Take back what changes the attachment.",
              (resource, classifier) ->
                  when(
                      resource.type().equals("aws_volume_attachment")
                          && resource.action().ends()
                          && resource.existed()
                          && !classifier.leaves(resource)
                          // With its machine made anew the attachment is, too.
                          && !resource.replacing().equals(Set.of("instance_id")),
                      (resource.action() == Action.FORGET
                              ? "Terraform forgets that the node has the volume"
                              : "the volume is taken from the node")
                          + NodeRules.because(resource))),
          ofPlan(
              "nodes-gone",
              BLOCK,
              "Nodes or data that the state knows are not found any more: they were removed outside of Terraform, or it looks into another account or region. A deploy would make new ones, which are empty.",
              "Look where they are first: aws sts get-caller-identity names the account, aws.region the region. If they are lost, accept this, deploy, and restore a backup (docs/runbook.md, Everything is lost).",
              plan -> plan.gone().found(plan)),
          ofResource(
              "disk-shrunk",
              BLOCK,
              "No cloud can make a disk smaller: the deploy would fail on its way.",
              "Put the old size back.",
              (resource, classifier) -> when(shrinks(resource), sizes(resource))),
          ofPlan(
              "memory-below-use",
              WARN,
              "A node gets less memory than it has. Where its data needs more, Redis would throw keys away; the node's gate refuses the deploy then.",
              "Compare with used_memory: ./rediform status ENV. Delete keys first, or take a larger number.",
              DataRules::memoryShrinks),
          ofPlan(
              "unequal-memory",
              WARN,
              "Data nodes get different amounts of memory: a full master does not fit into a smaller replica, and a promoted one evicts keys.",
              "Give all data nodes the same size, as in production-symmetric.yaml.",
              DataRules::unequalMemory));

  private DataRules() {}

  private static Map<String, String> clusterDestroyed(Plan plan) {
    return plan.nodes().anyMatch(NodePlan::existed) && plan.nodes().noneMatch(NodePlan::remains)
        ? Map.of(
            Change.SHARED,
            plan.nodes().filter(NodePlan::existed).allMatch(NodePlan::isForgotten)
                ? "Terraform forgets every node"
                : "every node is destroyed")
        : Map.of();
  }

  private static Map<String, String> allReplicasRemoved(Plan plan) {
    List<NodePlan> holding = plan.redis().filter(NodePlan::existed).toList();
    List<NodePlan> keeping =
        holding.stream().filter(node -> node.remains() && !node.losesData()).toList();
    return holding.size() >= 2 && keeping.size() < 2
        ? Map.of(
            Change.SHARED,
            "of %d nodes that hold the data %s"
                .formatted(
                    holding.size(),
                    keeping.isEmpty()
                        ? "none keeps it"
                        : "only " + keeping.get(0).name() + " keeps it"))
        : Map.of();
  }

  /** Whether a disk would be smaller than it is, or nobody can see what it would be. */
  static boolean shrinks(ResourceChange resource) {
    String size = sizePointer(resource);
    String attribute = size.substring(size.isEmpty() ? 0 : 1).replace("/0/", ".");
    if (resource.action() != Action.UPDATE || !resource.changed().contains(attribute)) {
      return false;
    }
    OptionalLong before = resource.numberBefore(size);
    OptionalLong after = resource.numberAfter(size);
    return before.isEmpty() || after.isEmpty() || after.getAsLong() < before.getAsLong();
  }

  private static String sizePointer(ResourceChange resource) {
    return switch (resource.type()) {
      case "aws_ebs_volume" -> "/size";
      case "aws_instance" -> "/root_block_device/0/volume_size";
      default -> "";
    };
  }

  private static String sizes(ResourceChange resource) {
    String size = sizePointer(resource);
    if (size.isEmpty()) {
      return "";
    }
    OptionalLong after = resource.numberAfter(size);
    return "%s GiB become %s"
        .formatted(
            resource.before(size).orElse("?"),
            after.isPresent() ? after.getAsLong() + " GiB" : "an unknown size");
  }

  private static Map<String, String> memoryShrinks(Plan plan) {
    Map<String, String> found = new TreeMap<>();
    plan.redis()
        .filter(node -> node.existed() && node.remains())
        .forEach(
            node -> {
              Optional<String> less =
                  node.maxmemoryBefore()
                      .filter(
                          before ->
                              node.maxmemoryAfter()
                                  .map(after -> after.compareTo(before) < 0)
                                  .orElse(true))
                      .map(
                          before ->
                              "maxmemory %s becomes %s"
                                  .formatted(
                                      before,
                                      node.maxmemoryAfter()
                                          .map(Object::toString)
                                          .orElse("unknown")));
              less.or(() -> when(node.isUnreadable(), "nobody can see what it will have"))
                  .or(() -> Machines.less(node).map(types -> "the machine shrinks: " + types))
                  .ifPresent(message -> found.put(node.name(), message));
            });
    return found;
  }

  private static Map<String, String> unequalMemory(Plan plan) {
    Map<String, String> memory = new TreeMap<>();
    plan.redis()
        .filter(NodePlan::remains)
        .filter(node -> node.isNew() || !node.maxmemoryBefore().equals(node.maxmemoryAfter()))
        .forEach(
            node -> node.maxmemoryAfter().ifPresent(m -> memory.put(node.name(), m.toString())));
    if (memory.isEmpty()) {
      return Map.of();
    }
    // What does not change has what the file says.
    plan.cluster()
        .redis()
        .forEach(node -> memory.putIfAbsent(node.name(), node.maxmemory().toString()));
    return memory.values().stream().distinct().count() < 2
        ? Map.of()
        : Map.of(
            Change.SHARED,
            "maxmemory is "
                + memory.entrySet().stream()
                    .limit(5)
                    .map(entry -> entry.getValue() + " on " + entry.getKey())
                    .collect(joining(", "))
                + (memory.size() > 5 ? ", …" : ""));
  }
}
