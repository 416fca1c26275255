package stacks.platform.local;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
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
import stacks.testing.Eventually;
import stacks.testing.Project;
import stacks.testing.Run;
import stacks.testing.RunningDeploy;

/**
 * What clients, settings and broken servers do to a local cluster: no key is lost, no gate opens on
 * an error, and a person is told.
 */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
@Tag("alone")
class LocalFaultsIT {
  private static final Duration SOON = Duration.ofSeconds(60);

  private static Project project;
  private static int port;

  @BeforeAll
  static void cluster() throws Exception {
    port = Project.freePorts(12);
    project = Project.create();
    deploy("appendonly: no");
  }

  @AfterAll
  static void end() {
    project.close();
  }

  private static void deploy(String config) throws Exception {
    write(config);
    rediform("deploy", "local").succeeded();
  }

  private static void write(String config) throws Exception {
    project.environment(
        "local",
        Project.smallLocal(port)
                .replace(
                    "redis: {port: %d}".formatted(port),
                    "redis: {port: %d, config: {%s}}".formatted(port, config))
            // One that has none is what is tried here.
            + "accepts: [{rule: persistence-off, reason: It is only a test.}]\n");
  }

  private static Run rediform(String... words) throws Exception {
    return project.rediform(Map.of("REDIFORM_WAIT_TIMEOUT", "20s"), words);
  }

  private static Run awaitWhole() {
    Run[] status = new Run[1];
    Eventually.within(SOON, () -> status[0] = rediform("status", "local").succeeded());
    return status[0];
  }

  private static Path home(String node) {
    return project.folder().resolve(".rediform/local").resolve(node);
  }

  private static Run agent(String node, String... words) throws Exception {
    List<String> command =
        new ArrayList<>(
            List.of("python3", home("bin") + "/rediform-local", "agent", home(node).toString()));
    command.addAll(List.of(words));
    return Run.of(project.folder(), Map.of(), command);
  }

  private static Jedis as(String user, int number) throws IOException {
    String secrets = Files.readString(home("secrets.json"));
    String password =
        user.equals("app")
            ? Files.readString(home("password")).strip()
            : secrets.replaceAll("(?s).*\"" + user + "\": \"([^\"]+)\".*", "$1");
    return new Jedis(
        new HostAndPort("127.0.0.1", port + number - 1),
        DefaultJedisClientConfig.builder()
            .user(user)
            .password(password)
            .socketTimeoutMillis(5000)
            .build());
  }

  /** Number of the data node that is master. */
  private static int master() {
    int[] found = new int[1];
    Eventually.within(
        SOON,
        () -> {
          try (Jedis sentinel = new Jedis("127.0.0.1", port + 7)) {
            found[0] =
                Integer.parseInt(sentinel.sentinelGetMasterAddrByName("mymaster").get(1))
                    - port
                    + 1;
          }
          try (Jedis master = as("admin", found[0])) {
            assertThat(master.info("replication")).contains("role:master");
          }
        });
    return found[0];
  }

  private static void fill(int keys) throws Exception {
    try (Jedis master = as("app", master())) {
      master.select(3);
      for (int i = 0; i < keys; i++) {
        master.set("key" + i, "x");
      }
      assertThat(master.waitReplicas(2, 5000)).isEqualTo(2);
    }
  }

  private static void assertKeysEverywhere(int keys) {
    Eventually.within(
        SOON,
        () -> {
          for (int number = 1; number <= 3; number++) {
            try (Jedis node = as("admin", number)) {
              assertThat(node.info("keyspace"))
                  .as("redis-" + number)
                  .contains("keys=" + keys + ",");
            }
          }
        });
  }

  private static long server(int number) throws IOException {
    return Long.parseLong(
        Files.readString(home("redis-" + number).resolve("run/server.pid")).strip());
  }

  private static void signal(String name, int number) throws Exception {
    Run.of(Path.of("."), Map.of(), "kill", "-" + name, String.valueOf(server(number))).succeeded();
  }

  /** As a reboot of the machine does it: all at once, servers and supervisors. */
  private static void killAll() {
    for (ProcessHandle process : project.processes()) {
      process.destroyForcibly();
    }
    Eventually.within(Duration.ofSeconds(20), () -> assertThat(project.processes()).isEmpty());
  }

  @Test
  @Order(1)
  void persistence_that_changes_while_all_nodes_are_down_loses_no_key() throws Exception {
    awaitWhole();
    fill(500);
    for (int number = 1; number <= 3; number++) {
      try (Jedis node = as("admin", number)) {
        node.save();
      }
    }
    killAll();
    deploy("databases: 16"); // an AOF from now on
    awaitWhole();
    assertKeysEverywhere(500);
    killAll();
    deploy("databases: 16, appendfilename: other.aof");
    awaitWhole();
    assertKeysEverywhere(500);
    killAll();
    deploy("databases: 16, appendonly: no");
    awaitWhole();
    assertKeysEverywhere(500);
    Eventually.within(
        SOON,
        () ->
            assertThat(Files.readString(home("redis-1").resolve("data/persistence.json")))
                .contains("\"appendonly\": \"no\""));
    killAll();
    deploy("databases: 16");
    awaitWhole();
    assertKeysEverywhere(500);
  }

  @Test
  @Order(2)
  void a_full_master_is_not_taken_for_one_that_is_down_and_takes_a_larger_limit() throws Exception {
    deploy("databases: 16, maxclients: 40");
    awaitWhole();
    int master = master();
    int replica = master == 3 ? 2 : 3;
    List<Socket> clients = new ArrayList<>();
    try {
      for (int i = 0; i < 80; i++) {
        Socket client = new Socket("127.0.0.1", port + master - 1);
        client.getOutputStream().write("PING\r\n".getBytes(StandardCharsets.US_ASCII));
        clients.add(client);
      }
      Eventually.within(
          SOON,
          () -> assertThat(refusal(master)).as("a client more").contains("max number of clients"));
      // Another one hangs: nobody could take over, so the master must not be touched.
      signal("STOP", replica);
      Run wait = rediform("wait", "local", "--node", "redis-" + master, "--timeout", "3s");
      assertThat(wait.ended(1).err()).contains("redis-" + replica);
      signal("CONT", replica);
      awaitWhole(); // by the connection that is kept
      deploy("databases: 16, maxclients: 200");
      try (Jedis app = as("app", master)) {
        assertThat(app.ping()).isEqualTo("PONG");
      }
    } finally {
      for (Socket client : clients) {
        client.close();
      }
    }
    awaitWhole();
  }

  private static String refusal(int number) {
    try (Jedis one = as("app", number)) {
      return one.ping();
    } catch (redis.clients.jedis.exceptions.JedisException | IOException e) {
      return String.valueOf(e.getMessage());
    }
  }

  @Test
  @Order(3)
  void a_full_master_hands_over_before_it_stops() throws Exception {
    deploy("databases: 16, maxclients: 40");
    awaitWhole();
    int before = master();
    List<Socket> clients = new ArrayList<>();
    try {
      for (int i = 0; i < 80; i++) {
        Socket client = new Socket("127.0.0.1", port + before - 1);
        client.getOutputStream().write("PING\r\n".getBytes(StandardCharsets.US_ASCII));
        clients.add(client);
      }
      Eventually.within(SOON, () -> assertThat(refusal(before)).contains("max number of clients"));
      Run.of(
              project.folder(),
              Map.of(),
              "python3",
              home("bin") + "/rediform-local",
              "restart",
              home("redis-" + before).toString())
          .succeeded();
      Eventually.within(SOON, () -> assertThat(master()).isNotEqualTo(before));
      assertThat(Files.readString(home("redis-" + before).resolve("log")))
          .contains("handed over to 127.0.0.1:");
    } finally {
      for (Socket client : clients) {
        client.close();
      }
    }
    awaitWhole();
    assertKeysEverywhere(500);
  }

  @Test
  @Order(4)
  void a_dump_that_was_killed_is_told_and_changes_nothing() throws Exception {
    int master = master();
    killADump(master);
    // A replica that may not ignore it would abort at the master's next write (redis#15501).
    killADump(master == 1 ? 2 : 1);
  }

  private static void killADump(int number) throws Exception {
    try (Jedis admin = as("admin", number)) {
      admin.configSet("rdb-key-save-delay", "100000");
      admin.bgsave();
      Eventually.within(
          SOON,
          () ->
              Run.of(Path.of("."), Map.of(), "pkill", "-9", "-P", "" + server(number)).succeeded());
      admin.configSet("rdb-key-save-delay", "0");
      Eventually.within(
          SOON, () -> assertThat(admin.info("persistence")).contains("rdb_last_bgsave_status:err"));
      assertThat(awaitWhole().out())
          .contains("note: redis-" + number + " its last BGSAVE failed")
          .doesNotContain("disk");
      try (Jedis app = as("app", master())) {
        assertThat(app.set("after", "the dump")).isEqualTo("OK");
        app.del("after");
        assertThat(app.waitReplicas(2, 5000)).isEqualTo(2);
      }
      admin.save();
    }
    assertThat(awaitWhole().out()).doesNotContain("note:");
  }

  @Test
  @Order(5)
  void a_stop_without_a_handover_is_told_until_the_next_stop() throws Exception {
    int master = master();
    int before = Files.readString(home("redis-" + master).resolve("log")).length();
    for (int number = 1; number <= 3; number++) {
      if (number != master) {
        signal("STOP", number);
      }
    }
    Run.of(
            project.folder(),
            Map.of(),
            "python3",
            home("bin") + "/rediform-local",
            "restart",
            home("redis-" + master).toString())
        .succeeded();
    Eventually.within(
        SOON,
        () ->
            assertThat(Files.readString(home("redis-" + master).resolve("log")).substring(before))
                .contains("stops without a handover: "));
    for (int number = 1; number <= 3; number++) {
      if (number != master) {
        signal("CONT", number);
      }
    }
    assertThat(awaitWhole().out())
        .containsPattern("note: redis-" + master + " stopped at .* without a handover");
    assertKeysEverywhere(500);
  }

  @Test
  @Order(6)
  void an_old_disk_loses_nothing_though_replicas_serve_no_stale_data() throws Exception {
    deploy("databases: 16, replica-serve-stale-data: no");
    awaitWhole();
    int master = master();
    Path data = home("redis-" + master).resolve("data");
    Run.of(Path.of("."), Map.of(), "cp", "-a", data.toString(), data + ".old").succeeded();
    fill(700);
    long supervisor =
        Long.parseLong(Files.readString(home("redis-" + master).resolve("run/pid")).strip());
    ProcessHandle.of(supervisor).orElseThrow().destroyForcibly();
    Eventually.within(
        Duration.ofSeconds(5), () -> assertThat(refusal(master)).doesNotContain("PONG"));
    Run.of(Path.of("."), Map.of(), "rm", "-r", data.toString()).succeeded();
    Run.of(Path.of("."), Map.of(), "mv", data + ".old", data.toString()).succeeded();
    rediform("deploy", "local").succeeded();
    awaitWhole();
    assertKeysEverywhere(700);
  }

  @Test
  @Order(7)
  void what_a_failover_set_is_put_back_when_it_is_killed() throws Exception {
    int master = master();
    int to = master == 1 ? 2 : 1;
    Process failover =
        new ProcessBuilder(
                "python3",
                home("bin") + "/rediform-local",
                "agent",
                home("redis-" + master).toString(),
                "failover",
                "--to",
                "127.0.0.1:" + (port + to - 1))
            .redirectErrorStream(true)
            .redirectOutput(project.folder().resolve("failover.log").toFile())
            .start();
    try (Jedis replica = as("admin", to)) {
      Eventually.within(
          SOON,
          () ->
              assertThat(replica.configGet("replica-priority").get("replica-priority"))
                  .isEqualTo("1"));
      failover.destroyForcibly().waitFor();
      Eventually.within(
          SOON,
          () ->
              assertThat(replica.configGet("replica-priority").get("replica-priority"))
                  .isEqualTo("100"));
    }
    try (Jedis one = as("admin", master())) {
      assertThat(one.configGet("repl-ping-replica-period").get("repl-ping-replica-period"))
          .isEqualTo("10");
    }
    awaitWhole();
  }

  @Test
  @Order(8)
  void when_all_sentinels_are_new_and_all_data_nodes_wait_one_can_be_told_to_lead()
      throws Exception {
    killAll();
    for (int number = 1; number <= 3; number++) {
      for (String file : new String[] {"live/sentinel.conf", "memory.json"}) {
        Files.deleteIfExists(home("sentinel-" + number).resolve(file));
      }
    }
    RunningDeploy deploy = RunningDeploy.start(project, Map.of(), "local", "--auto-approve");
    Eventually.within(
        SOON,
        () ->
            assertThat(agent("redis-2", "health").out())
                .contains("\"state\": \"down\"")
                .contains("no majority says who is master: 3 of 3"));
    assertThat(agent("redis-2", "lead").succeeded().out()).contains("redis-2: starts as master");
    Eventually.within(
        SOON,
        () -> {
          try (Jedis leader = as("admin", 2)) {
            assertThat(leader.info("replication")).contains("role:master", "connected_slaves:2");
          }
        });
    for (int number = 1; number <= 3; number++) {
      agent("sentinel-" + number, "forget").succeeded();
    }
    assertThat(deploy.await()).isZero();
    awaitWhole();
    assertKeysEverywhere(700);
    assertThat(agent("redis-2", "lead").ended(1).err()).contains("nothing was done");
  }

  @Test
  @Order(9)
  void each_state_has_its_own_sentence_also_for_who_has_only_the_password() throws Exception {
    Path password = home("password");
    String right = Files.readString(password);
    int master = master();
    signal("STOP", master);
    try {
      assertThat(rediform("status", "local").ended(1).out())
          .contains("127.0.0.1:" + (port + master - 1) + " gave no answer");
    } finally {
      signal("CONT", master);
    }
    awaitWhole();
    assertThat(Files.readString(password)).isEqualTo(right);
  }
}
