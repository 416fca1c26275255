package stacks;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import stacks.cluster.Cluster;
import stacks.cluster.Node;
import stacks.environment.Mutations;
import stacks.environment.Platform;
import stacks.node.UserData;

/** What the checks accept, synthesizes, and its user-data has room in every machine. */
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
      Path stack = Synth.stack(out, cluster.name());
      assertThat(stack.resolve("cdk.tf.json")).isNotEmptyFile();
      for (Node node : cluster.nodes()) {
        Path userData = stack.resolve("nodes/" + node.name() + ".user-data.gz.b64");
        if (cluster.environment().platform() == Platform.AWS) {
          byte[] packed = Base64.getDecoder().decode(Files.readString(userData).strip());
          assertThat(packed.length).isBetween(1, UserData.LARGEST);
        } else {
          assertThat(userData).doesNotExist();
        }
      }
    }
  }
}
