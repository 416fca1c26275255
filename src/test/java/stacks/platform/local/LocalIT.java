package stacks.platform.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
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
import redis.clients.jedis.Protocol;
import redis.clients.jedis.exceptions.JedisException;
import stacks.testing.Eventually;
import stacks.testing.Project;
import stacks.testing.Run;

/**
 * The life of a local cluster: real launcher, cdktf CLI, Terraform, Redis, Sentinel and redis-py.
 */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
@Tag("alone")
class LocalIT {
  private static final String CANARY = "canary-3f1d9c27-of-the-local-password";

  /** Of a first deploy: what it plans, a few lines for each node, and what is there then. */
  private static final int MOST_LINES = 50;

  private static final StringBuilder PRINTED = new StringBuilder();

  private static Project project;
  private static int port;
  private static int sentinelPort;
  private static Set<Long> running;

  @BeforeAll
  static void project() throws Exception {
    port = Project.freePorts(12);
    sentinelPort = port + 6;
    project = Project.create().environment("local", environment(2));
    Path home = Files.createDirectories(project.folder().resolve(".rediform/local"));
    Files.writeString(home.resolve("password"), CANARY + "\n");
  }

  @AfterAll
  static void end() {
    project.close();
  }

  private static String environment(int replicas) {
    return environment(replicas, 3);
  }

  private static String environment(int replicas, int sentinels) {
    return """
        platform: local
        redis: {port: %d}
        master: {memory: 512mb, maxmemory: 64mb}
        replicas: {count: %d}
        sentinels: {count: %d, port: %d, downAfter: 2s}
        """
        .formatted(port, replicas, sentinels, sentinelPort);
  }

  private static Run rediform(String... words) throws Exception {
    Run run = project.rediform(words);
    PRINTED.append(run.all());
    return run;
  }

  /** A node that has just come back may need seconds until every Sentinel has seen it. */
  private static Run assertWhole() {
    Run[] status = new Run[1];
    Eventually.within(
        Duration.ofSeconds(60), () -> status[0] = rediform("status", "local").succeeded());
    return status[0];
  }

  @Test
  @Order(0)
  void a_plan_names_every_node_that_a_first_deploy_would_make() throws Exception {
    List<String> nodes =
        List.of("redis-1", "redis-2", "redis-3", "sentinel-1", "sentinel-2", "sentinel-3");
    String plan = rediform("plan", "local").succeeded().out();
    assertThat(plan.lines()).startsWith("local: go", "  6 nodes are new");
    for (String node : nodes) {
      assertThat(plan.lines()).anyMatch(line -> line.matches(" +\\d\\. " + node + " +new node"));
    }
    JsonNode review = json(rediform("plan", "local", "--json").succeeded());
    assertThat(review.path("verdict").asText()).isEqualTo("go");
    assertThat(review.path("findings")).isEmpty();
    assertThat(review.path("nodes").findValuesAsText("name"))
        .containsExactlyInAnyOrderElementsOf(nodes);
    assertThat(review.path("changes").findValuesAsText("address"))
        .hasSize(16)
        .contains("terraform_data.redis-1", "terraform_data.redis-1-settings");
    assertThat(project.processes()).isEmpty();
  }

  @Test
  @Order(1)
  void one_command_brings_up_three_redis_and_three_sentinels() throws Exception {
    Run deploy = rediform("deploy", "local").succeeded();
    assertThat(deploy.all()).doesNotContain("\r", "\u001b");
    assertThat(deploy.all().lines().count()).as(deploy.all()).isLessThanOrEqualTo(MOST_LINES);
    Path log = project.folder().resolve("cdktf.out/stacks/local/terraform.log");
    assertThat(log).content().contains("terraform apply -json", "\"type\":\"apply_complete\"");
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(log)))
        .isEqualTo("rw-------");
    Run status = assertWhole();
    assertThat(status.out())
        .contains("local is whole")
        .contains("redis-1")
        .contains("takes writes");
    // What is under way at that moment is a lag of some bytes.
    Eventually.within(
        Duration.ofSeconds(30),
        () ->
            assertThat(
                    rediform("status", "local").out().lines().filter(at -> at.contains("in sync")))
                .hasSize(2));
    assertThat(status.out().lines().filter(line -> line.contains("sees 2 replicas, 3 Sentinels")))
        .hasSize(3);
    running = servers();
    assertThat(running).hasSize(6);
  }

  @Test
  @Order(2)
  void deploying_twice_changes_nothing() throws Exception {
    assertThat(rediform("deploy", "local").succeeded().out()).contains("No changes");
    assertThat(servers()).isEqualTo(running);
    project.terraform("local", "plan", "-detailed-exitcode", "-input=false").ended(0);
  }

  @Test
  @Order(3)
  void a_plan_that_would_cost_a_node_its_data_is_blocked() throws Exception {
    rediform("synth", "local").succeeded();
    project
        .terraform("local", "plan", "-input=false", "-replace=terraform_data.redis-2", "-out=plan")
        .succeeded();
    JsonNode review = json(rediform("review", "local", "--json").ended(1));
    assertThat(review.path("verdict").asText()).isEqualTo("blocked");
    assertThat(review.path("findings").findValuesAsText("rule"))
        .containsExactlyInAnyOrder("data-volume-replaced", "node-replaced");
  }

  @Test
  @Order(3)
  void a_report_for_programs_says_what_the_one_for_people_says() throws Exception {
    assertThat(rediform("plan", "local").succeeded().out())
        .isEqualTo("local is what its file says; a deploy would change nothing\n");
    assertThat(json(rediform("plan", "local", "--json").succeeded()).path("changes")).isEmpty();
    JsonNode status = json(rediform("status", "local", "--json").succeeded());
    assertThat(status.path("environment").asText()).isEqualTo("local");
    assertThat(status.path("whole").asBoolean()).isTrue();
    assertThat(status.path("problems")).isEmpty();
    assertThat(status.path("redis")).hasSize(3);
    assertThat(status.at("/redis/0/name").asText()).isEqualTo("redis-1");
    assertThat(status.at("/redis/0/role").asText()).isEqualTo("master");
    assertThat(status.at("/redis/1/role").asText()).isEqualTo("replica");
    assertThat(status.at("/redis/1/master")).isEqualTo(status.at("/redis/0/endpoint"));
    assertThat(status.at("/redis/1/linkUp").asBoolean()).isTrue();
    assertThat(status.path("sentinels")).hasSize(3);
    assertThat(status.at("/sentinels/2/name").asText()).isEqualTo("sentinel-3");
    assertThat(status.at("/sentinels/2/master")).isEqualTo(status.at("/redis/0/endpoint"));
    assertThat(status.at("/sentinels/2/replicas").asInt()).isEqualTo(2);
    assertThat(status.at("/sentinels/2/sentinels").asInt()).isEqualTo(3);
  }

  @Test
  @Order(3)
  void the_outputs_say_where_the_cluster_is_and_hold_no_secret() throws Exception {
    String outputs = project.terraform("local", "output", "-json").succeeded().out();
    assertThat(outputs)
        .contains("\"mymaster\"")
        .contains("\"127.0.0.1:" + sentinelPort + "\"")
        .contains("\"redis-3\"")
        .contains("\"kind\": \"sentinel\"");
  }

  @Test
  @Order(4)
  void nobody_gets_in_without_a_password_and_sentinel_only_answers_questions() {
    try (Jedis stranger = new Jedis("127.0.0.1", port)) {
      assertThat(refusal(() -> stranger.ping())).contains("NOAUTH");
    }
    try (Jedis stranger = new Jedis("127.0.0.1", sentinelPort)) {
      assertThat(stranger.sentinelGetMasterAddrByName("mymaster"))
          .containsExactly("127.0.0.1", String.valueOf(port));
      assertThat(refusal(() -> stranger.sentinelFailover("mymaster"))).contains("NOPERM");
      assertThat(refusal(() -> stranger.sentinelSet("mymaster", Map.of("quorum", "1"))))
          .contains("NOPERM");
    }
  }

  @Test
  @Order(5)
  void the_app_may_use_data_and_nothing_dangerous() {
    try (Jedis app = app(port)) {
      assertThat(app.set("greeting", "hello")).isEqualTo("OK");
      assertThat(refusal(() -> app.flushAll())).contains("NOPERM");
      assertThat(refusal(() -> app.configGet("masterauth"))).contains("NOPERM");
      assertThat(refusal(() -> app.keys("*"))).contains("NOPERM");
    }
  }

  /** Sentinels believe whoever may publish here, and give a master their passwords. */
  private static final String HELLO = "__sentinel__:hello";

  @Test
  @Order(5)
  void the_app_names_no_master_and_still_publishes_what_is_its_own() throws Exception {
    String lie =
        "127.0.0.1,%d,%s,99999,mymaster,127.0.0.1,%d,99999"
            .formatted(port + 11, "f".repeat(40), port + 10);
    String library =
        "#!lua name=lie\nredis.register_function('lie', function(keys, words)"
            + " return redis.call('publish', words[1], words[2]) end)";
    try (Jedis app = app(port)) {
      app.functionLoadReplace(library);
      List<Runnable> ways =
          List.of(
              () -> app.publish(HELLO, lie),
              () -> app.sendCommand(Protocol.Command.SPUBLISH, HELLO, lie),
              () -> app.eval("return redis.call('publish', ARGV[1], ARGV[2])", 0, HELLO, lie),
              () -> app.fcall("lie", List.of(), List.of(HELLO, lie)));
      List<String> answers = ways.stream().map(LocalIT::refusal).toList();
      // Red first: without the rule every Sentinel names the liar's port within two seconds.
      Eventually.throughout(
          Duration.ofSeconds(5),
          () -> {
            for (int i = 0; i < 3; i++) {
              try (Jedis sentinel = new Jedis("127.0.0.1", sentinelPort + i)) {
                assertThat(sentinel.sentinelGetMasterAddrByName("mymaster"))
                    .containsExactly("127.0.0.1", String.valueOf(port));
              }
            }
          });
      assertThat(answers)
          .allMatch(
              answer ->
                  answer.matches("(?is).*(NOPERM|no permissions|ACL failure|can't publish).*"));
      assertThat(app.publish("orders", "one")).isZero();
      assertThat(app.functionDelete("lie")).isEqualTo("OK");
    }
  }

  @Test
  @Order(5)
  void clients_that_send_their_password_to_sentinels_too_may_ask_and_no_more() throws Exception {
    String others = Files.readString(project.folder().resolve(".rediform/local/secrets.json"));
    String exporter = new ObjectMapper().readTree(others).path("exporter").asText();
    for (String[] user : new String[][] {{"app", CANARY}, {"exporter", exporter}}) {
      try (Jedis sentinel =
          new Jedis(
              new HostAndPort("127.0.0.1", sentinelPort),
              DefaultJedisClientConfig.builder().user(user[0]).password(user[1]).build())) {
        assertThat(sentinel.sentinelGetMasterAddrByName("mymaster"))
            .containsExactly("127.0.0.1", String.valueOf(port));
        for (String command :
            List.of(
                "SENTINEL FAILOVER mymaster",
                "SENTINEL SET mymaster quorum 1",
                "SENTINEL RESET mymaster",
                "SENTINEL REMOVE mymaster",
                "SENTINEL MONITOR other 127.0.0.1 1 1",
                "SENTINEL CONFIG GET *",
                "PUBLISH " + HELLO + " x")) {
          String[] words = command.split(" ");
          assertThat(
                  refusal(
                      () ->
                          sentinel.sendCommand(
                              () -> words[0].getBytes(StandardCharsets.US_ASCII),
                              Arrays.copyOfRange(words, 1, words.length))))
              .as(user[0] + ": " + command)
              .contains("NOPERM");
        }
      }
    }
    assumeThat(Run.of(Path.of("."), Map.of(), PYTHON, "-c", "import redis").exitCode())
        .as("redis-py is missing; to get it: apt-get install python3-redis")
        .isZero();
    Run.of(
            Path.of("."),
            Map.of("REDIS_PASSWORD", CANARY),
            PYTHON,
            "-c",
            "import os, redis.sentinel\n"
                + "known = {'username': 'app', 'password': os.environ['REDIS_PASSWORD']}\n"
                + "found = redis.sentinel.Sentinel([('127.0.0.1', "
                + sentinelPort
                + ")], sentinel_kwargs=known, **known)\n"
                + "assert found.master_for('mymaster').set('asked', 'with a password')")
        .succeeded();
  }

  @Test
  @Order(6)
  void the_specifications_python_snippet_works_against_the_cluster() throws Exception {
    snippet("before", "1");
  }

  @Test
  @Order(7)
  void a_killed_master_is_replaced_and_comes_back_as_a_replica() throws Exception {
    try (Jedis master = master()) {
      master.set("survives", "yes");
      assertThat(master.waitReplicas(2, 2000)).isEqualTo(2);
    }
    server(port).destroyForcibly();
    Eventually.within(
        Duration.ofSeconds(30),
        () -> {
          try (Jedis master = master()) {
            assertThat(master.set("written-after", "failover")).isEqualTo("OK");
          }
        });
    assertWhole();
    try (Jedis old = app(port)) {
      assertThat(old.info("replication")).contains("role:slave").contains("master_link_status:up");
      assertThat(old.get("survives")).isEqualTo("yes");
      assertThat(old.get("written-after")).isEqualTo("failover");
    }
    snippet("after", "2");
  }

  @Test
  @Order(8)
  void a_deploy_after_a_failover_moves_nothing_back() throws Exception {
    assertThat(rediform("deploy", "local").succeeded().out()).contains("No changes");
    try (Jedis old = app(port)) {
      assertThat(old.info("replication")).contains("role:slave");
    }
  }

  @Test
  @Order(9)
  void a_new_replica_adds_itself_and_changes_no_other_node() throws Exception {
    Set<Long> before = servers();
    project.environment("local", environment(3));
    rediform("synth", "local").succeeded();
    String plan = project.terraform("local", "plan", "-no-color", "-input=false").succeeded().out();
    assertThat(changes(plan))
        .containsExactlyInAnyOrder(
            "terraform_data.programs must be replaced", // it checks the new node's port
            "terraform_data.redis-4 will be created",
            "terraform_data.redis-4-settings will be created",
            "terraform_data.whole must be replaced"); // it waits for the new node too
    rediform("deploy", "local").succeeded();
    assertThat(assertWhole().out()).contains("redis-4");
    assertThat(servers()).containsAll(before).hasSize(before.size() + 1);
  }

  @Test
  @Order(10)
  void a_node_whose_supervisor_is_gone_is_started_by_the_next_deploy() throws Exception {
    Path home = project.folder().resolve(".rediform/local/sentinel-3");
    long supervisor = Long.parseLong(Files.readString(home.resolve("run/pid")).strip());
    ProcessHandle.of(supervisor).orElseThrow().destroyForcibly();
    Eventually.within(Duration.ofSeconds(10), () -> rediform("status", "local").ended(1));
    assertThat(rediform("deploy", "local").succeeded().err()).contains("sentinel-3: starts");
    assertWhole();
    project.terraform("local", "plan", "-detailed-exitcode", "-input=false").ended(0);
  }

  @Test
  @Order(11)
  void after_the_loss_of_all_processes_a_deploy_brings_everything_back() throws Exception {
    try (Jedis master = master()) {
      master.set("before-the-loss", "1");
      assertThat(master.waitReplicas(3, 2000)).isEqualTo(3);
    }
    // As a reboot of the machine does it: supervisors first, servers with them.
    for (ProcessHandle process : project.processes()) {
      process.destroyForcibly();
    }
    Eventually.within(Duration.ofSeconds(20), () -> assertThat(project.processes()).isEmpty());
    rediform("deploy", "local").succeeded();
    assertWhole();
    try (Jedis master = master()) {
      assertThat(master.get("before-the-loss")).isEqualTo("1");
    }
  }

  @Test
  @Order(12)
  void a_changed_setting_is_live_on_every_data_node() throws Exception {
    try (Jedis master = master()) {
      master.set("before-the-change", "1");
    }
    project.environment("local", environment(3).replace("maxmemory: 64mb", "maxmemory: 96mb"));
    JsonNode review = json(rediform("plan", "local", "--json").succeeded());
    assertThat(review.path("findings")).isEmpty();
    assertThat(review.at("/costs/restarts").asInt()).isZero();
    assertThat(review.at("/nodes/0/sizes/0").asText()).isEqualTo("maxmemory 64mb becomes 96mb");
    assertThat(review.path("nodes").findValuesAsText("name"))
        .containsExactly("redis-4", "redis-3", "redis-2", "redis-1");
    Run deploy = rediform("deploy", "local").succeeded();
    assertThat(deploy.err())
        .contains("redis-4: takes maxmemory 96mb", "redis-1: takes maxmemory 96mb")
        .doesNotContain("restarts");
    assertWhole();
    for (int i = 0; i < 4; i++) {
      try (Jedis node = app(port + i)) {
        assertThat(node.info("memory")).contains("maxmemory_human:96.00M");
        assertThat(node.get("before-the-change")).isEqualTo("1");
      }
    }
  }

  @Test
  @Order(13)
  void the_password_is_nowhere_but_in_its_own_file() throws Exception {
    Path file = project.folder().resolve(".rediform/local/password");
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
        .isEqualTo("rw-------");
    project.terraform("local", "plan", "-input=false", "-out=canary-plan").succeeded();
    PRINTED.append(project.terraform("local", "show", "-json", "canary-plan").succeeded().out());
    PRINTED.append(rediform("render", "local", "redis-1").succeeded().out());
    PRINTED.append(rediform("client", "local").succeeded().out());
    for (ProcessHandle process : project.processes()) {
      PRINTED.append(read(Path.of("/proc/" + process.pid() + "/cmdline")));
      PRINTED.append(read(Path.of("/proc/" + process.pid() + "/environ")));
    }
    assertThat(PRINTED.toString()).doesNotContain(CANARY);
    assertThat(filesWith(CANARY)).containsExactly(file);
    // The other users' passwords: in files of mode 0600 below folders of mode 0700, nowhere else.
    String others = Files.readString(file.resolveSibling("secrets.json"));
    for (String secret : others.replaceAll("[{}\"\\s]", "").split(",")) {
      String value = secret.split(":")[1];
      assertThat(PRINTED.toString()).doesNotContain(value);
      for (Path holder : filesWith(value)) {
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(holder)))
            .as(holder.toString())
            .isEqualTo("rw-------");
      }
    }
  }

  @Test
  @Order(14)
  void a_replica_that_left_the_file_is_stopped_and_its_data_goes_with_it() throws Exception {
    project.environment("local", environment(2));
    assertThat(rediform("deploy", "local").succeeded().err()).contains("redis-4: stopped");
    assertThat(project.folder().resolve(".rediform/local/redis-4")).doesNotExist();
    assertThat(serverOn(port + 3)).isEmpty();
    assertWhole();
    try (Jedis master = master()) {
      assertThat(master.get("before-the-loss")).isEqualTo("1");
    }
  }

  @Test
  @Order(15)
  void sentinels_that_left_the_file_are_forgotten() throws Exception {
    project.environment("local", environment(2, 5));
    rediform("deploy", "local").succeeded();
    project.environment("local", environment(2, 3));
    assertThat(rediform("deploy", "local").succeeded().err()).contains("sentinel-5: stopped");
    assertThat(assertWhole().out().lines().filter(line -> line.contains("3 Sentinels"))).hasSize(3);
  }

  @Test
  @Order(16)
  void destroy_leaves_nothing_running_and_no_data() throws Exception {
    Run destroy = rediform("destroy", "local").succeeded();
    assertThat(destroy.err()).containsPattern("last backup \\S+-redis-\\d: [1-9]\\d* keys, ");
    assertThat(destroy.out()).contains("Its backups stay in .rediform/backups/local\n");
    assertThat(project.folder().resolve(".rediform/backups/local")).isNotEmptyDirectory();
    assertThat(project.processes()).isEmpty();
    try (Stream<Path> left = Files.list(project.folder().resolve(".rediform/local"))) {
      assertThat(left.map(path -> path.getFileName().toString()))
          .allMatch(name -> name.startsWith("terraform.tfstate"));
    }
  }

  private static void snippet(String key, String value) throws Exception {
    assumeThat(Run.of(Path.of("."), Map.of(), PYTHON, "-c", "import redis").exitCode())
        .as("redis-py is missing; to get it: apt-get install python3-redis")
        .isZero();
    Path file = project.folder().resolve("snippet.py");
    Files.writeString(file, rediform("client", "local", "--language", "python").succeeded().out());
    assertThat(Files.readString(file)).contains("('127.0.0.1', " + sentinelPort + ")");
    Run.of(
            Path.of("."),
            Map.of("REDIS_PASSWORD", CANARY),
            PYTHON,
            "src/test/python/snippet.py",
            file.toString(),
            key,
            value)
        .succeeded();
  }

  /** Debian's own Python, for which python3-redis is packaged. */
  private static final String PYTHON = "/usr/bin/python3";

  private static JsonNode json(Run run) throws IOException {
    return new ObjectMapper().readTree(run.out());
  }

  private static List<String> changes(String plan) {
    return plan.lines()
        .map(String::strip)
        .filter(line -> line.startsWith("# terraform_data"))
        .map(line -> line.substring(2).replaceAll(" \\([^)]*\\)", ""))
        .toList();
  }

  /** The master as a client finds it: asked of a Sentinel, and it must take writes there. */
  private static Jedis master() {
    try (Jedis sentinel = new Jedis("127.0.0.1", sentinelPort + 1)) {
      return app(Integer.parseInt(sentinel.sentinelGetMasterAddrByName("mymaster").get(1)));
    }
  }

  private static Jedis app(int port) {
    return new Jedis(
        new HostAndPort("127.0.0.1", port),
        DefaultJedisClientConfig.builder().user("app").password(CANARY).build());
  }

  private static String refusal(Runnable command) {
    try {
      command.run();
      return "allowed";
    } catch (JedisException e) {
      return e.getMessage();
    }
  }

  private static Set<Long> servers() {
    Set<Long> ids = new TreeSet<>();
    for (int i = 0; i < 4; i++) {
      for (int first : new int[] {port, sentinelPort}) {
        serverOn(first + i).ifPresent(process -> ids.add(process.pid()));
      }
    }
    return ids;
  }

  private static ProcessHandle server(int port) {
    return serverOn(port).orElseThrow(() -> new AssertionError("no server on port " + port));
  }

  /** Redis names its process after its address: {@code redis-server 127.0.0.1:6379}. */
  private static java.util.Optional<ProcessHandle> serverOn(int port) {
    return ProcessHandle.allProcesses()
        .filter(
            process -> {
              String line = read(Path.of("/proc/" + process.pid() + "/cmdline"));
              return line.contains("redis-server 127.0.0.1:" + port);
            })
        .findFirst();
  }

  private static List<Path> filesWith(String text) throws IOException {
    List<Path> found = new ArrayList<>();
    for (String below : List.of(".rediform", "cdktf.out", "environments")) {
      try (Stream<Path> files = Files.walk(project.folder().resolve(below))) {
        files
            .filter(Files::isRegularFile)
            .filter(file -> read(file).contains(text))
            .forEach(found::add);
      }
    }
    return found;
  }

  private static String read(Path file) {
    try {
      return Files.readString(file, StandardCharsets.ISO_8859_1);
    } catch (IOException e) {
      return ""; // a process that has ended meanwhile
    }
  }
}
