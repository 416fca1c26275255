package stacks.review;

import java.time.LocalDate;
import java.util.Optional;

/**
 * A danger that a plan does hold.
 *
 * @param rule which one
 * @param severity how much it weighs in this environment
 * @param place Terraform's address of the resource, the name of a node, or {@link Change#SHARED}
 * @param message what was found there; of values only sizes, ports, zones and networks
 * @param accepted the reason for which the environment accepts it; it does not count then
 * @param expired the last day on which it was accepted
 */
public record Finding(
    ReviewRule rule,
    Severity severity,
    String place,
    String message,
    Optional<String> accepted,
    Optional<LocalDate> expired) {
  /** Whether it counts. */
  public boolean counts() {
    return accepted.isEmpty();
  }

  /** Whether it says that a backup, or the proof of one, is too old for what the plan does. */
  public boolean isOfBackupAge() {
    return rule.equals(BackupRules.TOO_OLD.rule()) || rule.equals(BackupRules.UNVERIFIED.rule());
  }
}
