package stacks.monitoring;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import redis.clients.jedis.DefaultJedisClientConfig;
import redis.clients.jedis.HostAndPort;
import redis.clients.jedis.Jedis;
import redis.clients.jedis.Protocol.Command;
import redis.clients.jedis.exceptions.JedisException;
import stacks.testing.Eventually;
import stacks.testing.Project;
import stacks.testing.Prometheus;
import stacks.testing.Run;

/**
 * The alerts and dashboards on a real cluster, seen by real exporters and a real Prometheus, as
 * {@code ./rediform monitoring local --run} starts them, ten times as fast as in production.
 */
class MonitoringSuite {
  private static final int PACE = 10;
  private static final Duration SOON = Duration.ofSeconds(60);

  /** The longest window of an alert is 15 minutes; at this pace, and with some air. */
  private static final Duration LATER = Duration.ofSeconds(150);

  private static Project project;
  private static Process run;
  private static PromApi prometheus;
  private static int port;
  private static final List<Long> STOPPED = new ArrayList<>();

  @BeforeAll
  static void deploy() throws Exception {
    Prometheus.program("prometheus");
    port = Project.freePorts(12);
    project =
        Project.create()
            .environment(
                "local",
                """
                platform: local
                redis: {port: %d, config: {maxclients: 64}}
                master: {memory: 512mb, maxmemory: 64mb}
                sentinels: {port: %d}
                """
                    .formatted(port, port + 6));
    Files.createDirectories(project.folder().resolve(".rediform"));
    Files.createSymbolicLink(
        project.folder().resolve(".rediform/tools"), Path.of(".rediform/tools").toAbsolutePath());
    project.rediform("deploy", "local").succeeded();
    Path log = project.folder().resolve("run.log");
    ProcessBuilder builder =
        new ProcessBuilder("./rediform", "monitoring", "local", "--run")
            .directory(project.folder().toFile())
            .redirectErrorStream(true)
            .redirectOutput(log.toFile());
    builder.environment().put("REDIFORM_MONITORING_PACE", String.valueOf(PACE));
    run = builder.start();
    Pattern url = Pattern.compile("(http://127.0.0.1:\\d+)/alerts");
    Eventually.within(
        SOON,
        () -> {
          String said = Files.readString(log);
          assertThat(said).containsPattern(url);
          prometheus = new PromApi(url.matcher(said).results().findFirst().orElseThrow().group(1));
        });
    Eventually.within(
        SOON,
        () -> {
          assertThat(prometheus.query("redis_up == 1")).hasSize(6);
          assertThat(prometheus.query("rediform:good_replicas == 2")).hasSize(1);
          assertThat(prometheus.firing()).isEmpty();
        });
  }

  @AfterAll
  static void end() throws Exception {
    if (run == null) {
      return;
    }
    for (long pid : STOPPED) {
      Run.of(Path.of("."), Map.of(), "kill", "-CONT", String.valueOf(pid));
    }
    List<ProcessHandle> all = run.descendants().toList();
    List<ProcessHandle> programs =
        all.stream()
            .filter(each -> each.info().command().orElse("").contains("prometheus"))
            .toList();
    run.destroy(); // the launcher has become Java
    Eventually.within(
        Duration.ofSeconds(30), () -> assertThat(programs).noneMatch(ProcessHandle::isAlive));
    assertThat(programs).hasSize(7);
    project.rediform("destroy", "local", "--no-last-backup").succeeded();
    project.close();
  }

  /** One after the other: they share the cluster, and the last waits until all is well again. */
  @Test
  void each_cause_fires_its_alert_and_a_planned_change_none() throws Exception {
    quiet();
    planned();
    dashboards();
    limits();
    replicas();
    sentinels();
    Eventually.within(LATER, () -> assertThat(prometheus.firing()).isEmpty());
    assertThat(everFired())
        .containsExactlyInAnyOrder(
            "RedisAofRewriteFailing",
            "RedisClientsNearLimit",
            "RedisConnectionsRejected",
            "RedisEvictions",
            "RedisFailover",
            "RedisMemoryNearLimit",
            "RedisNoMaster",
            "RedisNodeDown",
            "RedisPublishRefused",
            "RedisRdbFailing",
            "RedisReplicaLost",
            "RedisReplicationLag",
            "RedisResyncStorm",
            "RedisServerDown",
            "RedisTooFewReplicas",
            "RedisTwoMasters",
            "SentinelGhost",
            "SentinelMasterDown",
            "SentinelQuorumLost",
            "SentinelTilt");
  }

  private static Set<String> everFired() throws Exception {
    Set<String> names = new TreeSet<>();
    prometheus
        .query("group by (alertname) (count_over_time(ALERTS{alertstate=\"firing\"}[30m]))")
        .forEach(each -> names.add(each.path("metric").path("alertname").asText()));
    return names;
  }

  /** Two minutes of production. */
  private void quiet() throws Exception {
    Eventually.throughout(Duration.ofSeconds(12), () -> assertThat(prometheus.firing()).isEmpty());
  }

  private void planned() throws Exception {
    project.rediform("failover", "local").succeeded();
    String master = master();
    fires("RedisFailover", master, "redis-1");
    assertThat(everFired()).containsExactly("RedisFailover");
  }

  /** Every query of the two dashboards that need no machines has a series. */
  private void dashboards() throws Exception {
    try (Jedis app = app(master())) {
      Eventually.within(
          SOON,
          () -> {
            app.set("key", "value");
            app.get("key");
            for (String name : List.of("cluster", "sentinels")) {
              for (String query : queries(name)) {
                assertThat(prometheus.query(query)).as(query).isNotEmpty();
              }
            }
          });
    }
  }

  /** Queries of a dashboard as Grafana would send them. */
  static List<String> queries(String dashboard) throws IOException {
    List<String> queries = new ArrayList<>();
    for (JsonNode panel :
        new ObjectMapper().readTree(Dashboards.files().get(dashboard + ".json")).path("panels")) {
      assertThat(panel.path("description").asText()).as("%s", panel.path("title")).isNotBlank();
      assertThat(panel.at("/fieldConfig/defaults/unit").asText()).isNotBlank();
      queries.add(
          panel
              .at("/targets/0/expr")
              .asText()
              .replace("$cluster", "local")
              .replace("$__rate_interval", "10s"));
    }
    assertThat(queries).hasSizeGreaterThan(10);
    return queries;
  }

  private void limits() throws Exception {
    String master = master();
    List<String> replicas = replicas(master);
    String one = replicas.get(0);
    String other = replicas.get(1);
    List<Socket> clients = new ArrayList<>();
    Path dump = data(one).resolve("dump.rdb");
    Path base = nextBase(one);
    try (Jedis admin = admin(master);
        Jedis admin1 = admin(one);
        Jedis app = app(master)) {
      try {
        app.publish("__sentinel__:hello", "x");
      } catch (JedisException e) {
        assertThat(e.getMessage()).contains("channels");
      }
      fires("RedisPublishRefused", master);
      admin.publish(
          "__sentinel__:hello",
          "127.0.0.1,26999,%s,0,mymaster,127.0.0.1,%d,0".formatted("a".repeat(40), port(master)));
      Files.deleteIfExists(dump);
      Files.createDirectory(dump);
      Files.createDirectory(base);
      admin1.bgsave();
      Eventually.within(SOON, () -> assertThat(info(one)).contains("rdb_last_bgsave_status:err"));
      admin1.bgrewriteaof();
      byte[] value = new byte[100_000];
      for (int i = 0; i < 700; i++) {
        admin.set(("fill-" + i).getBytes(java.nio.charset.StandardCharsets.US_ASCII), value);
      }
      fires("RedisEvictions", master);
      for (int i = 0; i < 80; i++) {
        clients.add(new Socket("127.0.0.1", port(other)));
      }
      for (Socket each : clients) {
        each.close();
      }
      clients.clear();
      // Beside ten of agents and Sentinels; some are left for the exporter.
      for (int i = 0; i < 46; i++) {
        clients.add(new Socket("127.0.0.1", port(other)));
      }
      fires("RedisConnectionsRejected", other);
      fires("RedisRdbFailing", one);
      fires("RedisAofRewriteFailing", one);
      fires("RedisMemoryNearLimit", master);
      fires("RedisClientsNearLimit", other);
      for (String sentinel : List.of("sentinel-1", "sentinel-2", "sentinel-3")) {
        fires("SentinelGhost", sentinel);
      }
      admin.flushAll();
      Files.delete(dump);
      Files.delete(base);
      admin1.bgsave();
      Eventually.within(SOON, () -> assertThat(info(one)).contains("rdb_last_bgsave_status:ok"));
      admin1.bgrewriteaof();
      for (int i = 0; i < 6; i++) {
        admin1.replicaofNoOne();
        admin1.replicaof("127.0.0.1", port(master));
        Eventually.within(SOON, () -> assertThat(info(one)).contains("master_link_status:up"));
      }
    } finally {
      for (Socket each : clients) {
        each.close();
      }
    }
    fires("RedisResyncStorm", master);
    for (String sentinel : List.of("sentinel-1", "sentinel-2", "sentinel-3")) {
      try (Jedis admin = admin(sentinel)) {
        admin.sendCommand(Command.valueOf("SENTINEL"), "RESET", "mymaster");
      }
    }
  }

  private void replicas() throws Exception {
    String master = master();
    List<String> replicas = replicas(master);
    String one = replicas.get(0);
    String other = replicas.get(1);
    try (Jedis admin = admin(other)) {
      // Its own password is wrong for the master.
      String right = admin.configGet("masterauth").get("masterauth");
      admin.configSet("masterauth", "wrong");
      admin.sendCommand(Command.valueOf("CLIENT"), "KILL", "TYPE", "master");
      fires("RedisReplicaLost", other);
      admin.configSet("masterauth", right);
    }
    Eventually.within(SOON, () -> assertThat(info(other)).contains("master_link_status:up"));
    stop(one);
    try (Jedis app = app(master)) {
      for (int i = 0; i < 30; i++) {
        app.set(
            ("lag-" + i).getBytes(java.nio.charset.StandardCharsets.US_ASCII), new byte[100_000]);
      }
    }
    long exporter = exporter("sentinel-3");
    signal(exporter, "-STOP");
    fires("RedisServerDown", one);
    fires("RedisReplicationLag", one);
    stop(other);
    fires("RedisTooFewReplicas", master);
    goOn(one);
    goOn(other);
    fires("RedisNodeDown", "sentinel-3");
    signal(exporter, "-CONT");
  }

  private void sentinels() throws Exception {
    String master = master();
    String one = replicas(master).get(0);
    stop("sentinel-1");
    stop("sentinel-2");
    fires("SentinelQuorumLost", "sentinel-3");
    stop(master);
    fires("RedisNoMaster", "-", master);
    fires("SentinelMasterDown", "sentinel-3");
    goOn(master);
    stop("sentinel-3");
    try (Jedis admin = admin(one)) {
      admin.replicaofNoOne();
      fires("RedisTwoMasters", one);
      fires("RedisTwoMasters", master);
      admin.replicaof("127.0.0.1", port(master));
    }
    for (String sentinel : List.of("sentinel-1", "sentinel-2", "sentinel-3")) {
      goOn(sentinel);
    }
    fires("SentinelTilt", "sentinel-1");
  }

  /** It fires for a node, and its summary names that and others. */
  private static void fires(String alert, String node, String... named) {
    Eventually.within(
        SOON,
        () ->
            assertThat(prometheus.firing())
                .anySatisfy(
                    each ->
                        assertThat(each)
                            .startsWith(alert + " " + node + ":")
                            .contains(
                                Stream.concat(
                                        Stream.of(node.equals("-") ? "local" : node),
                                        Stream.of(named))
                                    .toList())));
  }

  private static int port(String node) {
    int number = Integer.parseInt(node.substring(node.indexOf('-') + 1)) - 1;
    return (node.startsWith("redis") ? port : port + 6) + number;
  }

  private static String master() throws Exception {
    for (String node : List.of("redis-1", "redis-2", "redis-3")) {
      if (info(node).contains("role:master")) {
        return node;
      }
    }
    throw new AssertionError("no master");
  }

  private static List<String> replicas(String master) {
    List<String> replicas = new ArrayList<>(List.of("redis-1", "redis-2", "redis-3"));
    replicas.remove(master);
    return replicas;
  }

  private static String info(String node) throws Exception {
    try (Jedis admin = admin(node)) {
      return admin.info();
    }
  }

  private static Path data(String node) throws Exception {
    try (Jedis admin = admin(node)) {
      return Path.of(admin.configGet("dir").get("dir"));
    }
  }

  /** Where the next rewrite of the AOF puts what it has written. */
  private static Path nextBase(String node) throws Exception {
    Path folder = data(node).resolve("appendonlydir");
    Map<Integer, String> bases = new TreeMap<>();
    Pattern.compile("file (\\S+?)\\.(\\d+)\\.base\\.rdb")
        .matcher(Files.readString(folder.resolve("appendonly.aof.manifest")))
        .results()
        .forEach(found -> bases.put(Integer.parseInt(found.group(2)), found.group(1)));
    int last = bases.keySet().stream().mapToInt(Integer::intValue).max().orElseThrow();
    return folder.resolve(bases.get(last) + "." + (last + 1) + ".base.rdb");
  }

  private static Jedis admin(String node) throws IOException {
    JsonNode secrets =
        new ObjectMapper()
            .readTree(project.folder().resolve(".rediform/local/secrets.json").toFile());
    return connect(node, "admin", secrets.path("admin").asText());
  }

  private static Jedis app(String node) throws IOException {
    return connect(
        node,
        "app",
        Files.readString(project.folder().resolve(".rediform/local/password")).strip());
  }

  private static Jedis connect(String node, String user, String password) {
    return new Jedis(
        new HostAndPort("127.0.0.1", port(node)),
        DefaultJedisClientConfig.builder()
            .user(user)
            .password(password)
            .timeoutMillis(10_000)
            .build());
  }

  private static long pid(String node) throws Exception {
    Pattern line = Pattern.compile("process_id:(\\d+)");
    return Long.parseLong(line.matcher(info(node)).results().findFirst().orElseThrow().group(1));
  }

  private static long exporter(String node) {
    return run.descendants()
        .filter(
            each ->
                String.join(" ", each.info().arguments().orElse(new String[0]))
                    .contains("redis.addr=redis://127.0.0.1:" + port(node)))
        .findFirst()
        .orElseThrow()
        .pid();
  }

  private static final Map<String, Long> HUNG = new TreeMap<>();

  private static void stop(String node) throws Exception {
    HUNG.put(node, pid(node));
    signal(HUNG.get(node), "-STOP");
  }

  private static void goOn(String node) throws Exception {
    signal(HUNG.get(node), "-CONT");
  }

  private static void signal(long pid, String signal) throws Exception {
    STOPPED.add(pid);
    Run.of(Path.of("."), Map.of(), "kill", signal, String.valueOf(pid)).succeeded();
  }
}
