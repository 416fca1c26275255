package stacks.testing;

import static org.junit.jupiter.api.Assumptions.assumeTrue;
import static org.junit.jupiter.api.DynamicContainer.dynamicContainer;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicContainer;
import org.junit.jupiter.api.DynamicTest;

/** Tests that are written in Python, since what they test is. Each is a test of its own here. */
public final class PythonTests {
  private static final Path FOLDER = Path.of("src", "test", "python");
  private static final int AT_A_TIME = 3;
  private static final ObjectMapper JSON = new ObjectMapper();

  /** A line of the report; {@code report.py} describes them. */
  private record Line(String test, String outcome, String text) {}

  private PythonTests() {}

  /**
   * Runs a file of tests, for a method with {@code @TestFactory}. One process runs all of them, so
   * that the fixtures of classes work. A file that cannot be imported, ends early, takes too long
   * or has no tests is a test that fails. As root a skipped test fails as well, since {@code
   * ./verify} installs what the tests need.
   *
   * @param name of the file below {@code src/test/python}
   * @param environment what the tests ask the environment for, such as the program to test
   */
  public static List<DynamicTest> of(String name, Map<String, String> environment)
      throws Exception {
    boolean root = Run.isPossible("sh", "-c", "[ \"$(id -u)\" = 0 ]");
    return of(FOLDER.resolve(name), environment, Run.LONGEST, root);
  }

  /**
   * Runs several files, some at a time, since they mostly wait. Each is a container, so that its
   * name is in the report.
   */
  public static Stream<DynamicContainer> each(String... names) throws Exception {
    ExecutorService pool = Executors.newFixedThreadPool(AT_A_TIME);
    try {
      List<Callable<DynamicContainer>> runs = new ArrayList<>();
      for (String name : names) {
        runs.add(() -> dynamicContainer(name, of(name, Map.of())));
      }
      List<DynamicContainer> containers = new ArrayList<>();
      for (Future<DynamicContainer> run : pool.invokeAll(runs)) {
        containers.add(run.get());
      }
      return containers.stream();
    } finally {
      pool.shutdownNow();
    }
  }

  static List<DynamicTest> of(
      Path file, Map<String, String> environment, Duration longest, boolean mayNotSkip)
      throws Exception {
    Path report = Files.createTempFile("report", ".jsonl");
    try {
      boolean endedWell = false;
      String output;
      try {
        String runner = FOLDER.resolve("report.py").toString();
        List<String> command = List.of("python3", "-B", runner, report.toString(), file.toString());
        Run run = Run.of(Path.of("."), environment, command, longest);
        endedWell = run.exitCode() == 0;
        output = run.all();
      } catch (AssertionError tookTooLong) {
        output = tookTooLong.getMessage();
      }
      return tests(file.getFileName().toString(), lines(report), endedWell, output, mayNotSkip);
    } finally {
      Files.delete(report);
    }
  }

  private static List<Line> lines(Path report) throws Exception {
    List<Line> lines = new ArrayList<>();
    for (String line : Files.readAllLines(report)) {
      lines.add(JSON.readValue(line, Line.class));
    }
    return lines;
  }

  private static List<DynamicTest> tests(
      String file, List<Line> lines, boolean endedWell, String output, boolean mayNotSkip) {
    List<DynamicTest> tests = new ArrayList<>();
    for (Line line : lines) {
      switch (line.outcome) {
        case "passed" -> tests.add(dynamicTest(line.test, () -> {}));
        case "failed" -> tests.add(failing(line.test, line.text));
        case "skipped" ->
            tests.add(
                mayNotSkip
                    ? failing(
                        line.test, "skipped, but as root no test may be skipped: " + line.text)
                    : dynamicTest(line.test, () -> assumeTrue(false, line.text)));
        default -> {}
      }
    }
    Line last = lines.isEmpty() ? new Line(file, "", "") : lines.get(lines.size() - 1);
    if (last.outcome.equals("started")) {
      tests.add(failing(last.test, file + " did not run to its end:\n" + output));
    } else if (!last.outcome.equals("ended") || !endedWell) {
      tests.add(failing(file, "did not run to its end:\n" + output));
    } else if (tests.isEmpty()) {
      tests.add(failing(file, "has no tests"));
    } else if (lines.stream().anyMatch(line -> line.outcome.equals("failed"))) {
      // What the tests and their programs printed may explain a failure.
      System.out.println(output);
    }
    return tests;
  }

  private static DynamicTest failing(String name, String text) {
    return dynamicTest(
        name,
        () -> {
          AssertionError failure = new AssertionError(name + ": " + text);
          // The text ends with Python's traceback. Where Java threw it is of no interest.
          failure.setStackTrace(new StackTraceElement[0]);
          throw failure;
        });
  }
}
