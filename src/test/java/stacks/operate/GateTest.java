package stacks.operate;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import stacks.cluster.Cluster;
import stacks.cluster.Node;
import stacks.node.LiveSettings;
import stacks.operate.Gate.Verdict;
import stacks.testing.Environments;

/** When a node may be changed, and when a cluster is whole, whatever was seen. */
class GateTest {
  private static final long MIB = 1 << 20;

  private final Cluster cluster = Environments.cluster("local");
  private final String one = endpoint("redis-1");
  private final String two = endpoint("redis-2");
  private final List<RedisState> redis = new ArrayList<>();
  private final List<SentinelState> sentinels = new ArrayList<>();

  @BeforeEach
  void aWholeCluster() {
    redis.addAll(
        List.of(
            redis("redis-1", "master", Optional.empty(), Optional.empty()),
            redis("redis-2", "replica", Optional.of(one), Optional.empty()),
            redis("redis-3", "replica", Optional.of(one), Optional.empty())));
    for (int i = 1; i <= 3; i++) {
      sentinels.add(sentinel("sentinel-" + i, one, true, Set.of(), Set.of()));
    }
  }

  private String endpoint(String name) {
    return cluster.node(name).orElseThrow().endpoint();
  }

  private RedisState redis(
      String name, String role, Optional<String> master, Optional<String> problem) {
    return redis(name, role, master, problem, true);
  }

  private RedisState redis(
      String name, String role, Optional<String> master, Optional<String> problem, boolean linkUp) {
    return Seen.withMemory(
        Seen.redis(name, endpoint(name), master, problem, linkUp), 10 * MIB, 128 * MIB);
  }

  private SentinelState sentinel(
      String name, String master, boolean knows, Set<String> down, Set<String> strangers) {
    Map<String, Boolean> replicas = new HashMap<>();
    Map<String, Boolean> others = new HashMap<>();
    if (knows) {
      for (Node node : cluster.nodes()) {
        boolean up = !down.contains(node.name());
        if (node.kind().equals("sentinel") && !node.name().equals(name)) {
          others.put(node.endpoint(), up);
        } else if (node.kind().equals("redis") && !node.endpoint().equals(master)) {
          replicas.put(node.endpoint(), up);
        }
      }
      strangers.forEach(stranger -> others.put(stranger, stranger.startsWith("up")));
    }
    return Seen.sentinel(name, endpoint(name), master, knows, replicas, others, Delivery.UNKNOWN);
  }

  private static RedisState silentRedis(
      String name, String endpoint, boolean reached, boolean down, String problem) {
    return Seen.missing(name, endpoint, reached, down, problem, Delivery.UNKNOWN);
  }

  private static SentinelState silentSentinel(
      String name, String endpoint, boolean reached, boolean down, String problem) {
    return Seen.missingSentinel(name, endpoint, reached, down, problem);
  }

  private Verdict before(String name) {
    return before(name, Access.ALL);
  }

  private Verdict before(String name, Set<String> existing) {
    Gate gate = Gate.before(cluster, cluster.node(name).orElseThrow(), existing, Map.of());
    Set<String> there = new java.util.HashSet<>();
    gate.toLookAt().nodes().forEach(node -> there.add(node.name()));
    return gate.judge(
        ClusterStatus.of(
            cluster,
            redis.stream().filter(node -> there.contains(node.name())).toList(),
            sentinels.stream().filter(node -> there.contains(node.name())).toList()));
  }

  private static final class Access {
    static final Set<String> ALL =
        Set.of("redis-1", "redis-2", "redis-3", "sentinel-1", "sentinel-2", "sentinel-3");
  }

  private Verdict whole() {
    return Gate.whole(cluster, Map.of()).judge(ClusterStatus.of(cluster, redis, sentinels));
  }

  @Test
  void any_node_of_a_whole_cluster_may_be_changed() {
    for (Node node : cluster.nodes()) {
      assertThat(before(node.name()).isOpen()).as(node.name()).isTrue();
    }
    assertThat(whole().isOpen()).isTrue();
    assertThat(whole().mustForget()).isEmpty();
  }

  @Test
  void a_node_that_is_down_may_be_changed_and_no_other() {
    redis.set(2, silentRedis("redis-3", endpoint("redis-3"), true, true, "is not fit: no space"));
    sentinels.replaceAll(s -> sentinel(s.name(), one, true, Set.of("redis-3"), Set.of()));
    assertThat(before("redis-3").isOpen()).isTrue();
    assertThat(before("redis-2").problems()).contains("redis-3 is not fit: no space");
    assertThat(before("sentinel-1").problems()).contains("redis-3 is not fit: no space");
    assertThat(whole().problems()).contains("redis-3 is not fit: no space");
  }

  /** An error is an answer of a server that runs; one that gives none may run. */
  @Test
  void a_node_that_answers_with_an_error_or_not_in_time_is_not_taken_for_down() {
    redis.set(1, silentRedis("redis-2", two, false, false, "cannot be reached: no answer in 10 s"));
    for (boolean reached : new boolean[] {true, false}) {
      redis.set(
          0,
          silentRedis("redis-1", one, reached, false, "is not fit: its clients fill maxclients"));
      assertThat(before("redis-1").isOpen()).isFalse();
      assertThat(before("redis-1").problems()).contains("no node is master");
    }
  }

  @Test
  void a_node_that_says_nothing_of_its_data_has_something_to_lose() {
    sentinels.replaceAll(s -> sentinel(s.name(), one, false, Set.of(), Set.of()));
    redis.replaceAll(r -> silentRedis(r.name(), r.endpoint(), true, true, "does not run"));
    assertThat(before("sentinel-1").isOpen()).isTrue();
    redis.set(1, silentRedis("redis-2", two, true, false, "does not accept the password"));
    assertThat(before("sentinel-1").isOpen()).isFalse();
    redis.set(2, redis("redis-3", "replica", Optional.of(one), Optional.of("x"), false));
    assertThat(before("redis-3").problems()).contains("redis-2 does not accept the password");
  }

  @Test
  void the_master_itself_may_be_changed_when_its_replicas_are_in_sync() {
    assertThat(before("redis-1").isOpen()).isTrue();
    redis.set(1, redis("redis-2", "replica", Optional.of(one), Optional.of("has no link")));
    assertThat(before("redis-1").problems()).containsExactly("redis-2 has no link");
  }

  @Test
  void a_master_that_is_down_and_not_yet_followed_by_another_stops_all_but_itself() {
    redis.set(0, silentRedis("redis-1", one, true, true, "is not fit: crashed"));
    assertThat(before("redis-2").problems()).contains("redis-1 is not fit: crashed");
    assertThat(before("redis-1").isOpen()).isTrue();
    // Nobody knows whether the server of a machine that cannot be reached is down.
    redis.set(0, silentRedis("redis-1", one, false, false, "cannot be reached"));
    assertThat(before("redis-1").problems()).containsExactly("no node is master");
  }

  @Test
  void a_sentinel_that_does_not_see_all_others_stops_all() {
    sentinels.set(1, sentinel("sentinel-2", one, true, Set.of("sentinel-3", "redis-2"), Set.of()));
    assertThat(before("redis-3").problems())
        .containsExactlyInAnyOrder(
            "sentinel-2 does not see redis-2 up", "sentinel-2 does not see sentinel-3 up");
    assertThat(before("sentinel-2").isOpen()).isTrue();
  }

  @Test
  void sentinels_of_two_minds_stop_all() {
    sentinels.set(1, sentinel("sentinel-2", two, true, Set.of(), Set.of()));
    assertThat(before("redis-3").problems())
        .contains("sentinel-2 takes for master %s, and master is %s".formatted(two, one));
  }

  @Test
  void a_master_that_is_no_longer_in_the_file_is_one_until_it_has_handed_over() {
    String leaving = "127.0.0.1:6383";
    redis.replaceAll(r -> redis(r.name(), "replica", Optional.of(leaving), Optional.empty()));
    sentinels.replaceAll(s -> sentinel(s.name(), leaving, true, Set.of(), Set.of()));
    assertThat(before("redis-3").isOpen()).isTrue();
    assertThat(whole().problems()).contains("no node is master");
    // As long as the Sentinels are of one mind about it.
    sentinels.set(1, sentinel("sentinel-2", one, true, Set.of(), Set.of()));
    assertThat(before("redis-3").problems()).contains("no node is master");
  }

  @Test
  void two_masters_stop_all() {
    redis.set(1, redis("redis-2", "master", Optional.empty(), Optional.empty()));
    assertThat(before("redis-3").problems())
        .contains("more than one node is master: redis-1, redis-2");
  }

  @Test
  void nothing_is_looked_at_where_nothing_was_before() {
    Gate gate = Gate.before(cluster, cluster.node("redis-1").orElseThrow(), Set.of(), Map.of());
    assertThat(gate.toLookAt().nodes()).isEmpty();
    assertThat(before("redis-1", Set.of()).isOpen()).isTrue();
  }

  @Test
  void those_that_were_made_on_the_way_count_as_those_that_were_there() {
    Gate gate =
        Gate.before(
            cluster,
            cluster.node("redis-2").orElseThrow(),
            Set.of(endpoint("redis-1"), "redis-1"),
            Map.of());
    assertThat(gate.toLookAt().nodes())
        .extracting(Node::name)
        .containsExactlyInAnyOrder("redis-1", "redis-3", "sentinel-1", "sentinel-2", "sentinel-3");
  }

  @Test
  void a_cluster_that_was_never_formed_has_nothing_to_lose() {
    sentinels.replaceAll(s -> sentinel(s.name(), one, false, Set.of(), Set.of()));
    redis.replaceAll(r -> silentRedis(r.name(), r.endpoint(), true, true, "waits"));
    redis.set(1, redis("redis-2", "replica", Optional.of(one), Optional.of("has no link"), false));
    assertThat(before("redis-1").isOpen()).isTrue();
    assertThat(before("sentinel-2").isOpen()).isTrue();
    // A machine that never came up can be made anew, and nothing else until then.
    redis.set(0, silentRedis("redis-1", one, false, false, "cannot be reached"));
    assertThat(before("redis-1").isOpen()).isTrue();
    assertThat(before("redis-2").problems()).contains("redis-1 cannot be reached");
  }

  @Test
  void one_sentinel_that_knows_a_replica_is_proof_of_a_cluster() {
    sentinels.replaceAll(
        s -> sentinel(s.name(), one, s.name().equals("sentinel-3"), Set.of(), Set.of()));
    assertThat(before("redis-1").isOpen()).isFalse();
  }

  @Test
  void a_sentinel_that_does_not_answer_is_no_proof_that_it_knows_nothing() {
    sentinels.replaceAll(s -> sentinel(s.name(), one, false, Set.of(), Set.of()));
    redis.replaceAll(r -> silentRedis(r.name(), r.endpoint(), false, false, "cannot be reached"));
    sentinels.set(
        2, silentSentinel("sentinel-3", endpoint("sentinel-3"), false, false, "cannot be reached"));
    assertThat(before("redis-1").isOpen()).isFalse();
    // Its own change must not wait for it.
    assertThat(before("sentinel-3").isOpen()).isFalse();
  }

  @Test
  void servers_that_are_all_down_may_be_changed_one_after_the_other() {
    redis.replaceAll(r -> silentRedis(r.name(), r.endpoint(), true, true, "is not fit"));
    sentinels.replaceAll(s -> silentSentinel(s.name(), s.endpoint(), true, true, "is not fit"));
    assertThat(before("sentinel-3").isOpen()).isTrue();
    sentinels.set(
        2, sentinel("sentinel-3", one, true, Set.of("redis-2", "redis-3", "sentinel-2"), Set.of()));
    assertThat(before("sentinel-2").isOpen()).isTrue();
    assertThat(before("redis-1").isOpen()).isTrue();
  }

  @Test
  void nothing_that_answers_is_told_apart_from_a_cluster_in_trouble() {
    assertThat(before("redis-1").unreached()).isFalse();
    redis.replaceAll(r -> silentRedis(r.name(), r.endpoint(), false, false, "cannot be reached"));
    sentinels.replaceAll(
        s -> silentSentinel(s.name(), s.endpoint(), false, false, "cannot be reached"));
    assertThat(before("redis-1").unreached()).isTrue();
    assertThat(before("redis-1").isOpen()).isFalse();
    assertThat(whole().unreached()).isTrue();
  }

  @Test
  void less_memory_than_is_in_use_is_refused_with_the_numbers() {
    long wanted = cluster.redis().get(1).maxmemory().bytes();
    redis.set(1, using("redis-2", wanted, wanted + 1));
    assertThat(before("redis-3").refusal()).isEmpty();
    redis.set(1, using("redis-2", wanted + 1, wanted + 1));
    assertThat(before("redis-3").refusal().orElseThrow())
        .startsWith("redis-2 uses 129mb of memory, and the file gives it maxmemory 128mb")
        .contains("Allowed is 129mb or more");
    // No limit at all is more than any.
    redis.set(1, using("redis-2", wanted + 1, 0));
    assertThat(before("redis-3").refusal()).isPresent();
    // It was full before, and is not made smaller.
    redis.set(1, using("redis-2", wanted + 1, wanted));
    assertThat(before("redis-3").refusal()).isEmpty();
  }

  @Test
  void a_cluster_is_whole_when_every_node_has_taken_its_settings() {
    String wanted = cluster.redis().get(1).maxmemory().toString();
    SortedMap<String, String> settings = LiveSettings.of(cluster, cluster.redis().get(1));
    redis.set(1, taken("redis-2", settings));
    assertThat(whole().isOpen()).isTrue();
    redis.set(1, taken("redis-2", with(settings, "maxmemory", "1mb")));
    assertThat(whole().problems()).containsExactly("redis-2 has not yet taken maxmemory " + wanted);
    assertThat(before("redis-1").problems())
        .as("redis-2 had its turn")
        .containsExactly("redis-2 has not yet taken maxmemory " + wanted);
    assertThat(before("redis-3").isOpen()).as("redis-2 has its turn later").isTrue();
    redis.set(1, taken("redis-2", with(settings, "hz", "20")));
    assertThat(whole().problems()).containsExactly("redis-2 has not yet taken hz by default");
    // Without an agent to ask, maxmemory alone can be seen.
    redis.set(1, using("redis-2", 0, 1));
    assertThat(whole().problems()).containsExactly("redis-2 has not yet taken maxmemory " + wanted);
  }

  @Test
  void settings_that_redis_refuses_stop_a_deploy_at_once_until_the_file_has_others() {
    SortedMap<String, String> settings = LiveSettings.of(cluster, cluster.redis().get(1));
    redis.set(1, refusing("redis-2", settings));
    assertThat(before("redis-1").refusal().orElseThrow())
        .isEqualTo("redis-2 is not fit: RedisState does not take it. Mend the file");
    assertThat(whole().refusal()).isPresent();
    assertThat(before("redis-2").refusal()).as("its own turn").isEmpty();
    redis.set(1, refusing("redis-2", with(settings, "hz", "many")));
    assertThat(before("redis-1").refusal()).as("the file is mended").isEmpty();
    assertThat(before("redis-1").isOpen()).isFalse();
  }

  private RedisState refusing(String name, Map<String, String> refused) {
    return replica(
        name,
        1,
        1,
        Optional.of(Map.of()),
        Optional.of(refused),
        Optional.of("is not fit: RedisState does not take it"));
  }

  private static Map<String, String> with(Map<String, String> settings, String name, String value) {
    Map<String, String> changed = new TreeMap<>(settings);
    changed.put(name, value);
    return changed;
  }

  private RedisState taken(String name, Map<String, String> settings) {
    return replica(name, 1, 1, Optional.of(settings), Optional.empty(), Optional.empty());
  }

  private RedisState using(String name, long used, long maxmemory) {
    return replica(name, used, maxmemory, Optional.empty(), Optional.empty(), Optional.empty());
  }

  private RedisState replica(
      String name,
      long used,
      long maxmemory,
      Optional<Map<String, String>> settings,
      Optional<Map<String, String>> refused,
      Optional<String> problem) {
    return Seen.redis(
        name,
        endpoint(name),
        new RedisState.Server(
            "replica",
            Optional.of(one),
            true,
            false,
            1,
            Optional.of(used),
            Optional.of(maxmemory),
            settings,
            refused,
            Vitals.UNKNOWN),
        problem,
        List.of(),
        Delivery.UNKNOWN);
  }

  @Test
  void sentinels_forget_nodes_that_are_gone_one_after_the_other() {
    Set<String> gone = Set.of("10.0.0.9:26379");
    sentinels.set(1, sentinel("sentinel-2", one, true, Set.of(), gone));
    sentinels.set(2, sentinel("sentinel-3", one, true, Set.of(), gone));
    assertThat(whole().isOpen()).isTrue();
    assertThat(whole().mustForget()).contains("sentinel-2");
    // It has just forgotten all, and must find the others again first.
    sentinels.set(1, sentinel("sentinel-2", one, false, Set.of(), Set.of()));
    assertThat(whole().isOpen()).isFalse();
    assertThat(whole().mustForget()).isEmpty();
    sentinels.set(1, sentinel("sentinel-2", one, true, Set.of(), Set.of()));
    assertThat(whole().mustForget()).contains("sentinel-3");
  }

  @Test
  void nobody_forgets_a_node_that_still_runs() {
    sentinels.set(1, sentinel("sentinel-2", one, true, Set.of(), Set.of("up.example:26379")));
    assertThat(whole().problems())
        .containsExactly(
            "sentinel-2 sees up.example:26379, which is not in the file and still runs");
    assertThat(whole().mustForget()).isEmpty();
    assertThat(before("redis-1").isOpen()).as("a node that is to go is in nobody's way").isTrue();
  }
}
