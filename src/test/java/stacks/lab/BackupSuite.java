package stacks.lab;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
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
import stacks.testing.Project;
import stacks.testing.Run;

/**
 * Backups by the timers of real hosts to an S3 that checks signatures, what goes wrong meanwhile,
 * and restores by the operator's commands. Each test begins with a whole cluster and stands alone.
 *
 * <p>What was measured is printed, and with {@code -Devidence.update=true} written to
 * docs/evidence/backup.md.
 */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class BackupSuite {
  private static final String NAME = "kept";
  private static final Duration SOON = Faults.SOON;
  private static final Duration EVERY = Duration.ofMinutes(1);

  /** A backup, the question before it, and a machine with two CPUs for six hosts. */
  private static final Duration BACKUP = EVERY.plusSeconds(40);

  /** Ends before the next backup is due, if the last one began lately: in so many seconds. */
  private static final Duration QUIET = Duration.ofSeconds(30);

  private static final int LATELY = 20;

  /** At which a backup is under way for half a minute. */
  private static final int SLOW = 600_000;

  private static final int KEYS = 20_000;

  private static final String YAML =
      """
      platform: aws
      master: {cpu: 2, memory: 4GB, disk: 20GB, maxmemory: 100mb}
      sentinels: {failoverTimeout: 60s}
      backup: {every: 1m, bucket: %s}
      network:
        cidr: 10.77.0.0/16
        clients: [10.99.0.0/24, 10.98.0.0/24]
        operators: [10.98.0.0/24]
        keys: ["{operators-key}"]
      aws: {region: eu-central-1, protect: false}
      """
          .formatted(Lab.BACKUPS);

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Evidence EVIDENCE = new Evidence("backup.md", "backup");

  private static LabCluster cluster;
  private static Project project;
  private static String redisVersion = "not known";

  /** Before that there may be no replica that can take one. */
  private static Instant whole;

  @BeforeAll
  static void hosts() throws Exception {
    Lab.assumePossible();
    cluster = LabCluster.of(NAME, "trixie", YAML);
    for (Host host : cluster.hosts()) {
      host.powerOn();
    }
    for (Host host : cluster.hosts()) {
      host.awaitBoot();
    }
    Host master = cluster.awaitWhole(SOON);
    whole = Instant.now();
    redisVersion =
        master.shell("redis-server --version").out().replaceFirst("(?s).* v=(\\S+) .*", "$1");
    project = Project.create();
    String ssh =
        "ssh, -i, %s, -o, StrictHostKeyChecking=no, -o, UserKnownHostsFile=/dev/null, -o, LogLevel=ERROR"
            .formatted(cluster.sshKey());
    project.environment(
        NAME,
        cluster
            .withKey(YAML)
            .replace(
                "operators:", "shell: [%s, \"admin@{address}\"]\n  operators:".formatted(ssh)));
    fill(master);
  }

  /** Values that do not compress to nothing; some in another database, and some with an end. */
  private static void fill(Host master) throws Exception {
    master
        .shell(
            """
            cat > /root/fill.py << 'END'
            import os, sys
            def command(*words):
                words = [str(word).encode() for word in words]
                parts = [b"*%%d\\r\\n" %% len(words)] + [b"$%%d\\r\\n%%s\\r\\n" %% (len(word), word) for word in words]
                sys.stdout.buffer.write(b"".join(parts))
            for number in range(%1$d):
                if number == %1$d - 100:
                    command("SELECT", 3)
                ends = ("EX", 864000) if number %% 10 == 0 else ()
                command("SET", "kept:%%d" %% number, os.urandom(500).hex(), *ends)
            END
            python3 /root/fill.py > /root/fill"""
                .formatted(KEYS))
        .succeeded();
    assertThat(cluster.redisCli(master, "--pipe < /root/fill").all()).contains("errors: 0");
    assertThat(keys(master)).isEqualTo(Map.of(0, (long) KEYS - 100, 3, 100L));
  }

  @AfterAll
  static void end() throws Exception {
    if (cluster != null) {
      try {
        EVIDENCE.save("Debian 13", "Redis " + redisVersion, "a backup every minute");
      } finally {
        cluster.close();
        if (project != null) {
          project.close();
        }
      }
    }
  }

  @BeforeEach
  void whole() throws Exception {
    cluster.bucket("");
    for (Host host : cluster.hosts()) {
      if (!host.isOn()) {
        host.powerOn();
      }
    }
    cluster.awaitWhole(SOON);
  }

  @Test
  @Order(1)
  void the_timers_alone_have_a_replica_take_one_backup_a_minute() throws Exception {
    within(BACKUP.plus(EVERY).plus(EVERY), () -> assertThat(listed()).hasSizeGreaterThan(2));
    List<JsonNode> all = listed();
    Instant before = Instant.EPOCH;
    for (JsonNode each : all) {
      assertGood(each);
      Instant started = began(each);
      assertThat(each.path("role").asText())
          .as("%s", each)
          .isIn(started.isAfter(whole) ? List.of("replica") : List.of("replica", "master"));
      assertThat(started).as("%s", all).isAfterOrEqualTo(before.plus(EVERY));
      before = started;
    }
    // The first may have begun before there were keys.
    assertThat(keys(all.get(all.size() - 1))).isEqualTo(keys(cluster.master()));
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
  void after_a_flushall_a_restore_brings_all_keys_back_on_every_node() throws Exception {
    Map<Integer, Long> kept = keys(cluster.master());
    String id = takeNow();
    cluster.redisCli(cluster.master(), "flushall").succeeded();
    assertThat(operator("backup", NAME, "list").succeeded().out()).contains(id);
    long start = System.nanoTime();
    Run restored = operator("restore", NAME, id, "--replace-data", "--yes").succeeded();
    double seconds = seconds(start);
    System.out.print(restored.out());
    assertThat(restored.out()).contains("the cluster is whole");
    assertRestored(kept);
    EVIDENCE.time("restore after a FLUSHALL, by ./rediform over SSH", seconds);
    assertThat(seconds).isLessThan(Limits.RESTORED.toSeconds());
  }

  @Test
  @Order(4)
  void the_latest_is_restored_over_data_which_goes_into_a_backup_first() throws Exception {
    Map<Integer, Long> kept = keys(cluster.master());
    takeNow();
    long start = System.nanoTime();
    Run restored = operator("restore", NAME, "latest", "--replace-data", "--yes").succeeded();
    double seconds = seconds(start);
    System.out.print(restored.out());
    assertThat(restored.out()).contains("what it held before");
    assertRestored(kept);
    EVIDENCE.time("restore over data, which goes into a backup first", seconds);
    assertThat(seconds).isLessThan(Limits.RESTORED.toSeconds());
  }

  @Test
  @Order(5)
  void a_backup_does_not_hold_up_writes() throws Exception {
    awaitFresh();
    LabClient client = cluster.client();
    int before = ids().size();
    Eventually.throughout(QUIET, () -> assertThat(ids()).hasSize(before));
    Seen without = client.stop();
    EVIDENCE.fault("half a minute without a backup", Limits::planned, without);
    client = cluster.client();
    JsonNode taken;
    try {
      taken = awaitNext();
    } catch (AssertionError | Exception e) {
      client.abandon();
      throw e;
    }
    Seen seen = client.stop();
    assertGood(taken);
    assertThat(taken.path("role").asText()).isEqualTo("replica");
    EVIDENCE.change(
        "a backup, %d MB unpacked".formatted(taken.path("rdbBytes").asLong() / 1_000_000),
        each -> Limits.backup(each, without),
        seconds(taken),
        seen);
  }

  @Test
  @Order(6)
  void a_replica_that_dies_while_it_sends_leaves_no_backup_and_the_other_takes_the_next()
      throws Exception {
    dies("takes backup (\\S+) of its replica", "power loss of a replica while it sends a backup");
  }

  @Test
  @Order(7)
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
      within(
          Limits.NEXT_BACKUP,
          () -> assertThat(began(newest())).isAfter(death.minus(Duration.ofSeconds(30))));
      took[0] = Duration.between(death, Instant.now()).toMillis() / 1000.0;
      assertThat(newest().path("node").asText()).isNotEqualTo(taker.name());
      assertThat(newest().path("role").asText()).isEqualTo("replica");
      assertThat(Files.exists(cluster.backups().resolve(id + ".json"))).as(id).isFalse();
      System.out.printf(
          "  %s of %s was cut off; its data is %slisted%n",
          id,
          taker.name(),
          Files.exists(cluster.backups().resolve(id + ".rdb.zst")) ? "left, and not " : "not ");
      assertAllGood();
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
    within(
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
  @Order(8)
  void while_s3_is_down_health_tells_it_and_afterwards_backups_go_on() throws Exception {
    outage("down", "down", "bucket " + Lab.BACKUPS);
  }

  @Test
  @Order(9)
  void while_s3_refuses_health_tells_the_right_that_is_missing() throws Exception {
    outage("AccessDenied", "refusing", "AccessDenied", "s3:ListBucket");
  }

  private static void outage(String fault, String what, String... reasons) throws Exception {
    cluster.bucket(fault);
    List<String> before = ids();
    for (Host host : cluster.redis()) {
      within(
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
    Instant due = began(newest()).plus(EVERY);
    Eventually.within(BACKUP, () -> assertThat(Instant.now()).isAfter(due));
    assertThat(ids()).isEqualTo(before);
    assertAllGood();
    cluster.bucket("");
    long start = System.nanoTime();
    within(Limits.BACKUP_AFTER_OUTAGE, () -> assertThat(ids()).hasSizeGreaterThan(before.size()));
    EVIDENCE.time("S3 %s: until a backup afterwards".formatted(what), seconds(start));
    for (Host host : cluster.redis()) {
      within(
          SOON,
          () ->
              assertThat(cluster.health(host).path("backup").path("failure").isNull())
                  .as("%s", cluster.health(host))
                  .isTrue());
    }
    assertAllGood();
  }

  @Test
  @Order(10)
  void six_new_machines_with_empty_disks_get_all_data_back() throws Exception {
    Map<Integer, Long> kept = keys(cluster.master());
    String id = takeNow();
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
    EVIDENCE.time("six new machines: until the cluster is whole, and empty", seconds(start));
    assertThat(keys(cluster.master())).isEmpty();
    operator("restore", NAME, id, "--yes").succeeded();
    assertRestored(kept);
    double seconds = seconds(start);
    EVIDENCE.time("six new machines: until they have all data back", seconds);
    assertThat(seconds).isLessThan(Limits.RESTORED_FROM_NOTHING.toSeconds());
  }

  @Test
  @Order(11)
  void an_s3_that_is_slow_only_takes_longer() throws Exception {
    cluster.slowBucket(SLOW);
    Instant start = Instant.now();
    within(BACKUP.plus(EVERY), () -> assertThat(began(newest())).isAfter(start));
    JsonNode taken = newest();
    cluster.bucket("");
    assertAllGood();
    EVIDENCE.time(
        "a backup of %.0f MB to an S3 that takes 0.6 MB a second"
            .formatted(taken.path("bytes").asLong() / 1e6),
        seconds(taken));
    for (Host host : cluster.redis()) {
      assertThat(cluster.health(host).path("backup").path("failure").isNull())
          .as("%s", cluster.health(host))
          .isTrue();
    }
  }

  private static void assertRestored(Map<Integer, Long> kept) throws Exception {
    for (Host host : cluster.redis()) {
      assertThat(keys(host)).as(host.name()).isEqualTo(kept);
    }
    cluster.awaitWhole(SOON);
    assertAllGood();
    assertThat(cluster.redisCli(cluster.master(), "set", "after", "restore").out()).contains("OK");
    cluster.redisCli(cluster.master(), "del", "after").succeeded();
  }

  /** A backup by the operator, once none of the timers' is being taken. */
  private static String takeNow() {
    String[] id = new String[1];
    within(
        SOON,
        () -> {
          Matcher said =
              Pattern.compile("(?m)^(\\d{8}T\\d{6}Z-redis-\\d): \\d+ keys")
                  .matcher(operator("backup", NAME, "now").succeeded().out());
          assertThat(said.find()).isTrue();
          id[0] = said.group(1);
        });
    return id[0];
  }

  private static Run operator(String... words) throws Exception {
    List<String> command = new ArrayList<>(List.of("./rediform"));
    command.addAll(List.of(words));
    return cluster
        .lab()
        .at(
            Lab.Place.OPERATOR,
            project.folder(),
            Map.of("REDIS_PASSWORD", LabCluster.PASSWORDS.get("app")),
            command.toArray(String[]::new));
  }

  // ------------------------------------------------------------------ what is in the bucket

  private static List<String> ids() throws IOException {
    if (!Files.exists(cluster.backups())) {
      return List.of();
    }
    try (Stream<Path> files = Files.list(cluster.backups())) {
      return files
          .map(file -> file.getFileName().toString())
          .filter(name -> name.endsWith(".json") && !name.endsWith(".proof.json"))
          .map(name -> name.replace(".json", ""))
          .sorted()
          .toList();
    }
  }

  /** The manifests, oldest first. */
  private static List<JsonNode> listed() throws IOException {
    List<JsonNode> all = new ArrayList<>();
    for (String id : ids()) {
      all.add(JSON.readTree(cluster.backups().resolve(id + ".json").toFile()));
    }
    return all;
  }

  private static JsonNode newest() throws IOException {
    List<JsonNode> all = listed();
    assertThat(all).as("backups").isNotEmpty();
    return all.get(all.size() - 1);
  }

  private static Instant began(JsonNode manifest) {
    return Instant.parse(manifest.path("started").asText());
  }

  private static double seconds(JsonNode manifest) {
    return Duration.between(began(manifest), Instant.parse(manifest.path("ended").asText()))
            .toMillis()
        / 1000.0;
  }

  /** Until the next one is not due for a while. */
  private static void awaitFresh() {
    within(BACKUP, () -> assertThat(began(newest())).isAfter(Instant.now().minusSeconds(LATELY)));
  }

  /** The next that is listed from now on. */
  private static JsonNode awaitNext() throws IOException {
    int before = ids().size();
    within(BACKUP, () -> assertThat(ids()).hasSizeGreaterThan(before));
    return newest();
  }

  private static void assertAllGood() throws Exception {
    for (JsonNode each : listed()) {
      assertGood(each);
    }
  }

  /** What is listed is there, as its manifest says. */
  private static void assertGood(JsonNode manifest) throws Exception {
    byte[] object = Files.readAllBytes(cluster.backups().resolve(manifest.path("object").asText()));
    byte[] digest = MessageDigest.getInstance("SHA-256").digest(object);
    assertThat(String.format("%064x", new BigInteger(1, digest)))
        .as("%s", manifest)
        .isEqualTo(manifest.path("sha256").asText());
    assertThat(object.length).isEqualTo(manifest.path("bytes").asInt());
  }

  private static Map<Integer, Long> keys(JsonNode manifest) {
    Map<Integer, Long> keys = new HashMap<>();
    manifest
        .path("keys")
        .properties()
        .forEach(each -> keys.put(Integer.valueOf(each.getKey()), each.getValue().asLong()));
    return keys;
  }

  /** How many keys a node has, by database. */
  private static Map<Integer, Long> keys(Host host) throws Exception {
    Map<Integer, Long> keys = new TreeMap<>();
    Pattern.compile("db(\\d+):keys=(\\d+)")
        .matcher(cluster.redisCli(host, "info", "keyspace").succeeded().out())
        .results()
        .forEach(each -> keys.put(Integer.valueOf(each.group(1)), Long.valueOf(each.group(2))));
    return keys;
  }

  /** What the hosts' units said is part of a failure: the hosts are gone when somebody asks. */
  private static void within(Duration limit, Eventually.Check check) {
    try {
      Eventually.within(limit, check);
    } catch (AssertionError e) {
      StringBuilder said = new StringBuilder(e.getMessage()).append('\n');
      for (Host host : cluster.redis()) {
        try {
          said.append(host.name())
              .append(":\n")
              .append(
                  host.shell("journalctl -u rediform-backup --output=short-precise -n 25").out());
        } catch (IOException | InterruptedException more) {
          said.append(more);
        }
      }
      throw new AssertionError(said.toString(), e);
    }
  }

  private static double seconds(long startNanos) {
    return (System.nanoTime() - startNanos) / 1e9;
  }
}
