package stacks.review;

import java.time.LocalDate;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import stacks.environment.Environment;
import stacks.environment.Environment.Acceptance;

/** How much findings weigh in one environment: its {@code review:} and its {@code accepts:}. */
final class Policy {
  private final Map<String, Severity> severities = new HashMap<>();
  private final Map<String, Acceptance> acceptances = new HashMap<>();
  private final LocalDate today;

  Policy(Environment environment, LocalDate today) {
    this.today = today;
    environment.review().block().forEach(id -> severities.put(id, Severity.BLOCK));
    environment.review().warn().forEach(id -> severities.put(id, Severity.WARN));
    environment.review().requireApproval().forEach(id -> severities.put(id, Severity.APPROVAL));
    environment.accepts().forEach(acceptance -> acceptances.put(acceptance.rule(), acceptance));
  }

  Finding weigh(ReviewRule rule, String place, String message) {
    Optional<Acceptance> acceptance = Optional.ofNullable(acceptances.get(rule.id()));
    boolean expired = acceptance.map(each -> each.hasExpired(today)).orElse(false);
    return new Finding(
        rule,
        severities.getOrDefault(rule.id(), rule.severity()),
        place,
        message,
        acceptance.filter(each -> !expired).map(Acceptance::reason),
        acceptance.filter(each -> expired).flatMap(Acceptance::until));
  }
}
