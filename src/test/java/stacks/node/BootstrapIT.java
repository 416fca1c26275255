package stacks.node;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import stacks.testing.PythonTests;

/** What fetches a machine's document and agent, under faults of everything around it. */
class BootstrapIT {
  @TestFactory
  List<DynamicTest> the_last_good_pair_stays_whatever_fails() throws Exception {
    return PythonTests.of("test_bootstrap.py", Map.of());
  }
}
