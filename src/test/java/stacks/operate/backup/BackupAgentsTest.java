package stacks.operate.backup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import stacks.cluster.Cluster;
import stacks.operate.Agents;
import stacks.operate.NotPossible;
import stacks.testing.Environments;

/** What is asked of which node, and what becomes of each kind of answer. */
class BackupAgentsTest {
  private static final Cluster CLUSTER = Environments.cluster("cache", "platform: local\n");
  private static final String UNREACHED = "echo 'No route to host' >&2; exit 255";
  private static final String NONE =
      "echo '{\"place\": \"../../backups/cache\", \"backups\": [], \"failure\": null, \"later\": 1}'";

  private final List<String> asked = new ArrayList<>();

  /** Nodes that each answer by a script; one without is not reached. */
  private BackupAgents agents(Map<String, String> scripts) {
    return agents(CLUSTER, scripts);
  }

  private BackupAgents agents(Cluster cluster, Map<String, String> scripts) {
    return new BackupAgents(
        cluster,
        new Agents(
            (node, words) -> {
              asked.add(node.name() + " " + String.join(" ", words));
              return List.of("sh", "-c", scripts.getOrDefault(node.name(), UNREACHED));
            }));
  }

  @Test
  void the_first_node_that_answers_says_which_there_are() throws Exception {
    BackupAgents.Listing listing =
        agents(Map.of("redis-2", "echo 'redis-2: no bucket' >&2; exit 1", "redis-3", NONE)).list();
    assertThat(listing.node().name()).isEqualTo("redis-3");
    assertThat(listing.backups().place()).isEqualTo(".rediform/backups/cache");
    assertThat(asked).containsExactly("redis-1 backups", "redis-2 backups", "redis-3 backups");
  }

  @Test
  void where_none_can_say_it_each_reason_is_told() {
    assertThatThrownBy(() -> agents(Map.of()).list())
        .isInstanceOf(Missing.class)
        .hasMessageContaining("no data node of cache can be reached: redis-1: No route to host;");
    assertThatThrownBy(
            () ->
                agents(
                        Map.of(
                            "redis-1", "echo 'redis-1: no bucket' >&2; exit 1",
                            "redis-2", "echo 'invalid choice' >&2; exit 2",
                            "redis-3", "echo Welcome"))
                    .list())
        .isInstanceOf(NotPossible.class)
        .hasMessage(
            "no node can say which backups there are: redis-1: no bucket; redis-2: its agent is of"
                + " an older release and knows no backups; to renew it: ./rediform deploy cache;"
                + " redis-3: Welcome");
  }

  private static String health(String role, String rest) {
    return "echo '{\"fit\": true, \"state\": \"up\", \"role\": \"%s\", \"offset\": 1%s}'"
        .formatted(role, rest);
  }

  @ParameterizedTest
  @CsvSource({
    "up, up, redis-2",
    "down, up, redis-3",
    "down, down, redis-1",
  })
  void the_first_replica_in_sync_takes_it_and_the_master_only_without_one(
      String second, String third, String chosen) {
    String link = ", \"master\": \"m\", \"link\": \"%s\"";
    Map<String, String> nodes =
        Map.of(
            "redis-1", health("master", ", \"replicas\": 0, \"refusesWrites\": true"),
            "redis-2", health("replica", link.formatted(second)),
            "redis-3", health("replica", link.formatted(third)));
    assertThatThrownBy(() -> agents(nodes).now(line -> {})).isInstanceOf(NotPossible.class);
    assertThat(asked).contains(chosen + " backup --now");
  }

  @Test
  void replicas_come_in_the_order_of_their_addresses_as_the_agents_have_it() {
    // redis-4 is in the zone of redis-1, below the addresses of redis-2.
    Cluster cluster = Environments.cluster("cache", "platform: aws\nreplicas: {count: 3}\n");
    String replica = health("replica", ", \"master\": \"m\", \"link\": \"up\"");
    Map<String, String> nodes = Map.of("redis-2", replica, "redis-3", replica, "redis-4", replica);
    assertThatThrownBy(() -> agents(cluster, nodes).now(line -> {}))
        .isInstanceOf(NotPossible.class);
    assertThat(asked).contains("redis-4 backup --now");
  }

  @Test
  void nothing_is_asked_of_a_cluster_that_cannot_be_reached() {
    assertThatThrownBy(() -> agents(Map.of()).now(line -> {}))
        .isInstanceOf(Missing.class)
        .hasMessageContaining("no node of cache can be reached");
    assertThat(asked).noneMatch(words -> words.contains("--now"));
  }

  @Test
  void a_way_that_falls_silent_is_given_up() {
    Agents agents = new Agents((node, words) -> List.of("sh", "-c", "echo first; sleep 600"));
    StringBuilder read = new StringBuilder();
    Agents.Answer answer =
        agents.stream(
            CLUSTER.firstMaster(),
            Duration.ofSeconds(1),
            out -> {
              for (int one = out.read(); one >= 0; one = out.read()) {
                read.append((char) one);
              }
            },
            "backup");
    assertThat(answer.reached()).isFalse();
    assertThat(answer.out()).isEqualTo("nothing came for 1 s");
    assertThat(read).hasToString("first\n");
  }

  @Test
  void a_redis_reads_the_formats_of_its_release_and_of_those_before() throws Exception {
    Programs.RedisVersion seven = new Programs.RedisVersion(7, 0, 15);
    Verification.readable(10, "7.0.15", seven);
    assertThatThrownBy(() -> Verification.readable(12, "8.0.2", seven))
        .hasMessage(
            "its RDB has version 12, written by Redis 8.0.2; the Redis of this machine is 7.0.15"
                + " and reads versions up to 10. Verify it on a machine with Redis 7.4 or newer");
    assertThat(new Programs.RedisVersion(7, 2, 0).newestRdb()).isEqualTo(11);
    assertThat(new Programs.RedisVersion(7, 4, 0).newestRdb()).isEqualTo(12);
    assertThat(new Programs.RedisVersion(8, 0, 2).newestRdb()).isEqualTo(12);
    Verification.readable(13, "9.0.0", new Programs.RedisVersion(9, 0, 0));
  }

  @Test
  void each_database_must_have_its_keys() throws Exception {
    TreeMap<Integer, Long> keys = new TreeMap<>(Map.of(0, 5L, 3, 1L));
    Verification.sameKeys(keys, new TreeMap<>(keys));
    assertThatThrownBy(() -> Verification.sameKeys(keys, new TreeMap<>(Map.of(0, 5L, 2, 1L))))
        .hasMessage("database 2 has 1 keys when it is loaded, and its manifest says 0");
  }
}
