package stacks.operate;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import stacks.cluster.Cluster;
import stacks.testing.Environments;

/** What counts as whole; that nodes are read rightly is tested on real ones. */
class ClusterStatusTest {
  private static final String ONE = "127.0.0.1:6379";
  private static final String TWO = "127.0.0.1:6380";

  private final Cluster cluster = Environments.cluster("local");
  private final List<RedisState> redis =
      new ArrayList<>(List.of(master("redis-1"), replica("redis-2", ONE), replica("redis-3", ONE)));
  private final List<SentinelState> sentinels =
      new ArrayList<>(
          List.of(sentinel(1, ONE, 2, 3), sentinel(2, ONE, 2, 3), sentinel(3, ONE, 2, 3)));

  private List<String> problems() {
    return ClusterStatus.of(cluster, redis, sentinels).problems();
  }

  @Test
  void three_nodes_and_three_sentinels_of_one_mind_are_whole() {
    assertThat(ClusterStatus.of(cluster, redis, sentinels).isWhole()).isTrue();
  }

  @Test
  void a_replica_of_another_than_the_master_is_a_problem() {
    redis.set(2, replica("redis-3", TWO));
    assertThat(problems())
        .containsExactly("redis-3 follows 127.0.0.1:6380, and master is 127.0.0.1:6379");
  }

  @Test
  void sentinels_that_agree_on_a_node_that_is_not_the_master_are_a_problem() {
    sentinels.replaceAll(node -> sentinel(Integer.parseInt(node.name().substring(9)), TWO, 2, 3));
    assertThat(problems())
        .containsExactly(
            "sentinel-1 takes for master 127.0.0.1:6380, and master is 127.0.0.1:6379",
            "sentinel-2 takes for master 127.0.0.1:6380, and master is 127.0.0.1:6379",
            "sentinel-3 takes for master 127.0.0.1:6380, and master is 127.0.0.1:6379");
  }

  @Test
  void a_sentinel_that_sees_more_or_fewer_than_there_are_is_a_problem() {
    sentinels.set(0, sentinel(1, ONE, 1, 3));
    sentinels.set(1, sentinel(2, ONE, 3, 3));
    sentinels.set(2, sentinel(3, ONE, 2, 4));
    assertThat(problems())
        .containsExactly(
            "sentinel-1 sees 1 replica, the file has 2",
            "sentinel-2 sees 3 replicas, the file has 2",
            "sentinel-3 knows 4 Sentinels, the file has 3");
  }

  @Test
  void two_masters_and_none_are_a_problem() {
    redis.set(1, master("redis-2"));
    assertThat(problems()).containsExactly("more than one node is master: redis-1, redis-2");
    redis.replaceAll(node -> replica(node.name(), ONE));
    assertThat(problems()).containsExactly("no node is master");
  }

  private RedisState master(String name) {
    return Seen.redis(name, endpoint(name), Optional.empty());
  }

  private RedisState replica(String name, String master) {
    return Seen.redis(name, endpoint(name), Optional.of(master));
  }

  private String endpoint(String name) {
    return cluster.node(name).orElseThrow().endpoint();
  }

  private static SentinelState sentinel(int number, String master, int replicas, int sentinels) {
    Map<String, Boolean> seenReplicas = new HashMap<>();
    for (int i = 0; i < replicas; i++) {
      seenReplicas.put("replica " + i, true);
    }
    Map<String, Boolean> seenSentinels = new HashMap<>();
    for (int i = 1; i < sentinels; i++) {
      seenSentinels.put("sentinel " + i, true);
    }
    return Seen.sentinel(
        "sentinel-" + number,
        "127.0.0.1:" + (26378 + number),
        master,
        true,
        seenReplicas,
        seenSentinels,
        Delivery.UNKNOWN);
  }
}
