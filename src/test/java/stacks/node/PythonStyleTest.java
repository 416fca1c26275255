package stacks.node;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import stacks.testing.Run;

/**
 * What a compiler and the format check do for Java. The bootstrap is left out, since it is frozen:
 * the three tools find files by {@code .py}, which its name does not have.
 */
class PythonStyleTest {
  private static final Path AGENT = Path.of("src/main/python").toAbsolutePath();
  private static final Path TESTS = Path.of("src/test/python").toAbsolutePath();

  @Test
  void the_agents_types_are_right() throws Exception {
    passes("mypy", "--cache-dir=" + Path.of("target/mypy").toAbsolutePath(), ".");
  }

  @Test
  void the_agent_and_the_tests_are_formatted() throws Exception {
    passes("black", "--check", "--diff", "--config=pyproject.toml", ".", TESTS.toString());
  }

  @Test
  void the_agent_and_the_tests_have_nothing_that_flake8_finds() throws Exception {
    passes("flake8", "--config=.flake8", ".", TESTS.toString());
  }

  /** Runs a tool where its configuration is. */
  private static void passes(String tool, String... words) throws Exception {
    assumeTrue(
        Run.isPossible(tool, "--version"),
        tool + " is missing; to get it: sudo apt-get install " + tool);
    List<String> command = new ArrayList<>(List.of(tool));
    command.addAll(List.of(words));
    Run.of(AGENT, Map.of(), command).succeeded();
  }
}
