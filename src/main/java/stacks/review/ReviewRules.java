package stacks.review;

import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** All rules of the plan review, in the order in which their findings are told. */
public final class ReviewRules {
  static final List<Check> CHECKS =
      Stream.of(
              PlanRules.FIRST,
              DataRules.ALL,
              SettingRules.ALL,
              BackupRules.ALL,
              NodeRules.ALL,
              GuardRules.ALL,
              DeliveryRules.ALL,
              AccessRules.ALL,
              PlanRules.ALL)
          .flatMap(List::stream)
          .toList();

  /** What each rule is about. */
  public static final List<ReviewRule> ALL = CHECKS.stream().map(Check::rule).toList();

  private ReviewRules() {}

  /** Ids of all rules, which an environment's {@code accepts:} and {@code review:} may name. */
  public static Set<String> ids() {
    return ALL.stream().map(ReviewRule::id).collect(Collectors.toUnmodifiableSet());
  }

  /** The rule of that id, if there is one. */
  public static Optional<ReviewRule> named(String id) {
    return ALL.stream().filter(rule -> rule.id().equals(id)).findFirst();
  }
}
