package stacks.operate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import stacks.cluster.Cluster;
import stacks.testing.Environments;

/** What a failover comes to; that nodes hand over is tested on real ones. */
class FailoverTest {
  private final Cluster cluster = Environments.cluster("local");
  private final Failover.Report report = new Failover.Report("redis-1", "redis-3", true);

  @Test
  void the_wanted_node_or_any_is_what_was_asked_for() throws Exception {
    assertThat(Failover.promoted(cluster, "redis-3", report)).isEqualTo(report);
    assertThat(Failover.promoted(cluster, null, report)).isEqualTo(report);
  }

  @Test
  void another_node_than_the_wanted_one_is_a_no() {
    assertThatThrownBy(() -> Failover.promoted(cluster, "redis-2", report))
        .isInstanceOf(NotPossible.class)
        .hasMessageStartingWith("redis-3 is master now, and not redis-2")
        .hasMessageEndingWith("./rediform failover local --to redis-2");
  }
}
