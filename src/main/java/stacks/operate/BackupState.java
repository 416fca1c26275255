package stacks.operate;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Comparator;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * What a data node remembers of backups. It is a note on the node, and no look into the store: what
 * another node took meanwhile it may not know.
 *
 * @param last the newest backup that it knows of
 * @param failure its last attempt, if that failed
 * @param proof the newest restore that was proven, as far as it knows
 * @param undo how far back it can put its data; empty where it keeps no history
 * @param every time from the start of one backup to the start of the next
 * @param since when there were backups first, or the nodes were to take some; empty where an older
 *     agent does not say
 */
public record BackupState(
    Optional<Last> last,
    Optional<Failure> failure,
    Optional<Proven> proof,
    Optional<Undo> undo,
    Duration every,
    Optional<Instant> since) {
  /** What a backup may be late by: 5 min until a node asks, the next one's turn after 10 min. */
  private static final Duration SLACK = Duration.ofMinutes(15);

  private static final DateTimeFormatter ID =
      DateTimeFormatter.ofPattern("uuuuMMdd'T'HHmmss", Locale.ROOT);

  /** A backup. */
  public record Last(String id, Instant ended, long bytes) {}

  /** An attempt that failed. */
  public record Failure(Instant at, String reason) {}

  /** A backup that was restored to prove it. */
  public record Proven(String id, Instant at) {}

  /**
   * How far back an undo goes.
   *
   * @param since from when on each second can be had; empty where none can
   * @param reason why none can, or why it is no more
   */
  public record Undo(Optional<Instant> since, Optional<String> reason) {
    private Undo and(Undo other) {
      boolean otherIsLonger =
          other.since.isPresent() && (since.isEmpty() || other.since.get().isBefore(since.get()));
      return otherIsLonger ? other : this;
    }
  }

  /** Reads what a node reports, leniently; empty where it reports nothing of backups. */
  static Optional<BackupState> read(JsonNode said) {
    if (!said.isObject()) {
      return Optional.empty();
    }
    JsonNode last = said.path("last");
    JsonNode failure = said.path("failure");
    JsonNode proof = said.path("proof");
    return Optional.of(
        new BackupState(
            time(last.path("ended"))
                .map(at -> new Last(last.path("id").asText(), at, last.path("bytes").asLong())),
            time(failure.path("at")).map(at -> new Failure(at, failure.path("reason").asText())),
            time(proof.path("at")).map(at -> new Proven(proof.path("id").asText(), at)),
            Optional.of(said.path("undo"))
                .filter(JsonNode::isObject)
                .map(
                    undo ->
                        new Undo(
                            time(undo.path("since")),
                            Optional.ofNullable(undo.path("reason").textValue()))),
            Duration.ofSeconds(said.path("everySeconds").asLong()),
            time(said.path("since"))));
  }

  private static Optional<Instant> time(JsonNode said) {
    try {
      return Optional.ofNullable(said.textValue()).map(Instant::parse);
    } catch (DateTimeException e) {
      return Optional.empty();
    }
  }

  /**
   * What all data nodes know together: the newest of each. A failure before the newest backup is
   * over. Empty where no node says anything of backups.
   */
  public static Optional<BackupState> of(ClusterStatus status) {
    Stream<BackupState> all = status.redis().stream().flatMap(node -> node.backup().stream());
    return all.reduce(BackupState::and)
        .map(
            sum ->
                new BackupState(
                    sum.last,
                    sum.failure.filter(
                        failure ->
                            sum.last.filter(last -> last.ended().isAfter(failure.at())).isEmpty()),
                    sum.proof,
                    sum.undo,
                    sum.every,
                    sum.since));
  }

  private BackupState and(BackupState other) {
    return new BackupState(
        Stream.of(last, other.last)
            .flatMap(Optional::stream)
            .max(Comparator.comparing(Last::ended)),
        Stream.of(failure, other.failure)
            .flatMap(Optional::stream)
            .max(Comparator.comparing(Failure::at)),
        Stream.of(proof, other.proof)
            .flatMap(Optional::stream)
            .max(Comparator.comparing(Proven::at)),
        Stream.of(undo, other.undo).flatMap(Optional::stream).reduce(Undo::and),
        every,
        Stream.of(since, other.since).flatMap(Optional::stream).min(Comparator.naturalOrder()));
  }

  /** When the next one is due; empty where there was none yet. */
  public Optional<Instant> next() {
    return last.map(each -> started(each).plus(every));
  }

  /** Whether the newest backup, or the lack of one, is so old that one must have failed since. */
  public boolean isLate(Instant now) {
    Duration most = every.multipliedBy(2).plus(SLACK);
    return last.map(BackupState::started)
        .or(() -> since)
        .filter(from -> from.plus(most).isBefore(now))
        .isPresent();
  }

  /** When the next proof is due; empty where it is not known since when there are backups. */
  public Optional<Instant> nextProof(Duration verifyEvery) {
    return proof.map(Proven::at).or(() -> since).map(from -> from.plus(verifyEvery));
  }

  /**
   * Whether there are backups of which none was proven for too long; a cluster that has not had
   * them for that long owes no proof.
   */
  public boolean isUnproven(Instant now, Duration verifyEvery) {
    return last.isPresent() && nextProof(verifyEvery).filter(due -> due.isBefore(now)).isPresent();
  }

  /** An ID begins with the time; without one, the end is near enough. */
  private static Instant started(Last last) {
    try {
      return LocalDateTime.parse(last.id().split("Z-", 2)[0], ID).toInstant(ZoneOffset.UTC);
    } catch (DateTimeException e) {
      return last.ended();
    }
  }
}
