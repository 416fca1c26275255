package stacks.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.OptionalInt;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import stacks.testing.Environments;
import stacks.testing.Golden;

/** What a person sees of Terraform at work. */
class StepsTest {
  private static final ObjectMapper MAPPER = new ObjectMapper();
  private static final OptionalInt PIPE = OptionalInt.empty();

  private final StringWriter err = new StringWriter();
  private Instant now = Instant.EPOCH;
  private Steps steps;

  @BeforeEach
  void aPipe() {
    steps = new Steps("exp", new Progress(new PrintWriter(err), () -> PIPE, false), () -> now);
    steps.begin(List.of("apply"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"deploy", "nothing-to-do", "failed", "destroy"})
  void a_recorded_run_is_shown_line_by_line_in_a_pipe(String name) throws IOException {
    String shown = Replay.of(name, PIPE).shown();
    assertThat(shown).doesNotContain("\r", "\u001b");
    assertThat(shown.lines()).allMatch(line -> line.startsWith("rediform: "));
    Golden.check("output/" + name + "-pipe.txt", shown + failure(name));
  }

  /** Goldens have what a carriage return begins in a line of its own. */
  @ParameterizedTest
  @ValueSource(ints = {80, 40})
  void a_terminal_has_a_live_line_that_fits(int columns) throws IOException {
    for (String name : List.of("deploy", "nothing-to-do", "failed", "destroy")) {
      String shown = Replay.of(name, OptionalInt.of(columns)).shown();
      assertThat(shown).doesNotContain("\u001b");
      assertThat(shown.split("\r"))
          .filteredOn(part -> !part.endsWith("\n"))
          .allMatch(part -> part.length() < columns);
      assertThat(String.join("", lasting(shown)))
          .as("what stays on the screen")
          .isEqualTo(Replay.of(name, PIPE).shown());
      Golden.check(
          "output/%s-%d.txt".formatted(name, columns),
          (shown + failure(name)).replace("\r", "\n\\r").replaceAll("(?m) +$", ""));
    }
  }

  private static List<String> lasting(String shown) {
    return List.of(shown.split("(?<=\n)")).stream()
        .map(line -> line.substring(line.lastIndexOf('\r') + 1))
        .filter(line -> line.endsWith("\n"))
        .toList();
  }

  /** As {@code Cli} prints it. */
  private static String failure(String name) throws IOException {
    if (!name.equals("failed")) {
      return "";
    }
    Replay replay = Replay.of(name, PIPE);
    return "rediform: "
        + TerraformFailure.ofApply(
                Environments.cluster("local"),
                replay.applied(List.copyOf(replay.planned())),
                replay.planned(),
                "./rediform deploy local",
                Path.of("cdktf.out/stacks/local/terraform.log"))
            .getMessage()
        + "\n";
  }

  @Test
  void a_pipe_is_told_that_it_goes_on_after_ten_seconds_and_then_every_twenty() throws IOException {
    apply("apply_start", "aws_instance", "redis-1", "update");
    apply("apply_start", "aws_instance", "redis-2", "update");
    pass(55);
    assertThat(lines())
        .containsExactly(
            "still redis-1: machine being changed, 10 s, and 1 more",
            "still redis-1: machine being changed, 30 s, and 1 more",
            "still redis-1: machine being changed, 50 s, and 1 more");
  }

  @Test
  void a_machine_that_ec2_does_not_give_is_said_once() throws IOException {
    apply("apply_start", "aws_instance", "redis-1", "create");
    pass(150);
    assertThat(lines())
        .filteredOn(line -> line.contains("EC2 has given no machine yet"))
        .singleElement()
        .asString()
        .startsWith("redis-1: machine: ");
  }

  @Test
  void a_gate_says_what_it_waits_for_and_that_it_opened_with_its_time() throws IOException {
    apply("apply_start", "terraform_data", "redis-2-gate", "create");
    pass(4);
    String waits = "rediform: before redis-2: waits, 4 s so far: redis-3 is not fit";
    says("redis-2-gate", waits);
    says("redis-2-gate", waits);
    pass(3);
    says("redis-2-gate", "redis-2 may be changed");
    apply("apply_complete", "terraform_data", "redis-2-gate", "create");
    assertThat(lines())
        .containsExactly(waits.replace("rediform: ", ""), "redis-2 may be changed, 7 s");
  }

  @Test
  void a_step_that_fails_is_said_and_a_warning_once() throws IOException {
    apply("apply_start", "aws_ebs_volume", "redis-2-data", "update");
    apply("apply_errored", "aws_ebs_volume", "redis-2-data", "update");
    for (int i = 0; i < 2; i++) {
      accept(
          "{\"type\":\"diagnostic\",\"diagnostic\":{\"severity\":\"warning\",\"summary\":\"Old\",\"detail\":\"It goes.\"}}");
      accept(
          "{\"type\":\"diagnostic\",\"diagnostic\":{\"severity\":\"warning\",\"summary\":\"Resource targeting is in effect\"}}");
    }
    assertThat(err)
        .hasToString(
            "rediform: redis-2: data volume not changed, 0 s\nrediform: warning: Old\nIt goes.\n");
  }

  @Test
  void what_a_plan_reads_is_no_step() throws IOException {
    apply("apply_start", "aws_instances", "mine", "read");
    apply("apply_complete", "aws_instances", "mine", "read");
    steps.end(true);
    assertThat(lines()).containsExactly("terraform apply, 0 s");
  }

  private List<String> lines() {
    return err.toString().lines().map(line -> line.replaceFirst("^rediform: ", "")).toList();
  }

  private void pass(int seconds) {
    for (int i = 0; i < seconds; i++) {
      now = now.plusSeconds(1);
      steps.tick();
    }
  }

  private void apply(String event, String type, String name, String action) throws IOException {
    accept(
        "{\"type\":\"%s\",\"hook\":{\"action\":\"%s\",\"resource\":{\"addr\":\"%s.%s\",\"resource_type\":\"%s\",\"resource_name\":\"%s\"}}}"
            .formatted(event, action, type, name, type, name));
  }

  private void says(String name, String line) throws IOException {
    accept(
        "{\"type\":\"provision_progress\",\"hook\":{\"output\":\"%s\",\"resource\":{\"addr\":\"terraform_data.%s\"}}}"
            .formatted(line, name));
  }

  private void accept(String event) throws IOException {
    steps.accept(MAPPER.readTree(event));
  }
}
