package stacks.rules;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import stacks.environment.Checked;
import stacks.rules.RulesTest.Line;

/** Lines as in {@link RulesTest}, for what is said of backups. */
class BackupRulesTest {
  private static final String LOCAL = "platform: local\n";

  /** A cluster on AWS of which nothing else is to be said. */
  private static final String AWS =
      """
      platform: aws
      network: {shell: [ssm, "{node}"]}
      aws: {region: eu-central-1, protect: true, state: {backend: s3, bucket: states}}
      """;

  private static final String UNPROTECTED = AWS.replace("protect: true", "protect: false");

  @TempDir Path folder;

  static Stream<Line> lines() {
    return Stream.of(
        new Line(
            AWS + "backup: {enabled: false}\n",
            AWS,
            "4:10: warning no-backup: backups are off: data that is deleted, by whatever fault, is"
                + " lost; remove enabled: false, or accept this rule with the reason"),
        new Line(
            AWS + "backup: {bucket: backups, enabled: false}\n",
            UNPROTECTED + "backup: {bucket: backups, enabled: false}\n",
            "4:27: warning no-backup: backups are off: data that is deleted, by whatever fault, is"
                + " lost; remove enabled: false, or accept this rule with the reason"),
        new Line(
            LOCAL + "backup: {bucket: backups}\n",
            LOCAL + "backup: {folder: backups}\n",
            "2:10: error backup-place: the local platform keeps backups in a folder; remove bucket,"
                + " or name a folder in backup.folder"),
        new Line(
            AWS + "backup: {bucket: backups, folder: backups}\n",
            AWS + "backup: {bucket: backups}\n",
            "4:27: error backup-place: nodes on AWS keep backups in a bucket; remove folder:"
                + " rediform makes a bucket, or backup.bucket names one of yours"),
        new Line(
            AWS + "backup: {bucket: backups, lock: 30d}\n",
            AWS + "backup: {lock: 30d}\n",
            "4:27: error backup-lock: a deploy never changes a bucket of yours; remove lock, and"
                + " give the bucket a default retention yourself, or remove bucket: rediform makes"
                + " one"),
        new Line(
            UNPROTECTED + "backup: {enabled: false, lock: 30d}\n",
            UNPROTECTED + "backup: {lock: 30d}\n",
            "4:26: error backup-lock: backups are off, so there is no bucket to lock; remove lock,"
                + " or enabled: false"),
        new Line(
            LOCAL + "backup: {lock: 30d}\n",
            LOCAL + "backup: {folder: backups}\n",
            "2:10: error backup-lock: the local platform keeps backups in a folder, which no lock"
                + " can be put on; remove lock"),
        new Line(
            AWS + "backup: {bucket: backups}\nmaster: {disk: 35GB}\n",
            AWS + "backup: {bucket: backups}\nmaster: {disk: 36GB}\n",
            "4:1: warning undo-room: redis-1 has room for 5gb of history on 35gb of disk, which is"
                + " less than maxmemory 6gb, so an undo may not go back over a single rewrite of the"
                + " AOF; take 36gb, set backup.undo: 0s, or accept this rule with the reason"),
        new Line(
            LOCAL + "redis: {config: {aof-timestamp-enabled: no}}\n",
            LOCAL + "redis: {config: {aof-timestamp-enabled: no}}\nbackup: {undo: 0s}\n",
            "2:9: error mandatory-directive: aof-timestamp-enabled must be yes for backup.undo;"
                + " remove it, or set backup.undo: 0s"));
  }

  @ParameterizedTest
  @MethodSource("lines")
  void rule_is_tripped_beyond_its_line(Line line) {
    assertThat(Checked.text(folder, line.trips()).lines()).containsExactly(line.problem());
  }

  @ParameterizedTest
  @MethodSource("lines")
  void rule_is_silent_up_to_its_line(Line line) {
    assertThat(Checked.text(folder, line.passes()).lines()).isEmpty();
  }

  @Test
  void a_local_cluster_may_do_without_backups() {
    assertThat(Checked.text(folder, LOCAL + "backup: {enabled: false}\n").lines()).isEmpty();
  }
}
