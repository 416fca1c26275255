package stacks.cluster;

import static stacks.environment.Problem.Severity.ERROR;

import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import stacks.environment.Environment;
import stacks.environment.Environment.Acceptance;
import stacks.environment.Nearest;
import stacks.environment.Problem;
import stacks.environment.Problems;

/** The rules of a safe topology, and what becomes of them in the light of {@code accepts:}. */
public final class Rules {
  /**
   * All rules that hold on every platform. An id stands twice where two places of a file can break
   * it. What trips each, and what to do, is told in {@code docs/environments.md}.
   */
  public static final List<Rule> ALL =
      Stream.of(SizeRules.ALL, SentinelRules.ALL, NetworkRules.ALL, SettingRules.ALL)
          .flatMap(List::stream)
          .toList();

  private Rules() {}

  /**
   * Applies rules to an environment, and the environment's acceptances to what they find.
   *
   * @param rules {@link #ALL} and the platform's own
   * @param found the problems of single values; gets the rules' problems too
   */
  public static void check(Environment environment, List<Rule> rules, Problems found) {
    List<String> wrong =
        found.all().stream()
            .filter(problem -> problem.severity() == ERROR)
            // What has no place here is wrong, but stands for nothing that a rule reads.
            .filter(problem -> !problem.id().equals("unknown-key"))
            .map(Problem::key)
            .toList();
    Set<String> accepted =
        environment.accepts().stream().map(Acceptance::rule).collect(Collectors.toSet());
    Set<String> needless = new HashSet<>(accepted);
    for (Rule rule : rules) {
      if (wrong.stream().anyMatch(key -> rule.keys().stream().anyMatch(k -> related(k, key)))) {
        needless.remove(rule.id());
        continue;
      }
      rule.check()
          .apply(environment)
          .ifPresent(
              message -> {
                needless.remove(rule.id());
                if (rule.severity() == ERROR || !accepted.contains(rule.id())) {
                  found.add(new Problem(rule.severity(), rule.id(), rule.keys(), message));
                }
              });
    }
    // With an entry of the list left out, the others' places are not known.
    if (wrong.stream().noneMatch(key -> key.isEmpty() || key.matches("accepts(\\[\\d+])?"))) {
      checkAcceptances(environment.accepts(), rules, needless, wrong, found);
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

  private static void checkAcceptances(
      List<Acceptance> accepts,
      List<Rule> rules,
      Set<String> needless,
      List<String> wrong,
      Problems found) {
    Map<String, Problem.Severity> severities =
        rules.stream().collect(Collectors.toMap(Rule::id, Rule::severity, (first, same) -> first));
    Set<String> seen = new HashSet<>();
    for (int i = 0; i < accepts.size(); i++) {
      String id = accepts.get(i).rule();
      String key = "accepts[" + i + "].rule";
      if (wrong.contains(key)) {
        continue;
      }
      if (!severities.containsKey(id)) {
        String nearest =
            Nearest.of(id, severities.keySet())
                .map(name -> "; did you mean \"" + name + "\"?")
                .orElse("; docs/environments.md lists them");
        found.error("unknown-rule", key, "there is no rule \"" + id + "\"" + nearest);
      } else if (severities.get(id) == ERROR) {
        found.error(
            "cannot-accept",
            key,
            "\"" + id + "\" is an error; only warnings can be accepted, so mend what it names");
      } else if (!seen.add(id)) {
        found.error(
            "duplicate-acceptance", key, "\"" + id + "\" is accepted already; keep one reason");
      } else if (needless.contains(id)) {
        found.warning(
            "stale-acceptance", key, "\"" + id + "\" does not happen here; remove this entry");
      }
    }
  }
}
