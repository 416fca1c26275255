package stacks.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import stacks.cluster.Cluster;
import stacks.environment.Environment.Backup;
import stacks.node.BackupSection;
import stacks.operate.Agents;
import stacks.operate.NotPossible;
import stacks.operate.backup.BackupAgents;
import stacks.operate.backup.Missing;
import stacks.platform.Lasting;

/** The backup that is taken before a cluster is destroyed, and where all backups are afterwards. */
final class LastBackup {
  private final Cluster cluster;
  private final Consumer<String> say;

  /**
   * That of a cluster.
   *
   * @param say told what is under way, a line each
   */
  LastBackup(Cluster cluster, Consumer<String> say) {
    this.cluster = cluster;
    this.say = say;
  }

  /**
   * Takes it, unless there is nothing to back up, and says which; ends the command where it cannot
   * be taken.
   *
   * @param state addresses of what the state holds
   */
  void take(List<String> state) {
    if (!cluster.environment().backup().enabled()) {
      say.accept("takes no last backup: backup.enabled is false in the file");
      return;
    }
    if (!state.contains(firstToGo())) {
      say.accept("takes no last backup: no deploy came to its end, or a destroy has begun before");
      return;
    }
    Optional<Agents> agents = Access.agents(cluster);
    if (agents.isEmpty()) {
      throw refused(
          "the nodes' agents take it, and the environment file does not say how to reach them"
              + " (network.shell)");
    }
    BackupAgents backups = new BackupAgents(cluster, agents.get());
    try {
      if (backups.isEmpty()) {
        say.accept("takes no last backup: the cluster holds no key");
        return;
      }
      say.accept("last backup " + BackupCommand.line(backups.now(say)));
    } catch (NotPossible | Missing e) {
      throw refused(e.getMessage());
    }
  }

  /**
   * What a first deploy makes last, and a destroy takes first. On this machine that is the first
   * master: nodes are made one after the other, it comes last, and without it nothing serves.
   */
  private String firstToGo() {
    return cluster.isLocal() ? "terraform_data." + cluster.firstMaster().name() : Terraform.FORMED;
  }

  private Failure refused(String why) {
    return Failure.no(
        "no last backup of %1$s can be taken: %2$s. Nothing was destroyed. Mend that; or, if its data may go without one: ./rediform destroy %1$s --no-last-backup"
            .formatted(cluster.name(), why));
  }

  /**
   * Where the backups are that stay, in lines for a person.
   *
   * @param before what the state held before the destroy
   */
  List<String> where(JsonNode before) {
    Backup backup = cluster.environment().backup();
    String name = cluster.name();
    List<String> lines = new ArrayList<>();
    if (cluster.isLocal()) {
      BackupSection.folder(cluster)
          .filter(folder -> Files.isDirectory(Path.of(folder)))
          .ifPresent(folder -> lines.add("Its backups stay in " + folder));
      return lines;
    }
    if (backup.bucket().isPresent()) {
      lines.add("Its backups stay in " + place(backup.bucket().get()));
      return lines;
    }
    String made = madeBucket(before);
    if (!backup.enabled()) {
      lines.add("Backups of before, if there were any, stay in " + place(made));
      return lines;
    }
    lines.add("The bucket for its backups stays. To list them:  aws s3 ls " + place(made));
    lines.add(
        "A new deploy of %s in this account and region goes on with that bucket. To use it as a bucket of yours, which no deploy changes:  backup: {bucket: %s}"
            .formatted(name, made));
    return lines;
  }

  private String place(String bucket) {
    return "s3://%s/%s/".formatted(bucket, BackupSection.prefix(cluster.name()));
  }

  /** The state need not know it any more, but its name is made as that of the nodes' bucket is. */
  private String madeBucket(JsonNode before) {
    String id = "ID";
    for (JsonNode resource : before) {
      String address = resource.path("address").asText();
      String bucket = resource.at("/values/bucket").asText();
      if (address.equals(Lasting.BUCKET)) {
        return bucket;
      } else if (address.equals("aws_s3_bucket.nodes")) {
        id = bucket.replaceFirst(".*-", "");
      }
    }
    return BackupSection.madeBucket(cluster, id);
  }
}
