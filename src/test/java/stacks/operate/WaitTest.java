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
import stacks.testing.Environments;

/** Who is asked while one waits, and what is said; that nodes answer is tested on real ones. */
class WaitTest {
  private final Cluster cluster = Environments.cluster("local");
  private final List<Set<String>> asked = new ArrayList<>();
  private final List<String> said = new ArrayList<>();
  private int looks;
  private int downUntil;

  /**
   * What nodes say of their documents when they are looked at, and once they were asked to look.
   */
  private Delivery before = Delivery.UNKNOWN;

  private Delivery afterwards = Delivery.UNKNOWN;

  /** A cluster of which redis-3 is down for some looks; remembers who was asked. */
  private final Look look =
      new Look() {
        @Override
        public ClusterStatus at(Cluster part) {
          looks++;
          asked.add(Set.copyOf(part.nodes().stream().map(Node::name).toList()));
          ClusterStatus status =
              WholeCluster.of(cluster, part, name -> name.equals("redis-3") ? before : taken(name));
          Optional<Node> redis3 = part.node("redis-3").filter(node -> looks <= downUntil);
          return redis3
              .map(
                  node ->
                      WholeCluster.with(
                          part,
                          status,
                          Seen.missing(
                              node.name(),
                              node.endpoint(),
                              true,
                              true,
                              "is not fit: boots",
                              before)))
              .orElse(status);
        }

        @Override
        public ClusterStatus whenFit(Cluster part, Duration patience) {
          if (part.node("redis-3").isPresent()) {
            before = afterwards;
          }
          return at(part);
        }
      };

  private static Delivery taken(String document) {
    return new Delivery(Optional.of(document), Optional.empty(), Optional.empty());
  }

  private static Delivery refused(String document, String reason) {
    return new Delivery(
        Optional.of("as before"),
        Optional.of(new Delivery.Reason(document, reason)),
        Optional.empty());
  }

  /** Each node's document is its name. */
  private Map<String, String> documents() {
    Map<String, String> documents = new HashMap<>();
    cluster.nodes().forEach(node -> documents.put(node.name(), node.name()));
    return documents;
  }

  private Wait.Outcome wait(Gate gate, Duration timeout) {
    return new Wait(look, Optional.empty(), said::add).at(gate, timeout);
  }

  @Test
  void only_the_node_that_is_not_fit_is_asked_again_until_it_is() {
    downUntil = 2;
    Wait.Outcome outcome = wait(Gate.whole(cluster, Map.of()), Duration.ofMinutes(1));
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
        Gate.before(
            cluster, cluster.node("redis-3").orElseThrow(), asked("redis", "sentinel"), Map.of());
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
    Wait.Outcome outcome = wait(Gate.whole(cluster, Map.of()), Duration.ofMillis(1));
    assertThat(outcome.ready()).isFalse();
    assertThat(outcome.problems()).contains("redis-3 is not fit: boots");
  }

  @Test
  void of_many_problems_the_first_are_said() {
    assertThat(Wait.brief(List.of("a", "b", "c"))).isEqualTo("a; b; c");
    assertThat(Wait.brief(List.of("a", "b", "c", "d", "e"))).isEqualTo("a; b; c; and 2 more");
  }

  @Test
  void a_fit_node_that_has_not_taken_its_document_is_asked_which_makes_it_look() {
    before = taken("as before");
    afterwards = taken("redis-3");
    Wait.Outcome outcome = wait(Gate.whole(cluster, documents()), Duration.ofMinutes(1));
    assertThat(outcome.ready()).isTrue();
    assertThat(asked).extracting(Set::size).containsExactly(6, 1, 6);
    assertThat(said).containsExactly("waits, 0 s so far: redis-3 has not yet taken its document");
  }

  /** The next gate would else stay shut for ever: only who is asked tries again. */
  @Test
  void a_node_that_has_refused_its_document_in_an_earlier_deploy_is_asked_once_more() {
    before = refused("redis-3", "disk full");
    afterwards = taken("redis-3");
    Wait.Outcome outcome = wait(Gate.whole(cluster, documents()), Duration.ofMinutes(1));
    assertThat(outcome.ready()).isTrue();
    assertThat(asked).extracting(Set::size).containsExactly(6, 1);
  }

  @Test
  void a_refusal_ends_the_wait_at_once() {
    before = taken("as before");
    afterwards = refused("redis-3", "disk full");
    Wait.Outcome outcome = wait(Gate.whole(cluster, documents()), Duration.ofMinutes(15));
    assertThat(outcome.ready()).isFalse();
    assertThat(outcome.problems())
        .singleElement()
        .asString()
        .startsWith("redis-3 has refused its document: disk full");
    before = refused("redis-3", "disk full");
    asked.clear();
    wait(Gate.whole(cluster, documents()), Duration.ofMinutes(15));
    assertThat(asked).extracting(Set::size).containsExactly(6, 1);
  }

  @Test
  void a_node_that_does_not_take_its_document_in_time_is_said_with_the_reason_of_its_last_look() {
    before =
        new Delivery(
            Optional.of("as before"),
            Optional.empty(),
            Optional.of(new Delivery.Reason("-", "no route to the bucket")));
    afterwards = before;
    Wait.Outcome outcome = wait(Gate.whole(cluster, documents()), Duration.ofMillis(1));
    assertThat(outcome.problems())
        .containsExactly("redis-3 has not yet taken its document: no route to the bucket");
  }
}
