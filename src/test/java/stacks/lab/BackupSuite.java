package stacks.lab;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import stacks.testing.Eventually;
import stacks.testing.Evidence;
import stacks.testing.Limits;
import stacks.testing.Load.Seen;

/**
 * Backups by the timers of real hosts to an S3 that checks signatures, and what goes wrong
 * meanwhile. Each test begins with a whole cluster and stands alone.
 *
 * <p>What was measured is printed, and with {@code -Devidence.update=true} written to
 * docs/evidence/backup.md.
 */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class BackupSuite {
  private static final Duration SOON = BackupHosts.SOON;
  private static final Duration EVERY = BackupHosts.EVERY;
  private static final Duration BACKUP = BackupHosts.BACKUP;

  /** Ends before the next backup is due, if the last one began lately: in so many seconds. */
  private static final Duration QUIET = Duration.ofSeconds(30);

  private static final int LATELY = 20;

  /** At which a backup is under way for half a minute. */
  private static final int SLOW = 600_000;

  /** In which timers and an operator ask at once. */
  private static final int ROUNDS = 10;

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
  }

  @Test
  @Order(1)
  void the_timers_alone_have_a_replica_take_one_backup_a_minute() throws Exception {
    hosts.within(
        BACKUP.plus(EVERY).plus(EVERY), () -> assertThat(hosts.listed()).hasSizeGreaterThan(2));
    List<JsonNode> all = hosts.listed();
    Instant before = Instant.EPOCH;
    for (JsonNode each : all) {
      hosts.assertGood(each);
      Instant started = BackupHosts.began(each);
      assertThat(each.path("role").asText())
          .as("%s", each)
          .isIn(started.isAfter(hosts.whole) ? List.of("replica") : List.of("replica", "master"));
      assertThat(started).as("%s", all).isAfterOrEqualTo(before.plus(EVERY));
      before = started;
    }
    // The first may have begun before there were keys.
    assertThat(BackupHosts.keys(all.get(all.size() - 1))).isEqualTo(hosts.keys(cluster.master()));
    for (Host host : cluster.redis()) {
      System.out.println(
          host.shell(
                  "journalctl -u rediform-backup --output=cat | grep -v 'is due: \\|^Finished\\|^Starting\\|Deactivated' | tail -n 6")
              .out());
      assertThat(host.run("systemctl", "--failed", "--no-legend", "--plain").out()).isBlank();
      JsonNode told = cluster.health(host).path("backup");
      assertThat(told.path("last").path("id").asText()).as("%s", told).isNotEmpty();
      assertThat(told.path("failure").isNull()).as("%s", told).isTrue();
    }
    for (Host host : cluster.sentinels()) {
      assertThat(host.run("systemctl", "is-active", "rediform-backup.timer").out())
          .contains("inactive");
    }
  }

  @Test
  @Order(2)
  void the_unit_runs_with_little_more_than_it_needs() throws Exception {
    String overall =
        cluster
            .host("redis-1")
            .shell(
                "systemd-analyze security --no-pager rediform-backup.service | tee /dev/stderr | tail -n 1")
            .out();
    System.out.print(overall);
    assertThat(Double.parseDouble(overall.replaceAll(".*: ([0-9.]+) .*", "$1").strip()))
        .as(overall)
        .isLessThanOrEqualTo(3.0);
  }

  @Test
  @Order(3)
  void a_backup_does_not_hold_up_writes() throws Exception {
    awaitFresh();
    LabClient client = cluster.client();
    int before = hosts.ids().size();
    Eventually.throughout(QUIET, () -> assertThat(hosts.ids()).hasSize(before));
    Seen without = client.stop();
    EVIDENCE.fault("half a minute without a backup", Limits::planned, without);
    client = cluster.client();
    JsonNode taken;
    try {
      taken = hosts.awaitNext();
    } catch (AssertionError | Exception e) {
      client.abandon();
      throw e;
    }
    Seen seen = client.stop();
    hosts.assertGood(taken);
    assertThat(taken.path("role").asText()).isEqualTo("replica");
    EVIDENCE.change(
        "a backup, %d MB unpacked".formatted(taken.path("rdbBytes").asLong() / 1_000_000),
        each -> Limits.backup(each, without),
        BackupHosts.seconds(taken),
        seen);
  }

  @Test
  @Order(4)
  void a_replica_that_dies_while_it_sends_leaves_no_backup_and_the_other_takes_the_next()
      throws Exception {
    dies("takes backup (\\S+) of its replica", "power loss of a replica while it sends a backup");
  }

  @Test
  @Order(5)
  void a_replica_that_dies_before_the_backup_was_read_back_leaves_none_either() throws Exception {
    dies("reads them back", "power loss of a replica while it reads a backup back");
  }

  private static void dies(String last, String what) throws Exception {
    LabClient client = cluster.client();
    Seen seen;
    double[] took = new double[1];
    try {
      cluster.slowBucket(SLOW);
      Host taker = awaitTaker(last);
      String id = runningOn(taker);
      taker.powerLoss();
      Instant death = Instant.now();
      cluster.bucket("");
      assertThat(Files.exists(cluster.backups().resolve(id + ".json"))).as(id).isFalse();
      hosts.within(
          Limits.NEXT_BACKUP,
          () ->
              assertThat(BackupHosts.began(hosts.newest()))
                  .isAfter(death.minus(Duration.ofSeconds(30))));
      took[0] = Duration.between(death, Instant.now()).toMillis() / 1000.0;
      assertThat(hosts.newest().path("node").asText()).isNotEqualTo(taker.name());
      assertThat(hosts.newest().path("role").asText()).isEqualTo("replica");
      assertThat(Files.exists(cluster.backups().resolve(id + ".json"))).as(id).isFalse();
      System.out.printf(
          "  %s of %s was cut off; its data is %slisted%n",
          id,
          taker.name(),
          Files.exists(cluster.backups().resolve(id + ".rdb.zst")) ? "left, and not " : "not ");
      hosts.assertAllGood();
      taker.powerOn();
      cluster.awaitWhole(SOON);
      seen = client.stop();
    } catch (AssertionError | Exception e) {
      client.abandon();
      throw e;
    }
    EVIDENCE.change(what + ", until the next", Limits::planned, took[0], seen);
  }

  /** The data node whose unit has said this last. */
  private static Host awaitTaker(String last) {
    Host[] found = new Host[1];
    hosts.within(
        BACKUP.plus(EVERY),
        () -> {
          found[0] = null;
          for (Host host : cluster.redis()) {
            String line = host.shell("journalctl -u rediform-backup --output=cat -n 1").out();
            if (Pattern.compile(last).matcher(line).find()) {
              found[0] = host;
              return;
            }
          }
          assertThat(found[0]).as("a node that takes one").isNotNull();
        });
    return found[0];
  }

  private static String runningOn(Host host) throws Exception {
    Matcher id =
        Pattern.compile("takes backup (\\S+) of")
            .matcher(host.shell("journalctl -u rediform-backup --output=cat").out());
    String last = "";
    while (id.find()) {
      last = id.group(1);
    }
    assertThat(last).isNotEmpty();
    return last;
  }

  @Test
  @Order(6)
  void while_s3_is_down_health_tells_it_and_afterwards_backups_go_on() throws Exception {
    outage("down", "down", "bucket " + Lab.BACKUPS);
  }

  @Test
  @Order(7)
  void while_s3_refuses_health_tells_the_right_that_is_missing() throws Exception {
    outage("AccessDenied", "refusing", "AccessDenied", "s3:ListBucket");
  }

  private static void outage(String fault, String what, String... reasons) throws Exception {
    cluster.bucket(fault);
    List<String> before = hosts.ids();
    for (Host host : cluster.redis()) {
      hosts.within(
          SOON,
          () -> {
            JsonNode told = cluster.health(host).path("backup");
            assertThat(told.path("failure").path("reason").asText()).contains(reasons);
            assertThat(told.path("last").path("id").asText()).isNotEmpty();
            assertThat(cluster.health(host).path("fit").asBoolean()).isTrue();
          });
    }
    System.out.println("  " + cluster.health(cluster.master()).path("backup").path("failure"));
    // Longer than a backup would be due.
    Instant due = BackupHosts.began(hosts.newest()).plus(EVERY);
    Eventually.within(BACKUP, () -> assertThat(Instant.now()).isAfter(due));
    assertThat(hosts.ids()).isEqualTo(before);
    hosts.assertAllGood();
    cluster.bucket("");
    long start = System.nanoTime();
    hosts.within(
        Limits.BACKUP_AFTER_OUTAGE,
        () -> assertThat(hosts.ids()).hasSizeGreaterThan(before.size()));
    EVIDENCE.time("S3 %s: until a backup afterwards".formatted(what), BackupHosts.seconds(start));
    for (Host host : cluster.redis()) {
      hosts.within(
          SOON,
          () ->
              assertThat(cluster.health(host).path("backup").path("failure").isNull())
                  .as("%s", cluster.health(host))
                  .isTrue());
    }
    hosts.assertAllGood();
  }

  @Test
  @Order(9)
  void a_failover_while_a_replica_sends_leaves_no_bad_backup_and_the_next_is_taken()
      throws Exception {
    LabClient client = cluster.client();
    Seen seen;
    double seconds;
    try {
      cluster.slowBucket(SLOW);
      Host taker = awaitTaker("takes backup (\\S+) of its replica");
      String id = runningOn(taker);
      Host before = cluster.master();
      before.run("rediform-node", "failover").succeeded();
      Instant failover = Instant.now();
      cluster.bucket("");
      Eventually.within(SOON, () -> assertThat(cluster.master()).isNotEqualTo(before));
      cluster.awaitWhole(SOON);
      hosts.within(
          Limits.NEXT_BACKUP,
          () -> assertThat(BackupHosts.ended(hosts.newest())).isAfter(failover));
      seconds = Duration.between(failover, Instant.now()).toMillis() / 1000.0;
      hosts.assertAllGood();
      System.out.printf(
          "  %s of %s, when %s became master, is %s%n",
          id,
          taker.name(),
          cluster.master().name(),
          hosts.ids().contains(id) ? "listed, and good" : "not listed");
      seen = client.stop();
    } catch (AssertionError | Exception e) {
      client.abandon();
      throw e;
    }
    EVIDENCE.change(
        "a failover while a replica sends a backup, until the next",
        Limits::planned,
        seconds,
        seen);
  }

  @Test
  @Order(10)
  void two_timers_and_an_operator_at_once_never_make_two_at_a_time() throws Exception {
    int before = hosts.ids().size();
    for (int round = 0; round < ROUNDS; round++) {
      // All nodes ask at once; the operator's does not wait for its turn.
      for (Host host : cluster.redis()) {
        host.run("systemctl", "start", "--no-block", "rediform-backup.service");
      }
      hosts.operator("backup", BackupHosts.NAME, "now");
      hosts.assertAllGood();
    }
    assertThat(hosts.ids()).hasSizeGreaterThan(before);
    assertThat(hosts.listed())
        .allSatisfy(each -> assertThat(each.path("role").asText()).isNotEmpty());
  }

  @Test
  @Order(11)
  void an_s3_that_is_slow_only_takes_longer() throws Exception {
    cluster.slowBucket(SLOW);
    Instant start = Instant.now();
    hosts.within(
        BACKUP.plus(EVERY), () -> assertThat(BackupHosts.began(hosts.newest())).isAfter(start));
    JsonNode taken = hosts.newest();
    cluster.bucket("");
    hosts.assertAllGood();
    EVIDENCE.time(
        "a backup of %.0f MB to an S3 that takes 0.6 MB a second"
            .formatted(taken.path("bytes").asLong() / 1e6),
        BackupHosts.seconds(taken));
    for (Host host : cluster.redis()) {
      assertThat(cluster.health(host).path("backup").path("failure").isNull())
          .as("%s", cluster.health(host))
          .isTrue();
    }
  }

  /** Until the next one is not due for a while. */
  private static void awaitFresh() {
    hosts.within(
        BACKUP,
        () ->
            assertThat(BackupHosts.began(hosts.newest()))
                .isAfter(Instant.now().minusSeconds(LATELY)));
  }
}
