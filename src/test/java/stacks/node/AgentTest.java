package stacks.node;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import stacks.templates.Templates;
import stacks.testing.PythonTests;
import stacks.testing.Run;

class AgentTest {
  @TempDir private Path folder;

  @Test
  void the_agents_own_tests_pass_on_the_program_that_nodes_get() throws Exception {
    Path program = Files.writeString(folder.resolve("rediform-node"), NodeFiles.agent());
    PythonTests.pass("test_agent.py", Map.of("REDIFORM_NODE", program.toString()));
  }

  @Test
  void the_first_program_of_a_boot_takes_the_agent_that_it_was_told_of_and_no_other()
      throws Exception {
    Path program =
        Files.writeString(folder.resolve("boot"), Templates.program("agent/rediform-boot"));
    PythonTests.pass("test_program.py", Map.of("REDIFORM_BOOT", program.toString()));
  }

  @Test
  void the_boot_programs_own_tests_pass_on_the_program_that_nodes_get() throws Exception {
    Path program =
        Files.writeString(
            folder.resolve("rediform-boot"), Templates.program("agent/rediform-boot"));
    PythonTests.pass("test_boot.py", Map.of("REDIFORM_BOOT", program.toString()));
  }

  @Test
  void the_first_program_travels_without_comments_and_is_otherwise_the_same() throws Exception {
    String name = "agent/rediform-boot";
    Path all = Files.writeString(folder.resolve("all"), Templates.text(name));
    Path sent = Files.writeString(folder.resolve("sent"), Templates.program(name));
    String tree =
        """
        import ast, sys
        def tree(path):
            module = ast.parse(open(path).read())
            for node in ast.walk(module):
                if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and ast.get_docstring(node):
                    node.body = node.body[1:]
            return ast.dump(module)
        sys.exit(tree(sys.argv[1]) != tree(sys.argv[2]))
        """;
    Run.of(folder, Map.of(), "python3", "-c", tree, all.toString(), sent.toString()).succeeded();
    assertThat(Files.size(sent)).isLessThan(Files.size(all));
  }
}
