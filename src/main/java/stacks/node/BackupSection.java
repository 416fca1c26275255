package stacks.node;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import stacks.cluster.Cluster;
import stacks.cluster.RedisNode;
import stacks.environment.Environment.Backup;

/**
 * How a data node's data is backed up: docs/decisions/0029.
 *
 * @param everySeconds time from the start of one backup to the start of the next
 * @param keepDays days for which a backup is always kept
 * @param keepLast as many of the newest are always kept
 * @param place where backups are: {@code s3://BUCKET/PREFIX}, in which {@code {id}} is for the node
 *     to fill in, or a folder, absolute or relative to the node's home
 * @param recipients public age keys that backups are encrypted for; none: not encrypted
 * @param undo the history that the node keeps besides; empty where it keeps none
 */
public record BackupSection(
    int everySeconds,
    int keepDays,
    int keepLast,
    String place,
    List<String> recipients,
    Optional<UndoSection> undo) {
  /** A local node's home is two folders below this one: ENV/NODE. */
  private static final Path LOCAL = Path.of(".rediform");

  /** What a node replaces by the first digits of a checksum of its account and region. */
  public static final String ID = "{id}";

  public BackupSection {
    recipients = List.copyOf(recipients);
  }

  /** That of a data node; empty where no backups are taken. */
  static Optional<BackupSection> of(Cluster cluster, RedisNode node) {
    Backup backup = cluster.environment().backup();
    if (!backup.enabled()) {
      return Optional.empty();
    }
    return place(cluster, backup)
        .map(
            place ->
                new BackupSection(
                    Math.toIntExact(backup.every().toSeconds()),
                    backup.keepDays(),
                    backup.keepLast(),
                    place,
                    backup.recipients(),
                    UndoSection.of(cluster, node)));
  }

  /**
   * The bucket that a cluster's nodes keep backups in; empty where they keep none, or in a folder.
   * In the name of one that rediform makes, {@value #ID} stands for what only the node and
   * Terraform know, as in {@link UserData#bucket}.
   */
  public static Optional<String> bucket(Cluster cluster) {
    Backup backup = cluster.environment().backup();
    if (cluster.isLocal() || !backup.enabled()) {
      return Optional.empty();
    }
    return Optional.of(backup.bucket().orElseGet(() -> madeBucket(cluster, ID)));
  }

  /** Whether rediform makes the bucket: no other is named. */
  public static boolean makesBucket(Cluster cluster) {
    return bucket(cluster).isPresent() && cluster.environment().backup().bucket().isEmpty();
  }

  /**
   * Name of the bucket that rediform makes. It ends in a word, so that it is never the bucket that
   * the nodes of another environment fetch from; of 63 characters (S3 user guide, "Bucket naming
   * rules") it takes 61 at most.
   */
  public static String madeBucket(Cluster cluster, String id) {
    return UserData.bucket(cluster, id) + "-backups";
  }

  /** What the names of a cluster's objects begin with in a bucket, without a slash at the end. */
  public static String prefix(String cluster) {
    return "rediform/" + cluster;
  }

  /** The folder for backups of a local cluster, as it is from the project; empty for others. */
  public static Optional<String> folder(Cluster cluster) {
    return cluster.isLocal()
        ? Optional.of(fromProject(cluster, cluster.environment().backup()).toString())
        : Optional.empty();
  }

  private static Path fromProject(Cluster cluster, Backup backup) {
    return backup
        .folder()
        .map(Path::of)
        .orElse(LOCAL.resolve("backups").resolve(cluster.name()))
        .normalize();
  }

  private static Optional<String> place(Cluster cluster, Backup backup) {
    return cluster.isLocal()
        ? Optional.of(folder(cluster, backup))
        : bucket(cluster).map(bucket -> "s3://" + bucket + "/" + prefix(cluster.name()));
  }

  /** As a node sees it: all homes are at the same depth. */
  private static String folder(Cluster cluster, Backup backup) {
    Path folder = fromProject(cluster, backup);
    return folder.isAbsolute()
        ? folder.toString()
        : LOCAL.resolve(cluster.name()).resolve("node").relativize(folder).toString();
  }
}
