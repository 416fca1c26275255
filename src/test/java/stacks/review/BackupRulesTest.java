package stacks.review;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import stacks.cluster.Cluster;
import stacks.node.Documents;
import stacks.node.Layout;
import stacks.platform.Effect;
import stacks.testing.Environments;

/** What becomes of backups when documents of data nodes change. */
class BackupRulesTest {
  private static final String FILE =
      """
      platform: aws
      aws: {region: eu-central-1}
      master: {memory: 8GB, maxmemory: 6gb}
      """;

  private static final String BACKUP = "backup: {bucket: old, keepDays: 30, keepLast: 28}\n";
  private static final Cluster CLUSTER = Environments.cluster("cache", FILE);

  /** A document in short, with the section that a file's backup key makes. */
  private static String document(String backup) {
    Cluster cluster = Environments.cluster("cache", FILE + backup);
    String full = Documents.of(cluster, Layout.MACHINE).get("redis-1").text();
    return with(document -> document.set("backup", PlanJson.read(full).get("backup")));
  }

  private static String with(Consumer<ObjectNode> edit) {
    ObjectNode contents = PlanJson.contents();
    edit.accept(contents);
    return contents.toString();
  }

  private static final String ON = document(BACKUP);

  private static Review becomes(String before, String after) throws IOException {
    PlanJson plan = PlanJson.of("cache");
    for (String node : List.of("redis-1", "redis-2", "redis-3")) {
      plan.document(node, before, after);
    }
    return plan.review(CLUSTER);
  }

  private static List<String> said(Review review) {
    return review.findings().stream()
        .map(finding -> finding.rule().id() + ": " + finding.message())
        .toList();
  }

  @ParameterizedTest
  @CsvSource({
    "every: 1h, how often it is backed up",
    "keepDays: 31, how long backups are kept",
    "keepLast: 29, how long backups are kept",
    "recipients: [age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p],"
        + " who can decrypt backups"
  })
  void another_schedule_restarts_nothing_and_is_told_in_words(String key, String words)
      throws IOException {
    Review review = becomes(ON, document("backup: {bucket: old, " + key + "}\n"));
    assertThat(said(review)).isEmpty();
    assertThat(review.isSafe()).isTrue();
    assertThat(review.nodes())
        .hasSize(3)
        .allSatisfy(
            node -> {
              assertThat(node.effect()).isEqualTo(Effect.LIVE_SETTING);
              assertThat(node.restarts()).isFalse();
              assertThat(node.details()).isEqualTo("changes " + words);
            });
  }

  @Test
  void backups_that_begin_are_no_danger() throws IOException {
    Review review = becomes(document("backup: {enabled: false}\n"), ON);
    assertThat(review.isSafe()).isTrue();
    assertThat(said(review)).isEmpty();
    assertThat(review.nodes().get(0).details()).isEqualTo("changes whether it is backed up");
  }

  @Test
  void backups_that_end_need_approval_and_it_is_said_once() throws IOException {
    Review review = becomes(ON, document("backup: {bucket: old, enabled: false}\n"));
    assertThat(review.verdict()).isEqualTo(Verdict.APPROVAL);
    assertThat(PlanJson.findings(review)).containsExactly("backup-off shared");
    assertThat(said(review))
        .containsExactly("backup-off: no more backups go to s3://old/rediform/cache");
    assertThat(review.nodes().get(0).effect()).isEqualTo(Effect.LIVE_SETTING);
  }

  @Test
  void an_older_release_takes_no_backups() throws IOException {
    String older = with(document -> document.put("agent", "b").remove("backup"));
    assertThat(PlanJson.findings(becomes(ON, older))).contains("backup-off shared");
  }

  @Test
  void a_document_that_cannot_be_seen_turns_nothing_off() throws IOException {
    assertThat(PlanJson.findings(becomes(ON, "hidden"))).doesNotContain("backup-off shared");
  }

  @Test
  void backups_in_another_place_are_told_with_both() throws IOException {
    Review review = becomes(ON, document(BACKUP.replace("old", "new")));
    assertThat(review.verdict()).isEqualTo(Verdict.GO);
    assertThat(said(review))
        .containsExactly("backup-moved: from s3://old/rediform/cache to s3://new/rediform/cache");
    assertThat(review.nodes().get(0).details()).isEqualTo("changes where backups are");
  }

  @ParameterizedTest
  @CsvSource({
    "29, 28, for 29 days instead of 30",
    "30, 27, the newest 27 instead of 28",
    "7, 1, for 7 days instead of 30; the newest 1 instead of 28"
  })
  void backups_that_are_kept_for_less_long_are_told(int days, int last, String message)
      throws IOException {
    Review review =
        becomes(
            ON,
            document("backup: {bucket: old, keepDays: %d, keepLast: %d}\n".formatted(days, last)));
    assertThat(review.verdict()).isEqualTo(Verdict.GO);
    assertThat(said(review)).containsExactly("backup-kept-shorter: " + message);
  }

  private static List<String> lasting(
      String type, List<String> actions, String before, String after) throws IOException {
    PlanJson plan =
        PlanJson.of("cache")
            .resource(
                "aws_s3_bucket" + type,
                "backups",
                actions,
                change -> {
                  change.set("before", PlanJson.read(before));
                  change.set("after", PlanJson.read(after));
                });
    Review review = plan.review(CLUSTER);
    List<String> unlocked =
        said(review).stream().filter(each -> each.startsWith("backup-unlocked")).toList();
    assertThat(review.verdict()).isEqualTo(unlocked.isEmpty() ? Verdict.GO : Verdict.APPROVAL);
    return unlocked;
  }

  private static String locked(String mode, int days) {
    return "{'rule': [{'default_retention': [{'mode': '%s', 'days': %d}]}]}"
        .formatted(mode, days)
        .replace('\'', '"');
  }

  private static String old(int days) {
    return "{'rule': [{'id': 'a'}, {'noncurrent_version_expiration': [{'noncurrent_days': %d}]}]}"
        .formatted(days)
        .replace('\'', '"');
  }

  @ParameterizedTest
  @CsvSource({
    "update, GOVERNANCE, 30, GOVERNANCE, 29, new backups are locked for 29 days (before: 30 days)",
    "update, COMPLIANCE, 30, GOVERNANCE, 30, 'new backups are locked for 30 days, and in another"
        + " way (before: 30 days)'",
    "update, GOVERNANCE, 30, GOVERNANCE, 31,",
    "delete, GOVERNANCE, 30, '', 0, new backups are no longer locked (before: 30 days)"
  })
  void a_lock_that_ends_or_gets_shorter_needs_approval(
      String action, String mode, int days, String newMode, int newDays, String message)
      throws IOException {
    assertThat(
            lasting(
                "_object_lock_configuration",
                List.of(action),
                locked(mode, days),
                newMode.isEmpty() ? "null" : locked(newMode, newDays)))
        .isEqualTo(message == null ? List.of() : List.of("backup-unlocked: " + message));
  }

  @Test
  void older_versions_that_go_sooner_need_approval() throws IOException {
    String type = "_lifecycle_configuration";
    List<String> update = List.of("update");
    assertThat(lasting(type, update, old(30), old(30))).isEmpty();
    assertThat(lasting(type, update, old(30), old(31))).isEmpty();
    assertThat(lasting(type, update, old(30), old(29)))
        .containsExactly(
            "backup-unlocked: what is deleted or overwritten is gone after 29 days (before: 30"
                + " days)");
    assertThat(
            lasting(
                type,
                update,
                old(30),
                old(30).replace("\"id\": \"a\"", "\"expiration\": [{\"days\": 9}]")))
        .containsExactly(
            "backup-unlocked: S3 removes backups by age, whatever keepDays and keepLast say");
    String versions = "{\"versioning_configuration\": [{\"status\": \"Enabled\"}]}";
    assertThat(lasting("_versioning", update, versions, versions.replace("Enabled", "Suspended")))
        .containsExactly(
            "backup-unlocked: what is deleted or overwritten is no longer kept as an older"
                + " version");
  }

  @Test
  void a_bucket_that_is_forgotten_or_taken_over_is_told_in_words() throws IOException {
    PlanJson plan =
        PlanJson.of("cache")
            .resource(
                "aws_s3_bucket", "backups", List.of("forget"), change -> change.putNull("after"));
    assertThat(plan.review(CLUSTER).verdict())
        .as("the file still wants it")
        .isEqualTo(Verdict.BLOCKED);
    Review review = plan.review(Environments.cluster("cache", FILE + "backup: {enabled: false}\n"));
    assertThat(said(review)).isEmpty();
    assertThat(Summary.of(review))
        .contains(
            "the bucket for backups stays with all that it holds, and rediform no longer manages"
                + " it");
    for (String action : List.of("no-op", "update")) {
      plan =
          PlanJson.of("cache")
              .resource(
                  "aws_s3_bucket",
                  "backups",
                  List.of(action),
                  change -> change.putObject("importing").put("id", "b"));
      review = plan.review(CLUSTER);
      assertThat(said(review)).isEmpty();
      assertThat(Summary.of(review))
          .anySatisfy(sentence -> assertThat(sentence).contains("is taken over with all"));
    }
  }

  @Test
  void nothing_else_is_forgotten_or_taken_over() throws IOException {
    for (String name : List.of("nodes", "other")) {
      for (List<String> actions : List.of(List.of("forget"), List.of("no-op"))) {
        PlanJson plan =
            PlanJson.of("cache")
                .resource(
                    "aws_s3_bucket",
                    name,
                    actions,
                    change -> change.putObject("importing").put("id", "b"));
        assertThat(plan.review(CLUSTER).verdict()).isEqualTo(Verdict.BLOCKED);
      }
    }
  }

  @Test
  void the_bucket_for_backups_is_never_destroyed() throws IOException {
    for (List<String> actions : List.of(List.of("delete"), List.of("delete", "create"))) {
      PlanJson plan = PlanJson.of("cache").resource("aws_s3_bucket", "backups", actions, c -> {});
      assertThat(plan.review(CLUSTER).verdict()).isEqualTo(Verdict.BLOCKED);
      assertThat(PlanJson.findings(plan.review(CLUSTER)))
          .containsExactly("part-destroyed aws_s3_bucket.backups");
    }
  }

  @Test
  void a_node_that_leaves_turns_nothing_off() throws IOException {
    PlanJson plan = PlanJson.of("cache").object("redis-3", List.of("delete"), ON, ON);
    assertThat(PlanJson.findings(plan.review(CLUSTER))).doesNotContain("backup-off shared");
  }

  private static final BackupAge STALE =
      new BackupAge(Optional.of("a backup was due 9 h ago"), Optional.of("none was proven"));

  private static List<String> aged(PlanJson plan, Supplier<Optional<BackupAge>> ask)
      throws IOException {
    return said(
            Reviewer.review(
                plan.stream(), CLUSTER, PlanJson.TODAY, false, ask, java.util.List.of()))
        .stream()
        .filter(found -> found.startsWith("backup-") || found.startsWith("unverified"))
        .toList();
  }

  private static PlanJson destroyed(String node) {
    return PlanJson.of("cache").machine(node, List.of("delete", "create"), "t3.small", "t3.small");
  }

  @Test
  void a_plan_that_endangers_data_is_told_how_old_backup_and_proof_are() throws IOException {
    assertThat(aged(destroyed("redis-2"), () -> Optional.of(STALE)))
        .containsExactly("backup-too-old: a backup was due 9 h ago", "unverified: none was proven");
    assertThat(
            aged(
                destroyed("redis-2"),
                () -> Optional.of(new BackupAge(Optional.empty(), Optional.of("none was proven")))))
        .containsExactly("unverified: none was proven");
    assertThat(
            aged(
                PlanJson.of("cache").volume("redis-1", List.of("delete", "create"), 100, 100),
                () -> Optional.of(STALE)))
        .hasSize(2);
  }

  @Test
  void where_it_is_not_known_nothing_is_claimed() throws IOException {
    assertThat(aged(destroyed("redis-2"), Optional::empty)).isEmpty();
  }

  @Test
  void the_nodes_are_not_asked_where_no_data_is_in_danger() throws IOException {
    Supplier<Optional<BackupAge>> never =
        () -> {
          throw new AssertionError("asked");
        };
    assertThat(aged(PlanJson.of("cache"), never)).isEmpty();
    assertThat(aged(destroyed("sentinel-2"), never)).isEmpty();
    assertThat(
            aged(
                PlanJson.of("cache").machine("redis-2", List.of("update"), "t3.small", "t3.large"),
                never))
        .as("a restart behind its gate")
        .isEmpty();
    assertThatThrownBy(() -> aged(destroyed("redis-2"), never)).hasMessage("asked");
  }

  @Test
  void they_are_warnings_that_a_file_may_weigh_otherwise() throws IOException {
    Cluster strict =
        Environments.cluster("cache", FILE + "review: {requireApproval: [unverified]}\n");
    PlanJson removed = PlanJson.of("cache").machine("redis-4", List.of("delete"), "a", "a");
    Supplier<Optional<BackupAge>> stale = () -> Optional.of(STALE);
    assertThat(
            Reviewer.review(
                    removed.stream(), CLUSTER, PlanJson.TODAY, false, stale, java.util.List.of())
                .verdict())
        .isEqualTo(Verdict.GO);
    assertThat(
            Reviewer.review(
                    removed.stream(), strict, PlanJson.TODAY, false, stale, java.util.List.of())
                .requiresApproval())
        .containsExactly("unverified");
  }

  @Test
  void a_place_is_shown_as_one_line_of_plain_text() throws IOException {
    String hostile =
        with(document -> document.putObject("backup").put("place", "s3://x\u001b[2J\n|"));
    assertThat(said(becomes(ON, hostile)))
        .containsExactly("backup-moved: from s3://old/rediform/cache to s3://x\\u001b[2J\\u000a|");
  }
}
