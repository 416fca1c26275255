package stacks.review;

import static java.util.stream.Collectors.joining;
import static stacks.review.Check.ofPlan;
import static stacks.review.Severity.APPROVAL;
import static stacks.review.Severity.WARN;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Predicate;

/**
 * Settings by the direction in which they change: whether data nodes keep less, or let in fewer.
 */
final class SettingRules {
  /** What a server does without a line, in Redis's own words. */
  private static final Map<String, String> DEFAULTS =
      Map.of(
          "appendonly", "no",
          "appendfsync", "everysec",
          "no-appendfsync-on-rewrite", "no",
          "min-replicas-to-write", "0",
          "min-replicas-max-lag", "10",
          "maxmemory-policy", "noeviction",
          "maxclients", "10000",
          "maxmemory-clients", "0",
          "timeout", "0");

  /** How soon a write is on the disk, from the latest. */
  private static final List<String> FSYNC = List.of("no", "everysec", "always");

  static final List<Check> ALL =
      List.of(
          ofPlan(
              "persistence-off",
              APPROVAL,
              "Data nodes no longer write what they are told to disk as it comes: one that restarts has old data, or none, and when all stop at once what came since the last dump is lost.",
              "Leave appendonly at yes.",
              plan -> once(plan, SettingRules::keepsNothing)),
          ofPlan(
              "loss-bound-lowered",
              WARN,
              "More of what was acknowledged can be lost: a master takes writes with fewer replicas or further behind, or its disk has them later.",
              "Put min-replicas-to-write, min-replicas-max-lag or appendfsync of redis.config back (downAfter of sentinels sets the lag, too).",
              plan -> once(plan, SettingRules::losesMore)),
          ofPlan(
              "eviction-changes",
              WARN,
              "With its memory full Redis does something else than before: it refuses writes, or throws other keys away.",
              "Make sure that applications expect this of redis.maxmemoryPolicy.",
              plan -> once(plan, change -> change.name().equals("maxmemory-policy"))),
          ofPlan(
              "clients-locked-out",
              WARN,
              "Clients that are served today may be refused or disconnected, and with them administration, when a limit is reached.",
              "Compare with the clients that are connected: ./rediform status ENV. Leave room for replicas, Sentinels and exporters.",
              plan -> once(plan, SettingRules::locksOut)));

  private SettingRules() {}

  /** All data nodes are told the same: it is said once, of the cluster. */
  private static Map<String, String> once(Plan plan, Predicate<SettingChange> check) {
    String found =
        plan.redis()
            .filter(node -> node.existed() && node.remains())
            .flatMap(node -> node.directives().stream())
            .filter(change -> !value(change.before(), change).equals(value(change.after(), change)))
            .filter(check)
            .map(
                change ->
                    "%s %s becomes %s"
                        .formatted(change.name(), change.wordsBefore(), change.wordsAfter()))
            .distinct()
            .collect(joining("; "));
    return found.isEmpty() ? Map.of() : Map.of(Change.SHARED, found);
  }

  private static String value(Optional<String> line, SettingChange change) {
    return line.or(() -> Optional.ofNullable(DEFAULTS.get(change.name())))
        .orElse("")
        .toLowerCase(Locale.ROOT);
  }

  private static boolean keepsNothing(SettingChange change) {
    return change.name().equals("appendonly") && !value(change.after(), change).equals("yes");
  }

  private static boolean losesMore(SettingChange change) {
    String before = value(change.before(), change);
    String after = value(change.after(), change);
    return switch (change.name()) {
      case "appendfsync" -> FSYNC.indexOf(after) < FSYNC.indexOf(before);
      case "no-appendfsync-on-rewrite" -> !after.equals("no");
      case "min-replicas-to-write" -> isLess(after, before);
      // None at all is no limit.
      case "min-replicas-max-lag" -> isLess(endless(before), endless(after)) || !isNumber(after);
      default -> false;
    };
  }

  private static boolean locksOut(SettingChange change) {
    String before = value(change.before(), change);
    String after = value(change.after(), change);
    return switch (change.name()) {
      case "maxclients" -> isLess(after, before);
      case "timeout" -> isLess(endless(after), endless(before));
      case "maxmemory-clients" -> !after.equals("0");
      default -> false;
    };
  }

  /** Whether a number is less than another, or one of them is none. */
  private static boolean isLess(String less, String than) {
    OptionalLong one = number(less);
    OptionalLong other = number(than);
    return one.isEmpty() || other.isEmpty() || one.getAsLong() < other.getAsLong();
  }

  private static boolean isNumber(String text) {
    return number(text).isPresent();
  }

  private static String endless(String number) {
    return number.equals("0") ? String.valueOf(Long.MAX_VALUE) : number;
  }

  private static OptionalLong number(String text) {
    return text.matches("\\d{1,18}") || text.equals(String.valueOf(Long.MAX_VALUE))
        ? OptionalLong.of(Long.parseLong(text))
        : OptionalLong.empty();
  }
}
