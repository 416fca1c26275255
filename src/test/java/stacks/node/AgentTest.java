package stacks.node;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicContainer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;
import stacks.templates.Templates;
import stacks.testing.PythonTests;
import stacks.testing.Run;

/** The agent's own tests that need no server; {@link AgentIT} has those that do. */
class AgentTest {
  private static final Path SOURCES = Path.of("src", "main", "python");

  @TempDir private Path folder;

  @TestFactory
  Stream<DynamicContainer> the_agents_own_tests_pass() throws Exception {
    return PythonTests.each(
        "test_aws.py",
        "test_backup_keep.py",
        "test_backup_timer.py",
        "test_constants.py",
        "test_contents.py",
        "test_data.py",
        "test_decide.py",
        "test_handover.py",
        "test_health.py",
        "test_metrics.py",
        "test_modules.py",
        "test_places.py",
        "test_retry.py",
        "test_sentinel.py",
        "test_settings.py",
        "test_storage.py",
        "test_supervisor.py",
        "test_view.py",
        "test_volume.py");
  }

  /** A module that is not delivered is found out on a node otherwise, and only by some verbs. */
  @Test
  void the_bundle_has_every_module_as_it_was_written_and_nothing_else() throws Exception {
    try (Stream<Path> files = Files.walk(SOURCES)) {
      List<String> written =
          files
              .map(file -> SOURCES.relativize(file).toString())
              .filter(name -> name.endsWith(".py") || name.startsWith("rediform/files/"))
              .filter(name -> !name.contains("__pycache__"))
              .sorted()
              .toList();
      assertThat(AgentBundle.FILES).isEqualTo(written);
    }
    for (String module : AgentBundle.FILES) {
      assertThat(AgentBundle.text(module)).isEqualTo(Files.readString(SOURCES.resolve(module)));
    }
  }

  @Test
  void the_bootstrap_travels_without_comments_and_is_otherwise_the_same() throws Exception {
    String name = "bootstrap/rediform-bootstrap";
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
