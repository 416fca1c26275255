package stacks.node;

import java.util.Map;
import org.junit.jupiter.api.Test;
import stacks.testing.PythonTests;

/** What fetches a machine's document and agent, under faults of everything around it. */
class BootstrapIT {
  @Test
  void the_last_good_pair_stays_whatever_fails() throws Exception {
    PythonTests.pass("test_bootstrap.py", Map.of());
  }
}
