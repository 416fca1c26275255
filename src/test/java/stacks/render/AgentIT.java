package stacks.render;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import stacks.testing.Run;

/** The agent with a real Redis: what its starts find on the disk, and servers that err. */
class AgentIT {
  @TempDir private Path folder;

  @Test
  void no_start_loses_data_and_no_error_is_taken_for_health_or_absence() throws Exception {
    Path program = Files.writeString(folder.resolve("rediform-node"), NodeFiles.agent());
    Run run =
        Run.of(
            Path.of("."),
            Map.of("REDIFORM_NODE", program.toString()),
            "python3",
            "-B",
            "src/test/python/test_redis.py");
    assertThat(run.succeeded().err()).containsPattern("Ran [3-9]\\d tests").contains("OK");
  }
}
