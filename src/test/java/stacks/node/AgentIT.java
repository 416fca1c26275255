package stacks.node;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import stacks.testing.PythonTests;

/** The agent with a real Redis: what its starts find on the disk, and servers that err. */
class AgentIT {
  @TempDir private Path folder;

  @Test
  void no_start_loses_data_and_no_error_is_taken_for_health_or_absence() throws Exception {
    Path program = Files.writeString(folder.resolve("rediform-node"), NodeFiles.agent());
    PythonTests.pass("test_redis.py", Map.of("REDIFORM_NODE", program.toString()));
  }
}
