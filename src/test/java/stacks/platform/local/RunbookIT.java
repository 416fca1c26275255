package stacks.platform.local;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import redis.clients.jedis.DefaultJedisClientConfig;
import redis.clients.jedis.HostAndPort;
import redis.clients.jedis.Jedis;
import redis.clients.jedis.Protocol;
import redis.clients.jedis.exceptions.JedisDataException;
import stacks.testing.Eventually;
import stacks.testing.Project;
import stacks.testing.Run;
import stacks.testing.Runbook;
import stacks.testing.RunningDeploy;

/**
 * The cases of docs/runbook.md on a local cluster: the fault is made, the words that the page
 * quotes are looked for, and its commands are run as they stand there.
 *
 * <p>Commands with {@code sudo} are for a machine. Here {@code systemctl}, {@code journalctl} and
 * {@code rediform-node} are small programs that do the same with the folder of a node.
 */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class RunbookIT {
  /** Some seconds on a machine that does nothing else. */
  private static final Duration SOON = Duration.ofMinutes(3);

  private static final String WAIT_TIMEOUT = "3m";

  /**
   * Programs of a machine. That of {@code systemctl} waits as the real one does, until a node has
   * ended.
   */
  private static final Map<String, String> MACHINE =
      Map.of(
          "sudo",
          "exec \"$@\"",
          "rediform-node",
          "exec python3 ../bin/rediform-local agent . \"$@\"",
          "journalctl",
          "[ \"$1 $2 $3\" = '-u redis -n' ] && exec tail -n \"$4\" log",
          "systemctl",
          """
          [ "$1" = --no-block ] && shift
          [ "$2" = redis ] || exit 5
          case "$1" in
            restart) exec python3 ../bin/rediform-local restart . ;;
            start) exec python3 ../bin/rediform-local apply . "../source/nodes/$(basename "$PWD").json" ;;
            stop)
              kill "$(cat run/pid)" && while [ -e run/pid ]; do sleep 0.05; done ;;
          esac
          """);

  private static final Set<Runbook.Block> DONE = new HashSet<>();

  private static Project project;
  private static Runbook page;
  private static int port;

  /** Id of the backup that a person chooses. */
  private static String backup = "none";

  private static String moment = "";

  @BeforeAll
  static void cluster() throws Exception {
    page = Runbook.of(Path.of("docs/runbook.md"));
    port = Project.freePorts(16_000, 12); // where no other test looks while all nodes are down
    project = Project.create();
    write("16mb", "");
    rediform("deploy", "local").succeeded();
    Path machine = Files.createDirectory(project.folder().resolve("machine"));
    for (Map.Entry<String, String> program : MACHINE.entrySet()) {
      // sudo runs where it is called; what it is told to run, on the node.
      String node = program.getKey().equals("sudo") ? "" : "cd \"$NODE_HOME\" || exit\n";
      Path file = machine.resolve(program.getKey());
      Files.writeString(file, "#!/bin/sh\n" + node + program.getValue());
      assertThat(file.toFile().setExecutable(true)).isTrue();
    }
  }

  @AfterAll
  static void end() throws Exception {
    project.rediform("destroy", "local", "--no-last-backup");
    project.close();
  }

  private static void write(String maxmemory, String config) throws Exception {
    project.environment(
        "local",
        """
        platform: local
        redis: {port: %d, maxmemoryPolicy: noeviction, config: {databases: 16%s}}
        master: {memory: 512mb, maxmemory: %s}
        sentinels: {port: %d, downAfter: 5s}
        """
            .formatted(port, config, maxmemory, port + 6));
  }

  /** What one case has left is not the next one's trouble. */
  @BeforeEach
  void whole() throws Exception {
    if (status().exitCode() != 0) {
      write("64mb", "");
      rediform("deploy", "local").succeeded();
    }
    awaitWhole();
  }

  private static Run rediform(String... words) throws Exception {
    return project.rediform(Map.of("REDIFORM_WAIT_TIMEOUT", WAIT_TIMEOUT), words);
  }

  private static Run status() throws Exception {
    return rediform("status", "local");
  }

  /** How each case ends, in the words of the page's beginning. */
  private static void awaitWhole() {
    Eventually.within(SOON, () -> assertSeen(status().succeeded().out(), "Start here", 0));
  }

  private static void assertSeen(String text, String title, int quote) {
    assertThat(text).containsPattern(Runbook.seen(page.section(title).quotes().get(quote)));
  }

  /** Waits until {@code status} says what the page quotes. */
  private static void awaitSeen(String title, int... quotes) {
    Eventually.within(
        SOON,
        () -> {
          String said = status().ended(1).out();
          for (int quote : quotes) {
            assertSeen(said, title, quote);
          }
        });
  }

  /** Runs a block of commands, on a node or about it. */
  private static Run block(String title, int number, String node) throws Exception {
    Runbook.Block block = page.section(title).blocks().get(number);
    assertThat(block.elsewhere()).isEmpty();
    DONE.add(block);
    Map<String, String> environment = new HashMap<>();
    environment.put("REDIFORM_WAIT_TIMEOUT", WAIT_TIMEOUT);
    environment.put("PATH", project.folder().resolve("machine") + ":" + System.getenv("PATH"));
    environment.put("NODE_HOME", home(node).toString());
    environment.put("ENV", "local");
    environment.put("NODE", node);
    environment.put("HOST", "127.0.0.1");
    environment.put("ID", backup);
    environment.put("MOMENT", moment);
    environment.put("PORT", String.valueOf(port + number(node) - 1));
    environment.put(
        "REDISCLI_AUTH", password(block.commands().contains("admin") ? "admin" : "app"));
    String commands =
        block
            .commands()
            .replace("/var/redis/6379", home(node) + "/data")
            .replace("/var/lib/rediform/secrets.json", home("secrets.json").toString());
    return Run.of(project.folder(), environment, "bash", "-ec", commands);
  }

  private static int number(String node) {
    return Integer.parseInt(node.replaceAll(".*-", "")) + (node.startsWith("s") ? 6 : 0);
  }

  private static Path home(String node) {
    return project.folder().resolve(".rediform/local").resolve(node);
  }

  private static String password(String user) throws IOException {
    return user.equals("app")
        ? Files.readString(home("password")).strip()
        : Files.readString(home("secrets.json"))
            .replaceAll("(?s).*\"" + user + "\": \"([^\"]+)\".*", "$1");
  }

  private static Jedis as(String user, String node) throws IOException {
    return new Jedis(
        new HostAndPort("127.0.0.1", port + number(node) - 1),
        DefaultJedisClientConfig.builder()
            .user(user)
            .password(password(user))
            .socketTimeoutMillis(5000)
            .build());
  }

  private static String master() {
    String[] found = new String[1];
    Eventually.within(
        SOON,
        () -> {
          try (Jedis sentinel = new Jedis("127.0.0.1", port + 6)) {
            int at = Integer.parseInt(sentinel.sentinelGetMasterAddrByName("mymaster").get(1));
            found[0] = "redis-" + (at - port + 1);
          }
          try (Jedis master = as("admin", found[0])) {
            assertThat(master.info("replication")).contains("role:master");
          }
        });
    return found[0];
  }

  private static List<String> replicas() {
    String master = master();
    return IntStream.rangeClosed(1, 3)
        .mapToObj(number -> "redis-" + number)
        .filter(node -> !node.equals(master))
        .toList();
  }

  /** As a machine that loses its power: the server goes with what started it. */
  private static void lose(String... nodes) throws IOException {
    for (String node : nodes) {
      long supervisor = Long.parseLong(Files.readString(home(node).resolve("run/pid")).strip());
      ProcessHandle.of(supervisor).orElseThrow().destroyForcibly();
    }
  }

  private static void loseAll() {
    project.processes().forEach(ProcessHandle::destroyForcibly);
    Eventually.within(SOON, () -> assertThat(project.processes()).isEmpty());
  }

  private static long server(String node) throws IOException {
    return Long.parseLong(Files.readString(home(node).resolve("run/server.pid")).strip());
  }

  /** What a client is told that writes. */
  private static String answer(String node) throws IOException {
    return answer(node, "asked", 1000);
  }

  private static String answer(String node, String key, int bytes) throws IOException {
    try (Jedis app = as("app", node)) {
      return app.set(key, "x".repeat(bytes));
    } catch (JedisDataException e) {
      return e.getMessage();
    }
  }

  private static void awaitAnswer(String node, String title, int quote) {
    Eventually.within(SOON, () -> assertSeen(answer(node), title, quote));
  }

  @Test
  @Order(1)
  void the_start_is_what_every_case_needs() throws Exception {
    String here = "Start here";
    block(here, 0, "redis-2").succeeded();
    assertSeen(block(here, 1, "redis-2").succeeded().out(), here, 0);
    assertThat(block(here, 2, "redis-2").succeeded().out()).contains("\"fit\": true");
    assertThat(block(here, 3, "redis-2").succeeded().out()).contains("Background AOF rewrite");
  }

  @Test
  @Order(2)
  void memory_that_is_full() throws Exception {
    String here = "The memory is full";
    String master = master();
    Eventually.within(
        SOON,
        () -> {
          String key = "big" + System.nanoTime();
          assertSeen(answer(master, key, 1 << 20), here, 0);
        });
    assertSeen(status().succeeded().out(), here, 1);
    assertThat(block(here, 0, master).succeeded().out())
        .contains("evicted_keys:", "keyspace_misses:");
    write("64mb", "");
    block(here, 1, master).succeeded();
    assertThat(answer(master())).isEqualTo("OK");
  }

  @Test
  @Order(3)
  void commands_of_redis() throws Exception {
    String here = "Redis's own commands";
    String master = master();
    block(here, 0, master).succeeded();
    assertThat(block(here, 2, master).succeeded().out())
        .contains("PONG", "redis_version:", "db0:keys=", "role:master", "used_memory:");
    try (Jedis app = as("app", master)) {
      app.flushAll();
      throw new AssertionError("app may do FLUSHALL");
    } catch (JedisDataException e) {
      assertSeen(e.getMessage(), here, 0);
    }
    assertSeen(block(here, 3, master).succeeded().out(), here, 1);
  }

  private static void downAfter(int millis) throws IOException {
    for (int number = 1; number <= 3; number++) {
      try (Jedis sentinel = as("admin", "sentinel-" + number)) {
        sentinel.sentinelSet("mymaster", Map.of("down-after-milliseconds", String.valueOf(millis)));
      }
    }
  }

  /** For as long as the test needs to look, on a busy machine, nothing heals by itself. */
  private static void holdSentinelsBack() throws IOException {
    downAfter(600_000);
  }

  private static void letSentinelsGo() throws IOException {
    downAfter(5000); // as the environment file says
  }

  @Test
  @Order(4)
  void a_master_that_is_lost() throws Exception {
    String here = "The master is lost";
    String lost = master();
    holdSentinelsBack();
    try {
      lose(lost);
      awaitSeen(here, 0, 1);
    } finally {
      letSentinelsGo();
    }
    Eventually.within(SOON, () -> assertThat(answer(master())).isEqualTo("OK"));
    assertThat(master()).isNotEqualTo(lost);
    block(here, 0, lost).succeeded();
    awaitWhole();
    lose(lost);
    block(here, 1, lost).succeeded();
    awaitWhole();
    assertThat(master()).isNotEqualTo(lost);
  }

  @Test
  @Order(5)
  void two_data_nodes_that_are_lost() throws Exception {
    String here = "Two data nodes are lost";
    String replica = replicas().get(0);
    lose(master(), replicas().get(1));
    awaitSeen(here, 0);
    awaitAnswer(replica, here, 1);
    block(here, 1, replica).succeeded();
    assertThat(answer(replica)).isEqualTo("OK");
    block(here, 0, replica).succeeded();
    awaitWhole();
    assertThat(master()).isEqualTo(replica);
    block(here, 2, replica).succeeded();
    try (Jedis admin = as("admin", replica)) {
      assertThat(admin.configGet("min-replicas-to-write")).containsValue("1");
    }
  }

  @Test
  @Order(6)
  void two_sentinels_that_are_lost() throws Exception {
    String here = "Two Sentinels are lost";
    String master = master();
    lose("sentinel-2", "sentinel-3");
    awaitSeen(here, 0);
    assertThat(answer(master)).isEqualTo("OK");
    block(here, 0, master).succeeded();
  }

  @Test
  @Order(7)
  void a_zone_that_is_lost() throws Exception {
    String here = "A zone is lost";
    String lost = master();
    lose(lost, "sentinel-1");
    awaitSeen(here, 0, 1, 2);
    for (String other : List.of("redis-1", "redis-2", "redis-3")) {
      if (!other.equals(lost)) {
        // What a replica says when there is no way to its master.
        assertSeen(Files.readString(home(other).resolve("log")), "Replication is broken", 2);
      }
    }
    block(here, 0, lost).succeeded();
  }

  /**
   * No file may grow any more: what a full disk is for the server, but for the word of its error.
   */
  @Test
  @Order(8)
  void a_disk_that_is_full() throws Exception {
    String here = "The disk is full";
    String full = replicas().get(0);
    lose(full);
    Eventually.within(SOON, () -> assertThat(status().out()).contains("does not run"));
    // Without this, the signal that comes before the error would end the server.
    start(full, "env", "--block-signal=XFSZ");
    awaitWhole();
    rediform("failover", "local", "--to", full).succeeded();
    limit(full, "1");
    awaitAnswer(full, here, 1);
    awaitSeen(here, 0);
    block(here, 0, full).succeeded();
    Eventually.within(SOON, () -> assertThat(answer(master())).isEqualTo("OK"));
    assertThat(master()).isNotEqualTo(full);
    limit(full, "unlimited");
    block(here, 1, full).succeeded();
  }

  /** As a machine does when it boots. */
  private static void start(String node, String... with) throws Exception {
    List<String> command = new ArrayList<>(List.of(with));
    command.addAll(List.of("python3", home("bin/rediform-local").toString(), "apply"));
    command.add(home(node).toString());
    command.add(home("source/nodes/" + node + ".json").toString());
    Run.of(home(node), Map.of(), command).succeeded();
  }

  private static void limit(String node, String bytes) throws Exception {
    Run.of(Path.of("."), Map.of(), "prlimit", "--pid", "" + server(node), "--fsize=" + bytes + ":")
        .succeeded();
  }

  @Test
  @Order(9)
  void replication_that_is_broken() throws Exception {
    String here = "Replication is broken";
    String replica = replicas().get(0);
    try (Jedis admin = as("admin", replica);
        Jedis master = as("admin", master())) {
      admin.configSet("masterauth", "of somebody else");
      master.sendCommand(Protocol.Command.CLIENT, "KILL", "TYPE", "replica");
    }
    awaitSeen(here, 0);
    Eventually.within(SOON, () -> assertSeen(block(here, 0, replica).succeeded().out(), here, 1));
    block(here, 1, replica).succeeded();
    Eventually.within(
        SOON, () -> assertThat(status().out()).containsPattern(replica + " .*in sync"));
  }

  @Test
  @Order(10)
  void sentinels_that_disagree() throws Exception {
    String here = "Sentinels disagree";
    String master = master();
    try (Jedis admin = as("admin", master)) {
      int at = port + number(master) - 1;
      // What a Sentinel says of itself; this one is gone at once.
      admin.publish(
          "__sentinel__:hello",
          "127.0.0.1,%d,%s,0,mymaster,127.0.0.1,%d,0".formatted(port + 11, "a".repeat(40), at));
    }
    awaitSeen(here, 0);
    for (int number = 1; number <= 3; number++) {
      String sentinel = "sentinel-" + number;
      block(here, 0, sentinel).succeeded();
      Eventually.within(
          SOON, () -> assertThat(status().out()).doesNotContain("  " + sentinel + " "));
    }
  }

  @Test
  @Order(11)
  void sentinels_that_are_all_new() throws Exception {
    String here = "All Sentinels are new, and all data nodes wait";
    loseAll();
    for (int number = 1; number <= 3; number++) {
      for (String file : new String[] {"live/sentinel.conf", "memory.json"}) {
        Files.deleteIfExists(home("sentinel-" + number).resolve(file));
      }
    }
    RunningDeploy deploy = RunningDeploy.start(project, Map.of(), "local");
    Eventually.within(
        SOON,
        () -> {
          for (String node : List.of("redis-1", "redis-2", "redis-3")) {
            assertSeen(block("Start here", 2, node).ended(1).out(), here, 0);
          }
        });
    block(here, 0, "redis-2").succeeded();
    Eventually.within(SOON, () -> assertThat(status().out()).contains("takes writes"));
    for (int number = 1; number <= 3; number++) {
      block(here, 1, "sentinel-" + number).succeeded();
    }
    assertThat(deploy.await()).isZero();
    assertThat(master()).isEqualTo("redis-2");
  }

  @Test
  @Order(12)
  void two_masters() throws Exception {
    String here = "Two masters (split brain)";
    String right = master();
    String wrong = replicas().get(0);
    try (Jedis admin = as("admin", wrong)) {
      // The Sentinels do not reach it, or they would make it a replica again before it is seen.
      admin.aclSetUser("sentinel", "off");
      admin.sendCommand(Protocol.Command.CLIENT, "KILL", "USER", "sentinel");
      admin.replicaofNoOne();
    }
    awaitSeen(here, 0, 1);
    block(here, 0, wrong).succeeded();
    awaitWhole();
    assertThat(master()).isEqualTo(right);
    assertThat(home(wrong).resolve("data/aside")).isDirectory();
    Run.of(Path.of("."), Map.of(), "rm", "-r", home(wrong) + "/data/aside").succeeded();
  }

  @Test
  @Order(13)
  void a_document_that_is_refused() throws Exception {
    String here = "A node refuses its document";
    write("64mb", ", notify-keyspace-events: Q");
    assertSeen(rediform("deploy", "local").ended(1).err(), "A deploy was interrupted", 0);
    assertSeen(rediform("wait", "local", "--node", "redis-2").ended(1).err(), here, 0);
    assertSeen(status().out(), here, 1);
    assertThat(block(here, 0, "redis-3").succeeded().out())
        .contains("\"refusedDocument\"", "notify-keyspace-events");
    write("64mb", "");
    block(here, 2, "redis-3").succeeded();
  }

  @Test
  @Order(14)
  void a_deploy_that_is_killed() throws Exception {
    write("64mb", ", hz: 20");
    RunningDeploy deploy = RunningDeploy.start(project, Map.of(), "local");
    assertThat(
            deploy.killOnce(
                () -> {
                  try (Jedis admin = as("admin", "redis-3")) {
                    return admin.configGet("hz").containsValue("20");
                  }
                }))
        .as("it was under way")
        .isTrue();
    block("A deploy was interrupted", 0, "redis-3").succeeded();
    for (String node : List.of("redis-1", "redis-2", "redis-3")) {
      try (Jedis admin = as("admin", node)) {
        assertThat(admin.configGet("hz")).as(node).containsValue("20");
      }
    }
  }

  @Test
  @Order(15)
  void an_aof_that_is_damaged() throws Exception {
    String here = "The AOF is damaged";
    String node = replicas().get(0);
    lose(node);
    Eventually.within(SOON, () -> assertThat(answer(master())).isEqualTo("OK"));
    String nothing = "no command at all\r\n";
    try (Stream<Path> files = Files.list(home(node).resolve("data/appendonlydir"))) {
      for (Path file : files.filter(each -> each.toString().endsWith(".incr.aof")).toList()) {
        Files.writeString(file, nothing + Files.readString(file) + nothing);
      }
    }
    start(node);
    awaitSeen(here, 0);
    assertSeen(block("Start here", 3, node).succeeded().out(), here, 1);
    block(here, 0, node).succeeded();
    awaitWhole();
    assertThat(home(node).resolve("data/aside")).isDirectory();
  }

  private static void keepOneKey() throws Exception {
    try (Jedis app = as("app", master())) {
      app.set("kept", "for ever");
    }
    backup =
        rediform("backup", "local", "now")
            .succeeded()
            .out()
            .replaceFirst("(?s).*?(\\d{8}T\\d{6}Z-redis-\\d).*", "$1");
  }

  private static void assertKept() throws Exception {
    awaitWhole();
    try (Jedis app = as("app", master())) {
      assertThat(app.get("kept")).isEqualTo("for ever");
    }
  }

  @Test
  @Order(20)
  void all_keys_that_are_deleted_by_accident() throws Exception {
    String here = "FLUSHALL by accident";
    keepOneKey();
    String master = master();
    flushAll(master);
    String keyspace = block("Redis's own commands", 2, master).succeeded().out();
    assertSeen(keyspace, here, 0);
    assertThat(keyspace).doesNotContain("db0:");
    assertSeen(block(here, 0, master).succeeded().out(), here, 1);
    assertKept();
    flushAll(master);
    assertThat(block(here, 1, master).succeeded().out()).contains(backup);
    assertSeen(block(here, 2, master).succeeded().out(), here, 2);
    assertKept();
  }

  /** In a second of its own, and notes the one before. */
  private static void flushAll(String master) throws Exception {
    try (Jedis admin = as("admin", master)) {
      long kept = Long.parseLong(admin.time().get(0));
      Eventually.within(
          SOON, () -> assertThat(Long.parseLong(admin.time().get(0))).isGreaterThan(kept));
      moment = Instant.ofEpochSecond(kept).toString();
      admin.flushAll();
    }
  }

  /** All that machines and volumes had; what rediform-local itself keeps is none of theirs. */
  @Test
  @Order(21)
  void all_nodes_that_are_lost() throws Exception {
    String here = "Everything is lost";
    keepOneKey();
    loseAll();
    awaitSeen(here, 0);
    for (int number = 1; number <= 3; number++) {
      for (String node : List.of("redis-" + number, "sentinel-" + number)) {
        for (String lost : List.of("data", "live/sentinel.conf", "memory.json")) {
          Run.of(home(node), Map.of(), "rm", "-rf", lost).succeeded();
        }
      }
    }
    block(here, 0, "redis-1").succeeded();
    assertThat(block(here, 1, "redis-1").succeeded().out()).contains(backup);
    assertSeen(block(here, 2, "redis-1").succeeded().out(), here, 1);
    assertKept();
  }

  @Test
  @Order(100)
  void every_command_of_the_page_was_run_or_says_who_runs_it() {
    List<Runbook.Block> all =
        page.sections().stream().flatMap(section -> section.blocks().stream()).toList();
    assertThat(all.stream().filter(block -> block.elsewhere().isEmpty())).isSubsetOf(DONE);
    assertThat(all.stream().filter(block -> block.elsewhere().isPresent()))
        .as("may not grow silently")
        .hasSize(6);
  }
}
