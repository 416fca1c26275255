package stacks.platform.local;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import stacks.testing.Run;

class SupervisorTest {
  @Test
  void the_supervisors_own_tests_pass() throws Exception {
    Run run = Run.of(Path.of("."), Map.of(), "python3", "-B", "src/test/python/test_local.py");
    assertThat(run.succeeded().err()).containsPattern("Ran [1-9]\\d* tests").contains("OK");
  }
}
