package stacks.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import stacks.testing.Eventually;
import stacks.testing.Project;
import stacks.testing.Run;

/** Odd places, odd environment variables, and what else people's own machines have. */
class OtherMachinesIT {
  private static final Path PRODUCTION = Path.of("environments/production.yaml");

  private static Run synth;
  private static byte[] stack;

  @BeforeAll
  static void what_others_see() throws Exception {
    try (Project project = production(Files.createTempDirectory("rediform-test"))) {
      synth = project.rediform("synth", "production").succeeded();
      stack = stack(project);
    }
  }

  @Test
  void the_checkout_may_be_in_any_place(@TempDir Path folder) throws Exception {
    String odd = "it's a \"Fr\u00fchst\u00fcck\" of $HOME; \\ & more";
    try (Project project = production(Files.createDirectory(folder.resolve(odd)))) {
      assertThat(project.rediform(Map.of("LC_ALL", "C"), "synth", "production")).isEqualTo(synth);
      assertThat(stack(project)).isEqualTo(stack);
    }
  }

  /** Any of the first ended it, or changed what it did, when it was set. */
  @Test
  void odd_variables_change_nothing() throws Exception {
    Map<String, String> odd = new HashMap<>();
    odd.put("JAVA_TOOL_OPTIONS", "-XX:+UseG1GC");
    odd.put("_JAVA_OPTIONS", "-Duser.language=tr");
    odd.put("JDK_JAVA_OPTIONS", "--nonsense");
    odd.put("NODE_OPTIONS", "--require /nowhere.js");
    odd.put("NODE_PATH", "/nowhere");
    odd.put("JSII_NODE", "/nowhere/node");
    odd.put("JSII_RUNTIME", "/nowhere/jsii");
    odd.put("TMPDIR", "/nowhere");
    odd.put("TF_WORKSPACE", "other");
    odd.put("PYTHONHOME", "/nowhere");
    odd.put("LC_ALL", "POSIX");
    for (String home : List.of("/nowhere", "/proc", "")) { // not there, not ours, not set
      odd.put("HOME", home);
      try (Project project = production(Files.createTempDirectory("rediform-test"))) {
        assertThat(project.rediform(odd, "synth", "production"))
            .as("HOME=" + home)
            .isEqualTo(synth);
        assertThat(stack(project)).isEqualTo(stack);
      }
    }
  }

  @Test
  void variables_of_terraform_and_python_do_not_reach_a_cluster() throws Exception {
    Map<String, String> odd =
        Map.of(
            "TF_WORKSPACE", "other",
            "TF_DATA_DIR", "/nowhere",
            "TF_CLI_ARGS", "-nonsense",
            "TF_CLI_ARGS_plan", "-destroy",
            "PYTHONHOME", "/nowhere",
            "HOME", "/nowhere");
    String small = Project.smallLocal(Project.freePorts(12));
    try (Project project = Project.create().environment("local", small)) {
      project.rediform(odd, "deploy", "local").succeeded();
      project.rediform("status", "local").succeeded();
      project.rediform("destroy", "local").succeeded();
      assertThat(project.processes()).isEmpty();
    }
  }

  @Test
  void paths_on_the_command_line_are_as_the_caller_sees_them() throws Exception {
    try (Project project = production(Files.createTempDirectory("rediform-test"))) {
      Path environments = project.folder().resolve("environments");
      Run check = Run.of(environments, Map.of(), "../rediform", "check", "production.yaml");
      assertThat(check.succeeded().all()).contains("production.yaml");
      Files.writeString(environments.resolve("plan.json"), "{}");
      Run review =
          Run.of(environments, Map.of(), "../rediform", "review", "production", "plan.json");
      assertThat(review.all()).doesNotContain("is it there?");
    }
  }

  @Test
  void help_version_and_a_wrong_verb_need_nothing_that_is_built() throws Exception {
    try (Project project = production(Files.createTempDirectory("rediform-test"))) {
      Path target = project.folder().resolve("target");
      Files.delete(target);
      Map<String, String> nothing = Map.of("PATH", bare(project.folder()));
      assertThat(project.rediform(nothing, "--help").succeeded().out()).contains("Exit codes:");
      assertThat(project.rediform(nothing).succeeded().out()).contains("Exit codes:");
      assertThat(project.rediform(nothing, "deploy", "--help").succeeded().out())
          .startsWith("Usage: rediform deploy");
      assertThat(project.rediform(nothing, "--version").succeeded().out())
          .isEqualTo("rediform 0.1.0\n");
      assertThat(project.rediform(nothing, "deplyo", "local").ended(2).err())
          .isEqualTo(
              "rediform: there is no verb \"deplyo\"; to see those that there are: ./rediform --help\n");
      assertThat(target).doesNotExist();
      Files.createSymbolicLink(target, Path.of("target").toAbsolutePath());
      assertThat(project.rediform("--version").succeeded().out()).isEqualTo("rediform 0.1.0\n");
    }
  }

  @Test
  void output_that_cannot_be_written_is_a_failure_and_a_reader_that_left_is_none()
      throws Exception {
    try (Project project = production(Files.createTempDirectory("rediform-test"))) {
      Run full = shell(project, "./rediform render production redis-1 > /dev/full").ended(3);
      assertThat(full.err())
          .isEqualTo("rediform: what it printed is not whole: No space left on device\n");
      Run head = shell(project, "./rediform render production redis-1 | head -n 1 > /dev/null");
      assertThat(head.succeeded().err()).isEmpty();
    }
  }

  /** Ctrl-C reaches all of a terminal's processes; SIGTERM reaches the one that it is sent to. */
  @Test
  void whoever_ends_the_launcher_ends_terraform_once_and_in_order() throws Exception {
    try (Project project = Project.create().environment("local", "platform: local\n")) {
      Path programs = Files.createDirectory(project.folder().resolve("programs"));
      Path log = project.folder().resolve("log");
      Path terraform =
          Files.writeString(
              programs.resolve("terraform"),
              """
              #!/bin/bash
              if [ "$1" = version ]; then echo Terraform v1.11.4; exit; fi
              trap 'echo told to end >> %1$s; sleep 0.3; echo ended >> %1$s; exit 1' TERM
              echo began >> %1$s
              while :; do sleep 0.05; done
              """
                  .formatted(log));
      assertThat(terraform.toFile().setExecutable(true)).isTrue();
      ProcessBuilder builder =
          new ProcessBuilder("./rediform", "deploy", "local")
              .directory(project.folder().toFile())
              .redirectErrorStream(true)
              .redirectOutput(project.folder().resolve("out").toFile());
      builder.environment().put("PATH", programs + ":" + System.getenv("PATH"));
      Process launcher = builder.start();
      Eventually.within(Duration.ofSeconds(60), () -> assertThat(log).content().contains("began"));
      launcher.destroy();
      assertThat(launcher.waitFor()).isEqualTo(143);
      assertThat(log).hasContent("began\ntold to end\nended\n");
    }
  }

  // ---------------------------------------------------------------- what they have in common

  private static Project production(Path folder) throws IOException {
    return Project.in(folder).environment("production", Files.readString(PRODUCTION));
  }

  private static byte[] stack(Project project) throws IOException {
    return Files.readAllBytes(project.folder().resolve("cdktf.out/stacks/production/cdk.tf.json"));
  }

  private static Run shell(Project project, String line) throws Exception {
    return Run.of(project.folder(), new HashMap<>(), "bash", "-c", line);
  }

  /** A folder with the programs that every system has, and neither Java nor Maven nor Node. */
  private static String bare(Path folder) throws IOException {
    Path bin = Files.createDirectory(folder.resolve("bare"));
    for (String name :
        List.of("bash", "cat", "dirname", "env", "grep", "head", "readlink", "rm", "sed")) {
      for (String place : List.of("/usr/bin", "/bin")) {
        Path program = Path.of(place, name);
        if (Files.exists(program) && !Files.exists(bin.resolve(name))) {
          Files.createSymbolicLink(bin.resolve(name), program);
        }
      }
    }
    return bin.toString();
  }
}
