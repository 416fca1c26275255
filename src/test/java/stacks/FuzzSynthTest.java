package stacks;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import stacks.cluster.Cluster;
import stacks.environment.Mutations;

/** What the checks accept, synthesizes. */
class FuzzSynthTest {
  /** Large clusters take seconds and are no different from those of fifty nodes. */
  private static final int MOST_NODES = 50;

  @TempDir private Path out;

  @Test
  void no_accepted_file_fails_in_synth() throws Exception {
    AtomicInteger number = new AtomicInteger();
    // What was damaged is often a comment: files that say the same need to be synthesized only
    // once.
    List<Cluster> accepted =
        Mutations.accepted(20261123, 10_000)
            .filter(cluster -> cluster.nodes().size() <= MOST_NODES)
            .distinct()
            // Stacks of one app need names of their own.
            .map(cluster -> cluster.named("fuzz-" + number.incrementAndGet()))
            .toList();
    assertThat(accepted).hasSizeGreaterThan(200);
    Synth.write(out, accepted);
    for (Cluster cluster : accepted) {
      assertThat(Synth.stack(out, cluster.name()).resolve("cdk.tf.json")).isNotEmptyFile();
    }
  }
}
