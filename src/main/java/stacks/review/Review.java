package stacks.review;

import java.util.List;

/**
 * What is said of a plan.
 *
 * @param environment whose plan it is
 * @param verdict whether it may be applied
 * @param approved whether somebody has approved of it
 * @param costs what it costs, all nodes together
 * @param nodes what it does to each node that changes, in the order in which that happens
 * @param findings what is dangerous in it, the gravest first
 * @param changes every resource that changes
 */
public record Review(
    String environment,
    Verdict verdict,
    boolean approved,
    Costs costs,
    List<NodeReview> nodes,
    List<Finding> findings,
    List<Change> changes) {

  /** Whether nothing was found that counts. */
  public boolean isSafe() {
    return findings.stream().noneMatch(Finding::counts);
  }

  /** Findings that count, of one severity. */
  public List<Finding> findings(Severity severity) {
    return findings.stream()
        .filter(Finding::counts)
        .filter(finding -> finding.severity() == severity)
        .toList();
  }

  /** Findings that the environment accepts. */
  public List<Finding> accepted() {
    return findings.stream().filter(finding -> !finding.counts()).toList();
  }

  /** Ids of the rules for whose findings somebody must approve of the plan. */
  public List<String> requiresApproval() {
    return findings(Severity.APPROVAL).stream()
        .map(finding -> finding.rule().id())
        .distinct()
        .toList();
  }
}
