package stacks.lab;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import stacks.testing.Evidence;
import stacks.testing.Limits;
import stacks.testing.Run;

/**
 * Backups that only the operator can open, of hosts with Debian 12; and a larger cluster, with
 * Debian 13, that gets their data when all of those are gone.
 */
class EncryptedBackupSuite {
  /** More than a part of an upload: 64 MiB, since half of a value's letters can be spared. */
  private static final int KEYS = 30_000;

  private static final int BYTES = 5_000;
  private static final long PART = 64L << 20;
  private static final int VOLUME_MIB = 2 << 10;

  @TempDir Path folder;

  @Test
  void hosts_of_debian_12_are_restored_into_a_larger_cluster_by_who_has_the_key() throws Exception {
    Path key = folder.resolve("key.txt");
    assumeThat(Run.isPossible("age", "--version"))
        .as("age is missing; to get it: sudo apt-get install age")
        .isTrue();
    run("age-keygen", "-o", key.toString());
    String recipient = run("age-keygen", "-y", key.toString()).out().strip();
    String yaml =
        BackupHosts.SMALL
            .replace("every: 1m,", "every: 1h, recipients: [%s],".formatted(recipient))
            .replace("100mb", "1gb");
    Map<Integer, Long> kept;
    String id;
    Path objects = Files.createDirectory(folder.resolve("objects"));
    try (BackupHosts hosts = BackupHosts.start("bookworm", yaml, VOLUME_MIB)) {
      hosts.fill(KEYS, BYTES);
      kept = hosts.keys(hosts.cluster.master());
      id = hosts.takeNow();
      JsonNode manifest = hosts.newest();
      hosts.assertGood(manifest);
      assertThat(manifest.path("object").asText()).isEqualTo(id + ".rdb.zst.age");
      assertThat(manifest.path("bytes").asLong()).isGreaterThan(2 * PART);
      assertThat(
              hosts
                  .operator("backup", BackupHosts.NAME, "verify", id, "--identity", key.toString())
                  .succeeded()
                  .out())
          .contains("can be restored");
      Run refused =
          hosts.operator("restore", BackupHosts.NAME, id, "--replace-data", "--yes").ended(1);
      assertThat(refused.all()).contains("--identity");
      hosts.cluster.redisCli(hosts.cluster.master(), "flushall").succeeded();
      restore(hosts, id, key);
      hosts.assertRestored(kept);
      copy(hosts.cluster.backups(), objects);
    }
    String larger = yaml.replace("memory: 4GB", "memory: 8GB").replace("1gb", "2gb");
    larger = larger.replace("sentinels:", "replicas: {count: 4}\nsentinels:");
    Evidence evidence = new Evidence("backup.md", "backup");
    try (BackupHosts hosts = BackupHosts.start("trixie", larger, VOLUME_MIB)) {
      assertThat(hosts.cluster.redis()).hasSize(5);
      copy(objects, hosts.cluster.backups());
      long start = System.nanoTime();
      restore(hosts, id, key);
      double seconds = BackupHosts.seconds(start);
      evidence.time("restore of 300 MB, encrypted, of Debian 12, into five data nodes", seconds);
      hosts.assertRestored(kept);
      assertThat(seconds).isLessThan(Limits.RESTORED_GIGABYTE.toSeconds());
      evidence.save("Debian 13", "Redis " + hosts.redisVersion, "a backup every minute");
    }
  }

  private static void restore(BackupHosts hosts, String id, Path key) throws Exception {
    hosts
        .operator(
            "restore",
            BackupHosts.NAME,
            id,
            "--replace-data",
            "--identity",
            key.toString(),
            "--yes")
        .succeeded();
  }

  private static void copy(Path from, Path to) throws Exception {
    Files.createDirectories(to);
    try (Stream<Path> files = Files.list(from)) {
      for (Path file : files.toList()) {
        Files.copy(file, to.resolve(file.getFileName()));
      }
    }
  }

  private static Run run(String... command) throws Exception {
    return Run.of(Path.of("."), Map.of(), List.of(command)).succeeded();
  }
}
