package stacks.rules;

import static stacks.environment.Problem.Severity.ERROR;

import java.time.LocalDate;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import stacks.cluster.Cluster;
import stacks.environment.Environment;
import stacks.environment.Environment.Acceptance;
import stacks.environment.Problem;
import stacks.environment.Problems;

/** The rules of a safe topology, and what becomes of them in the light of {@code accepts:}. */
public final class Rules {
  /**
   * All rules that hold on every platform. An id stands twice where two places of a file can break
   * it. What trips each, and what to do, is told in {@code docs/environments.md}.
   */
  public static final List<Rule> ALL =
      Stream.of(
              SizeRules.ALL,
              SentinelRules.ALL,
              NetworkRules.ALL,
              SettingRules.ALL,
              BackupRules.ALL,
              MetricsRules.ALL)
          .flatMap(List::stream)
          .toList();

  private Rules() {}

  /**
   * Applies rules to a cluster, and its environment's acceptances to what they find.
   *
   * @param rules {@link #ALL} and the platform's own
   * @param reviewed ids of the rules of the plan review, which an environment may name as well
   * @param today the day on which acceptances hold or have expired
   * @param found the problems of single values; gets the rules' problems too
   */
  public static void check(
      Cluster cluster, List<Rule> rules, Set<String> reviewed, LocalDate today, Problems found) {
    Environment environment = cluster.environment();
    List<String> wrong =
        found.all().stream()
            .filter(problem -> problem.severity() == ERROR)
            // What has no place here is wrong, but stands for nothing that a rule reads.
            .filter(problem -> !problem.id().equals("unknown-key"))
            .map(Problem::key)
            .toList();
    Set<String> accepted =
        environment.accepts().stream()
            .filter(acceptance -> !acceptance.hasExpired(today))
            .map(Acceptance::rule)
            .collect(Collectors.toSet());
    Set<String> needless =
        environment.accepts().stream().map(Acceptance::rule).collect(Collectors.toSet());
    for (Rule rule : rules) {
      if (wrong.stream().anyMatch(key -> rule.keys().stream().anyMatch(k -> related(k, key)))) {
        needless.remove(rule.id());
        continue;
      }
      rule.check()
          .apply(cluster)
          .ifPresent(
              message -> {
                needless.remove(rule.id());
                if (rule.severity() == ERROR || !accepted.contains(rule.id())) {
                  found.add(new Problem(rule.severity(), rule.id(), rule.keys(), message));
                }
              });
    }
    RuleNames names = new RuleNames(rules, reviewed, found);
    names.policy(environment.review(), wrong);
    // With an entry of the list left out, the others' places are not known.
    if (wrong.stream().noneMatch(key -> key.isEmpty() || key.matches("accepts(\\[\\d+])?"))) {
      names.accepts(environment.accepts(), needless, wrong, today);
    }
  }

  /** Whether one key is the other, or holds it. The empty key is the whole file. */
  private static boolean related(String key, String wrong) {
    return wrong.isEmpty() || holds(key, wrong) || holds(wrong, key);
  }

  private static boolean holds(String outer, String inner) {
    return inner.startsWith(outer)
        && (inner.length() == outer.length() || ".[".indexOf(inner.charAt(outer.length())) >= 0);
  }
}
