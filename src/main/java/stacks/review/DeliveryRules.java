package stacks.review;

import static stacks.review.Check.ofPlan;
import static stacks.review.Check.ofResource;
import static stacks.review.Check.when;
import static stacks.review.Severity.BLOCK;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** Whether nodes come to what they are told, and to nothing else. */
final class DeliveryRules {
  static final List<Check> ALL =
      List.of(
          ofPlan(
              "document-mismatch",
              BLOCK,
              "A machine, its document and the nodes' program do not fit each other, or nobody can see whether they do: the node refuses what it finds, or gets something else than this review shows.",
              "Plan again: ./rediform plan ENV. Do not edit cdk.tf.json, nor the files beside it.",
              DeliveryRules::mismatches),
          ofResource(
              "settings-unreadable",
              BLOCK,
              "A node no longer sees its own tags, and one of them names its document: it keeps the one that it has, and a new machine does not start.",
              "Leave instance_metadata_tags enabled.",
              (resource, classifier) ->
                  when(
                      resource.type().equals("aws_instance")
                          && resource.remains()
                          && !resource
                              .after("/metadata_options/0/instance_metadata_tags")
                              .equals(Optional.of("enabled")),
                      "cannot read its tags")));

  private DeliveryRules() {}

  private static Map<String, String> mismatches(Plan plan) {
    Map<String, String> found = new TreeMap<>();
    if (plan.cluster().isLocal() || plan.nodes().noneMatch(NodePlan::remains)) {
      return found;
    }
    if (plan.program().isEmpty()) {
      found.put(Delivery.PROGRAM, "nobody can see which program nodes get");
    }
    plan.nodes()
        .filter(NodePlan::remains)
        .forEach(
            node ->
                node.delivery()
                    .fault(plan.program())
                    .ifPresent(fault -> found.put(node.name(), fault)));
    return found;
  }
}
