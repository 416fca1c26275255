package stacks.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import stacks.cluster.Cluster;
import stacks.operate.Agents;
import stacks.operate.Password;
import stacks.platform.Effect;
import stacks.review.Change;
import stacks.review.Costs;
import stacks.review.Review;
import stacks.review.Verdict;
import stacks.testing.Environments;
import stacks.values.Memory;

/** From where a deploy may change nodes that are told by document. */
class ReachTest {
  private static final Map<String, String> TOLD = Map.of("redis-1", "a checksum");
  private static final Optional<Password> PASSWORD = Optional.of(new Password("secret"));

  private final Cluster cluster = Environments.cluster("cache", "platform: aws\n");
  private final Optional<String> blind = Access.blind(cluster, TOLD, Optional.empty(), PASSWORD);

  private Review review(String address, boolean formed) {
    Change change = new Change(address, "redis-1", "replace", Effect.ROLLING_RESTART, Set.of());
    return new Review(
        "cache",
        Verdict.GO,
        false,
        new Costs(0, 0, 0, 0, new Memory(0), 0, 0, 0, 0, 0, 0),
        List.of(),
        List.of(),
        List.of(),
        List.of(change),
        List.of(),
        new Review.Known(true, true, formed, false),
        List.of(),
        List.of());
  }

  @Test
  void a_password_alone_is_refused_with_what_was_found_what_is_allowed_and_what_to_do() {
    assertThat(blind.orElseThrow())
        .isEqualTo(
            "whether a node of cache has taken its document only its agent can say, and the file has no network.shell; REDIS_PASSWORD is set, and enough for status and for a cluster that was never whole. Set network.shell to the command that runs another on a node, such as [ssh, \"admin@{address}\"]");
    assertThat(Access.blind(cluster, TOLD, Optional.empty(), Optional.empty()).orElseThrow())
        .contains("no network.shell. Set")
        .doesNotContain("REDIS_PASSWORD");
  }

  @Test
  void agents_are_enough_and_so_is_a_password_where_nodes_are_not_told_by_document() {
    Optional<Agents> agents = Optional.of(new Agents((node, words) -> words));
    assertThat(Access.blind(cluster, TOLD, agents, Optional.empty())).isEmpty();
    assertThat(Access.blind(cluster, Map.of(), Optional.empty(), PASSWORD)).isEmpty();
    assertThat(Access.blind(Environments.cluster("local"))).isEmpty();
  }

  @Test
  void a_deploy_to_a_cluster_that_was_whole_once_is_refused_before_it_changes_anything() {
    for (String gate : List.of("terraform_data.redis-1-gate", "terraform_data.whole")) {
      assertThatThrownBy(() -> Reach.check(cluster, review(gate, true), false, blind))
          .isInstanceOf(Failure.class)
          .hasMessageStartingWith(blind.orElseThrow())
          .hasMessageContaining("nothing was changed")
          .extracting(each -> ((Failure) each).exitCode())
          .isEqualTo(ExitCode.MISSING);
    }
  }

  @Test
  void a_first_deploy_one_without_gates_and_one_that_no_gate_waits_for_are_not_refused() {
    String gate = "terraform_data.redis-1-gate";
    assertThatCode(() -> Reach.check(cluster, review(gate, false), false, blind))
        .doesNotThrowAnyException();
    assertThatCode(() -> Reach.check(cluster, review(gate, true), true, blind))
        .doesNotThrowAnyException();
    assertThatCode(
            () -> Reach.check(cluster, review("aws_security_group.redis", true), false, blind))
        .doesNotThrowAnyException();
  }
}
