package stacks.review;

import static java.util.stream.Collectors.joining;
import static java.util.stream.Collectors.toSet;
import static stacks.review.Check.ofDrift;
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
import stacks.cluster.Node;
import stacks.platform.Effect;
import stacks.platform.ResourceKind;
import stacks.values.Quote;

/** What is no part of a cluster, what nobody knows, and what is not in the plan. */
final class PlanRules {
  /** Kinds whose loss a rule of its own explains. */
  private static final Set<String> EXPLAINED =
      Set.of(
          "aws_ebs_volume",
          "aws_volume_attachment",
          "aws_network_interface",
          "aws_s3_bucket_object_lock_configuration",
          "aws_vpc_security_group_ingress_rule");

  /** What makes all else that is found beside the point. */
  static final List<Check> FIRST =
      List.of(
          ofPlan(
              "plan-of-another-file",
              BLOCK,
              "The plan is not the one that this rediform makes of the environment's file: other nodes, or other values. The file, or rediform, was changed after the plan was made, or something beside them was.",
              "Plan again: ./rediform plan ENV.",
              PlanRules::otherwise));

  static final List<Check> ALL =
      List.of(
          ofResource(
              "part-destroyed",
              BLOCK,
              "Something is destroyed or made anew without which nodes do not work.",
              "Find out what took it out of the configuration, or forces it; put that back.",
              (resource, classifier) ->
                  Kinds.of(resource)
                      .filter(kind -> isLoss(resource, classifier))
                      .map(kind -> kind.loss() + NodeRules.because(resource))),
          ofResource(
              "unknown-resource-touched",
              BLOCK,
              "A resource changes that is no part of the cluster as rediform makes it: nobody can say what that does.",
              "Keep other things in a stack of their own.",
              (resource, classifier) ->
                  when(Kinds.of(resource).isEmpty(), resource.action() + ", and not one of ours")),
          ofResource(
              "unknown-change",
              BLOCK,
              "Something changes of which rediform does not know what it does to a running node.",
              "Take it back; or find out, and accept this with what you found.",
              PlanRules::unknown),
          ofPlan(
              "partial-plan",
              BLOCK,
              "The plan was made for some resources only (-target), only to refresh the state, or leaves something out or for later: the gates, or what they wait for, may be missing.",
              "Plan everything: ./rediform plan ENV.",
              plan -> plan.isComplete() ? Map.of() : Map.of(Change.SHARED, plan.others().lacks())),
          ofPlan(
              "unknown-part",
              BLOCK,
              "The plan has a part that this rediform neither makes nor reads: what it does to the cluster is not known.",
              "Plan again with ./rediform plan ENV and the Terraform that it names; take back what was added to the configuration by hand, such as moved, import, action and check blocks.",
              plan -> plan.others().unknown()),
          ofPlan(
              "check-failed",
              BLOCK,
              "A check of the configuration does not pass: Terraform itself says that something is not as it must be.",
              "Plan again: ./rediform plan ENV shows what the check says.",
              plan -> plan.others().failed()),
          ofDrift(
                  "drift",
                  WARN,
                  "Somebody, or something, has changed this outside of Terraform. The deploy may take it back.",
                  "Find out who and why before you deploy.",
                  (resource, classifier) -> drift(resource))
              .andOfPlan(plan -> plan.byHand().parts()));

  private PlanRules() {}

  private static boolean isLoss(ResourceChange resource, Classifier classifier) {
    // That one goes for good a rule of its own says.
    boolean isTakenAgain = Classifier.isStep(resource) && resource.action() == Action.REPLACE;
    boolean isGate = resource.name().matches(".*-gate|whole");
    boolean goesWithItsMachine =
        resource.type().equals("aws_ec2_instance_state")
            && resource.replacing().equals(Set.of("instance_id"));
    boolean isSettings =
        resource.name().endsWith("-settings") && resource.action() == Action.REPLACE;
    return resource.existed()
        && resource.action().ends()
        && !isExplained(resource)
        && !Kinds.isFormer(resource)
        && !classifier.mayForget(resource)
        && !classifier.leaves(resource)
        && !(classifier.isNode(resource) && resource.action() == Action.REPLACE)
        && !isTakenAgain
        && !isGate
        && !goesWithItsMachine
        && !isSettings;
  }

  private static boolean isExplained(ResourceChange resource) {
    return EXPLAINED.contains(resource.type())
        || resource.type().startsWith("aws_secretsmanager_secret");
  }

  /** A part of a plan, and the end of a cluster, are found by rules of their own. */
  private static Map<String, String> otherwise(Plan plan) {
    Set<String> remaining =
        plan.nodes().filter(NodePlan::remains).map(NodePlan::name).collect(toSet());
    Set<String> inFile = plan.cluster().nodes().stream().map(Node::name).collect(toSet());
    Map<String, String> found = new TreeMap<>();
    if (plan.isComplete() && !remaining.isEmpty()) {
      remaining.stream()
          .filter(name -> !inFile.contains(name))
          .forEach(name -> found.put(name, "stays or is made, and is not in the file"));
      inFile.stream()
          .filter(name -> !remaining.contains(name))
          .forEach(name -> found.put(name, "is in the file, and will not be there"));
    }
    // With other nodes all else is different, too.
    return found.isEmpty() ? plan.differences() : found;
  }

  private static Optional<String> unknown(ResourceChange resource, Classifier classifier) {
    Optional<ResourceKind> kind = Kinds.of(resource);
    if (kind.isEmpty()) {
      return Optional.empty();
    }
    if (resource.action() == Action.UNKNOWN) {
      return Optional.of("Terraform will do something to it that this rediform does not know");
    } else if (resource.isImported() && !kind.get().lasts()) {
      return Optional.of("Terraform will import it");
    } else if (resource.action() == Action.FORGET) {
      return when(!classifier.mayForget(resource), "Terraform will forget it");
    }
    if (resource.action() != Action.UPDATE) {
      return Optional.empty();
    }
    String attributes =
        resource.changed().stream()
            .filter(name -> classifier.updated(resource, name) == Effect.NOT_UNDERSTOOD)
            .map(name -> Quote.shorten(name, 40))
            .collect(joining(", "));
    return when(!attributes.isEmpty(), attributes + " changes");
  }

  private static Optional<String> drift(ResourceChange resource) {
    if (resource.action() == Action.DELETE) {
      return Optional.of("is gone");
    }
    Optional<ResourceKind> kind = Kinds.of(resource);
    Set<String> changed = resource.changed();
    String attributes =
        changed.stream()
            .filter(name -> kind.filter(one -> one.isMirror(name)).isEmpty())
            // With other aws.tags the provider counts the old ones among a resource's own; in AWS
            // nothing has changed.
            .filter(name -> !name.equals("tags") || changed.contains("tags_all"))
            .map(name -> Quote.shorten(name, 40))
            .collect(joining(", "));
    return when(!attributes.isEmpty(), attributes + " changed");
  }
}
