package stacks.lab;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import stacks.testing.Evidence;
import stacks.testing.Limits;
import stacks.testing.Run;

/**
 * Restores on real hosts by the operator's commands, and what goes wrong meanwhile. Each test
 * begins with a whole cluster and stands alone.
 */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class RestoreSuite {
  private static final Duration SOON = BackupHosts.SOON;

  /** So long each key takes to load: a restore is under way for a quarter of a minute. */
  private static final int SLOW_LOAD = 800;

  /** In restore.json once the server may have dropped its old data. */
  private static final String LOADS = "\"loads\": true";

  private static final String UNIT = "restore-of-test";

  private static final Evidence EVIDENCE = new Evidence("backup.md", "backup");

  private static BackupHosts hosts;
  private static LabCluster cluster;

  @BeforeAll
  static void start() throws Exception {
    hosts = BackupHosts.start("trixie", BackupHosts.SMALL).fill(BackupHosts.KEYS, 500);
    cluster = hosts.cluster;
  }

  @AfterAll
  static void end() throws Exception {
    if (hosts != null) {
      try {
        EVIDENCE.save("Debian 13", "Redis " + hosts.redisVersion, "a backup every minute");
      } finally {
        hosts.close();
      }
    }
  }

  @BeforeEach
  void whole() throws Exception {
    hosts.makeWhole();
    loadSlowly(0);
  }

  @Test
  @Order(1)
  void after_a_flushall_a_restore_brings_all_keys_back_on_every_node() throws Exception {
    Map<Integer, Long> kept = hosts.keys(cluster.master());
    String id = hosts.takeNow();
    cluster.redisCli(cluster.master(), "flushall").succeeded();
    assertThat(hosts.operator("backup", BackupHosts.NAME, "list").succeeded().out()).contains(id);
    long start = System.nanoTime();
    Run restored =
        hosts.operator("restore", BackupHosts.NAME, id, "--replace-data", "--yes").succeeded();
    double seconds = BackupHosts.seconds(start);
    System.out.print(restored.out());
    assertThat(restored.out()).contains("the cluster is whole");
    hosts.assertRestored(kept);
    EVIDENCE.time("restore after a FLUSHALL, by ./rediform over SSH", seconds);
    assertThat(seconds).isLessThan(Limits.RESTORED.toSeconds());
  }

  @Test
  @Order(2)
  void the_latest_is_restored_over_data_which_goes_into_a_backup_first() throws Exception {
    Map<Integer, Long> kept = hosts.keys(cluster.master());
    hosts.takeNow();
    long start = System.nanoTime();
    Run restored =
        hosts
            .operator("restore", BackupHosts.NAME, "latest", "--replace-data", "--yes")
            .succeeded();
    double seconds = BackupHosts.seconds(start);
    System.out.print(restored.out());
    assertThat(restored.out()).contains("what it held before");
    hosts.assertRestored(kept);
    EVIDENCE.time("restore over data, which goes into a backup first", seconds);
    assertThat(seconds).isLessThan(Limits.RESTORED.toSeconds());
  }

  @Test
  @Order(3)
  void a_restore_whose_agent_is_killed_is_run_again() throws Exception {
    Map<Integer, Long> kept = hosts.keys(cluster.master());
    String id = hosts.takeNow();
    // As soon as it has noted anything, and when the server may have dropped its old data.
    for (String point : List.of("\"source\"", LOADS)) {
      Host master = restoring(id, point);
      master.run("systemctl", "kill", "--signal=KILL", UNIT);
      restoredAgain(id, kept);
    }
  }

  @Test
  @Order(4)
  void a_restore_whose_host_loses_its_power_is_run_again() throws Exception {
    Map<Integer, Long> kept = hosts.keys(cluster.master());
    String id = hosts.takeNow();
    Host master = restoring(id, LOADS);
    master.powerLoss();
    master.powerOn();
    master.awaitBoot();
    restoredAgain(id, kept);
  }

  @Test
  @Order(5)
  void a_sentinel_that_dies_meanwhile_and_comes_back_with_an_old_epoch_does_no_harm()
      throws Exception {
    Map<Integer, Long> kept = hosts.keys(cluster.master());
    String id = hosts.takeNow();
    Host sentinel = cluster.sentinels().get(2);
    Host master = restoring(id, LOADS);
    sentinel.powerLoss();
    loadSlowly(0);
    hosts.within(
        SOON,
        () -> assertThat(master.run("systemctl", "is-active", UNIT).out()).contains("inactive"));
    System.out.print(master.shell("journalctl --output=cat --lines=5 --unit=" + UNIT).out());
    // The others leave its epoch behind.
    master.run("rediform-node", "failover");
    hosts.within(SOON, () -> assertThat(cluster.master()).isNotEqualTo(master));
    Host promoted = cluster.master();
    sentinel.powerOn();
    sentinel.awaitBoot();
    restoredAgain(id, kept);
    assertThat(cluster.master()).isEqualTo(promoted);
    String patience = String.valueOf(Limits.downAfter(cluster.cluster()).toMillis());
    for (Host each : cluster.sentinels()) {
      hosts.within(
          SOON,
          () ->
              assertThat(cluster.redisCli(each, "sentinel", "master", "mymaster").out().lines())
                  .as(each.name())
                  .containsSequence("down-after-milliseconds", patience));
    }
  }

  /**
   * Starts a restore on the master, which takes a while to load, and waits until it has noted this.
   * It runs on the host itself, where the operator's way to it does not end with it.
   */
  private static Host restoring(String id, String point) throws Exception {
    loadSlowly(SLOW_LOAD);
    Host master = cluster.master();
    master
        .shell(
            "systemd-run --quiet --collect --unit=%s rediform-node restore --id %s --replace-data"
                .formatted(UNIT, id))
        .succeeded();
    hosts.within(
        SOON,
        () -> assertThat(master.shell("cat /var/lib/rediform/restore.json").out()).contains(point));
    return master;
  }

  /** The operator's command, as soon as the cluster has a master that takes it. */
  private static void restoredAgain(String id, Map<Integer, Long> kept) throws Exception {
    loadSlowly(0);
    String[] command = {
      "restore", BackupHosts.NAME, id, "--replace-data", "--no-safety-backup", "--yes"
    };
    hosts.within(SOON, () -> System.out.print(hosts.operator(command).succeeded().out()));
    hosts.assertRestored(kept);
  }

  /** Of all data nodes that answer; Redis has it for tests, and forgets it at a start. */
  private static void loadSlowly(int micros) throws Exception {
    for (Host host : cluster.redis()) {
      hosts.within(
          SOON,
          () ->
              assertThat(
                      cluster.redisCli(host, "config", "set", "key-load-delay", "" + micros).out())
                  .contains("OK"));
    }
  }

  @Test
  @Order(6)
  void six_new_machines_with_empty_disks_get_all_data_back() throws Exception {
    Map<Integer, Long> kept = hosts.keys(cluster.master());
    String id = hosts.takeNow();
    for (Host host : cluster.hosts()) {
      host.powerLoss();
    }
    for (Host host : cluster.hosts()) {
      cluster.replace(host);
      if (host.name().startsWith("redis")) {
        host.emptyVolume();
      }
    }
    long start = System.nanoTime();
    for (Host host : cluster.hosts()) {
      host.powerOn();
    }
    cluster.awaitWhole(SOON);
    EVIDENCE.time(
        "six new machines: until the cluster is whole, and empty", BackupHosts.seconds(start));
    assertThat(hosts.keys(cluster.master())).isEmpty();
    hosts.operator("restore", BackupHosts.NAME, id, "--yes").succeeded();
    hosts.assertRestored(kept);
    double seconds = BackupHosts.seconds(start);
    EVIDENCE.time("six new machines: until they have all data back", seconds);
    assertThat(seconds).isLessThan(Limits.RESTORED_FROM_NOTHING.toSeconds());
  }
}
