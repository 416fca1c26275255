package stacks.operate;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import stacks.cluster.Cluster;
import stacks.cluster.Node;
import stacks.node.Checksum;
import stacks.operate.Delivery.Reason;
import stacks.operate.Gate.Verdict;
import stacks.testing.Environments;

/**
 * What gates ask of the documents of nodes that had their turn. A node's turn: Sentinels first, 3
 * before 1.
 */
class TurnTest {
  private static final String OLD = Checksum.of("as before");
  private static final String MEND =
      ". Mend that; a changed document is tried at once, the same one when ten minutes have passed since its trial";

  private final Cluster cluster = Environments.cluster("local");
  private final Map<String, String> wanted = new HashMap<>();
  private final Map<String, Delivery> said = new HashMap<>();
  private final Set<String> down = new HashSet<>();

  @BeforeEach
  void everyNodeHasTakenItsDocument() {
    for (Node node : cluster.nodes()) {
      wanted.put(node.name(), Checksum.of(node.name()));
      says(node.name(), wanted.get(node.name()));
    }
  }

  private void says(String name, String document) {
    said.put(name, new Delivery(Optional.ofNullable(document), Optional.empty(), Optional.empty()));
  }

  private void refuses(String name, String document) {
    said.put(
        name,
        new Delivery(
            Optional.of(OLD),
            Optional.of(new Reason(document, "check of document 8a3f: no disk")),
            Optional.of(new Reason(document, "document is refused"))));
  }

  private void lookedInVain(String name, String document) {
    said.put(
        name,
        new Delivery(
            Optional.of(OLD), Optional.empty(), Optional.of(new Reason(document, "NoSuchKey"))));
  }

  private ClusterStatus status() {
    ClusterStatus status = WholeCluster.of(cluster, cluster, said::get);
    for (String name : down) {
      status =
          WholeCluster.with(
              cluster,
              status,
              Seen.missing(
                  name,
                  cluster.node(name).orElseThrow().endpoint(),
                  true,
                  true,
                  "is not fit: crashed",
                  said.get(name)));
    }
    return status;
  }

  private Gate gate(String name) {
    Set<String> all = wanted.keySet();
    return Gate.before(cluster, cluster.node(name).orElseThrow(), all, wanted);
  }

  private Verdict before(String name) {
    return gate(name).judge(status());
  }

  private Verdict whole() {
    return Gate.whole(cluster, wanted).judge(status());
  }

  private Set<String> asked() {
    return Gate.whole(cluster, wanted).unfit(status());
  }

  @Test
  void every_gate_opens_where_each_node_has_taken_its_document() {
    for (Node node : cluster.nodes()) {
      assertThat(before(node.name()).isOpen()).as(node.name()).isTrue();
      assertThat(gate(node.name()).unfit(status())).isEmpty();
    }
    assertThat(whole().isOpen()).isTrue();
  }

  @Test
  void
      a_node_that_had_its_turn_and_is_fit_with_another_document_keeps_the_gate_shut_and_is_asked() {
    says("redis-3", OLD);
    assertThat(before("redis-2").problems())
        .containsExactly("redis-3 has not yet taken its document");
    assertThat(before("redis-2").refusal()).isEmpty();
    assertThat(gate("redis-2").unfit(status())).containsExactly("redis-3");
    assertThat(whole().problems()).containsExactly("redis-3 has not yet taken its document");
  }

  @Test
  void what_a_node_was_told_is_its_own_document_and_not_that_of_another() {
    says("redis-3", wanted.get("redis-2"));
    assertThat(before("redis-2").isOpen()).isFalse();
  }

  @Test
  void a_node_whose_turn_it_is_or_comes_later_may_have_any_document() {
    says("redis-2", OLD);
    refuses("redis-1", wanted.get("redis-1"));
    assertThat(before("redis-2").isOpen()).isTrue();
    assertThat(before("redis-3").isOpen()).isTrue();
    assertThat(before("sentinel-1").isOpen()).isTrue();
    assertThat(gate("redis-2").unfit(status())).as("nobody makes them look").isEmpty();
    assertThat(gate("redis-2").refusing(status())).isEmpty();
  }

  @Test
  void a_sentinel_is_no_exception() {
    says("sentinel-3", OLD);
    assertThat(before("sentinel-3").isOpen()).isTrue();
    assertThat(before("sentinel-2").problems())
        .containsExactly("sentinel-3 has not yet taken its document");
    refuses("sentinel-3", wanted.get("sentinel-3"));
    assertThat(before("redis-1").refusal())
        .contains("sentinel-3 has refused its document: check of document 8a3f: no disk" + MEND);
  }

  @Test
  void a_node_that_has_refused_its_document_ends_the_wait_with_its_words_and_what_to_do() {
    refuses("redis-3", wanted.get("redis-3"));
    String refusal = "redis-3 has refused its document: check of document 8a3f: no disk" + MEND;
    assertThat(before("redis-2").refusal()).contains(refusal);
    assertThat(whole().refusal()).contains(refusal);
    assertThat(whole().isOpen()).isFalse();
    assertThat(gate("redis-2").refusing(status())).containsExactly("redis-3");
    assertThat(before("redis-3").isOpen()).as("its own turn").isTrue();
  }

  @Test
  void a_document_that_was_refused_before_says_nothing_of_the_one_that_is_wanted_now() {
    refuses("redis-3", Checksum.of("of the last deploy"));
    assertThat(before("redis-2").refusal()).isEmpty();
    assertThat(before("redis-2").problems())
        .containsExactly("redis-3 has not yet taken its document");
    Optional<Reason> refused = Optional.of(new Reason(wanted.get("redis-3"), "at first"));
    said.put(
        "redis-3", new Delivery(Optional.of(wanted.get("redis-3")), refused, Optional.empty()));
    assertThat(before("redis-2").isOpen()).as("it has taken it after all").isTrue();
  }

  @Test
  void why_a_node_has_not_taken_its_document_is_said_where_its_last_look_was_for_it() {
    lookedInVain("redis-3", wanted.get("redis-3"));
    assertThat(before("redis-2").problems())
        .containsExactly("redis-3 has not yet taken its document: NoSuchKey");
    lookedInVain("redis-3", "-");
    assertThat(before("redis-2").problems())
        .containsExactly("redis-3 has not yet taken its document: NoSuchKey");
    lookedInVain("redis-3", Checksum.of("of the last deploy"));
    assertThat(before("redis-2").problems())
        .containsExactly("redis-3 has not yet taken its document");
  }

  /**
   * A look with the password, an agent of before there were documents, a machine's first minute.
   */
  @Test
  void a_node_that_says_nothing_of_its_document_does_not_have_it() {
    says("redis-3", null);
    says("sentinel-1", null);
    assertThat(before("redis-2").problems())
        .containsExactly(
            "sentinel-1 has not yet taken its document", "redis-3 has not yet taken its document");
    assertThat(whole().isOpen()).isFalse();
  }

  @Test
  void a_node_that_cannot_be_reached_is_one_problem_and_not_two() {
    says("redis-3", null);
    down.add("redis-3");
    assertThat(before("redis-2").problems()).containsExactly("redis-3 is not fit: crashed");
    says("redis-3", OLD);
    assertThat(before("redis-2").problems())
        .containsExactly("redis-3 is not fit: crashed", "redis-3 has not yet taken its document");
  }

  /** Each may restart for its document. */
  @Test
  void of_several_that_serve_and_have_not_taken_their_documents_one_at_a_time_is_asked() {
    wanted.keySet().forEach(name -> says(name, OLD));
    assertThat(asked()).containsExactly("sentinel-3");
    says("sentinel-3", wanted.get("sentinel-3"));
    assertThat(asked()).containsExactly("sentinel-2");
    for (String name : List.of("sentinel-2", "sentinel-1")) {
      says(name, wanted.get(name));
    }
    assertThat(asked()).containsExactly("redis-3");
    assertThat(whole().problems()).hasSize(3);
  }

  /** They may need each other to be fit, and have nothing to lose. */
  @Test
  void those_that_are_down_or_never_had_a_document_are_asked_at_the_same_time() {
    wanted.keySet().forEach(name -> says(name, OLD));
    down.addAll(Set.of("redis-1", "redis-2"));
    says("sentinel-1", null);
    assertThat(asked()).containsExactlyInAnyOrder("redis-1", "redis-2", "sentinel-1", "sentinel-3");
  }

  @Test
  void a_server_that_is_down_may_be_changed_whatever_the_others_have_taken() {
    refuses("redis-3", wanted.get("redis-3"));
    down.add("redis-2");
    assertThat(before("redis-2").isOpen()).isTrue();
    assertThat(before("redis-1").refusal()).isPresent();
  }

  @Test
  void a_cluster_that_was_never_formed_has_nothing_to_lose_and_is_whole_only_with_its_documents() {
    wanted.keySet().forEach(name -> says(name, null));
    ClusterStatus found = WholeCluster.of(cluster, cluster, said::get);
    ClusterStatus formed =
        ClusterStatus.of(
            cluster,
            found.redis().stream()
                .map(
                    node ->
                        Seen.missing(
                            node.name(), node.endpoint(), true, true, "waits", Delivery.UNKNOWN))
                .toList(),
            found.sentinels().stream()
                .map(
                    node ->
                        Seen.sentinel(
                            node.name(),
                            node.endpoint(),
                            node.master().orElseThrow(),
                            false,
                            Map.of(),
                            Map.of(),
                            Delivery.UNKNOWN))
                .toList());
    assertThat(gate("redis-1").judge(formed).isOpen()).isTrue();
    assertThat(Gate.whole(cluster, wanted).judge(found).isOpen()).isFalse();
  }

  @Test
  void before_a_node_leaves_all_that_stay_have_taken_their_documents() {
    wanted.remove("redis-3");
    says("redis-1", OLD);
    assertThat(before("redis-3").problems())
        .containsExactly("redis-1 has not yet taken its document");
    says("redis-1", wanted.get("redis-1"));
    assertThat(before("redis-3").isOpen()).isTrue();
    says("redis-3", OLD);
    assertThat(before("redis-2").isOpen()).as("nothing is told to who leaves").isTrue();
  }

  @Test
  void without_documents_nothing_that_nodes_say_of_them_matters() {
    refuses("redis-3", OLD);
    lookedInVain("sentinel-3", "-");
    Gate gate = Gate.whole(cluster, Map.of());
    assertThat(gate.judge(status()).isOpen()).isTrue();
    assertThat(gate.unfit(status())).isEmpty();
    assertThat(gate.refusing(status())).isEmpty();
    assertThat(Gate.forgotten(cluster).judge(status()).isOpen()).isTrue();
  }

  @Test
  void what_a_person_should_know_of_a_delivery_is_a_note() {
    assertThat(said.get("redis-1").notes()).isEmpty();
    refuses("redis-1", OLD);
    assertThat(said.get("redis-1").notes())
        .containsExactly(
            "has refused the document %.12s: check of document 8a3f: no disk".formatted(OLD));
    lookedInVain("redis-1", OLD);
    assertThat(said.get("redis-1").notes())
        .containsExactly("waits for the document %.12s: NoSuchKey".formatted(OLD));
    lookedInVain("redis-1", "-");
    assertThat(said.get("redis-1").notes())
        .containsExactly("could not look for its document: NoSuchKey");
  }
}
