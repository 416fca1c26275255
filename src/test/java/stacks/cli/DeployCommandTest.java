package stacks.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import stacks.operate.ClusterStatus;

/** How a deploy judges the cluster that it leaves behind. */
class DeployCommandTest {
  private static final ClusterStatus WHOLE =
      new ClusterStatus("local", List.of(), List.of(), List.of());
  private static final ClusterStatus FAILING_OVER =
      new ClusterStatus("local", List.of(), List.of(), List.of("no node is master"));

  private final List<String> said = new ArrayList<>();
  private int looks;

  @Test
  void a_whole_cluster_is_looked_at_once_and_nothing_is_said() {
    assertThat(onceWholeAt(1, Duration.ofMinutes(1), Duration.ZERO)).isSameAs(WHOLE);
    assertThat(looks).isEqualTo(1);
    assertThat(said).isEmpty();
  }

  @Test
  void a_failover_under_way_is_waited_for_and_said_once() {
    assertThat(onceWholeAt(4, Duration.ofMinutes(1), Duration.ZERO)).isSameAs(WHOLE);
    assertThat(looks).isEqualTo(4);
    assertThat(said)
        .containsExactly("rediform: waits up to 60 s for local to be whole: no node is master");
  }

  @Test
  void a_short_wait_is_not_worth_a_word() {
    assertThat(onceWholeAt(2, Duration.ofMinutes(1), Duration.ofMinutes(1))).isSameAs(WHOLE);
    assertThat(said).isEmpty();
  }

  @Test
  void a_cluster_that_stays_broken_is_reported_as_it_is() {
    assertThat(onceWholeAt(1_000, Duration.ofMillis(1), Duration.ofMinutes(1)))
        .isSameAs(FAILING_OVER);
    assertThat(looks).isBetween(1, 2);
  }

  private ClusterStatus onceWholeAt(int look, Duration patience, Duration quiet) {
    return DeployCommand.onceWhole(
        () -> ++looks >= look ? WHOLE : FAILING_OVER, patience, quiet, said::add);
  }
}
