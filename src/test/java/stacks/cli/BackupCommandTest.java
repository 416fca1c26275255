package stacks.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import stacks.cluster.Cluster;
import stacks.operate.BackupState;
import stacks.operate.backup.Backup;
import stacks.operate.backup.Backup.Proof;
import stacks.operate.backup.BackupAgents;
import stacks.operate.backup.Backups;
import stacks.testing.Environments;

/** What a person and a program are told of backups. */
class BackupCommandTest {
  private static final Instant NOW = Instant.parse("2026-11-28T20:00:00Z");
  private static final String KEY =
      "age1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq";

  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  private static Backup backup(String id, long bytes, List<String> recipients, Proof proof) {
    TreeMap<Integer, Long> keys = new TreeMap<>();
    keys.put(0, 1000L);
    keys.put(3, 1L);
    return new Backup(
        id,
        "cache",
        id.substring(17),
        "replica",
        Optional.of(Instant.parse("2026-11-28T13:52:00Z")),
        Optional.of(Instant.parse("2026-11-28T13:52:07Z")),
        id + ".rdb.zst",
        bytes,
        "00ff",
        3 * bytes,
        "11ff",
        10,
        "7.0.15",
        keys,
        recipients,
        Optional.ofNullable(proof));
  }

  private static Backups two() {
    String first = "20261128T075200Z-redis-3";
    Proof proof =
        new Proof(first, Optional.of(NOW), 2.5, new TreeMap<>(), "22ff", "7.0.15", "desk");
    return new Backups(
        "s3://ours/rediform/cache",
        List.of(
            backup(first, 2_000_000_000L, List.of(KEY), proof),
            backup("20261128T135200Z-redis-2", 1536, List.of(), null)),
        Optional.of(new Backups.Failure(Optional.of(NOW), "no space left")));
  }

  private String printed(Backups backups) {
    BackupCommand.print("cache", backups, new PrintWriter(out, true));
    return out.toString();
  }

  @Test
  void the_list_has_a_line_for_each_and_the_newest_last() {
    assertThat(printed(two()).lines().map(line -> line.replaceAll(" {2,}", " | ")))
        .containsExactly(
            "ID | WHEN (UTC) | FROM | KEYS | SIZE | ENCRYPTED | PROVEN (UTC)",
            "20261128T075200Z-redis-3 | 2026-11-28 13:52:00 | redis-3, replica | 1001 | 1.9 GB | yes | 2026-11-28 20:00:00",
            "20261128T135200Z-redis-2 | 2026-11-28 13:52:00 | redis-2, replica | 1001 | 1.5 KB | no | no",
            "",
            "2 backups on s3://ours/rediform/cache",
            "the last attempt failed, 2026-11-28 20:00:00 UTC: no space left");
  }

  @Test
  void an_empty_list_says_how_to_take_one() {
    assertThat(printed(new Backups("/srv/backups", List.of(), Optional.empty())).lines())
        .containsExactly(
            "/srv/backups has no backup yet; to take one: ./rediform backup cache now");
  }

  @Test
  void a_program_reads_the_same() {
    assertThat(Json.write(BackupCommand.report("cache", two())).replaceAll("\\s+", " "))
        .startsWith(
            "{ \"environment\" : \"cache\", \"place\" : \"s3://ours/rediform/cache\", \"backups\" : [ { \"id\" : \"20261128T075200Z-redis-3\", \"started\" : \"2026-11-28T13:52:00Z\"")
        .contains(
            "\"keys\" : { \"0\" : 1000, \"3\" : 1 }, \"recipients\" : [ ], \"proof\" : null",
            "\"digest\" : \"22ff\"")
        .endsWith(
            "\"failure\" : { \"at\" : \"2026-11-28T20:00:00Z\", \"reason\" : \"no space left\" } }");
  }

  @Test
  void what_was_taken_and_what_was_proven_is_a_line() {
    Backup taken = two().all().get(1);
    assertThat(BackupCommand.line(new BackupAgents.Taken(taken, "/srv/backups")))
        .isEqualTo("20261128T135200Z-redis-2: 1001 keys, 1.5 KB, on /srv/backups");
    assertThat(BackupCommand.line(two().all().get(0).proof().orElseThrow()))
        .isEqualTo(
            "20261128T075200Z-redis-3 can be restored: Redis 7.0.15 loaded its 0 keys, in 2.5 s altogether");
  }

  @Test
  void where_backups_are_off_the_reason_says_how_to_switch_them_on() {
    assertThat(off("platform: local\n")).isEmpty();
    assertThat(off("platform: aws\nbackup: {bucket: ours}\n")).isEmpty();
    assertThat(off("platform: local\nbackup: {enabled: false}\n").orElseThrow())
        .contains("backup.enabled is false", "set it to true", "./rediform deploy cache");
    assertThat(off("platform: aws\n")).isEmpty();
  }

  private static Optional<String> off(String file) {
    Cluster cluster = Environments.cluster("cache", file);
    return BackupCommand.off(cluster);
  }

  private int run(String... words) {
    return Cli.run(new PrintWriter(out, true), new PrintWriter(err, true), words);
  }

  @ParameterizedTest
  @CsvSource({"now", "list", "verify"})
  void each_of_its_verbs_has_a_help_text_with_an_example(String verb) {
    assertThat(run("backup", "local", verb, "--help")).isZero();
    assertThat(out.toString()).contains("Usage: rediform backup ", verb, "./rediform backup ");
  }

  @Test
  void wrong_usage_ends_with_2() {
    assertThat(run("backup", "local")).isEqualTo(ExitCode.USAGE);
    assertThat(err.toString()).contains("one of now, list, verify");
    assertThat(run("backup", "now")).isEqualTo(ExitCode.USAGE);
    assertThat(run("backup", "local", "verify", "--identity", "/no/such/file"))
        .isEqualTo(ExitCode.USAGE);
    assertThat(err.toString()).contains("--identity must name a readable file");
  }

  @Test
  void without_backups_there_is_nothing_to_verify_and_that_may_be_fine(@TempDir Path folder)
      throws IOException {
    Path file = folder.resolve("cache.yaml");
    Files.writeString(file, "platform: local\nbackup: {enabled: false}\n");
    assertThat(run("backup", file.toString(), "verify")).isEqualTo(ExitCode.NO);
    assertThat(run("backup", file.toString(), "verify", "--if-enabled")).isZero();
    assertThat(out.toString()).startsWith("cache takes no backups: backup.enabled is false");
  }

  private static final String ENDED = "2026-11-28T13:52:07Z";

  private static BackupState state(String ended, String failed, String proven, String since) {
    return new BackupState(
        Optional.ofNullable(ended)
            .map(at -> new BackupState.Last("20261128T135200Z-redis-2", Instant.parse(at), 1536)),
        Optional.ofNullable(failed)
            .map(at -> new BackupState.Failure(Instant.parse(at), "no space left")),
        Optional.ofNullable(proven)
            .map(at -> new BackupState.Proven("20261127T135200Z-redis-2", Instant.parse(at))),
        Optional.empty(),
        Duration.ofHours(6),
        Optional.ofNullable(since).map(Instant::parse));
  }

  private static BackupState state(String ended, String failed, String proven) {
    return state(ended, failed, proven, "2026-11-28T07:52:00Z");
  }

  private static List<String> lines(String file, BackupState state, String now) {
    return BackupLines.of(
        Environments.cluster("cache", file), Optional.ofNullable(state), Instant.parse(now));
  }

  private static List<String> lines(BackupState state, String now) {
    return lines("platform: local\n", state, now);
  }

  @Test
  void status_says_how_old_backup_and_proof_are_and_when_the_next_is_due() {
    assertThat(lines(state(ENDED, null, null), "2026-11-28T14:04:30Z"))
        .containsExactly(
            "backups: last 20261128T135200Z-redis-2, 12 min ago (1.5 KB); none known to be proven; next due at 2026-11-28 19:52 UTC");
    assertThat(
            lines(
                state(ENDED, "2026-11-28T19:59:30Z", "2026-11-26T19:00:00Z"),
                "2026-11-28T20:00:00Z"))
        .containsExactly(
            "backups: last 20261128T135200Z-redis-2, 6 h 7 min ago (1.5 KB); last proven 20261127T135200Z-redis-2, 2 d 1 h ago; next due at 2026-11-28 19:52 UTC; the last attempt failed 30 s ago: no space left");
  }

  @Test
  void a_backup_that_is_late_is_a_note_with_the_command_that_takes_one() {
    assertThat(lines(state(ENDED, null, null), "2026-11-29T02:07:00Z")).hasSize(1);
    assertThat(lines(state(ENDED, null, null), "2026-11-29T02:07:01Z"))
        .hasSize(2)
        .last()
        .isEqualTo(
            "note: a backup was due 6 h 15 min ago; to take one now, or see why not: ./rediform backup cache now");
    assertThat(lines(state(null, null, null), "2026-11-28T20:07:00Z"))
        .containsExactly("backups: none yet");
    assertThat(lines(state(null, null, null), "2026-11-28T20:07:01Z"))
        .containsExactly(
            "backups: none yet",
            "note: there is no backup, although the nodes are to take some since 2026-11-28 07:52 UTC; to take one now, or see why not: ./rediform backup cache now");
  }

  @Test
  void what_is_not_proven_for_too_long_is_a_note_with_the_command_that_proves_it() {
    String now = "2026-11-28T14:00:00Z";
    assertThat(lines(state(ENDED, null, null, "2026-11-21T14:00:00Z"), now))
        .as("a cluster's first days")
        .hasSize(1);
    assertThat(lines(state(ENDED, null, null, "2026-11-21T13:59:59Z"), now))
        .last()
        .isEqualTo(
            "note: no backup was ever proven, as far as the nodes know; backup.verifyEvery is 7 d; to prove the newest: ./rediform backup cache verify");
    String old = "2026-11-20T13:00:00Z";
    assertThat(lines(state(ENDED, null, old), now))
        .last()
        .isEqualTo(
            "note: the last proof that a backup can be restored is 8 d 1 h old; backup.verifyEvery is 7 d; to prove the newest: ./rediform backup cache verify");
    assertThat(
            lines(
                "platform: local\nbackup: {verifyEvery: 9d, recipients: [%s]}\n".formatted(KEY),
                state(ENDED, null, old),
                now))
        .hasSize(1);
    assertThat(
            lines(
                "platform: local\nbackup: {recipients: [%s]}\n".formatted(KEY),
                state(ENDED, null, old),
                now))
        .last()
        .asString()
        .endsWith("verify --identity FILE");
    assertThat(lines(state(ENDED, null, null, null), now))
        .as("an older agent does not say since when")
        .hasSize(1);
    assertThat(lines(state(null, null, null, "2026-11-21T13:59:59Z"), now))
        .as("there is nothing to prove")
        .noneMatch(line -> line.contains("verify"));
  }

  @Test
  void a_program_reads_what_is_late_and_when_it_is_due() {
    Cluster cluster = Environments.cluster("cache", "platform: local\n");
    assertThat(BackupLines.report(cluster, Optional.empty(), NOW)).isNull();
    assertThat(
            BackupLines.report(
                cluster, Optional.of(state(ENDED, null, "2026-11-20T13:00:00Z")), NOW))
        .containsEntry("next", "2026-11-28T19:52:00Z")
        .containsEntry("late", false)
        .containsEntry("since", "2026-11-28T07:52:00Z")
        .containsEntry("verifyEverySeconds", 604_800L)
        .containsEntry("proofDue", "2026-11-27T13:00:00Z")
        .containsEntry("unproven", true);
  }

  @Test
  void status_says_how_far_back_an_undo_goes() {
    Instant since = Instant.parse("2026-11-28T13:52:00Z");
    assertThat(undo(Optional.of(since), Optional.empty()))
        .isEqualTo("undo: back to 2026-11-28 13:52:00 UTC");
    assertThat(undo(Optional.of(since), Optional.of("there is no room")))
        .isEqualTo("undo: back to 2026-11-28 13:52:00 UTC and no further: there is no room");
    assertThat(undo(Optional.empty(), Optional.of("its server writes no AOF")))
        .isEqualTo("undo: not possible: its server writes no AOF");
  }

  private static String undo(Optional<Instant> since, Optional<String> reason) {
    BackupState state =
        new BackupState(
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.of(new BackupState.Undo(since, reason)),
            Duration.ofHours(6),
            Optional.empty());
    return lines(state, "2026-11-28T20:00:00Z").get(1);
  }

  @Test
  void status_says_why_there_is_none() {
    String now = "2026-11-28T20:00:00Z";
    assertThat(lines(null, now))
        .containsExactly("backups: unknown: no data node's agent reports them");
    assertThat(lines(state(null, "2026-11-28T19:00:00Z", null), now))
        .containsExactly("backups: none yet; the last attempt failed 1 h ago: no space left");
    assertThat(lines("platform: local\nbackup: {enabled: false}\n", null, now))
        .singleElement()
        .asString()
        .startsWith("backups: off: backup.enabled is false");
  }
}
