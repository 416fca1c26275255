package stacks.review;

import java.util.Map;
import java.util.Optional;
import java.util.function.BiFunction;
import java.util.function.Function;

/**
 * A rule together with how a plan is looked at for it.
 *
 * @param change what is wrong with the change of one resource, or empty
 * @param drift what is wrong with what has happened to one resource, or empty
 * @param plan what is wrong with the plan as a whole: messages by address, or by node
 * @param everywhere whether it matters for a cluster that is only being made, too
 */
record Check(
    ReviewRule rule,
    BiFunction<ResourceChange, Classifier, Optional<String>> change,
    BiFunction<ResourceChange, Classifier, Optional<String>> drift,
    Function<Plan, Map<String, String>> plan,
    boolean everywhere) {

  /** A rule about each resource that changes, by itself. */
  static Check ofResource(
      String id,
      Severity severity,
      String meaning,
      String remedy,
      BiFunction<ResourceChange, Classifier, Optional<String>> check) {
    ReviewRule rule = new ReviewRule(id, severity, meaning, remedy);
    return new Check(rule, check, (r, c) -> Optional.empty(), plan -> Map.of(), true);
  }

  /** A rule about each resource that was changed outside of Terraform. */
  static Check ofDrift(
      String id,
      Severity severity,
      String meaning,
      String remedy,
      BiFunction<ResourceChange, Classifier, Optional<String>> check) {
    ReviewRule rule = new ReviewRule(id, severity, meaning, remedy);
    return new Check(rule, (r, c) -> Optional.empty(), check, plan -> Map.of(), true);
  }

  /** A rule about the plan as a whole. */
  static Check ofPlan(
      String id,
      Severity severity,
      String meaning,
      String remedy,
      Function<Plan, Map<String, String>> check) {
    ReviewRule rule = new ReviewRule(id, severity, meaning, remedy);
    return new Check(rule, (r, c) -> Optional.empty(), (r, c) -> Optional.empty(), check, true);
  }

  /** A rule about the living cluster, which no plan shows: the reviewer is told of it. */
  static Check ofCluster(String id, Severity severity, String meaning, String remedy) {
    return ofPlan(id, severity, meaning, remedy, plan -> Map.of());
  }

  /** The same rule, with what is found when all of the plan has been seen. */
  Check andOfPlan(Function<Plan, Map<String, String>> more) {
    return new Check(rule, change, drift, more, everywhere);
  }

  /** The same rule, silent where there is no cluster yet. */
  Check whereThereIsACluster() {
    return new Check(rule, change, drift, plan, false);
  }

  /** What a check has to say when its rule is violated. */
  static Optional<String> when(boolean violated, String message) {
    return violated ? Optional.of(message) : Optional.empty();
  }
}
