package stacks.rules;

import static stacks.environment.Problem.Severity.ERROR;
import static stacks.environment.Problem.Severity.WARNING;
import static stacks.rules.Rule.when;

import java.util.List;
import java.util.Optional;
import stacks.cluster.Cluster;
import stacks.environment.Environment;
import stacks.environment.Environment.Backup;

/** Whether the data is backed up, and to a place that the platform has. */
final class BackupRules {
  private static final String TIMESTAMPS = "aof-timestamp-enabled";

  static final List<Rule> ALL =
      List.of(
          new Rule(
              "no-backup",
              WARNING,
              List.of("backup.enabled", "backup.bucket", "backup", "aws.protect", "platform"),
              BackupRules::noBackup),
          new Rule(
              "backup-place",
              ERROR,
              List.of("backup.bucket", "platform"),
              BackupRules::bucketOnThisMachine),
          new Rule(
              "backup-place",
              ERROR,
              List.of("backup.folder", "platform"),
              BackupRules::folderOnAws),
          new Rule(
              "undo-room",
              WARNING,
              List.of("backup.undo", "backup", "master.disk", "master.maxmemory", "replicas.disk"),
              BackupRules::undoRoom),
          new Rule(
              "mandatory-directive",
              ERROR,
              List.of("redis.config", "backup.undo"),
              BackupRules::timestamps));

  private BackupRules() {}

  private static Optional<String> noBackup(Cluster cluster) {
    Environment environment = cluster.environment();
    Backup backup = environment.backup();
    if (cluster.isLocal() || !environment.aws().protect()) {
      return Optional.empty();
    } else if (!backup.enabled()) {
      return Optional.of(
          "backups are off: data that is deleted, by whatever fault, is lost; remove enabled:"
              + " false, or accept this rule with the reason");
    }
    return when(
        backup.bucket().isEmpty(),
        "there are no backups: data that is deleted, by whatever fault, is lost; name a bucket of"
            + " yours in backup.bucket, or accept this rule with the reason");
  }

  private static Optional<String> bucketOnThisMachine(Cluster cluster) {
    return when(
        cluster.isLocal() && cluster.environment().backup().bucket().isPresent(),
        "the local platform keeps backups in a folder; remove bucket, or name a folder in"
            + " backup.folder");
  }

  private static Optional<String> folderOnAws(Cluster cluster) {
    return when(
        !cluster.isLocal() && cluster.environment().backup().folder().isPresent(),
        "nodes on AWS keep backups in a bucket; remove folder, and name the bucket in"
            + " backup.bucket");
  }

  /** A chain of the history has up to one maxmemory that the server has no more. */
  private static Optional<String> undoRoom(Cluster cluster) {
    return cluster.redis().stream()
        .filter(node -> !cluster.isLocal() && cluster.keepsHistory())
        .filter(node -> node.historyRoom().compareTo(node.maxmemory()) < 0)
        .findFirst()
        .map(
            node ->
                "%s has room for %s of history on %s of disk, which is less than maxmemory %s, so an undo may not go back over a single rewrite of the AOF; take %s, set backup.undo: 0s, or accept this rule with the reason"
                    .formatted(
                        node.name(),
                        node.historyRoom(),
                        node.size().disk(),
                        node.maxmemory(),
                        node.maxmemory().times(Cluster.DISK_PER_MAXMEMORY + 1)));
  }

  private static Optional<String> timestamps(Cluster cluster) {
    String wanted = cluster.environment().redis().config().get(TIMESTAMPS);
    return when(
        cluster.keepsHistory() && wanted != null && !"yes".equalsIgnoreCase(wanted),
        TIMESTAMPS + " must be yes for backup.undo; remove it, or set backup.undo: 0s");
  }
}
