package stacks.review;

import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import stacks.platform.Effect;

/**
 * What is said of a plan.
 *
 * @param environment whose plan it is
 * @param verdict whether it may be applied
 * @param approved whether somebody has approved of it
 * @param costs what it costs, all nodes together
 * @param nodes what it does to each node that changes, in the order in which that happens
 * @param places every node of the file, and those that go
 * @param findings what is dangerous in it, the gravest first
 * @param changes every resource that changes
 * @param ungated nodes that it changes although their gates do not run
 * @param known what the state knows of the cluster
 * @param outputs names of outputs that change
 * @param warnings what the environment's file itself warns of
 */
public record Review(
    String environment,
    Verdict verdict,
    boolean approved,
    Costs costs,
    List<NodeReview> nodes,
    List<Place> places,
    List<Finding> findings,
    List<Change> changes,
    List<String> ungated,
    Known known,
    List<String> outputs,
    List<String> warnings) {

  /** Effects after which something is no longer there, or nobody knows. */
  private static final Set<Effect> LOSING =
      EnumSet.of(
          Effect.LEFT_BEHIND,
          Effect.PART_LOST,
          Effect.NODE_REMOVED,
          Effect.NODE_REPLACED,
          Effect.DATA_AT_RISK,
          Effect.NOT_UNDERSTOOD);

  /**
   * What the state that was planned from knows of the cluster.
   *
   * @param machines whether there are any
   * @param identity whether it remembers what may never change
   * @param formed whether the cluster was whole once
   * @param running whether any of the machines runs, as far as that is known
   */
  public record Known(boolean machines, boolean identity, boolean formed, boolean running) {
    /** Whether its machines are of before the state remembered what may never change. */
    public boolean isOlder() {
      return machines && !identity;
    }

    /**
     * Whether it was whole once, as far as that is known: an older state cannot say that it was
     * not.
     */
    public boolean isLiving() {
      return formed || isOlder();
    }
  }

  /** What was found by each rule, in the same order. */
  public Map<ReviewRule, List<Finding>> byRule() {
    return findings.stream()
        .collect(Collectors.groupingBy(Finding::rule, LinkedHashMap::new, Collectors.toList()));
  }

  /** Whether nothing was found that counts. */
  public boolean isSafe() {
    return findings.stream().noneMatch(Finding::counts);
  }

  /** Whether nothing at all was found and nothing changes, outputs included. */
  public boolean changesNothing() {
    return findings.isEmpty() && changes.isEmpty() && outputs.isEmpty();
  }

  /** Whether nothing was found, accepted or not, and nothing that changes takes anything away. */
  public boolean losesNothing() {
    return findings.isEmpty()
        && changes.stream().noneMatch(change -> LOSING.contains(change.effect()));
  }

  /** Whether it leaves out what a deploy would do, or a part of it. */
  public boolean isPartial() {
    return findings.stream().anyMatch(finding -> finding.rule().id().equals("partial-plan"));
  }

  /** The same, with what the environment's file itself warns of. */
  public Review withWarnings(List<String> ofFile) {
    return new Review(
        environment,
        verdict,
        approved,
        costs,
        nodes,
        places,
        findings,
        changes,
        ungated,
        known,
        outputs,
        List.copyOf(ofFile));
  }

  /** Ids of the rules for whose findings somebody must approve of the plan. */
  public List<String> requiresApproval() {
    return findings.stream()
        .filter(finding -> finding.counts() && finding.severity() == Severity.APPROVAL)
        .map(finding -> finding.rule().id())
        .distinct()
        .toList();
  }
}
