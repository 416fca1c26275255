package stacks.platform.local;

import java.util.Map;
import org.junit.jupiter.api.Test;
import stacks.testing.PythonTests;

class SupervisorTest {
  @Test
  void the_supervisors_own_tests_pass() throws Exception {
    PythonTests.pass("test_local.py", Map.of());
  }
}
