package stacks.review;

import static java.util.stream.Collectors.joining;
import static stacks.review.Check.ofPlan;
import static stacks.review.Severity.APPROVAL;
import static stacks.review.Severity.WARN;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Map;
import java.util.Optional;
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
              "Leave backup.enabled at true and, on AWS, backup.bucket in the file.",
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
              plan -> once(plan, BackupRules::keptShorter)));

  /** Of the names of a bucket, a prefix and an environment; an S3 bucket has 63 characters. */
  private static final int LONGEST_PLACE = 120;

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
