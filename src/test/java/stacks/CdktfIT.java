package stacks;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import stacks.testing.Eventually;
import stacks.testing.Project;
import stacks.testing.Run;

/** The CDKTF CLI by itself, as whoever knows it expects. */
class CdktfIT {
  @Test
  void synth_diff_deploy_and_destroy_work_without_the_launchers_verbs() throws Exception {
    int port = Project.freePorts(12);
    String environment = Project.smallLocal(port);
    try (Project project =
        Project.create().environment("local", environment).environment("other", environment)) {
      cdktf(project, "synth").succeeded();
      for (String name : List.of("local", "other")) {
        assertThat(project.folder().resolve("cdktf.out/stacks/" + name + "/cdk.tf.json")).exists();
      }
      assertThat(cdktf(project, "diff", "local").succeeded().out()).contains("to add");
      Run deploy = cdktf(project, "deploy", "local", "--auto-approve").succeeded();
      assertPasswordIsSecret(project.folder().resolve(".rediform/local/password"), deploy.all());
      Eventually.within(
          Duration.ofSeconds(30), () -> project.rediform("status", "local").succeeded());
      assertThat(cdktf(project, "diff", "local").succeeded().out()).contains("No changes");
      cdktf(project, "destroy", "local", "--auto-approve").succeeded();
      assertThat(project.processes()).isEmpty();
    }
  }

  @Test
  void an_invalid_file_stops_it_and_is_named() throws Exception {
    try (Project project =
        Project.create().environment("local", "platform: local\nsentinels: {count: 2}\n")) {
      Run run = cdktf(project, "synth");
      assertThat(run.exitCode()).isNotZero();
      assertThat(run.all()).contains("environments/local.yaml:2:13: error too-few-sentinels");
    }
  }

  private static void assertPasswordIsSecret(Path file, String printed) throws IOException {
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
        .isEqualTo("rw-------");
    String password = Files.readString(file).strip();
    assertThat(password).as("a password of 32 random bytes").hasSize(43);
    assertThat(printed).doesNotContain(password);
  }

  private static Run cdktf(Project project, String... words) throws Exception {
    List<String> command = new ArrayList<>(List.of("node_modules/.bin/cdktf"));
    command.addAll(List.of(words));
    return Run.of(project.folder(), Map.of("CI", "1", "NODE_OPTIONS", ""), command);
  }
}
