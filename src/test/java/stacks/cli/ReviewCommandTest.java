package stacks.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import stacks.review.PlanJson;
import stacks.testing.Environments;

class ReviewCommandTest {
  private static final String FILE = "platform: aws\naws: {region: eu-central-1}\n";

  @TempDir Path folder;

  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  private int run(String... args) {
    return Cli.run(new PrintWriter(out, true), new PrintWriter(err, true), args);
  }

  private int review(PlanJson plan, String... options) throws Exception {
    return review(FILE, plan.toString(), options);
  }

  private int review(String file, String plan, String... options) throws Exception {
    Path environment = Files.writeString(folder.resolve("cache.yaml"), file);
    Path json = Files.writeString(folder.resolve("plan.json"), plan);
    String[] words = new String[3 + options.length];
    words[0] = "review";
    words[1] = environment.toString();
    words[2] = json.toString();
    System.arraycopy(options, 0, words, 3, options.length);
    return run(words);
  }

  private static PlanJson shrunk() {
    return PlanJson.of("cache").volume("redis-2", List.of("update"), 100, 99);
  }

  /** As the verb says it; the verb itself also asks what the plan was made of. */
  private void said(PlanJson plan) throws Exception {
    ReviewText.print(plan.review(Environments.cluster("cache", FILE)), new PrintWriter(out, true));
  }

  @Test
  void a_plan_that_does_not_say_what_it_was_made_of_is_blocked() throws Exception {
    assertThat(review(PlanJson.of("cache"))).isEqualTo(ExitCode.NO);
    assertThat(out.toString())
        .startsWith("cache: blocked\n")
        .contains("shared: it does not say what it was made of: it has no configuration");
  }

  @Test
  void nothing_to_do_is_one_line() throws Exception {
    said(PlanJson.of("cache"));
    assertThat(out).hasToString("cache is what its file says; a deploy would change nothing\n");
  }

  @Test
  void a_safe_change_is_a_go_in_a_few_lines() throws Exception {
    said(PlanJson.of("cache").restart("redis-2"));
    assertThat(out)
        .hasToString(
            """
            cache: go
              redis-2 restarts
              one node gets a larger machine
              writes pause once, or not at all, about 1.2 s each time (measured: docs/evidence/rolling.md)
              one copy of all data between nodes, up to maxmemory each, 6gb in all
              nothing is lost

              1. redis-2      machine restarts: c7i.xlarge becomes c7i.2xlarge
            """);
  }

  @Test
  void what_blocks_is_a_no_with_its_meaning_and_what_to_do() throws Exception {
    assertThat(review(shrunk())).isEqualTo(ExitCode.NO);
    assertThat(out.toString())
        .startsWith("cache: blocked\n")
        .contains("block disk-shrunk\n  aws_ebs_volume.redis-2-data: 100 GiB become 99 GiB\n")
        .contains("Put the old size back.")
        .doesNotContain("\u001b");
  }

  @Test
  void approval_is_asked_for_and_given() throws Exception {
    String file = FILE + "review: {requireApproval: [disk-shrunk, plan-of-another-file]}\n";
    assertThat(review(file, shrunk().toString())).isEqualTo(ExitCode.NO);
    assertThat(out.toString()).contains("to be approved by somebody: ", "disk-shrunk");
    assertThat(review(file, shrunk().toString(), "--approved")).isEqualTo(ExitCode.FINE);
    assertThat(out.toString()).contains("\napproved by somebody: ", "disk-shrunk");
  }

  @ParameterizedTest
  @CsvSource({
    "{, 'or not all of it'",
    "'{\"format_version\":\"2.0\"}', 'has format version 2.0'",
  })
  void what_is_no_plan_is_unreadable_and_never_a_stack_trace(String plan, String why)
      throws Exception {
    assertThat(review(FILE, plan)).isEqualTo(ExitCode.MISSING);
    assertThat(err.toString()).contains(why).doesNotContain("\tat ");
  }

  @Test
  void a_plan_of_another_environment_is_unreadable() throws Exception {
    assertThat(review(PlanJson.of("other"))).isEqualTo(ExitCode.MISSING);
    assertThat(err.toString()).contains("this is a plan of other, not of cache");
  }

  @Test
  void a_plan_comes_from_standard_input_too() throws Exception {
    InputStream terminal = System.in;
    Path environment = Files.writeString(folder.resolve("cache.yaml"), FILE);
    try {
      System.setIn(new ByteArrayInputStream(shrunk().toString().getBytes(StandardCharsets.UTF_8)));
      assertThat(run("review", environment.toString(), "-")).isEqualTo(ExitCode.NO);
    } finally {
      System.setIn(terminal);
    }
  }

  @Test
  void where_no_plan_was_made_it_says_how_to_make_one() throws Exception {
    Path environment = Files.writeString(folder.resolve("never-planned.yaml"), FILE);
    assertThat(run("review", environment.toString())).isEqualTo(ExitCode.MISSING);
    assertThat(err.toString()).contains("./rediform plan never-planned");
  }

  @Test
  void files_are_written_in_the_format_of_their_endings() throws Exception {
    String[] options = {
      "--output", folder.resolve("r.txt").toString(),
      "--output", folder.resolve("r.md").toString(),
      "--output", folder.resolve("r.json").toString(),
      "--output", folder.resolve("r.sarif").toString(),
      "--output", folder.resolve("r.html").toString()
    };
    assertThat(review(shrunk(), options)).isEqualTo(ExitCode.NO);
    assertThat(folder.resolve("r.txt")).hasContent(out.toString());
    assertThat(folder.resolve("r.md")).content().startsWith("## Plan review of cache: blocked");
    assertThat(folder.resolve("r.json")).content().contains("\"verdict\" : \"blocked\"");
    assertThat(folder.resolve("r.sarif")).content().contains("\"version\" : \"2.1.0\"");
    assertThat(folder.resolve("r.html")).content().startsWith("<!doctype html>");
  }

  @Test
  void an_ending_without_a_format_is_wrong_usage_before_any_work() throws Exception {
    assertThat(review(FILE, "{", "--output", "review.pdf")).isEqualTo(ExitCode.USAGE);
    assertThat(err.toString()).contains(".txt, .md, .json, .sarif, .html");
  }

  @ParameterizedTest
  @CsvSource({"--json, {", "--format=json, {", "--format=markdown, ##", "--format=html, <!doctype"})
  void other_formats_are_printed_alone(String option, String start) throws Exception {
    assertThat(review(shrunk(), option)).isEqualTo(ExitCode.NO);
    assertThat(out.toString()).startsWith(start);
  }

  @Test
  void hostile_names_are_visible_text_on_a_terminal() throws Exception {
    PlanJson plan =
        PlanJson.of("cache")
            .resource("aws_thing", "x\u001b[2J\ncache: go\u202E", List.of("create"), c -> {});
    assertThat(review(plan)).isEqualTo(ExitCode.NO);
    assertThat(out.toString())
        .contains("aws_thing.x\\u001b[2J\\u000acache: go\\u202e: create")
        .doesNotContain("\u001b", "\u202E");
  }

  @Test
  void colours_are_for_terminals_alone() throws Exception {
    StringWriter text = new StringWriter();
    PrintWriter writer = new PrintWriter(text);
    new ReviewText(writer, true).print(shrunk().review(Environments.cluster("cache", FILE)));
    assertThat(text.toString()).startsWith("cache: \u001b[1m\u001b[31mblocked\u001b[");
  }

  @Test
  void a_rule_is_explained() {
    assertThat(run("review", "--explain", "disk-shrunk")).isEqualTo(ExitCode.FINE);
    assertThat(out.toString())
        .startsWith("disk-shrunk (block)\n")
        .contains("No cloud can make a disk smaller");
    assertThat(run("review", "--explain", "disk-shrunken")).isEqualTo(ExitCode.USAGE);
    assertThat(err.toString()).contains("did you mean \"disk-shrunk\"?", "world-open");
  }

  @Test
  void without_an_environment_it_says_what_is_missing() {
    assertThat(run("review")).isEqualTo(ExitCode.USAGE);
    assertThat(err.toString()).contains("./rediform review ENV");
  }
}
