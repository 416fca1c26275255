package stacks.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CliTest {
  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  private int run(String... args) {
    return Cli.run(new PrintWriter(out, true), new PrintWriter(err, true), args);
  }

  @Test
  void without_a_verb_it_shows_what_there_is() {
    assertThat(run()).isZero();
    assertThat(out.toString())
        .contains("check", "deploy", "status", "Exit codes")
        .doesNotContain("app ");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "check",
        "synth",
        "render",
        "plan",
        "review",
        "deploy",
        "destroy",
        "restore",
        "status",
        "drill",
        "monitoring",
        "client",
        "wait",
        "failover",
        "replace",
        "backup"
      })
  void every_verb_has_a_help_text_with_an_example(String verb) {
    assertThat(run(verb, "--help")).isZero();
    assertThat(out.toString()).contains("Usage: rediform " + verb).contains("./rediform " + verb);
  }

  @Test
  void an_unknown_verb_is_wrong_usage_and_the_nearest_is_named() {
    assertThat(run("deplyo")).isEqualTo(ExitCode.USAGE);
    assertThat(err.toString()).contains("deplyo").contains("deploy");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "--debug"})
  void an_error_of_java_itself_is_one_line_and_a_stack_trace_only_with_debug(String debug) {
    PrintWriter full =
        new PrintWriter(out) {
          @Override
          public void println(String line) {
            throw new OutOfMemoryError("Java heap space\n    at program.js");
          }
        };
    String[] words = debug.isEmpty() ? new String[] {"check"} : new String[] {"check", debug};
    assertThat(Cli.run(full, new PrintWriter(err, true), words)).isEqualTo(ExitCode.MISSING);
    assertThat(err.toString())
        .startsWith(
            "rediform: unexpected: java.lang.OutOfMemoryError: Java heap space; --debug shows");
    assertThat(err.toString().lines().count() == 1).isEqualTo(debug.isEmpty());
  }

  @Test
  void a_missing_argument_is_wrong_usage() {
    assertThat(run("render", "local")).isEqualTo(ExitCode.USAGE);
    assertThat(err.toString()).contains("NODE").contains("--help");
  }

  @Test
  void an_environment_that_does_not_exist_is_a_no_with_the_nearest_name() {
    assertThat(run("synth", "prodution")).isEqualTo(ExitCode.NO);
    assertThat(err.toString())
        .contains("there is no environment \"prodution\"")
        .contains("Did you mean \"production\"?")
        .contains("local, production, production-symmetric, staging")
        .doesNotContain("\tat ");
  }

  @Test
  void a_node_that_does_not_exist_is_a_no_with_the_nearest_name() {
    assertThat(run("render", "local", "redis-9")).isEqualTo(ExitCode.NO);
    assertThat(err.toString()).contains("Did you mean").contains("sentinel-3");
  }

  @Test
  void check_says_ok_for_each_file_of_the_repository() {
    assertThat(run("check")).isZero();
    assertThat(out.toString().lines()).hasSize(4).allMatch(line -> line.endsWith(".yaml: ok"));
  }

  @Test
  void check_prints_one_problem_a_line_and_answers_no(@TempDir Path folder) throws Exception {
    Path file = folder.resolve("broken.yaml");
    Files.writeString(file, "platform: local\nsentinels:\n  count: 2\n  quorom: 2\n");
    assertThat(run("check", file.toString())).isEqualTo(ExitCode.NO);
    assertThat(out.toString().lines())
        .anyMatch(line -> line.startsWith(file + ":3:3: error too-few-sentinels: "))
        .anyMatch(line -> line.startsWith(file + ":4:3: error unknown-key: "))
        .allMatch(line -> line.startsWith(file + ":"));
  }

  @Test
  void check_reports_as_json_too(@TempDir Path folder) throws Exception {
    Path file = folder.resolve("broken.yaml");
    Files.writeString(file, "platform: local\nsentinels: {count: 2}\n");
    assertThat(run("check", "--json", file.toString())).isEqualTo(ExitCode.NO);
    assertThat(out.toString())
        .startsWith("[")
        .contains("\"id\" : \"too-few-sentinels\"")
        .contains("\"line\" : 2");
  }

  @Test
  void render_shows_what_a_node_is_told() {
    assertThat(run("render", "local", "sentinel-1")).isZero();
    assertThat(out.toString())
        .contains("# document", "\"name\" : \"sentinel-1\"", "# settings", "port 26379")
        .doesNotContain("\"redis-2\"");
  }

  @Test
  void client_prints_the_snippet_with_real_addresses_and_no_password() {
    assertThat(run("client", "production", "--language", "python")).isZero();
    assertThat(out.toString())
        .contains("('10.60.0.11', 26379)", "('10.60.16.11', 26379)", "('10.60.32.11', 26379)")
        .contains("master_for('mymaster'", "slave_for('mymaster'", "os.environ['REDIS_PASSWORD']")
        .contains("EnhancedCacheManager(");
  }

  @Test
  void monitoring_writes_files_and_says_which_key_switches_the_exporters_on(@TempDir Path folder)
      throws Exception {
    assertThat(run("monitoring", "production", "--out", folder.toString())).isZero();
    assertThat(out.toString())
        .contains("prometheus-ec2.yml", "targets/production-redis.json", "metrics.networks");
    assertThat(folder.resolve("alerts/redis.yml")).exists();
  }

  @Test
  void exporters_are_run_for_local_nodes_only() {
    assertThat(run("monitoring", "production", "--run")).isEqualTo(ExitCode.USAGE);
    assertThat(err.toString()).contains("platform: local", "./rediform monitoring production");
  }

  @Test
  void every_library_gets_the_sentinels_or_the_proxys_nodes_and_no_other_password() {
    for (stacks.clients.Library library : stacks.clients.Library.values()) {
      out.getBuffer().setLength(0);
      assertThat(run("client", "production", "--library", library.id())).isZero();
      assertThat(out.toString())
          .as(library.id())
          .contains("10.60.0.11", "10.60.16.11", "10.60.32.11", "26379", "mymaster")
          .contains("REDIS_PASSWORD")
          .doesNotContain("{{", "}}");
    }
  }

  @Test
  void a_library_of_another_language_is_wrong_usage_and_names_the_right_ones() {
    assertThat(run("client", "local", "--language", "java", "--library", "predis"))
        .isEqualTo(ExitCode.USAGE);
    assertThat(err.toString()).contains("predis").contains("jedis, lettuce, redisson, spring");
  }

  @Test
  void a_language_without_a_snippet_is_wrong_usage_and_names_those_there_are() {
    assertThat(run("client", "local", "--language", "cobol")).isEqualTo(ExitCode.USAGE);
    assertThat(err.toString()).contains("cobol").contains("python");
  }

  @Test
  void status_of_what_is_not_deployed_says_how_to_deploy_it(@TempDir Path folder) throws Exception {
    Path file = folder.resolve("never-deployed.yaml");
    Files.writeString(file, "platform: local\n");
    assertThat(run("status", file.toString())).isEqualTo(ExitCode.NO);
    assertThat(err.toString()).contains("./rediform deploy never-deployed");
  }

  @Test
  void a_deploy_that_nobody_can_approve_is_refused_before_anything_starts() {
    assertThat(run("deploy", "staging")).isEqualTo(ExitCode.USAGE);
    assertThat(err.toString()).contains("./rediform plan staging").contains("--auto-approve");
  }

  @Test
  void a_file_elsewhere_is_checked_and_not_deployed(@TempDir Path folder) throws Exception {
    Path file = Files.copy(Path.of("environments/local.yaml"), folder.resolve("other.yaml"));
    assertThat(run("check", file.toString())).isZero();
    assertThat(run("deploy", file.toString())).isEqualTo(2);
    assertThat(err.toString()).contains("is not in the folder environments");
  }
}
