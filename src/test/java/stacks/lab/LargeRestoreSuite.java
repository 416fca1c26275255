package stacks.lab;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Map;
import org.junit.jupiter.api.Test;
import stacks.testing.Evidence;
import stacks.testing.Limits;

/** A restore of a gigabyte into six hosts. Its backup is sent in several parts. */
class LargeRestoreSuite {
  private static final int KEYS = 125_000;

  /** Of each value, which has twice as many letters. */
  private static final int BYTES = 5_000;

  /** Room for the old data, the new, and the file that is restored. */
  private static final int VOLUME_MIB = 6 << 10;

  /** Of a part of an upload (bucket.py). */
  private static final long PART = 64L << 20;

  private static final String YAML =
      BackupHosts.SMALL.replace("memory: 4GB", "memory: 8GB").replace("100mb", "2gb");

  @Test
  void a_gigabyte_is_back_on_every_node_after_a_minute_and_a_half() throws Exception {
    Evidence evidence = new Evidence("backup.md", "backup");
    try (BackupHosts hosts = BackupHosts.start("trixie", YAML, VOLUME_MIB)) {
      hosts.fill(KEYS, BYTES);
      LabCluster cluster = hosts.cluster;
      Map<Integer, Long> kept = hosts.keys(cluster.master());
      String id = hosts.takeNow();
      JsonNode manifest = hosts.newest();
      assertThat(manifest.path("id").asText()).isEqualTo(id);
      assertThat(manifest.path("rdbBytes").asLong()).isGreaterThan(1_000_000_000);
      assertThat(manifest.path("bytes").asLong()).isGreaterThan(3 * PART);
      hosts.assertGood(manifest);
      evidence.time("a backup of 1 GB", BackupHosts.seconds(manifest));
      cluster.redisCli(cluster.master(), "flushall").succeeded();
      long start = System.nanoTime();
      hosts.operator("restore", BackupHosts.NAME, id, "--replace-data", "--yes").succeeded();
      double seconds = BackupHosts.seconds(start);
      evidence.time("restore of 1 GB into six hosts, by ./rediform over SSH", seconds);
      hosts.assertRestored(kept);
      assertThat(seconds).isLessThanOrEqualTo(Limits.RESTORED_GIGABYTE.toSeconds());
      evidence.save("Debian 13", "Redis " + hosts.redisVersion, "a backup every minute");
    }
  }
}
