package stacks.testing;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicContainer;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.opentest4j.TestAbortedException;

/** No test of Python's is lost on its way into the report. */
class PythonTestsTest {
  @TempDir private Path folder;

  @Test
  void each_file_of_tests_is_named_by_a_class() throws Exception {
    StringBuilder classes = new StringBuilder();
    try (Stream<Path> files = Files.walk(Path.of("src", "test", "java"))) {
      for (Path file : files.filter(each -> each.toString().endsWith(".java")).toList()) {
        classes.append(Files.readString(file));
      }
    }
    try (Stream<Path> files = Files.list(Path.of("src", "test", "python"))) {
      assertThat(files.map(file -> file.getFileName().toString()))
          .filteredOn(name -> name.startsWith("test_") && name.endsWith(".py"))
          .isNotEmpty()
          .allSatisfy(name -> assertThat(classes).contains('"' + name + '"'));
    }
  }

  @Test
  void each_test_passes_fails_or_is_skipped_by_its_own_name() throws Exception {
    assertThat(
            outcomes(
                """
                class Some(unittest.TestCase):
                    def test_good(self): pass
                    def test_bad(self): self.assertEqual(1, 2)
                    def test_wrong(self): self.nothing()
                    def test_skipped(self): self.skipTest("no moon")
                    @unittest.expectedFailure
                    def test_known(self): self.fail()
                    @unittest.expectedFailure
                    def test_mended(self): pass
                """))
        .containsOnlyKeys(
            "Some.test_good",
            "Some.test_bad",
            "Some.test_wrong",
            "Some.test_skipped",
            "Some.test_known",
            "Some.test_mended")
        .containsEntry("Some.test_good", "passed")
        .containsEntry("Some.test_known", "passed")
        .containsEntry("Some.test_skipped", "skipped: Assumption failed: no moon")
        .hasEntrySatisfying("Some.test_bad", is("AssertionError: 1 != 2", "line 5, in test_bad"))
        .hasEntrySatisfying("Some.test_wrong", is("AttributeError", "line 6, in test_wrong"))
        .hasEntrySatisfying("Some.test_mended", is("marked as one that fails"));
  }

  @Test
  void as_root_a_skip_fails() throws Exception {
    String tests =
        """
        @unittest.skip("no moon")
        class Some(unittest.TestCase):
            def test_skipped(self): pass
        """;
    assertThat(outcomes(tests, Run.LONGEST, true))
        .hasEntrySatisfying("Some.test_skipped", is("failed", "no test may be skipped: no moon"));
  }

  @Test
  void a_test_with_subtests_is_one_that_shows_all_that_failed() throws Exception {
    assertThat(
            outcomes(
                """
                class Some(unittest.TestCase):
                    def test_all(self):
                        for n in range(4):
                            with self.subTest(n=n):
                                if n == 0: self.skipTest("no moon")
                                if n == 1: raise KeyError("here")
                                self.assertNotEqual(n, 2)
                    def test_some(self):
                        for n in range(4):
                            with self.subTest(n=n):
                                if n == 0: self.skipTest("no moon")
                """))
        .containsOnlyKeys("Some.test_all", "Some.test_some")
        .containsEntry("Some.test_some", "skipped: Assumption failed: no moon")
        .hasEntrySatisfying(
            "Some.test_all", is("(n=1)", "KeyError: 'here'", "(n=2)", "AssertionError: 2 == 2"));
  }

  @Test
  void a_failing_fixture_is_a_failure() throws Exception {
    assertThat(
            outcomes(
                """
                class First(unittest.TestCase):
                    @classmethod
                    def setUpClass(cls): raise OSError("no disk")
                    def test_never(self): pass
                class Second(unittest.TestCase):
                    def tearDown(self): raise OSError("no way back")
                    def test_good(self): pass
                class Third(unittest.TestCase):
                    @classmethod
                    def tearDownClass(cls): raise OSError("no end")
                    def test_good(self): pass
                """))
        .containsOnlyKeys(
            "setUpClass (test_some.First)",
            "Second.test_good",
            "Third.test_good",
            "tearDownClass (test_some.Third)")
        .hasEntrySatisfying("setUpClass (test_some.First)", is("failed", "OSError: no disk"))
        .hasEntrySatisfying("Second.test_good", is("failed", "OSError: no way back"))
        .containsEntry("Third.test_good", "passed")
        .hasEntrySatisfying("tearDownClass (test_some.Third)", is("failed", "OSError: no end"));
  }

  @Test
  void a_file_that_ends_early_fails_and_names_the_test_that_ran() throws Exception {
    assertThat(
            outcomes(
                """
                class Some(unittest.TestCase):
                    def test_1(self): pass
                    def test_2(self):
                        print("last words", flush=True)
                        os._exit(0)
                    def test_3(self): pass
                """))
        .containsOnlyKeys("Some.test_1", "Some.test_2")
        .containsEntry("Some.test_1", "passed")
        .hasEntrySatisfying("Some.test_2", is("did not run to its end", "last words"));
  }

  @Test
  void a_file_that_takes_too_long_fails_and_names_the_test_that_ran() throws Exception {
    String tests =
        """
        import time
        class Some(unittest.TestCase):
            def test_hangs(self): time.sleep(60)
        """;
    assertThat(outcomes(tests, Duration.ofSeconds(3), false))
        .hasEntrySatisfying("Some.test_hangs", is("failed", "did not end in PT3S"))
        .hasSize(1);
  }

  @Test
  void a_file_that_ends_badly_after_its_tests_fails() throws Exception {
    assertThat(
            outcomes(
                """
                import atexit
                atexit.register(os._exit, 3)
                class Some(unittest.TestCase):
                    def test_good(self): pass
                """))
        .containsOnlyKeys("Some.test_good", "test_some.py")
        .hasEntrySatisfying("test_some.py", is("failed", "did not run to its end"));
  }

  @Test
  void a_file_that_cannot_be_read_fails() throws Exception {
    assertThat(outcomes("import nothing_like_it"))
        .hasSize(1)
        .hasEntrySatisfying("_FailedTest.test_some", is("failed", "nothing_like_it"));
    assertThat(outcomes("os._exit(0)"))
        .hasSize(1)
        .hasEntrySatisfying("test_some.py", is("failed", "did not run to its end"));
  }

  @Test
  void a_file_without_tests_fails() throws Exception {
    assertThat(outcomes("class Some(unittest.TestCase): pass"))
        .hasSize(1)
        .hasEntrySatisfying("test_some.py", is("failed", "has no tests"));
    Path missing = folder.resolve("test_missing.py");
    assertThat(outcomes(missing, Run.LONGEST, false))
        .hasSize(1)
        .hasEntrySatisfying("test_missing.py", is("failed", "has no tests"));
  }

  @Test
  void several_files_are_told_apart_by_their_names() throws Exception {
    assertThat(PythonTests.each("test_missing.py", "test_absent.py"))
        .extracting(DynamicContainer::getDisplayName)
        .containsExactly("test_missing.py", "test_absent.py");
  }

  private static Consumer<String> is(String... parts) {
    return outcome -> assertThat(outcome).contains(parts);
  }

  private Map<String, String> outcomes(String tests) throws Exception {
    return outcomes(tests, Run.LONGEST, false);
  }

  private Map<String, String> outcomes(String tests, Duration longest, boolean mayNotSkip)
      throws Exception {
    Path file = folder.resolve("test_some.py");
    Files.writeString(file, "import os\nimport unittest\n" + tests);
    return outcomes(file, longest, mayNotSkip);
  }

  /** Each test by its name: passed, skipped and why, failed and why. */
  private static Map<String, String> outcomes(Path file, Duration longest, boolean mayNotSkip)
      throws Exception {
    Map<String, String> outcomes = new TreeMap<>();
    for (DynamicTest test : PythonTests.of(file, Map.of(), longest, mayNotSkip)) {
      String outcome = "passed";
      try {
        test.getExecutable().execute();
      } catch (TestAbortedException e) {
        outcome = "skipped: " + e.getMessage();
      } catch (Throwable e) {
        outcome = "failed: " + e.getMessage();
      }
      assertThat(outcomes.put(test.getDisplayName(), outcome)).isNull();
    }
    return outcomes;
  }
}
