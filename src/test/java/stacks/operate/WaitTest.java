package stacks.operate;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import stacks.cluster.Cluster;
import stacks.cluster.Node;
import stacks.operate.ClusterStatus.Redis;
import stacks.operate.ClusterStatus.Sentinel;
import stacks.testing.Environments;

/** Who is asked while one waits, and what is said; that nodes answer is tested on real ones. */
class WaitTest {
  private final Cluster cluster = Environments.cluster("local");
  private final List<Set<String>> asked = new ArrayList<>();
  private final List<String> said = new ArrayList<>();
  private int looks;
  private int downUntil;

  /** A cluster of which redis-3 is down for some looks; remembers who was asked. */
  private ClusterStatus look(Cluster part) {
    looks++;
    asked.add(Set.copyOf(part.nodes().stream().map(Node::name).toList()));
    String master = cluster.firstMaster().endpoint();
    List<Redis> redis =
        part.redis().stream()
            .map(
                node ->
                    node.name().equals("redis-3") && looks <= downUntil
                        ? Redis.silent(
                            node.name(), node.endpoint(), true, true, "is not fit: boots")
                        : new Redis(
                            node.name(),
                            node.endpoint(),
                            true,
                            false,
                            Optional.of(node.endpoint().equals(master) ? "master" : "replica"),
                            Optional.of(master).filter(it -> !it.equals(node.endpoint())),
                            true,
                            1,
                            Optional.empty(),
                            Optional.empty(),
                            Optional.empty(),
                            Optional.empty(),
                            Optional.empty(),
                            Optional.empty(),
                            List.of()))
            .toList();
    List<Sentinel> sentinels =
        part.sentinels().stream()
            .map(
                node ->
                    new Sentinel(
                        node.name(),
                        node.endpoint(),
                        true,
                        false,
                        Optional.of(master),
                        true,
                        seen("redis", master),
                        seen("sentinel", node.endpoint()),
                        Optional.empty()))
            .toList();
    return ClusterStatus.of(part, redis, sentinels);
  }

  private Map<String, Boolean> seen(String kind, String but) {
    Map<String, Boolean> seen = new HashMap<>();
    cluster.nodes().stream()
        .filter(node -> node.kind().equals(kind) && !node.endpoint().equals(but))
        .forEach(node -> seen.put(node.endpoint(), true));
    return seen;
  }

  private Wait.Outcome wait(Gate gate, Duration timeout) {
    return new Wait(this::look, Optional.empty(), said::add).at(gate, timeout);
  }

  @Test
  void only_the_node_that_is_not_fit_is_asked_again_until_it_is() {
    downUntil = 2;
    Wait.Outcome outcome = wait(Gate.whole(cluster), Duration.ofMinutes(1));
    assertThat(outcome.ready()).isTrue();
    assertThat(asked)
        .extracting(Set::size)
        .as("all, then redis-3 alone until it is fit, then all once more")
        .containsExactly(6, 1, 1, 6);
    assertThat(said).containsExactly("waits, 0 s so far: redis-3 is not fit: boots");
  }

  @Test
  void the_node_that_is_to_be_changed_is_nobodys_concern() {
    downUntil = Integer.MAX_VALUE;
    Gate gate =
        Gate.before(cluster, cluster.node("redis-3").orElseThrow(), asked("redis", "sentinel"));
    assertThat(wait(gate, Duration.ofMinutes(1)).ready()).isTrue();
    assertThat(asked).hasSize(1);
  }

  private Set<String> asked(String... kinds) {
    return Set.copyOf(
        cluster.nodes().stream()
            .filter(node -> List.of(kinds).contains(node.kind()))
            .map(Node::name)
            .toList());
  }

  @Test
  void it_gives_up_in_time_with_the_reason() {
    downUntil = Integer.MAX_VALUE;
    Wait.Outcome outcome = wait(Gate.whole(cluster), Duration.ofMillis(1));
    assertThat(outcome.ready()).isFalse();
    assertThat(outcome.problems()).contains("redis-3 is not fit: boots");
  }

  @Test
  void of_many_problems_the_first_are_said() {
    assertThat(Wait.brief(List.of("a", "b", "c"))).isEqualTo("a; b; c");
    assertThat(Wait.brief(List.of("a", "b", "c", "d", "e"))).isEqualTo("a; b; c; and 2 more");
  }
}
