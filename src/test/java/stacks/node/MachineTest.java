package stacks.node;

import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicContainer;
import org.junit.jupiter.api.TestFactory;
import stacks.testing.PythonTests;

/**
 * What the agent does to make a virtual machine into a node; its tests need neither root nor a
 * network.
 */
class MachineTest {
  @TestFactory
  Stream<DynamicContainer> the_tests_of_each_part_of_the_set_up_pass() throws Exception {
    return PythonTests.each(
        "test_access.py",
        "test_commands.py",
        "test_firewall.py",
        "test_kernel.py",
        "test_packages.py",
        "test_secret.py",
        "test_setup.py",
        "test_systemd.py",
        "test_units.py");
  }
}
