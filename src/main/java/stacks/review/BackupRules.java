package stacks.review;

import static java.util.stream.Collectors.joining;
import static stacks.review.Check.ofPlan;
import static stacks.review.Check.ofResource;
import static stacks.review.Severity.APPROVAL;
import static stacks.review.Severity.WARN;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Stream;
import stacks.values.Quote;

/** Whether the data is still backed up, to which place, and for how long backups are kept. */
final class BackupRules {
  static final Check TOO_OLD =
      Check.ofCluster(
          "backup-too-old",
          WARN,
          "This plan endangers data, and the newest backup is older than backup.every allows. If the data is lost, so is all that was written since.",
          "./rediform backup ENV now takes one; deploy after that.");

  static final Check UNVERIFIED =
      Check.ofCluster(
          "unverified",
          WARN,
          "This plan endangers data, and it is not known whether its backups can be restored: none was proven within backup.verifyEvery.",
          "./rediform backup ENV verify proves the newest; deploy after that.");

  /** Rules whose findings mean that the data of a node may be lost, or a copy of it. */
  private static final Set<String> ENDANGER =
      Set.of(
          "cluster-destroyed",
          "nodes-gone",
          "all-replicas-removed",
          "data-volume-destroyed",
          "data-volume-replaced",
          "data-volume-detached",
          "disk-shrunk",
          "memory-below-use",
          "more-than-one-data-node-down",
          "node-replaced",
          "image-forces-replacement",
          "node-removed",
          "node-stopped");

  static final List<Check> ALL =
      List.of(
          TOO_OLD,
          UNVERIFIED,
          ofPlan(
              "backup-off",
              APPROVAL,
              "No more backups are taken, and what is there is no longer removed by age. What is deleted from now on cannot be restored.",
              "Leave backup.enabled at true.",
              plan -> once(plan, BackupRules::off)),
          ofPlan(
              "backup-moved",
              WARN,
              "Backups go to another place. Those of before stay where they are: they are neither listed nor removed any more, and restore does not find them by id.",
              "Copy them to the new place, or keep the old one for as long as you may need them.",
              plan -> once(plan, BackupRules::moved)),
          ofPlan(
              "backup-kept-shorter",
              WARN,
              "Backups are kept for less long: the next backup removes those that are too old by then, for good.",
              "Copy what you still need before the deploy, or put backup.keepDays and backup.keepLast back.",
              plan -> once(plan, BackupRules::keptShorter)),
          ofResource(
              "backup-unlocked",
              APPROVAL,
              "Who gets hold of the account, or of a node, can destroy backups sooner than before. What is locked already stays locked until its day.",
              "Put backup.lock back, or leave it as long as it was; what else is found was changed behind rediform's back, so find out by whom.",
              (resource, classifier) -> unlocks(resource)));

  /** Of the names of a bucket, a prefix and an environment; an S3 bucket has 63 characters. */
  private static final int LONGEST_PLACE = 120;

  private static final String VERSIONING = "/versioning_configuration/0/status";
  private static final String RETENTION = "/rule/0/default_retention/0";

  private BackupRules() {}

  /** Whether a finding says that data is in danger; a Sentinel holds none. */
  static boolean endangersData(Finding finding) {
    return ENDANGER.contains(finding.rule().id()) && !finding.place().contains("sentinel-");
  }

  /** All data nodes are told the same: it is said once, of the cluster. */
  private static Map<String, String> once(Plan plan, Function<NodePlan, Stream<String>> check) {
    String found =
        plan.redis()
            .filter(node -> node.existed() && node.remains())
            .flatMap(check)
            .distinct()
            .collect(joining("; "));
    return found.isEmpty() ? Map.of() : Map.of(Change.SHARED, found);
  }

  private static Stream<String> off(NodePlan node) {
    return node.backupAfter().isPresent()
        ? Stream.empty()
        : node.backupBefore().stream().map(before -> "no more backups go to " + place(before));
  }

  private static Stream<String> moved(NodePlan node) {
    return both(
        node,
        (before, after) ->
            before.path("place").equals(after.path("place"))
                ? Stream.empty()
                : Stream.of("from %s to %s".formatted(place(before), place(after))));
  }

  private static Stream<String> keptShorter(NodePlan node) {
    return both(
        node,
        (before, after) ->
            Stream.concat(
                shorter(before, after, "keepDays", "for %s days instead of %s"),
                shorter(before, after, "keepLast", "the newest %s instead of %s")));
  }

  private static Stream<String> shorter(
      JsonNode before, JsonNode after, String key, String message) {
    JsonNode was = before.path(key);
    JsonNode is = after.path(key);
    boolean shrinks = was.canConvertToLong() && is.canConvertToLong() && is.asLong() < was.asLong();
    return shrinks ? Stream.of(message.formatted(is.asLong(), was.asLong())) : Stream.empty();
  }

  private static Optional<String> unlocks(ResourceChange resource) {
    // What is only forgotten keeps its lock.
    if (!Kinds.lasts(resource)
        || !resource.existed()
        || resource.action() == Action.NOTHING
        || resource.action() == Action.FORGET
        || resource.action() == Action.IMPORT) {
      return Optional.empty();
    }
    return switch (resource.type()) {
      case "aws_s3_bucket_object_lock_configuration" -> unlocked(resource);
      case "aws_s3_bucket_versioning" ->
          Check.when(
              !resource.after(VERSIONING).equals(Optional.of("Enabled")),
              "what is deleted or overwritten is no longer kept as an older version");
      case "aws_s3_bucket_lifecycle_configuration" -> older(resource);
      default -> Optional.empty();
    };
  }

  /** Only one that gets longer, and is the same in all else, is no danger. */
  private static Optional<String> unlocked(ResourceChange lock) {
    OptionalLong before = lock.numberBefore(RETENTION + "/days");
    OptionalLong after = lock.numberAfter(RETENTION + "/days");
    if (after.isEmpty() || !lock.remains()) {
      return Optional.of("new backups are no longer locked" + was(before));
    }
    boolean isSame =
        lock.action() == Action.UPDATE
            && lock.before(RETENTION + "/mode").equals(lock.after(RETENTION + "/mode"))
            && lock.before(RETENTION + "/years").equals(lock.after(RETENTION + "/years"));
    return Check.when(
        !isSame || before.isEmpty() || after.getAsLong() < before.getAsLong(),
        "new backups are locked for %d days".formatted(after.getAsLong())
            + (isSame ? "" : ", and in another way")
            + was(before));
  }

  private static String was(OptionalLong days) {
    return days.isPresent() ? " (before: %d days)".formatted(days.getAsLong()) : "";
  }

  /** The least number of days for which an old version stays. */
  private static Optional<String> older(ResourceChange lifecycle) {
    long before = keeps(lifecycle.nodeBefore("/rule"));
    long after = keeps(lifecycle.nodeAfter("/rule"));
    boolean removesCurrent = removesCurrent(lifecycle.nodeAfter("/rule"));
    if (removesCurrent) {
      return Optional.of("S3 removes backups by age, whatever keepDays and keepLast say");
    }
    return Check.when(
        lifecycle.remains() && after < before,
        "what is deleted or overwritten is gone after %d days (before: %s)"
            .formatted(after, before == Long.MAX_VALUE ? "never" : before + " days"));
  }

  private static long keeps(JsonNode rules) {
    long least = Long.MAX_VALUE;
    for (JsonNode rule : rules) {
      JsonNode days = rule.at("/noncurrent_version_expiration/0/noncurrent_days");
      least = days.canConvertToLong() ? Math.min(least, days.asLong()) : least;
    }
    return least;
  }

  private static boolean removesCurrent(JsonNode rules) {
    for (JsonNode rule : rules) {
      JsonNode expiration = rule.at("/expiration/0");
      if (expiration.path("days").asLong() > 0 || expiration.path("date").isTextual()) {
        return true;
      }
    }
    return false;
  }

  private interface Comparison {
    Stream<String> of(JsonNode before, JsonNode after);
  }

  private static Stream<String> both(NodePlan node, Comparison comparison) {
    Optional<JsonNode> after = node.backupAfter();
    return node.backupBefore()
        .filter(before -> after.isPresent())
        .map(before -> comparison.of(before, after.get()))
        .orElse(Stream.empty());
  }

  private static String place(JsonNode backup) {
    return Quote.shorten(backup.path("place").asText("a place that is not known"), LONGEST_PLACE);
  }
}
