package stacks.rules;

import static stacks.environment.Problem.Severity.ERROR;

import java.time.LocalDate;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import stacks.environment.Environment.Acceptance;
import stacks.environment.Environment.Review;
import stacks.environment.Problem;
import stacks.environment.Problems;
import stacks.values.Nearest;

/** Whether the rules that an environment names, in {@code accepts:} and {@code review:}, exist. */
final class RuleNames {
  private final Map<String, Problem.Severity> severities;
  private final Set<String> reviewed;
  private final Problems found;

  /**
   * @param rules the rules of environments
   * @param reviewed ids of the rules of the plan review; whether one happens a file does not tell
   */
  RuleNames(List<Rule> rules, Set<String> reviewed, Problems found) {
    this.severities =
        rules.stream().collect(Collectors.toMap(Rule::id, Rule::severity, (first, same) -> first));
    this.reviewed = reviewed;
    this.found = found;
  }

  /**
   * Looks at {@code accepts:}.
   *
   * @param needless ids that are accepted although they do not happen
   * @param wrong keys whose values are no ids at all
   */
  void accepts(
      List<Acceptance> accepts, Set<String> needless, List<String> wrong, LocalDate today) {
    Set<String> known = new HashSet<>(severities.keySet());
    known.addAll(reviewed);
    Set<String> seen = new HashSet<>();
    for (int i = 0; i < accepts.size(); i++) {
      Acceptance acceptance = accepts.get(i);
      String id = acceptance.rule();
      String key = "accepts[" + i + "].rule";
      if (wrong.contains(key)) {
        continue;
      }
      if (!known.contains(id)) {
        unknown(id, key, known, "docs/environments.md and docs/plan-review.md list them");
      } else if (severities.get(id) == ERROR) {
        found.error(
            "cannot-accept",
            key,
            "\"" + id + "\" is an error; only warnings can be accepted, so mend what it names");
      } else if (!seen.add(id)) {
        found.error(
            "duplicate-acceptance", key, "\"" + id + "\" is accepted already; keep one reason");
      } else if (needless.contains(id) && !reviewed.contains(id)) {
        found.warning(
            "stale-acceptance", key, "\"" + id + "\" does not happen here; remove this entry");
      } else if (acceptance.hasExpired(today)) {
        found.warning(
            "expired-acceptance",
            key,
            "\"%s\" was accepted until %s and counts again; mend it, or give a new date"
                .formatted(id, acceptance.until().get()));
      }
    }
  }

  /** Looks at {@code review:}. */
  void policy(Review review, List<String> wrong) {
    Map<String, String> seen = new HashMap<>();
    policy("block", review.block(), seen, wrong);
    policy("warn", review.warn(), seen, wrong);
    policy("requireApproval", review.requireApproval(), seen, wrong);
  }

  private void policy(String list, List<String> ids, Map<String, String> seen, List<String> wrong) {
    // With an entry of the list left out, the others' places are not known.
    String key = "review." + list;
    if (wrong.stream().anyMatch(each -> each.startsWith(key))) {
      return;
    }
    for (int i = 0; i < ids.size(); i++) {
      String id = ids.get(i);
      String at = key + "[" + i + "]";
      if (!reviewed.contains(id)) {
        unknown(id, at, reviewed, "docs/plan-review.md lists those of the plan review");
      } else if (seen.containsKey(id)) {
        found.error(
            "duplicate-severity",
            at,
            "\"%s\" stands in %s already; keep one".formatted(id, seen.get(id)));
      }
      seen.putIfAbsent(id, list);
    }
  }

  private void unknown(String id, String key, Set<String> known, String where) {
    String nearest =
        Nearest.of(id, known).map(name -> "; did you mean \"" + name + "\"?").orElse("; " + where);
    found.error("unknown-rule", key, "there is no rule \"" + id + "\"" + nearest);
  }
}
