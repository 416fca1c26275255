package stacks.platform.local;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import redis.clients.jedis.DefaultJedisClientConfig;
import redis.clients.jedis.HostAndPort;
import redis.clients.jedis.Jedis;
import stacks.cluster.Cluster;
import stacks.cluster.RedisNode;
import stacks.testing.Environments;
import stacks.testing.Eventually;
import stacks.testing.Evidence;
import stacks.testing.Limits;
import stacks.testing.Load;
import stacks.testing.Load.Seen;
import stacks.testing.Project;
import stacks.testing.Run;
import stacks.testing.RunningDeploy;

/** A plain deploy of every kind of change, under applications that write and read all the time. */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
@Tag("alone")
class RollingIT {
  private static final int SEEDS = Integer.getInteger("rolling.seeds", 3);

  private static final Evidence EVIDENCE = new Evidence("rolling.md", "rolling-local");

  private static Project project;
  private static String yaml;

  @BeforeAll
  static void deployed() throws Exception {
    int port = Project.freePorts(16);
    yaml =
        """
        platform: local
        redis: {port: %d, config: {databases: 16}}
        master: {memory: 512mb, maxmemory: 64mb}
        replicas: {count: 2}
        sentinels: {port: %d, count: 3, downAfter: 2s}
        """
            .formatted(port, port + 8);
    project = Project.create().environment("local", yaml);
    project.rediform("deploy", "local").succeeded();
  }

  @AfterAll
  static void end() throws Exception {
    EVIDENCE.save(redis(), "down-after 2 s");
    project.rediform("destroy", "local", "--no-last-backup");
    project.close();
  }

  private static String redis() throws Exception {
    Run version =
        Run.of(project.folder(), Map.of(), ".rediform/local/bin/redis-server", "--version");
    return "Redis " + version.out().replaceFirst("(?s).* v=(\\S+) .*", "$1");
  }

  private static void write(String... oldAndNew) throws Exception {
    for (int i = 0; i < oldAndNew.length; i += 2) {
      assertThat(yaml).contains(oldAndNew[i]);
      yaml = yaml.replace(oldAndNew[i], oldAndNew[i + 1]);
    }
    project.environment("local", yaml);
  }

  private static Cluster cluster() {
    return Environments.cluster("local", yaml);
  }

  private static String password() throws Exception {
    return Files.readString(project.folder().resolve(".rediform/local/password")).strip();
  }

  private interface Change {
    void make() throws Exception;
  }

  /** A planned change under load. */
  private static Seen under(String what, Change change) throws Exception {
    return under(what, Limits::planned, change);
  }

  /** A change under load, and what it may cost. */
  private static Seen under(String what, Consumer<Seen> limit, Change change) throws Exception {
    Load load = new Load(cluster(), password(), () -> {});
    Seen seen;
    long start = System.nanoTime();
    double seconds;
    try {
      Eventually.within(Duration.ofSeconds(30), () -> assertThat(load.acknowledged()).isPositive());
      change.make();
    } finally {
      seconds = (System.nanoTime() - start) / 1e9;
      seen = load.stop();
    }
    EVIDENCE.change(what, limit, seconds, seen);
    project.rediform("wait", "local", "--timeout", "60s").succeeded();
    return seen;
  }

  private static Run deploy() throws Exception {
    return project.rediform("deploy", "local");
  }

  private static String master() throws Exception {
    return project
        .rediform("status", "local")
        .out()
        .lines()
        .filter(line -> line.contains(" master "))
        .map(line -> line.split(" ")[0])
        .findFirst()
        .orElseThrow();
  }

  @Test
  @Order(1)
  void what_redis_takes_while_it_runs_restarts_nothing_and_survives_a_restart() throws Exception {
    Seen seen =
        under(
            "`maxmemory` up and directives new, without a restart",
            () -> {
              write("maxmemory: 64mb", "maxmemory: 80mb");
              write("databases: 16", "databases: 16, slowlog-max-len: 256, save: 60 5 30 9");
              deploy().succeeded();
            });
    assertThat(seen.dataNodesAway()).isZero();
    assertEverywhere(
        Map.of("maxmemory", "83886080", "slowlog-max-len", "256", "save", "60 5 30 9"));
    // In order and by a crash: every data node has started anew.
    project.rediform("drill", "local").succeeded();
    assertEverywhere(
        Map.of("maxmemory", "83886080", "slowlog-max-len", "256", "save", "60 5 30 9"));
    Seen gone =
        under(
            "these directives gone again, without a restart",
            () -> {
              write(", slowlog-max-len: 256, save: 60 5 30 9", "");
              deploy().succeeded();
            });
    assertThat(gone.dataNodesAway()).isZero();
    assertEverywhere(Map.of("maxmemory", "83886080", "slowlog-max-len", "128", "save", "3600 1"));
  }

  private static void assertEverywhere(Map<String, String> settings) throws Exception {
    DefaultJedisClientConfig admin =
        DefaultJedisClientConfig.builder().user("admin").password(adminPassword()).build();
    for (RedisNode node : cluster().redis()) {
      try (Jedis jedis = new Jedis(HostAndPort.from(node.endpoint()), admin)) {
        settings.forEach(
            (name, value) ->
                assertThat(jedis.configGet(name)).as(node.name()).containsEntry(name, value));
      }
    }
  }

  private static String adminPassword() throws Exception {
    return new ObjectMapper()
        .readTree(project.folder().resolve(".rediform/local/secrets.json").toFile())
        .path("admin")
        .asText();
  }

  @Test
  @Order(2)
  void what_redis_does_not_take_is_said_at_once_and_keeps_no_node_down() throws Exception {
    // Alone, and with one that makes the node start with both.
    for (String wrong :
        List.of("notify-keyspace-events: Q", "databases: 24, notify-keyspace-events: Q")) {
      String right = "databases: 16";
      String config = wrong.startsWith("databases") ? wrong : right + ", " + wrong;
      Seen seen =
          under(
              "a value that Redis refuses, and the old one again",
              () -> {
                write("{" + right + "}", "{" + config + "}");
                Run refused = deploy().ended(1);
                assertThat(refused.all())
                    .containsPattern(
                        "redis-3 keeps the settings that it has: ERR CONFIG SET failed"
                            + ".*notify-keyspace-events")
                    .doesNotContain("redis-2 may be changed", "Traceback");
                Run status = project.rediform("status", "local");
                assertThat(status.out())
                    .containsPattern("redis-3 .*refused.*notify-keyspace-events");
                write("{" + config + "}", "{" + right + "}");
                deploy().succeeded();
              });
      assertThat(seen.dataNodesAway()).isZero();
    }
  }

  @Test
  @Order(3)
  void what_redis_reads_at_its_start_rolls_node_by_node() throws Exception {
    Seen seen =
        under(
            "a directive that Redis reads at its start, twice",
            () -> {
              write("databases: 16", "databases: 20");
              deploy().succeeded();
              write("databases: 20", "databases: 16");
              deploy().succeeded();
            });
    assertThat(seen.dataNodesAway()).isEqualTo(1);
    assertThat(seen.sentinelsAway()).isZero();
    assertEverywhere(Map.of("databases", "16"));
  }

  @Test
  @Order(4)
  void less_maxmemory_than_is_in_use_is_refused_with_the_numbers() throws Exception {
    DefaultJedisClientConfig config =
        DefaultJedisClientConfig.builder().user("app").password(password()).build();
    try (Jedis jedis = new Jedis(HostAndPort.from(endpoint(master())), config)) {
      for (int i = 0; i < 36; i++) {
        jedis.set("large" + i, "x".repeat(1 << 20));
      }
      Load load = new Load(cluster(), password(), () -> {});
      write("maxmemory: 80mb", "maxmemory: 32mb");
      Run refused = deploy().ended(1);
      assertThat(refused.all())
          .containsPattern("redis-\\d uses \\d+mb of memory, and the file gives it maxmemory 32mb")
          .contains("redis-3 was not touched");
      assertThat(load.stop().dataNodesAway()).isZero();
      write("maxmemory: 32mb", "maxmemory: 80mb");
      for (int i = 0; i < 36; i++) {
        jedis.del("large" + i);
      }
    }
    deploy().succeeded();
  }

  private static String endpoint(String node) {
    return cluster().node(node).orElseThrow().endpoint();
  }

  @Test
  @Order(5)
  void replicas_come_and_go_and_a_master_that_goes_hands_over() throws Exception {
    under(
        "replicas 2 to 4",
        () -> {
          write("replicas: {count: 2}", "replicas: {count: 4}");
          deploy().succeeded();
        });
    project.rediform("failover", "local", "--to", "redis-5").succeeded();
    assertThat(master()).isEqualTo("redis-5");
    under(
        "replicas 4 to 2, the master among those that go, and a setting changed",
        seen -> Limits.planned(seen, 2),
        () -> {
          write("replicas: {count: 4}", "replicas: {count: 2}", "databases: 16", "databases: 17");
          deploy().succeeded();
        });
    Run status = project.rediform("status", "local").succeeded();
    assertThat(status.out()).doesNotContain("redis-5").contains("sees 2 replicas, 3 Sentinels");
  }

  @Test
  @Order(6)
  void sentinels_come_and_go_and_the_quorum_follows() throws Exception {
    under(
        "Sentinels 3 to 5",
        () -> {
          write("count: 3, downAfter", "count: 5, downAfter");
          deploy().succeeded();
        });
    assertThat(quorums()).containsOnly("3").hasSize(5);
    Seen seen =
        under(
            "Sentinels 5 to 3",
            each -> Limits.planned(each, 2),
            () -> {
              write("count: 5, downAfter", "count: 3, downAfter");
              deploy().succeeded();
            });
    assertThat(seen.dataNodesAway()).isZero();
    assertThat(quorums()).containsOnly("2").hasSize(3);
  }

  private static List<String> quorums() {
    return cluster().sentinels().stream()
        .map(
            node -> {
              try (Jedis jedis = new Jedis(HostAndPort.from(node.endpoint()))) {
                return jedis.sentinelMaster("mymaster").get("quorum");
              }
            })
        .toList();
  }

  @Test
  @Order(7)
  void every_node_is_made_anew_behind_the_same_gates() throws Exception {
    for (String node : List.of(master(), "redis-2", "sentinel-2")) {
      under(
          "`replace` of " + (node.startsWith("sentinel") ? "a Sentinel" : "a data node"),
          () ->
              assertThat(project.rediform("replace", "local", node).succeeded().out())
                  .contains(node + " is new; local is whole"));
    }
  }

  @Test
  @Order(8)
  void a_failover_goes_where_it_is_told_and_loses_nothing() throws Exception {
    for (String to : List.of("redis-1", "redis-2", "redis-3")) {
      under(
          "`failover --to` another node",
          () -> project.rediform("failover", "local", "--to", to).succeeded());
      assertThat(master()).isEqualTo(to);
    }
    assertThat(project.rediform("failover", "local", "--to", "redis-3").succeeded().out())
        .contains("redis-3 is master already; nothing was done");
    assertThat(project.rediform("failover", "local", "--to", "redis-9").ended(1).err())
        .contains("\"redis-9\" is no data node of local; those are redis-1, redis-2, redis-3");
  }

  @Test
  @Order(9)
  void a_deploy_right_after_a_crash_of_the_master_moves_nothing_back() throws Exception {
    String before = master();
    Duration downAfter = Limits.downAfter(cluster());
    under(
        "master crashes, then a deploy that changes nothing",
        seen -> Limits.crash(seen, downAfter),
        () -> {
          project.rediform("drill", "local", "--fault", "crash").succeeded();
          String now = master();
          assertThat(now).isNotEqualTo(before);
          assertThat(deploy().succeeded().out()).contains("No changes");
          assertThat(master()).isEqualTo(now);
        });
  }

  @Test
  @Order(10)
  void a_node_that_is_down_stops_the_deploy_which_says_so_and_goes_on_later() throws Exception {
    String replica = master().equals("redis-1") ? "redis-2" : "redis-1";
    Path home = project.folder().resolve(".rediform/local/" + replica);
    // Its server cannot start as long as this is no program.
    Path program = project.folder().resolve(".rediform/local/bin/redis-server");
    Path target = Files.readSymbolicLink(program);
    Files.delete(program);
    Files.createSymbolicLink(program, Path.of("/bin/false"));
    ProcessHandle.of(Long.parseLong(Files.readString(home.resolve("run/server.pid")).strip()))
        .orElseThrow()
        .destroyForcibly();
    write("maxmemory: 80mb", "maxmemory: 72mb");
    Run stopped =
        project.rediform(Map.of("REDIFORM_WAIT_TIMEOUT", "10s"), "deploy", "local").ended(1);
    assertThat(stopped.all())
        .contains(replica + " is not fit")
        .containsPattern("redis-\\d was not touched");
    Files.delete(program);
    Files.createSymbolicLink(program, target);
    Eventually.within(
        Duration.ofSeconds(60), () -> project.rediform("status", "local").succeeded());
    deploy().succeeded();
    assertThat(deploy().succeeded().out()).contains("No changes");
  }

  @Test
  @Order(11)
  void a_deploy_that_is_killed_anywhere_is_gone_on_with_by_the_next() throws Exception {
    for (int seed = 0; seed < SEEDS; seed++) {
      int databases = 20 + seed;
      String old = yaml.replaceFirst("(?s).*databases: (\\d+).*", "$1");
      Random random = new Random(seed);
      under(
          "deploy killed at a random moment, and run again",
          () -> {
            write("databases: " + old, "databases: " + databases);
            RunningDeploy.start(project, Map.of(), "local").killAfter(random.nextInt(20_000));
            deploy().succeeded();
          });
      assertThat(deploy().succeeded().out()).contains("No changes");
    }
  }

  @Test
  @Order(12)
  void two_deploys_at_once_do_not_mix() throws Exception {
    write("redis: {", "redis: {maxmemoryPolicy: noeviction, ");
    RunningDeploy first = RunningDeploy.start(project, Map.of(), "local");
    Eventually.within(
        Duration.ofSeconds(60),
        () ->
            assertThat(project.folder().resolve(".rediform/local/.terraform.tfstate.lock.info"))
                .exists());
    assertThat(deploy().succeeded().all())
        .as("it waits for the first, and then has nothing to do")
        .contains("state lock", "No changes");
    assertThat(first.await()).isZero();
    project.rediform("wait", "local", "--timeout", "60s").succeeded();
  }
}
