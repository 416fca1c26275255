package stacks.node;

import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicContainer;
import org.junit.jupiter.api.TestFactory;
import stacks.testing.PythonTests;

/** The agent's own tests with a real Redis. */
class AgentIT {
  @TestFactory
  Stream<DynamicContainer> the_agents_own_tests_pass() throws Exception {
    return PythonTests.each(
        "test_attend.py",
        "test_backup.py",
        "test_backup_faults.py",
        "test_backup_turn.py",
        "test_check.py",
        "test_install.py",
        "test_main.py",
        "test_redis.py",
        "test_restore.py",
        "test_start.py",
        "test_undo.py");
  }
}
