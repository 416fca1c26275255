package stacks;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import stacks.testing.Run;

/** What {@code ./verify} does around the tests. */
class VerifyTest {
  private static final Path TABLE = Path.of("src/test/python/table.py").toAbsolutePath();

  @TempDir private Path folder;

  @Test
  void a_table_without_a_skip_is_fine() throws Exception {
    source("stacks/GoodTest.java", "@Test void works() {}");
    report("stacks.GoodTest", "<testcase classname='stacks.GoodTest' name='works'/>");
    source("stacks/ArrowsTest.java", "@ArchTest static final ArchRule rule;");
    report("stacks.ArrowsTest", "<testcase classname='ArrowsTest' name='rule'/>");
    assertThat(table("--require-all").succeeded().out()).contains("2 tests ran, 0 were skipped");
  }

  @Test
  void a_skipped_test_is_named_with_its_reason_and_fails_where_all_are_required() throws Exception {
    source("stacks/GoodTest.java", "@Test void works() {}");
    report(
        "stacks.GoodTest",
        "<testcase classname='stacks.GoodTest' name='works'/>"
            + "<testcase classname='stacks.GoodTest' name='other'><skipped message='no moon'/></testcase>");
    assertThat(table().succeeded().out()).contains("  skipped stacks.GoodTest.other: no moon");
    table("--require-all").ended(1);
  }

  /** As Surefire writes it: there is no message. */
  @Test
  void a_test_whose_assumption_failed_is_named_with_its_reason() throws Exception {
    source("stacks/AgentTest.java", "@TestFactory List<DynamicTest> passes() {}");
    report(
        "stacks.AgentTest",
        """
        <testcase classname='stacks.AgentTest' name='passes() Volume.test_ext4'>
          <skipped type='org.opentest4j.TestAbortedException'>\
        <![CDATA[org.opentest4j.TestAbortedException: Assumption failed: missing: mkfs.ext4
        \tat stacks.AgentTest.passes(AgentTest.java:7)
        ]]></skipped>
        </testcase>
        <testcase classname='stacks.AgentTest' name='passes() Volume.test_xfs'/>
        """);
    assertThat(table().succeeded().out())
        .contains("1 tests ran, 1 were skipped")
        .contains("  skipped stacks.AgentTest.passes() Volume.test_ext4: missing: mkfs.ext4\n");
  }

  @Test
  void a_class_of_which_no_test_ran_counts_as_skipped() throws Exception {
    source("stacks/GoodTest.java", "@Test void works() {}");
    report("stacks.GoodTest", "<testcase classname='stacks.GoodTest' name='works'/>");
    source("stacks/lab/WholeIT.java", "@BeforeAll static void no() {}\n@Test void never() {}");
    report("stacks.lab.WholeIT", "");
    source("stacks/NoReportTest.java", "@ParameterizedTest void never() {}");
    source("stacks/HelperIT.java", "/** Holds no test. */");
    source("stacks/Helper.java", "@Test void is_no_class_of_tests() {}");
    assertThat(table().succeeded().out())
        .contains("1 tests ran, 2 were skipped")
        .contains("  skipped stacks.NoReportTest: no test of it ran")
        .contains("  skipped stacks.lab.WholeIT: no test of it ran");
    table("--require-all").ended(1);
  }

  @Test
  void a_suite_that_was_not_asked_for_is_listed_with_its_command_and_is_no_skip() throws Exception {
    source("stacks/GoodTest.java", "@Test void works() {}");
    report("stacks.GoodTest", "<testcase classname='stacks.GoodTest' name='works'/>");
    source("stacks/lab/FaultSuite.java", "@Test void one() {}\n@Test void two() {}");
    assertThat(table("--require-all").succeeded().out())
        .contains("1 tests ran, 0 were skipped")
        .contains(
            "  not run stacks.lab.FaultSuite, 2 tests; to run it:"
                + " ./verify --hosts, or mvn verify -Dit.test=FaultSuite");
  }

  @Test
  void a_suite_that_was_asked_for_counts_like_every_other_test() throws Exception {
    source("stacks/GoodTest.java", "@Test void works() {}");
    report("stacks.GoodTest", "<testcase classname='stacks.GoodTest' name='works'/>");
    source("stacks/lab/FaultSuite.java", "@Test void one() {}");
    assertThat(table("--hosts").succeeded().out())
        .contains("  skipped stacks.lab.FaultSuite: no test of it ran");
    table("--hosts", "--require-all").ended(1);
    report(
        "hosts-reports",
        "stacks.lab.FaultSuite",
        "<testcase classname='stacks.lab.FaultSuite' name='one'/>");
    assertThat(table("--hosts", "--require-all").succeeded().out())
        .contains("2 tests ran, 0 were skipped");
  }

  @Test
  void verify_runs_every_suite_that_the_table_lists() throws Exception {
    String verify = Files.readString(Path.of("verify"));
    Set<String> asked =
        Set.of(verify.replaceFirst("(?s).*-Dit\\.test='([^'*]+)'.*", "$1").split(","));
    try (Stream<Path> files = Files.walk(Path.of("src/test/java"))) {
      assertThat(files.map(file -> file.getFileName().toString()))
          .filteredOn(name -> name.endsWith("Suite.java"))
          .isNotEmpty()
          .allSatisfy(name -> assertThat(asked).contains(name.replace(".java", "")));
    }
  }

  @Test
  void a_word_that_verify_does_not_know_is_refused() throws Exception {
    Run run =
        Run.of(folder, Map.of(), Path.of("verify").toAbsolutePath().toString(), "--host").ended(2);
    assertThat(run.err()).contains("usage: ./verify [--require-all] [--hosts] [--evidence]");
  }

  @Test
  void no_test_at_all_is_a_failure() throws Exception {
    table().ended(1);
  }

  @Test
  void cloud_init_is_put_to_sleep_before_it_is_installed() throws Exception {
    String script =
        """
        . %s
        command() { [ "$2" != cloud-init ]; }
        as_root() { echo "as root: $*" >&2; }
        need_cloud_init
        """
            .formatted(Path.of("src/main/launcher/setup.sh").toAbsolutePath());
    Run run = Run.of(folder, Map.of(), "bash", "-euc", script).succeeded();
    assertThat(run.err())
        .containsSubsequence(
            "/etc/cloud/cloud-init.disabled keeps it from acting on this machine",
            "as root: touch /etc/cloud/cloud-init.disabled",
            "installing cloud-init with apt-get");
    assertThat(Files.readString(folder.resolve(".rediform/apt.log")))
        .contains("apt-get -qy install --no-install-recommends cloud-init");
  }

  private void source(String path, String body) throws IOException {
    Path file = folder.resolve("src/test/java").resolve(path);
    Files.createDirectories(file.getParent());
    Files.writeString(file, "class X {\n" + body.indent(2) + "}\n");
  }

  private void report(String name, String cases) throws IOException {
    report("surefire-reports", name, cases);
  }

  private void report(String target, String name, String cases) throws IOException {
    Path reports = Files.createDirectories(folder.resolve("target").resolve(target));
    Files.writeString(
        reports.resolve("TEST-" + name + ".xml"),
        "<testsuite name='%s'>%s</testsuite>".formatted(name, cases));
  }

  private Run table(String... words) throws Exception {
    List<String> command = new ArrayList<>(List.of("python3", TABLE.toString()));
    command.addAll(List.of(words));
    return Run.of(folder, Map.of(), command);
  }
}
