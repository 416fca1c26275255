package stacks.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import stacks.testing.Project;
import stacks.testing.Run;

/** The launcher, before it hands over to Java. */
class LauncherIT {
  @Test
  void a_project_that_is_made_of_links_to_a_built_one_is_not_built_again() throws Exception {
    Path jar = Path.of("target/rediform.jar");
    var built = Files.getLastModifiedTime(jar);
    try (Project project = Project.create().environment("local", "platform: local\n")) {
      Run check = project.rediform("check").succeeded();
      assertThat(check.err()).isEmpty();
      assertThat(project.folder().resolve(".rediform")).doesNotExist();
    }
    assertThat(Files.getLastModifiedTime(jar)).isEqualTo(built);
  }

  @Test
  void npm_packages_of_another_project_are_left_alone(@TempDir Path folder) throws Exception {
    Files.createSymbolicLink(
        folder.resolve("node_modules"), Files.createDirectory(folder.resolve("others")));
    Files.createFile(folder.resolve("package-lock.json"));
    String npm =
        "npm() { echo npm \"$@\" > ran; }; . %s; need_npm_packages"
            .formatted(Path.of("src/main/launcher/setup.sh").toAbsolutePath());
    Run.of(folder, Map.of(), "bash", "-c", npm).succeeded();
    assertThat(folder.resolve("ran")).doesNotExist();
  }

  @Test
  void javas_console_is_a_terminal_or_nothing(@TempDir Path folder) throws Exception {
    Path java = Files.writeString(folder.resolve("java"), "#!/bin/sh\necho \"$@\"\n");
    assertThat(java.toFile().setExecutable(true)).isTrue();
    String run = "PATH=%s:$PATH; . ./src/main/launcher/setup.sh; run_java check".formatted(folder);
    assertThat(Run.of(Path.of("."), Map.of(), "bash", "-c", run).succeeded().out())
        .contains("-Djdk.console=java.base");
  }
}
