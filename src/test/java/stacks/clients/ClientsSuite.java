package stacks.clients;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import org.assertj.core.api.SoftAssertions;
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
import stacks.testing.ClientProgram;
import stacks.testing.Eventually;
import stacks.testing.Evidence;
import stacks.testing.Project;
import stacks.testing.Run;

/**
 * Every library that can be had here goes on by itself when the master changes: the very text that
 * {@code rediform client} prints, in a small program, all programs at the same time.
 */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
@Tag("alone")
class ClientsSuite {
  private static final Duration DOWN_AFTER = Duration.ofSeconds(2);

  /** So many writes in a row, and a program works. */
  private static final int WORKS = 50;

  private static final Evidence EVIDENCE = new Evidence("clients.md", "clients");

  private static Project project;
  private static int port;
  private static String password;
  private static ClientTools tools;
  private static final List<ClientProgram> PROGRAMS = new ArrayList<>();

  /** Of each library: the longest time without writes at each change, in the order of the tests. */
  private static final Map<Library, List<String>> GAPS = new EnumMap<>(Library.class);

  /** Of each library: the most writes that one change has cost. */
  private static final Map<Library, Integer> LOST = new EnumMap<>(Library.class);

  @BeforeAll
  static void started() throws Exception {
    port = Project.freePorts(14);
    project = Project.create().environment("local", Project.smallLocal(port));
    project.rediform("deploy", "local").succeeded();
    password = Files.readString(project.folder().resolve(".rediform/local/password")).strip();
    tools = new ClientTools(project, password, port + 12);
    for (Library library : ClientTools.RUN) {
      PROGRAMS.add(tools.start(library));
    }
    works(System.nanoTime(), Duration.ofSeconds(60));
  }

  @AfterAll
  static void end() throws Exception {
    PROGRAMS.forEach(ClientProgram::close);
    if (tools != null) {
      tools.close();
    }
    project.close();
  }

  @Test
  @Order(1)
  void every_client_goes_on_after_a_planned_change_and_loses_nothing() throws Exception {
    long before = System.nanoTime();
    project.rediform("failover", "local").succeeded();
    works(System.nanoTime(), Duration.ofSeconds(30));
    seen("planned", before, ClientLimits::planned, 0);
  }

  @Test
  @Order(2)
  void every_client_goes_on_after_a_crash_of_the_master() throws Exception {
    healthy();
    int crashed = master();
    long before = System.nanoTime();
    server(crashed).destroyForcibly();
    changed(crashed);
    seen("crash", before, ClientLimits::crash, ClientLimits.UNDER_WAY);
  }

  @Test
  @Order(3)
  void every_client_goes_on_when_the_master_hangs() throws Exception {
    healthy();
    int hung = master();
    long pid = server(hung).pid();
    long before = System.nanoTime();
    Run.of(Path.of("."), Map.of(), "kill", "-STOP", String.valueOf(pid)).succeeded();
    try {
      changed(hung);
    } finally {
      Run.of(Path.of("."), Map.of(), "kill", "-CONT", String.valueOf(pid));
    }
    seen("hang", before, ClientLimits::hang, ClientLimits.UNDER_WAY);
  }

  @Test
  @Order(4)
  void what_is_for_reads_leads_to_a_replica_afterwards() throws Exception {
    healthy();
    tools.stop();
    SoftAssertions all = new SoftAssertions();
    for (ClientProgram program : PROGRAMS) {
      all.assertThat(program.end(Duration.ofSeconds(30)))
          .as(program.said())
          .isIn(ClientTools.readsFrom(Library.of(program.name()).orElseThrow()));
    }
    all.assertAll();
    EVIDENCE.save(
        List.of("library", "version", "planned", "crash", "hang", "lost"),
        rows(),
        "Redis " + redisVersion());
  }

  /** Until each program has had some writes acknowledged since then. */
  private static void works(long since, Duration limit) {
    Eventually.within(
        limit,
        () -> {
          for (ClientProgram program : PROGRAMS) {
            assertThat(program.acknowledgedSince(since))
                .as(program.said())
                .isGreaterThanOrEqualTo(WORKS);
          }
        });
  }

  /** Until another node is the master and each program writes to it. */
  private static void changed(int from) {
    Eventually.within(Duration.ofSeconds(20), () -> assertThat(master()).isNotEqualTo(from));
    works(System.nanoTime(), Duration.ofSeconds(60));
  }

  private static void healthy() {
    Eventually.within(
        Duration.ofSeconds(60), () -> project.rediform("status", "local").succeeded());
  }

  /** Asserts what a change cost each program, and keeps it. */
  private static void seen(
      String change, long since, Function<Library, Duration> limit, int mostLost) {
    SoftAssertions all = new SoftAssertions();
    for (ClientProgram program : PROGRAMS) {
      Library library = Library.of(program.name()).orElseThrow();
      Duration gap = program.longestGapSince(since);
      int lost = lost(program, mostLost);
      System.out.printf(
          "%-20s %-8s no writes for %d ms, lost %d of %d, failed %d%n",
          library, change, gap.toMillis(), lost, program.acknowledged().size(), program.failures());
      all.assertThat(gap).as(library + ": " + change).isLessThanOrEqualTo(limit.apply(library));
      all.assertThat(lost).as(library + ": lost writes").isLessThanOrEqualTo(mostLost);
      GAPS.computeIfAbsent(library, key -> new ArrayList<>())
          .add(String.format(Locale.ROOT, "%.1f s", gap.toMillis() / 1000.0));
      LOST.merge(library, lost, Math::max);
    }
    all.assertAll();
  }

  /** Acknowledged writes that the master does not have; a task's result takes its time. */
  private static int lost(ClientProgram program, int most) {
    List<String> acknowledged = program.acknowledged();
    int[] lost = new int[1];
    try {
      Eventually.within(
          Duration.ofSeconds(10),
          () -> {
            int missing = 0;
            try (Jedis master = app(master())) {
              for (String key : acknowledged) {
                missing += master.exists(key) ? 0 : 1;
              }
            }
            lost[0] = missing;
            assertThat(lost[0]).isLessThanOrEqualTo(most);
          });
    } catch (AssertionError e) {
      return lost[0]; // the caller compares it with the same limit, for all programs
    }
    return lost[0];
  }

  private static Map<String, List<String>> rows() throws Exception {
    Map<String, List<String>> rows = new LinkedHashMap<>();
    for (Library library : GAPS.keySet()) {
      List<String> cells = new ArrayList<>(List.of(tools.version(library)));
      cells.addAll(GAPS.get(library));
      cells.add(String.valueOf(LOST.get(library)));
      rows.put(library.id(), cells);
    }
    return rows;
  }

  private static String redisVersion() {
    try (Jedis node = app(master())) {
      return node.info("server")
          .lines()
          .filter(line -> line.startsWith("redis_version:"))
          .findFirst()
          .orElseThrow()
          .substring("redis_version:".length());
    }
  }

  /** The port of the node that a Sentinel names and that is a master. */
  private static int master() {
    try (Jedis sentinel = new Jedis("127.0.0.1", port + 7)) {
      int named = Integer.parseInt(sentinel.sentinelGetMasterAddrByName("mymaster").get(1));
      try (Jedis node = app(named)) {
        assertThat(node.info("replication")).contains("role:master");
      }
      return named;
    }
  }

  private static Jedis app(int port) {
    return new Jedis(
        new HostAndPort("127.0.0.1", port),
        DefaultJedisClientConfig.builder()
            .user("app")
            .password(password)
            .timeoutMillis(1000)
            .build());
  }

  /** The server of a port: its process names itself after its address. */
  private static ProcessHandle server(int port) {
    String named = "redis-server 127.0.0.1:" + port;
    return ProcessHandle.allProcesses()
        .filter(process -> Project.commandLine(process).contains(named))
        .findFirst()
        .orElseThrow();
  }
}
