package stacks.operate;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import stacks.cluster.Cluster;
import stacks.operate.Outlook.Writes;
import stacks.testing.Environments;

/** What a status means for writes now, and after one more loss. */
class OutlookTest {
  private static final String FILE = "platform: aws\naws: {region: eu-central-1}\n";

  private final Cluster cluster = Environments.cluster("cache", FILE);
  private final List<RedisState> redis = new ArrayList<>();
  private final List<SentinelState> sentinels = new ArrayList<>();

  private void whole(Cluster of) {
    String master = of.redis().get(0).endpoint();
    redis.clear();
    sentinels.clear();
    of.redis()
        .forEach(
            node ->
                redis.add(
                    Seen.redis(
                        node.name(),
                        node.endpoint(),
                        Optional.of(master).filter(it -> !it.equals(node.endpoint())))));
    for (int i = 0; i < of.sentinels().size(); i++) {
      sentinels.add(sentinel(of, i, master));
    }
  }

  private static SentinelState sentinel(Cluster of, int number, String master) {
    Map<String, Boolean> replicas = new HashMap<>();
    Map<String, Boolean> others = new HashMap<>();
    of.redis().stream()
        .filter(node -> !node.endpoint().equals(master))
        .forEach(node -> replicas.put(node.endpoint(), true));
    String own = of.sentinels().get(number).endpoint();
    of.sentinels().stream()
        .filter(node -> !node.endpoint().equals(own))
        .forEach(node -> others.put(node.endpoint(), true));
    return Seen.sentinel(
        of.sentinels().get(number).name(), own, master, true, replicas, others, Delivery.UNKNOWN);
  }

  private Outlook outlook(Cluster of) {
    return Outlook.of(of, ClusterStatus.of(of, redis, sentinels));
  }

  private void silent(int number, boolean down, String why) {
    RedisState node = redis.get(number);
    redis.set(
        number, Seen.missing(node.name(), node.endpoint(), down, down, why, Delivery.UNKNOWN));
  }

  @Test
  void three_and_three_in_three_zones_survive_any_node_and_any_zone() {
    whole(cluster);
    assertThat(outlook(cluster).sentence())
        .isEqualTo(
            "cache is whole: it takes writes on redis-1, and goes on after the loss of any one node"
                + " or zone");
    assertThat(outlook(cluster).survivesOneLoss()).contains(true);
  }

  @Test
  void with_one_replica_the_loss_of_either_stops_writes() {
    Cluster two = Environments.cluster("cache", FILE + "replicas: {count: 1}\n");
    whole(two);
    assertThat(outlook(two).sentence())
        .isEqualTo(
            "cache is whole: it takes writes on redis-1; the loss of redis-1 or redis-2 would stop"
                + " them");
    Cluster careless =
        Environments.cluster(
            "cache",
            FILE + "replicas: {count: 1}\n" + "redis: {config: {min-replicas-to-write: 0}}\n");
    whole(careless);
    assertThat(outlook(careless).survivesOneLoss()).contains(true);
  }

  @Test
  void a_lost_replica_and_a_lost_majority_leave_nothing_to_spare() {
    whole(cluster);
    silent(2, true, "does not run");
    assertThat(outlook(cluster).stoppedBy()).containsExactly("redis-1", "redis-2");
    whole(cluster);
    for (int i = 1; i <= 2; i++) {
      SentinelState node = sentinels.get(i);
      sentinels.set(
          i, Seen.missingSentinel(node.name(), node.endpoint(), true, true, "does not run"));
    }
    assertThat(outlook(cluster).writes()).isEqualTo(Writes.YES);
    assertThat(outlook(cluster).stoppedBy()).containsExactly("redis-1");
  }

  @Test
  void sentinels_that_watch_another_master_save_nobody() {
    whole(cluster);
    String other = cluster.redis().get(1).endpoint();
    sentinels.set(1, sentinel(cluster, 1, other));
    sentinels.set(2, sentinel(cluster, 2, other));
    Outlook split = outlook(cluster);
    assertThat(split.sentence()).startsWith("cache is not whole: it takes writes on redis-1;");
    assertThat(split.stoppedBy()).containsExactly("redis-1");
  }

  @Test
  void of_two_masters_the_one_that_most_sentinels_name_takes_writes() {
    whole(cluster);
    redis.set(1, Seen.redis("redis-2", redis.get(1).endpoint(), Optional.empty()));
    assertThat(outlook(cluster).sentence()).contains("not whole: it takes writes on redis-1");
    sentinels.set(0, sentinel(cluster, 0, redis.get(1).endpoint()));
    sentinels.remove(2);
    assertThat(outlook(cluster).writes()).isEqualTo(Writes.NO);
    assertThat(outlook(cluster).sentence()).contains("more than one node is master");
  }

  @Test
  void a_master_that_is_down_or_refuses_writes_takes_none() {
    whole(cluster);
    silent(0, true, "does not run");
    assertThat(outlook(cluster).sentence())
        .isEqualTo(
            "cache is not whole: no writes: no node is master; the Sentinels are able to promote a"
                + " replica");
    whole(cluster);
    redis.set(
        0,
        Seen.redis(
            "redis-1",
            redis.get(0).endpoint(),
            Optional.empty(),
            Optional.of("refuses writes: no replica is in sync (min-replicas-to-write)"),
            false));
    assertThat(outlook(cluster).sentence())
        .isEqualTo(
            "cache is not whole: no writes: redis-1 refuses writes: no replica is in sync"
                + " (min-replicas-to-write)");
  }

  @Test
  void what_cannot_be_seen_from_here_is_not_said_to_be_down() {
    whole(cluster);
    for (int i = 0; i < 3; i++) {
      RedisState node = redis.get(i);
      redis.set(
          i,
          Seen.missing(
              node.name(),
              node.endpoint(),
              true,
              false,
              DirectLook.NO_ACCESS.get(1),
              Delivery.UNKNOWN));
    }
    assertThat(outlook(cluster).writes()).isEqualTo(Writes.UNKNOWN);
    assertThat(outlook(cluster).sentence())
        .contains("the Sentinels name redis-1", "does not accept the password of user app");
    assertThat(ClusterStatus.of(cluster, redis, sentinels).isPasswordWrong()).isTrue();
    sentinels.replaceAll(node -> Seen.with(node, "sees the master as down (master,s_down)"));
    assertThat(outlook(cluster).writes()).isEqualTo(Writes.NO);
    for (int i = 0; i < 3; i++) {
      silent(i, false, "does not answer");
      sentinels.set(
          i,
          Seen.missingSentinel(
              sentinels.get(i).name(), sentinels.get(i).endpoint(), false, false, "is silent"));
    }
    assertThat(outlook(cluster).sentence())
        .isEqualTo("cache is not whole: whether it takes writes is unknown: no node answers");
  }
}
