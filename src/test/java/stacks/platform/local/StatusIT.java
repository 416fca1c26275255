package stacks.platform.local;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.networknt.schema.InputFormat;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import redis.clients.jedis.DefaultJedisClientConfig;
import redis.clients.jedis.HostAndPort;
import redis.clients.jedis.Jedis;
import redis.clients.jedis.Protocol;
import stacks.cluster.Cluster;
import stacks.operate.ClusterStatus;
import stacks.operate.Look;
import stacks.operate.Outlook;
import stacks.operate.Password;
import stacks.operate.RedisState;
import stacks.testing.Environments;
import stacks.testing.Eventually;
import stacks.testing.Project;
import stacks.testing.Run;

/** {@code status} of a real cluster: when all is well, and when its servers are not. */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class StatusIT {
  private static final Duration SOON = Duration.ofMinutes(2);

  /** What a person may have to wait for the verdict, whatever nodes do. */
  private static final Duration VERDICT = Duration.ofSeconds(3);

  private static Project project;
  private static Cluster cluster;
  private static int port;

  @BeforeAll
  static void deploys() throws Exception {
    port = Project.freePorts(12);
    String file =
        """
        platform: local
        redis: {port: %d}
        master: {memory: 512mb, maxmemory: 64mb}
        sentinels: {port: %d, downAfter: 20s}
        """
            .formatted(port, port + 6);
    project = Project.create();
    project.environment("local", file);
    cluster = Environments.cluster("local", file);
    project.rediform("deploy", "local").succeeded();
  }

  @AfterAll
  static void destroys() throws Exception {
    project.rediform("destroy", "local", "--no-last-backup");
    project.close();
  }

  private static Path home(String name) {
    return project.folder().resolve(".rediform/local").resolve(name);
  }

  private static Password password() throws Exception {
    return new Password(Files.readString(home("password")).strip());
  }

  private static JsonNode json(Run run) throws Exception {
    return new ObjectMapper().readTree(run.out());
  }

  /** By Redis's own protocol, and in time. */
  private static ClusterStatus look(Password password) {
    long start = System.nanoTime();
    ClusterStatus status = Look.direct(password).at(cluster);
    assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(VERDICT);
    return status;
  }

  private static void signal(String signal, String node) throws Exception {
    String pid = Files.readString(home(node).resolve("run/server.pid")).strip();
    assertThat(new ProcessBuilder("kill", "-" + signal, pid).start().waitFor()).isZero();
  }

  private static Jedis admin(String node) throws Exception {
    String secrets = Files.readString(home("secrets.json"));
    String password = new ObjectMapper().readTree(secrets).path("admin").asText();
    return new Jedis(
        HostAndPort.from(cluster.node(node).orElseThrow().endpoint()),
        DefaultJedisClientConfig.builder().user("admin").password(password).build());
  }

  @Test
  @Order(0)
  void a_program_is_told_all_of_a_cluster_that_is_whole() throws Exception {
    JsonNode[] said = new JsonNode[1];
    Eventually.within(
        SOON, () -> said[0] = json(project.rediform("status", "local", "--json").succeeded()));
    assertThat(
            SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12)
                .getSchema(Files.readString(Path.of("docs/status.schema.json")))
                .validate(said[0].toString(), InputFormat.JSON))
        .isEmpty();
    assertThat(said[0].at("/outlook/writes").asText()).isEqualTo("yes");
    assertThat(said[0].at("/outlook/survivesOneLoss").asBoolean()).isTrue();
    assertThat(said[0].path("differences")).isEmpty();
    assertThat(said[0].path("steps")).isEmpty();
    for (String field :
        List.of("redisVersion", "upSeconds", "opsPerSecond", "clients", "maxclients", "document")) {
      assertThat(said[0].path("redis").findValues(field)).as(field).noneMatch(JsonNode::isNull);
    }
    for (String field : List.of("redisVersion", "upSeconds", "configEpoch", "masterSeconds")) {
      assertThat(said[0].path("sentinels").findValues(field)).as(field).noneMatch(JsonNode::isNull);
    }
  }

  @Test
  @Order(1)
  void a_look_by_password_tells_the_same_of_servers() throws Exception {
    ClusterStatus status = look(password());
    assertThat(status.problems()).isEmpty();
    assertThat(status.nodes())
        .allMatch(node -> node.vitals().redisVersion().isPresent())
        .allMatch(node -> node.vitals().upSeconds().isPresent())
        .allMatch(node -> node.vitals().clients().isPresent())
        .allMatch(node -> node.vitals().maxclients().isPresent());
    assertThat(status.sentinels())
        .allMatch(node -> node.answer().said().orElseThrow().masterSeconds().isPresent());
  }

  @Test
  @Order(2)
  void a_wrong_password_is_no_cluster_that_is_down() {
    ClusterStatus status = look(new Password("wrong"));
    assertThat(status.isPasswordWrong()).isTrue();
    assertThat(Outlook.of(cluster, status).writes()).isEqualTo(Outlook.Writes.UNKNOWN);
  }

  @Test
  @Order(3)
  void a_replica_whose_clients_fill_it_is_named() throws Exception {
    List<Jedis> clients = new ArrayList<>();
    try (Jedis admin = admin("redis-3")) {
      admin.configSet("maxclients", "20");
      for (int i = 0; i < 20; i++) {
        Jedis client = new Jedis(HostAndPort.from(cluster.redis().get(2).endpoint()));
        clients.add(client);
        client.connect();
      }
      Eventually.within(
          SOON,
          () ->
              assertThat(look(password()).problems())
                  .anyMatch(it -> it.startsWith("redis-3 has no room for another connection")));
      assertThat(Outlook.of(cluster, look(password())).writes()).isEqualTo(Outlook.Writes.YES);
      admin.configSet("maxclients", "10000");
    } finally {
      clients.forEach(Jedis::close);
    }
  }

  @Test
  @Order(4)
  void a_watch_in_a_pipe_says_when_a_server_hangs_and_again_when_it_goes_on() throws Exception {
    Path log = project.folder().resolve("watch.log");
    Process watch =
        new ProcessBuilder("./rediform", "status", "local", "--watch", "--every", "1s")
            .directory(project.folder().toFile())
            .redirectErrorStream(true)
            .redirectOutput(log.toFile())
            .start();
    try {
      Eventually.within(SOON, () -> assertThat(verdicts(log)).hasSize(1));
      signal("STOP", "redis-2");
      Eventually.within(SOON, () -> assertThat(verdicts(log)).hasSizeGreaterThan(1));
      assertThat(look(password()).problems()).contains("redis-2 does not answer");
      Run status = project.rediform("status", "local").ended(1);
      assertThat(status.out())
          .startsWith("local is not whole: it takes writes on redis-1; the loss of ")
          .contains("127.0.0.1:" + (port + 1) + " gave no answer", "./rediform deploy local");
      signal("CONT", "redis-2");
      Eventually.within(
          SOON, () -> assertThat(verdicts(log).get(verdicts(log).size() - 1)).contains("is whole"));
    } finally {
      signal("CONT", "redis-2");
      watch.descendants().forEach(ProcessHandle::destroy);
      watch.destroy();
    }
    assertThat(watch.waitFor(20, TimeUnit.SECONDS)).isTrue();
    assertThat(log).content().doesNotContain("Exception", "\u001b");
  }

  private static List<String> verdicts(Path log) throws Exception {
    return Files.readString(log).lines().filter(line -> line.startsWith("local is ")).toList();
  }

  @Test
  @Order(5)
  void a_page_is_written() throws Exception {
    project.rediform("status", "local", "--html", "status.html").succeeded();
    assertThat(project.folder().resolve("status.html"))
        .content()
        .contains("<title>Status of local: whole</title>", "it takes writes on redis-1", "<svg ");
  }

  /** The last one: the Sentinels are not put right again. */
  @Test
  @Order(6)
  void sentinels_of_two_minds_do_not_make_a_cluster_that_takes_no_writes() throws Exception {
    try (Jedis sentinel = admin("sentinel-3")) {
      String name = cluster.environment().sentinels().masterName();
      sentinel.sendCommand(Protocol.Command.SENTINEL, "REMOVE", name);
      sentinel.sendCommand(
          Protocol.Command.SENTINEL, "MONITOR", name, "127.0.0.1", String.valueOf(port + 1), "2");
    }
    ClusterStatus status = look(password());
    assertThat(status.problems())
        .contains(
            "sentinel-3 takes for master 127.0.0.1:%d, and master is 127.0.0.1:%d"
                .formatted(port + 1, port));
    Outlook outlook = Outlook.of(cluster, status);
    assertThat(outlook.sentence()).startsWith("local is not whole: it takes writes on redis-1");
    assertThat(status.master().map(RedisState::name)).contains("redis-1");
  }
}
