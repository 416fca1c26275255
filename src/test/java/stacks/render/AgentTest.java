package stacks.render;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import stacks.testing.Run;

class AgentTest {
  @Test
  void the_agents_own_tests_pass() throws Exception {
    Run run = Run.of(Path.of("."), Map.of(), "python3", "-B", "src/test/python/test_agent.py");
    assertThat(run.succeeded().err()).containsPattern("Ran [1-9]\\d+ tests").contains("OK");
  }
}
