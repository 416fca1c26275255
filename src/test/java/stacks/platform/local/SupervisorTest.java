package stacks.platform.local;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import stacks.testing.PythonTests;

class SupervisorTest {
  @TestFactory
  List<DynamicTest> the_supervisors_own_tests_pass() throws Exception {
    return PythonTests.of("test_local.py", Map.of());
  }
}
