package stacks.testing;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Map;

/** Tests that are written in Python, since what they test is. */
public final class PythonTests {
  private static final Path FOLDER = Path.of("src", "test", "python");

  private PythonTests() {}

  /**
   * Runs a file of tests; fails unless all of them pass. As root none may be skipped, since {@code
   * ./verify} installs what they need.
   *
   * @param name of the file below {@code src/test/python}
   * @param environment what the tests ask the environment for, such as the program to test
   */
  public static void pass(String name, Map<String, String> environment) throws Exception {
    String said =
        Run.of(Path.of("."), environment, "python3", "-B", FOLDER.resolve(name).toString())
            .succeeded()
            .err();
    assertThat(said).containsPattern("Ran [1-9]\\d* tests?").contains("OK");
    if (Run.isPossible("sh", "-c", "[ \"$(id -u)\" = 0 ]")) {
      assertThat(said).doesNotContain("OK (skipped");
    }
  }
}
