package stacks.operate;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import stacks.cluster.Cluster;
import stacks.cluster.RedisNode;
import stacks.node.LiveSettings;
import stacks.operate.Differences.Difference;
import stacks.testing.Environments;

/** Where a cluster that is whole is not what its file says. */
class DifferencesTest {
  private final Cluster cluster = Environments.cluster("local");
  private final RedisNode node = cluster.redis().get(0);

  private List<String> words(RedisState redis, SentinelState sentinel, Map<String, String> told) {
    ClusterStatus status = new ClusterStatus("local", List.of(redis), List.of(sentinel), List.of());
    return Differences.of(cluster, status, told).stream().map(Difference::words).toList();
  }

  private RedisState redis(long maxmemory, Optional<Map<String, String>> settings) {
    return Seen.with(
        Seen.redis("redis-1", node.endpoint(), Optional.empty()),
        Optional.of(1L),
        Optional.of(maxmemory),
        settings,
        Vitals.UNKNOWN);
  }

  private SentinelState sentinel(Map<String, Boolean> replicas, Map<String, Boolean> others) {
    return Seen.sentinel(
        "sentinel-1", "127.0.0.1:26379", node.endpoint(), true, replicas, others, Delivery.UNKNOWN);
  }

  @Test
  void what_the_file_says_is_no_difference() {
    String two = cluster.redis().get(1).endpoint();
    assertThat(
            words(
                redis(node.maxmemory().bytes(), Optional.of(LiveSettings.of(cluster, node))),
                sentinel(Map.of(two, true), Map.of()),
                Map.of("redis-1", "abc")))
        .isEmpty();
  }

  @Test
  void settings_by_hand_and_settings_not_taken_and_nodes_of_nobody_are_told() {
    assertThat(
            words(
                redis(64L << 20, Optional.of(Map.of("maxmemory", "64mb"))),
                sentinel(Map.of("127.0.0.1:7001", true), Map.of("127.0.0.1:7002", false)),
                Map.of()))
        .hasSize(4)
        .anyMatch(
            it -> it.startsWith("redis-1 has not taken the file's ") && it.contains("maxmemory"))
        .contains(
            "redis-1 runs with maxmemory 64mb, the file has 128mb",
            "127.0.0.1:7001 is not in the file; sentinel-1 knows it, and it runs",
            "127.0.0.1:7002 is not in the file; sentinel-1 knows it, and it is gone");
  }

  @Test
  void another_document_is_told_and_its_settings_are_not_told_again() {
    RedisState other =
        Seen.redis(
            "redis-1",
            node.endpoint(),
            new RedisState.Server(
                "master",
                Optional.empty(),
                true,
                true,
                1,
                Optional.of(1L),
                Optional.of(1L),
                Optional.empty(),
                Optional.empty(),
                Vitals.UNKNOWN),
            Optional.empty(),
            List.of(),
            new Delivery(Optional.of("3f2a9c41d0b7aaaa"), Optional.empty(), Optional.empty()));
    assertThat(words(other, sentinel(Map.of(), Map.of()), Map.of("redis-1", "8d00000000000000")))
        .containsExactly("redis-1 runs with document 3f2a9c41d0b7, the file's is 8d0000000000");
  }
}
