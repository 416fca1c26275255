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
              List.of("backup.enabled", "aws.protect", "platform"),
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
              BackupRules::timestamps),
          new Rule(
              "backup-lock",
              ERROR,
              List.of("backup.lock", "backup.bucket", "backup.enabled", "platform"),
              BackupRules::lockOfWhatIsNotOurs));

  private BackupRules() {}

  private static Optional<String> noBackup(Cluster cluster) {
    Environment environment = cluster.environment();
    return when(
        !cluster.isLocal() && environment.aws().protect() && !environment.backup().enabled(),
        "backups are off: data that is deleted, by whatever fault, is lost; remove enabled:"
            + " false, or accept this rule with the reason");
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
        "nodes on AWS keep backups in a bucket; remove folder: rediform makes a bucket, or"
            + " backup.bucket names one of yours");
  }

  private static Optional<String> lockOfWhatIsNotOurs(Cluster cluster) {
    Backup backup = cluster.environment().backup();
    if (backup.lock().isEmpty()) {
      return Optional.empty();
    } else if (cluster.isLocal()) {
      return Optional.of(
          "the local platform keeps backups in a folder, which no lock can be put on"
              + "; remove lock");
    }
    if (backup.enabled() && backup.bucket().isEmpty()) {
      return Optional.empty();
    }
    return Optional.of(
        backup.enabled()
            ? "a deploy never changes a bucket of yours; remove lock, and give the bucket a default"
                + " retention yourself, or remove bucket: rediform makes one"
            : "backups are off, so there is no bucket to lock; remove lock, or enabled: false");
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
