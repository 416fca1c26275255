package stacks.platform.local;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import stacks.Synth;
import stacks.testing.Environments;
import stacks.testing.Golden;

class LocalSynthTest {
  @TempDir private Path out;

  @Test
  void local_synthesizes_to_its_golden_file() throws Exception {
    Synth.write(out, List.of(Environments.cluster("local")));
    // Digests of the agent change with every word in it; that they are there is what counts.
    String json =
        Files.readString(Synth.stack(out, "local").resolve("cdk.tf.json"))
            .replaceAll("\"[0-9a-f]{64}\"", "\"(sha256)\"");
    Golden.check("local.tf.json", json);
  }
}
