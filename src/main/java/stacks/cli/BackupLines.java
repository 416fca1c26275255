package stacks.cli;

import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import stacks.cluster.Cluster;
import stacks.operate.BackupState;
import stacks.operate.Look;
import stacks.operate.backup.Size;
import stacks.review.BackupAge;

/** What {@code status} says of backups. */
final class BackupLines {
  private static final String WHO = "backups: ";

  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("uuuu-MM-dd HH:mm 'UTC'", Locale.ROOT).withZone(ZoneOffset.UTC);
  private static final DateTimeFormatter SECOND =
      DateTimeFormatter.ofPattern("uuuu-MM-dd HH:mm:ss 'UTC'", Locale.ROOT)
          .withZone(ZoneOffset.UTC);

  private BackupLines() {}

  /**
   * A line for a person, and a note for what is late, with the command that mends it.
   *
   * @param state what the nodes say; empty where none says anything
   */
  static List<String> of(Cluster cluster, Optional<BackupState> state, Instant now) {
    Optional<String> off = BackupCommand.off(cluster);
    if (off.isPresent()) {
      return List.of(WHO + "off: " + off.get());
    }
    if (state.isEmpty()) {
      return List.of(WHO + "unknown: no data node's agent reports them");
    }
    List<String> lines = new ArrayList<>();
    lines.add(WHO + line(state.get(), now));
    late(state.get(), now)
        .ifPresent(
            what ->
                lines.add(
                    "note: %s; to take one now, or see why not: ./rediform backup %s now"
                        .formatted(what, cluster.name())));
    unproven(cluster, state.get(), now)
        .ifPresent(
            what ->
                lines.add(
                    "note: %s; to prove the newest: ./rediform backup %s verify%s"
                        .formatted(what, cluster.name(), identity(cluster))));
    state.get().undo().ifPresent(undo -> lines.add("undo: " + line(undo)));
    return lines;
  }

  /** That a backup is missing for so long that something must be wrong; empty where it is not. */
  static Optional<String> late(BackupState state, Instant now) {
    return state.isLate(now)
        ? Optional.of(
            state
                .next()
                .map(due -> "a backup was due %s ago".formatted(since(due, now)))
                .orElseGet(
                    () ->
                        "there is no backup, although the nodes are to take some since "
                            + TIME.format(state.since().orElseThrow())))
        : Optional.empty();
  }

  /** That it is not proven that a backup can be restored, or not for too long. */
  static Optional<String> unproven(Cluster cluster, BackupState state, Instant now) {
    Duration most = cluster.environment().backup().verifyEvery();
    return state.isUnproven(now, most)
        ? Optional.of(
            state
                    .proof()
                    .map(
                        proof ->
                            "the last proof that a backup can be restored is "
                                + since(proof.at(), now)
                                + " old")
                    .orElse("no backup was ever proven, as far as the nodes know")
                + "; backup.verifyEvery is "
                + span(most))
        : Optional.empty();
  }

  /**
   * The same for a review, asked of the nodes; empty where backups are off, there is no way to the
   * nodes, or none of them tells.
   */
  static Optional<BackupAge> age(Cluster cluster) {
    if (BackupCommand.off(cluster).isPresent()) {
      return Optional.empty();
    }
    Instant now = Instant.now();
    return Access.agents(cluster)
        .flatMap(agents -> BackupState.of(Look.through(agents).at(cluster)))
        .map(state -> new BackupAge(late(state, now), unproven(cluster, state, now)));
  }

  /** The option that `verify` needs where backups are encrypted. */
  private static String identity(Cluster cluster) {
    return cluster.environment().backup().recipients().isEmpty() ? "" : " --identity FILE";
  }

  private static String line(BackupState.Undo undo) {
    String reason = undo.reason().orElse("no node has a history");
    return undo.since()
        .map(
            since ->
                "back to "
                    + SECOND.format(since)
                    + undo.reason().map(" and no further: "::concat).orElse(""))
        .orElse("not possible: " + reason);
  }

  private static String line(BackupState state, Instant now) {
    List<String> parts = new ArrayList<>();
    if (state.last().isPresent()) {
      BackupState.Last last = state.last().get();
      parts.add(
          "last %s, %s ago (%s)"
              .formatted(last.id(), since(last.ended(), now), Size.of(last.bytes())));
      parts.add(
          state
              .proof()
              .map(proof -> "last proven %s, %s ago".formatted(proof.id(), since(proof.at(), now)))
              .orElse("none known to be proven"));
      parts.add("next due at " + TIME.format(state.next().orElseThrow()));
    } else {
      parts.add("none yet");
    }
    state
        .failure()
        .ifPresent(
            failure ->
                parts.add(
                    "the last attempt failed %s ago: %s"
                        .formatted(since(failure.at(), now), failure.reason())));
    return String.join("; ", parts);
  }

  private static String since(Instant from, Instant to) {
    return span(Duration.between(from, to));
  }

  /** A moment, to the second. */
  static String second(Instant at) {
    return SECOND.format(at);
  }

  /** In the two largest units; the clocks of two machines differ, so below zero is zero. */
  static String span(Duration span) {
    long seconds = Math.max(0, span.toSeconds());
    if (seconds < 60) {
      return seconds + " s";
    }
    long minutes = seconds / 60;
    if (minutes < 60) {
      return minutes + " min";
    }
    long hours = minutes / 60;
    return hours < 24
        ? two(hours, "h", minutes % 60, "min")
        : two(hours / 24, "d", hours % 24, "h");
  }

  private static String two(long large, String unit, long small, String smallUnit) {
    return large + " " + unit + (small == 0 ? "" : " " + small + " " + smallUnit);
  }

  /** The same for a program; null where no node says anything. */
  static Map<String, Object> report(Cluster cluster, Optional<BackupState> state, Instant now) {
    if (state.isEmpty()) {
      return null;
    }
    Map<String, Object> report = new LinkedHashMap<>();
    report.put(
        "last",
        state
            .get()
            .last()
            .map(
                last -> {
                  Map<String, Object> fields = new LinkedHashMap<>();
                  fields.put("id", last.id());
                  fields.put("ended", last.ended().toString());
                  fields.put("bytes", last.bytes());
                  return fields;
                })
            .orElse(null));
    report.put(
        "failure",
        state
            .get()
            .failure()
            .map(failure -> fields("at", failure.at().toString(), "reason", failure.reason()))
            .orElse(null));
    report.put(
        "proof",
        state
            .get()
            .proof()
            .map(proof -> fields("id", proof.id(), "at", proof.at().toString()))
            .orElse(null));
    report.put(
        "undo",
        state
            .get()
            .undo()
            .map(
                undo ->
                    fields(
                        "since",
                        undo.since().map(Instant::toString).orElse(null),
                        "reason",
                        undo.reason().orElse(null)))
            .orElse(null));
    report.put("everySeconds", state.get().every().toSeconds());
    report.put("next", state.get().next().map(Instant::toString).orElse(null));
    report.put("late", state.get().isLate(now));
    Duration verifyEvery = cluster.environment().backup().verifyEvery();
    report.put("since", state.get().since().map(Instant::toString).orElse(null));
    report.put("verifyEverySeconds", verifyEvery.toSeconds());
    report.put("proofDue", state.get().nextProof(verifyEvery).map(Instant::toString).orElse(null));
    report.put("unproven", state.get().isUnproven(now, verifyEvery));
    return report;
  }

  private static Map<String, Object> fields(String first, Object one, String second, Object other) {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put(first, one);
    fields.put(second, other);
    return fields;
  }
}
