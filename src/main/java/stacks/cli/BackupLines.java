package stacks.cli;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import stacks.operate.BackupState;
import stacks.operate.backup.Size;

/** What {@code status} says of backups. */
final class BackupLines {
  private static final String WHO = "backups: ";

  private BackupLines() {}

  /**
   * A line for a person, and a note if there is something to note.
   *
   * @param off why the environment has none; empty if it has
   * @param state what the nodes say; empty where none says anything
   */
  static List<String> of(Optional<String> off, Optional<BackupState> state, Instant now) {
    if (off.isPresent()) {
      return List.of(WHO + "off: " + off.get());
    }
    if (state.isEmpty()) {
      return List.of(WHO + "unknown: no data node's agent reports them");
    }
    List<String> lines = new ArrayList<>();
    lines.add(WHO + line(state.get(), now));
    if (state.get().isLate(now)) {
      lines.add(
          "note: the last backup is older than two intervals of " + span(state.get().every()));
    }
    return lines;
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
      Instant next = state.next().orElseThrow();
      parts.add(next.isAfter(now) ? "next in " + since(now, next) : "next is due");
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
  static Map<String, Object> report(Optional<BackupState> state) {
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
    report.put("everySeconds", state.get().every().toSeconds());
    report.put("next", state.get().next().map(Instant::toString).orElse(null));
    return report;
  }

  private static Map<String, Object> fields(String first, Object one, String second, Object other) {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put(first, one);
    fields.put(second, other);
    return fields;
  }
}
