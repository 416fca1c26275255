package stacks.review;

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
import java.util.stream.Collectors;
import stacks.cluster.Cluster;

/** What protects secrets, data and the deploy itself. */
final class GuardRules {
  private static final String SECRET = "aws_secretsmanager_secret";
  private static final String VERSION = "aws_secretsmanager_secret_version";
  private static final Optional<String> TRUE = Optional.of("true");

  static final List<Check> ALL =
      List.of(
          ofPlan(
              "gate-removed",
              BLOCK,
              "A node is changed without its gate: nothing waits until the others are fit, or nothing finds the node.",
              "Plan with ./rediform plan ENV, which lets the gates run again: after an interrupted deploy, or when something was changed by hand, Terraform alone would not. Do not edit cdk.tf.json.",
              GuardRules::gateRemoved),
          ofPlan(
              "secret-in-plan",
              BLOCK,
              "A password or key is in the plan, and is or will be in the state, in plain text.",
              "Use write-only attributes, as rediform does, and change the secret: whoever read the plan knows it.",
              plan -> plan.others().secrets()),
          ofResource(
              "secret-destroyed",
              BLOCK,
              "The passwords of all Redis users are destroyed. Nodes that boot do not find them.",
              "Take it back. A deleted secret can be restored for 30 days: aws secretsmanager restore-secret.",
              (resource, classifier) ->
                  when(
                      resource.type().equals(SECRET)
                          && !Kinds.isFormer(resource)
                          && resource.existed()
                          && resource.action().ends(),
                      resource.action() == Action.FORGET
                          ? "Terraform forgets the secret; the next deploy would make another"
                          : "the secret is destroyed" + NodeRules.because(resource))),
          ofResource(
              "passwords-renewed",
              BLOCK,
              "Every password is made anew. Nodes learn the new ones at their next boot only, and applications must be told at the same moment.",
              "Take it back unless this is a planned rotation.",
              (resource, classifier) ->
                  when(
                      renewsPasswords(resource),
                      "the passwords change" + NodeRules.because(resource))),
          ofPlan(
                  "passwords-lost",
                  BLOCK,
                  "The secret with the passwords is gone, and a deploy would make new ones, which no node has: each takes them at its next boot and then fits no other.",
                  "Restore the secret (docs/runbook.md, The passwords are gone), or make the environment anew.",
                  plan ->
                      plan.makesPasswords()
                          ? Map.of(
                              VERSION + ".passwords-value",
                              "is not there any more, and the nodes are")
                          : Map.of())
              .whereThereIsACluster(),
          ofPlan(
              "unknown-machines",
              BLOCK,
              "Machines run under the environment's name of which this state knows nothing: a deploy would build a second cluster beside them.",
              "Go on with the state that knows them (docs/runbook.md, The state is gone).",
              GuardRules::unknownMachines),
          ofResource(
              "encryption-off",
              BLOCK,
              "Data lies on a disk in clear.",
              "Leave disks encrypted.",
              (resource, classifier) -> when(isClear(resource), "a disk is not encrypted")),
          ofResource(
              "imds-v1",
              BLOCK,
              "Whoever makes a node fetch an address gets the node's credentials, and with them the passwords: the metadata service answers without a token, or further than the machine.",
              "Leave http_tokens at required and the hop limit at 1.",
              (resource, classifier) ->
                  when(
                      resource.type().equals("aws_instance")
                          && resource.remains()
                          && isMetadataOpen(resource),
                      "answers metadata requests without a token, or from further away")),
          ofResource(
                  "iam-widened",
                  BLOCK,
                  "A node may do more than read its passwords, its document and its program, and keep backups in the bucket for them; so may whoever breaks into one.",
                  "Let the policy allow secretsmanager:GetSecretValue on the secret of the passwords, s3:GetObject on what is in the nodes' bucket and s3:ListBucket on that bucket, what backups need below rediform/ENV in the bucket for them (docs/aws.md), and nothing else.",
                  (resource, classifier) ->
                      when(isWide(resource, classifier.cluster()), "more is allowed, or to others"))
              .andOfPlan(plan -> plan.byHand().policies()),
          ofResource(
              "protection-off",
              WARN,
              "What guards against a slip is taken away: from the next deploy on this can be destroyed, or at once and for good.",
              "Leave aws.protect at true, unless the cluster is to go.",
              (resource, classifier) -> when(losesProtection(resource), "is no longer protected")));

  private GuardRules() {}

  private static Map<String, String> gateRemoved(Plan plan) {
    Map<String, String> found = new TreeMap<>();
    plan.nodes()
        .filter(NodePlan::restartsWithoutGate)
        .forEach(node -> found.put(node.name(), "restarts, and its gate does not run"));
    plan.nodes()
        .filter(NodePlan::isToldWithoutGate)
        .forEach(
            node -> found.put(node.name(), "gets another document, and its gate does not run"));
    for (Change change : plan.changes()) {
      boolean isStep = change.address().matches("terraform_data\\.(.*-gate|whole)");
      boolean stays =
          change.node().equals(Change.SHARED)
              || plan.node(change.node()).map(NodePlan::remains).orElse(true);
      boolean goes = change.action().equals("delete") || change.action().equals("forget");
      if (isStep && stays && goes && plan.nodes().anyMatch(NodePlan::remains)) {
        found.put(change.address(), "nothing waits here any more");
      }
    }
    plan.untagged().forEach(address -> found.put(address, "loses the tag by which gates find it"));
    return found;
  }

  private static Map<String, String> unknownMachines(Plan plan) {
    if (plan.isBlind()) {
      return Map.of(Change.SHARED, "the plan does not say which machines are there");
    }
    Set<String> strange = plan.strangeMachines();
    return strange.isEmpty()
        ? Map.of()
        : Map.of(
            Change.SHARED,
            "%d machines of %s are there that this state does not know: %s"
                .formatted(
                    strange.size(),
                    plan.cluster().name(),
                    strange.stream().limit(6).collect(Collectors.joining(", "))));
  }

  private static boolean renewsPasswords(ResourceChange version) {
    return version.type().equals(VERSION)
        && !Kinds.isFormer(version)
        && version.existed()
        && (version.action().ends() || version.action() == Action.UPDATE);
  }

  private static boolean isClear(ResourceChange resource) {
    if (!resource.remains()) {
      return false;
    }
    return switch (resource.type()) {
      case "aws_ebs_volume" -> !resource.after("/encrypted").equals(TRUE);
      case "aws_instance" ->
          !resource.isUnknown("/root_block_device/0/encrypted")
              && !resource.after("/root_block_device/0/encrypted").equals(TRUE);
      default -> false;
    };
  }

  private static boolean isMetadataOpen(ResourceChange machine) {
    return !machine.after("/metadata_options/0/http_tokens").equals(Optional.of("required"))
        || !machine
            .after("/metadata_options/0/http_put_response_hop_limit")
            .equals(Optional.of("1"));
  }

  private static boolean isWide(ResourceChange resource, Cluster cluster) {
    if (!resource.remains()) {
      return false;
    }
    return switch (resource.type()) {
      case "aws_iam_role_policy" ->
          !resource.isUnknown("/policy") && !Policies.isOfNode(resource.after("/policy"), cluster);
      case "aws_iam_role" ->
          !Policies.isForMachines(resource.after("/assume_role_policy"))
              || resource.changed().contains("managed_policy_arns")
                  && !resource.isUnknown("/managed_policy_arns")
              || resource.changed().contains("inline_policy")
                  && !resource.isUnknown("/inline_policy");
      default -> false;
    };
  }

  private static boolean losesProtection(ResourceChange resource) {
    if (resource.action() != Action.UPDATE) {
      return false;
    }
    return switch (resource.type()) {
      case "aws_instance" ->
          resource.changed().contains("disable_api_termination")
              && !resource.after("/disable_api_termination").equals(TRUE);
      case SECRET -> {
        OptionalLong before = resource.numberBefore("/recovery_window_in_days");
        OptionalLong after = resource.numberAfter("/recovery_window_in_days");
        yield resource.changed().contains("recovery_window_in_days")
            && (before.isEmpty() || after.isEmpty() || after.getAsLong() < before.getAsLong());
      }
      default -> false;
    };
  }
}
