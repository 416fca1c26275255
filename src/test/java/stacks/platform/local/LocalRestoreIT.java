package stacks.platform.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import redis.clients.jedis.DefaultJedisClientConfig;
import redis.clients.jedis.HostAndPort;
import redis.clients.jedis.Jedis;
import redis.clients.jedis.StreamEntryID;
import redis.clients.jedis.params.SetParams;
import redis.clients.jedis.params.XReadGroupParams;
import redis.clients.jedis.resps.Tuple;
import stacks.testing.Eventually;
import stacks.testing.Project;
import stacks.testing.Run;

/** The data of a whole cluster is replaced: all of it on every node, or nothing. */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class LocalRestoreIT {
  private static final Duration SOON = Duration.ofSeconds(90);
  private static final int[] DATABASES = {0, 3, 15};
  private static final int KEYS = 60;
  private static final String LIBRARY =
      "#!lua name=mine\nredis.register_function('one', function() return 1 end)";

  private static Project project;
  private static int port;
  private static SortedMap<String, String> data;
  private static String backup;

  @BeforeAll
  static void cluster() throws Exception {
    assumeThat(Run.isPossible("zstd", "--version"))
        .as("zstd is missing; to get it: sudo apt-get install zstd")
        .isTrue();
    port = Project.freePorts(11_000, 12);
    project = Project.create().environment("local", Project.smallLocal(port));
    rediform("deploy", "local").succeeded();
    awaitWhole();
    rediform("failover", "local").succeeded(); // from now on the Sentinels remember an epoch
    awaitWhole();
  }

  @AfterAll
  static void end() {
    if (project != null) {
      project.close();
    }
  }

  private static Run rediform(String... words) throws Exception {
    return project.rediform(words);
  }

  private static Run awaitWhole() {
    Run[] status = new Run[1];
    Eventually.within(SOON, () -> status[0] = rediform("status", "local").succeeded());
    return status[0];
  }

  private static Path home(String node) {
    return project.folder().resolve(".rediform/local").resolve(node);
  }

  private static String password() throws IOException {
    return new ObjectMapper().readTree(home("secrets.json").toFile()).path("admin").asText();
  }

  private static Jedis admin(int port) throws IOException {
    return admin(port, password());
  }

  private static Jedis admin(int port, String password) {
    return new Jedis(
        new HostAndPort("127.0.0.1", port),
        DefaultJedisClientConfig.builder()
            .user("admin")
            .password(password)
            .socketTimeoutMillis(10_000)
            .build());
  }

  private static int master() throws IOException {
    try (Jedis sentinel = admin(port + 7)) {
      return Integer.parseInt(sentinel.sentinelGetMasterAddrByName("mymaster").get(1));
    }
  }

  private static String name(int number) {
    return "redis-" + (number - port + 1);
  }

  /** All types, times to live, a group with an entry that is not acknowledged, and a function. */
  private static void fill() throws Exception {
    try (Jedis master = admin(master())) {
      master.flushAll();
      for (int database : DATABASES) {
        master.select(database);
        for (int i = 0; i < KEYS; i++) {
          master.set("key" + i, "value " + Math.random());
        }
        master.set("expires", "one day", new SetParams().ex(10_000));
        for (int i = 0; i < 1000; i++) {
          master.hset("hash", "field" + i, "value" + i);
          master.rpush("list", "entry" + i);
          master.sadd("set", "member" + i);
          master.zadd("sorted", i, "member" + i);
        }
        master.pfadd("log", "a", "b");
        master.setbit("bits", 77, true);
        master.geoadd("places", 13.4, 52.5, "Berlin");
        master.xadd("stream", new StreamEntryID(1, 1), Map.of("a", "b"));
        master.xgroupCreate("stream", "group", new StreamEntryID(0, 0), false);
        master.xreadGroup(
            "group",
            "me",
            new XReadGroupParams(),
            Map.of("stream", StreamEntryID.XREADGROUP_UNDELIVERED_ENTRY));
      }
      master.functionLoadReplace(LIBRARY);
      assertThat(master.waitReplicas(2, 5000)).isEqualTo(2);
    }
    data = read(master());
    assertEverywhere(data);
  }

  private static SortedMap<String, String> read(int port) throws IOException {
    return read(port, password());
  }

  private static SortedMap<String, String> read(int port, String password) {
    SortedMap<String, String> found = new TreeMap<>();
    try (Jedis node = admin(port, password)) {
      for (int database = 0; database < 16; database++) {
        node.select(database);
        for (String key : node.keys("*")) {
          found.put(database + " " + key, node.pexpireTime(key) + " " + value(node, key));
        }
      }
      found.put("functions", Base64.getEncoder().encodeToString(node.functionDump()));
    }
    return found;
  }

  /**
   * The same for the same content: DUMP writes hashes and sets in any order, and when a node has
   * heard of a consumer.
   */
  private static String value(Jedis node, String key) {
    return switch (node.type(key)) {
      case "hash" -> new TreeMap<>(node.hgetAll(key)).toString();
      case "set" -> new TreeSet<>(node.smembers(key)).toString();
      case "zset" -> node.zrangeWithScores(key, 0, -1).stream().map(Tuple::toString).toList() + "";
      case "list" -> node.lrange(key, 0, -1).toString();
      case "stream" ->
          node.xrange(key, "-", "+")
              + " "
              + group(node, key)
              + " "
              + node.xpending(key, "group").getConsumerMessageCount();
      default ->
          Base64.getEncoder().encodeToString(node.dump(key.getBytes(StandardCharsets.UTF_8)));
    };
  }

  /**
   * Without what is not replicated: how many entries a group has read (XINFO GROUPS, Redis 7.0).
   */
  private static Map<String, Object> group(Jedis node, String stream) {
    Map<String, Object> group = new TreeMap<>(node.xinfoGroups(stream).get(0).getGroupInfo());
    group.keySet().removeAll(List.of("entries-read", "lag"));
    return group;
  }

  private static void assertEverywhere(SortedMap<String, String> expected) throws IOException {
    for (int each = port; each < port + 3; each++) {
      assertThat(read(each)).as(name(each)).isEqualTo(expected);
    }
  }

  /** All nodes say the same, and that a crash of the master changes nothing of it. */
  private static void assertRestored() throws Exception {
    assertEverywhere(data);
    awaitWhole();
    int agreed = master();
    for (int sentinel = port + 6; sentinel < port + 9; sentinel++) {
      try (Jedis asked = admin(sentinel)) {
        Map<String, String> master = asked.sentinelMaster("mymaster");
        assertThat(master.get("port")).isEqualTo(String.valueOf(agreed));
        assertThat(master.get("down-after-milliseconds")).isEqualTo("2000");
      }
    }
    for (int each = port; each < port + 3; each++) {
      assertThat(home(name(each)).resolve("restore.json")).doesNotExist();
      assertThat(home(name(each)).resolve("data/temp-restore.rdb")).doesNotExist();
      assertThat(Files.readString(home(name(each)).resolve("borrowed"))).isEmpty();
    }
  }

  private static void flush(String marker) throws Exception {
    try (Jedis master = admin(master())) {
      master.flushAll();
      master.functionFlush();
      if (!marker.isEmpty()) {
        master.set(marker, "x");
      }
      assertThat(master.waitReplicas(2, 5000)).isEqualTo(2);
    }
  }

  @Test
  @Order(1)
  void a_backup_of_all_types_is_taken() throws Exception {
    fill();
    backup = rediform("backup", "local", "now").succeeded().out().split(":")[0];
  }

  @Test
  @Order(2)
  void a_cluster_that_holds_data_is_refused_without_leave() throws Exception {
    flush("marker");
    SortedMap<String, String> before = read(master());
    assertThat(rediform("restore", "local", "latest").ended(1).err())
        .contains("holds 1 keys (database 0: 1)")
        .contains("--replace-data");
    assertThat(rediform("restore", "local", "20200101T000000Z-redis-1").ended(1).err())
        .contains("has no backup \"20200101T000000Z-redis-1\"");
    assertThat(rediform("restore", "local").ended(2).err())
        .contains("latest, or --from FILE, or --at TIME");
    assertThat(rediform("restore", "local", "latest", "--from", "pom.xml").ended(2).err())
        .contains("named twice");
    assertEverywhere(before);
  }

  @Test
  @Order(3)
  void the_data_of_a_backup_is_on_every_node_and_what_was_there_is_kept() throws Exception {
    int master = master();
    String said = rediform("restore", "local", backup, "--replace-data").succeeded().out();
    assertThat(said).contains("local has the data of " + backup).contains("the cluster is whole");
    assertThat(master()).isEqualTo(master);
    assertRestored();
    String saved = said.replaceAll("(?s).*\\) is in (\\S+) on .*", "$1");
    assertThat(rediform("backup", "local", "list").succeeded().out()).contains(saved);
    JsonNode back =
        new ObjectMapper()
            .readTree(
                rediform("restore", "local", saved, "--replace-data", "--json").succeeded().out());
    assertThat(back.at("/keys/0").asInt()).isEqualTo(1);
    try (Jedis node = admin(master())) {
      assertThat(node.get("marker")).isEqualTo("x");
    }
  }

  @Test
  @Order(4)
  void it_survives_a_crash_of_the_master_right_after() throws Exception {
    rediform("restore", "local", backup, "--replace-data", "--no-safety-backup").succeeded();
    int before = master();
    killServer(before);
    Eventually.within(SOON, () -> assertThat(master()).isNotEqualTo(before));
    awaitWhole();
    assertRestored();
  }

  @Test
  @Order(5)
  void an_rdb_file_is_restored_to_an_empty_cluster() throws Exception {
    Path dump = project.folder().resolve("my dump.rdb");
    try (Jedis master = admin(master())) {
      master.save();
    }
    Files.copy(home(name(master())).resolve("data/dump.rdb"), dump);
    flush("");
    rediform("restore", "local", "--from", "my dump.rdb").succeeded();
    assertRestored();
  }

  @Test
  @Order(6)
  void a_file_that_cannot_be_read_changes_nothing() throws Exception {
    byte[] bytes = Files.readAllBytes(project.folder().resolve("my dump.rdb"));
    Path bad = project.folder().resolve("bad.rdb");
    Files.write(bad, "REDIS0099".getBytes(StandardCharsets.US_ASCII));
    refuses(bad, "RDB version is 99");
    Files.write(bad, "hello, world".getBytes(StandardCharsets.US_ASCII));
    refuses(bad, "is no RDB file");
    Files.write(bad, java.util.Arrays.copyOf(bytes, bytes.length - 50));
    refuses(bad, "is damaged");
    bytes[bytes.length / 2] ^= 1;
    Files.write(bad, bytes);
    refuses(bad, "is damaged");
  }

  private static void refuses(Path file, String words) throws Exception {
    String[] command = {
      "restore", "local", "--from", file.toString(), "--replace-data", "--no-safety-backup"
    };
    assertThat(rediform(command).ended(1).err()).contains(words);
    assertRestored();
  }

  @Test
  @Order(7)
  void a_restore_that_is_killed_while_the_server_loads_is_told_and_runs_again() throws Exception {
    flush("marker");
    slowly(40_000);
    Process agent = loading();
    agent.destroyForcibly().waitFor();
    Run[] status = new Run[1];
    Eventually.within(
        SOON,
        () ->
            assertThat((status[0] = rediform("status", "local").ended(1)).all())
                .contains("a restore of " + backup + " did not end"));
    slowly(0);
    rediform("restore", "local", backup, "--replace-data", "--no-safety-backup").succeeded();
    assertRestored();
  }

  @Test
  @Order(8)
  void a_master_that_crashes_while_it_loads_leaves_all_of_the_old_data_or_of_the_new()
      throws Exception {
    flush("marker");
    SortedMap<String, String> old = read(master());
    slowly(40_000);
    Process agent = loading();
    killServer(master());
    agent.waitFor();
    // Others may be master by then, and only the note on one node keeps the cluster from being
    // whole.
    Eventually.within(
        SOON,
        () -> {
          assertEverywhere(read(port).containsKey("0 marker") ? old : data);
          assertThat(rediform("status", "local").ended(1).all().lines())
              .filteredOn(line -> line.contains("not fit"))
              .allMatch(line -> line.contains("did not end"))
              .isNotEmpty();
        });
    rediform("restore", "local", backup, "--replace-data", "--no-safety-backup").succeeded();
    assertRestored();
  }

  @Test
  @Order(9)
  void a_flushall_is_undone_to_the_second_also_across_rewrites_of_the_aof() throws Exception {
    for (boolean rewrites : new boolean[] {false, true}) {
      flush("");
      long until = System.nanoTime() + Duration.ofSeconds(4).toNanos();
      long flushed;
      try (Jedis master = admin(master())) {
        for (boolean first = true; System.nanoTime() < until; first = false) {
          master.eval(
              "local t = redis.call('TIME'); return redis.call('SET', t[1] .. '.' .. t[2], 'x')");
          if (first && rewrites) {
            rewriteEverywhere();
          }
          LockSupport.parkNanos(Duration.ofMillis(100).toNanos());
        }
        SortedSet<String> all = new TreeSet<>(master.keys("*"));
        flushed = Long.parseLong(master.time().get(0));
        master.flushAll();
        Eventually.within(
            SOON, () -> assertThat(Long.parseLong(master.time().get(0))).isGreaterThan(flushed));
        if (rewrites) {
          rewriteEverywhere();
        }
        SortedSet<String> expected = all.headSet(String.valueOf(flushed));
        assertThat(expected).hasSizeGreaterThan(15);
        String moment = Instant.ofEpochSecond(flushed - 1).toString();
        Run undo =
            rediform("restore", "local", "--at", moment, "--replace-data", "--no-safety-backup");
        assertThat(undo.succeeded().out())
            .contains("local has the data of undo-" + moment.replaceAll("[-:]", ""));
        for (int each = port; each < port + 3; each++) {
          try (Jedis node = admin(each)) {
            assertThat(new TreeSet<>(node.keys("*"))).as(name(each)).isEqualTo(expected);
          }
        }
      }
      awaitWhole();
    }
  }

  private static void rewriteEverywhere() throws Exception {
    for (int each = port; each < port + 3; each++) {
      try (Jedis node = admin(each)) {
        node.bgrewriteaof();
        Eventually.within(
            SOON,
            () ->
                assertThat(node.info("persistence"))
                    .contains("aof_rewrite_in_progress:0", "aof_rewrite_scheduled:0"));
      }
    }
  }

  @Test
  @Order(10)
  void a_moment_that_is_not_covered_is_refused_and_changes_nothing() throws Exception {
    SortedMap<String, String> before = read(master());
    assertThat(
            rediform("restore", "local", "--at", "2020-01-01T00:00:00Z", "--replace-data")
                .ended(1)
                .err())
        .contains("no node can put the data back to 2020-01-01T00:00:00Z", "redis-3: it has no");
    assertThat(rediform("restore", "local", "--at", "2999-01-01T00:00:00Z").ended(2).err())
        .contains("a moment of the past");
    assertThat(rediform("restore", "local", "--at", "yesterday").ended(2).err())
        .contains("is neither a time with its zone");
    assertThat(rediform("status", "local").succeeded().out()).contains("undo: back to ");
    assertEverywhere(before);
  }

  @Test
  @Order(11)
  void another_cluster_gets_the_data_and_the_first_one_is_not_touched() throws Exception {
    SortedMap<String, String> before = read(master());
    int other = Project.freePorts(12);
    project.environment("copy", Project.smallLocal(other) + "replicas: {count: 1}\n" + ACCEPTS);
    rediform("deploy", "copy").succeeded();
    assertThat(rediform("restore", "local", backup, "--into", "local").ended(2).err())
        .contains("--into names local itself");
    assertThat(
            rediform("restore", "local", "--from", "my dump.rdb", "--into", "copy").ended(2).err())
        .contains("./rediform restore copy --from my dump.rdb");
    assertThat(rediform("restore", "local", "latest", "--into", "copy").succeeded().out())
        .contains("copy has the data of ");
    assertThat(rediform("restore", "local", backup, "--into", "copy").ended(1).err())
        .contains("--replace-data");
    assertThat(
            rediform("restore", "local", backup, "--into", "copy", "--replace-data")
                .succeeded()
                .out())
        .contains("copy has the data of " + backup, "what it held before")
        .contains(".rediform/backups/copy");
    Path secrets = project.folder().resolve(".rediform/copy/secrets.json");
    String password = new ObjectMapper().readTree(secrets.toFile()).path("admin").asText();
    for (int each = other; each < other + 2; each++) {
      assertThat(read(each, password)).isEqualTo(data);
    }
    assertThat(read(master())).isEqualTo(before);
  }

  private static final String ACCEPTS =
      "accepts: [{rule: single-replica, reason: a test of a restore}]\n";

  private static void slowly(int micros) throws Exception {
    for (int each = port; each < port + 3; each++) {
      try (Jedis node = admin(each)) {
        node.configSet("key-load-delay", String.valueOf(micros));
        node.configSet("loading-process-events-interval-bytes", "1024");
      }
    }
  }

  /** The agent's own process, when its server has all of the new data and loads it. */
  private static Process loading() throws Exception {
    String node = name(master());
    List<String> command =
        new ArrayList<>(
            List.of("python3", home("bin") + "/rediform-local", "agent", home(node).toString()));
    command.addAll(List.of("restore", "--id", backup, "--replace-data"));
    Process agent =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start();
    Eventually.within(
        SOON,
        () ->
            assertThat(Files.readString(home(node).resolve("restore.json")))
                .contains("\"loads\": true"));
    return agent;
  }

  private static void killServer(int number) throws Exception {
    String pid = Files.readString(home(name(number)).resolve("run/server.pid")).strip();
    Run.of(Path.of("."), Map.of(), "kill", "-KILL", pid).succeeded();
  }
}
