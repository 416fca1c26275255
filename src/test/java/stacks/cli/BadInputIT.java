package stacks.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import stacks.testing.Eventually;
import stacks.testing.Project;
import stacks.testing.Run;

/** What goes wrong around a deploy: a clear word, the right exit code, nothing half-done. */
class BadInputIT {
  private Project project;
  private int port;

  @BeforeEach
  void project() throws Exception {
    port = Project.freePorts(12);
    project = Project.create().environment("local", Project.smallLocal(port));
  }

  @AfterEach
  void end() {
    project.close();
  }

  @Test
  void a_busy_port_is_refused_before_anything_starts() throws Exception {
    try (ServerSocket other = new ServerSocket(port + 1, 1, InetAddress.getByName("127.0.0.1"))) {
      assertThat(other.isBound()).isTrue();
      Run deploy = project.rediform("deploy", "local").ended(1);
      assertThat(deploy.err())
          .contains("port " + (port + 1) + " on 127.0.0.1 is in use by another program")
          .contains("redis.port")
          .doesNotContain("Traceback")
          .doesNotContain("\tat ");
      assertThat(project.processes()).isEmpty();
      assertThat(project.folder().resolve(".rediform/local")).doesNotExist();
    }
    project.rediform("deploy", "local").succeeded();
    assertThat(project.rediform("destroy", "local").succeeded().err())
        .contains("takes no last backup: the cluster holds no key");
  }

  @Test
  void an_invalid_file_is_refused_before_anything_is_written() throws Exception {
    project.environment("local", "platform: local\nmaster: {memory: 8XB}\n");
    for (String verb : List.of("synth", "plan", "deploy", "destroy", "status", "client")) {
      Run run = project.rediform(verb, "local").ended(1);
      assertThat(run.err())
          .contains("environments/local.yaml:2:10: error wrong-value: memory: found \"8XB\"")
          .doesNotContain("\tat ");
    }
    assertThat(project.folder().resolve("cdktf.out")).doesNotExist();
  }

  @Test
  void a_folder_that_cannot_be_written_is_said_so() throws Exception {
    for (String name : List.of("cdktf.out", "cdktf.out/stacks")) {
      Path file = project.folder().resolve(name);
      Files.createDirectories(file.getParent());
      Files.writeString(file, "a file where a folder should be");
      Run run = project.rediform("synth", "local").ended(3);
      assertThat(run.err()).contains("rediform: cannot write to cdktf.out: ").hasLineCount(1);
      Files.delete(file);
    }
  }

  @Test
  void a_missing_terraform_that_cannot_be_had_ends_with_code_3_and_the_way_to_get_it()
      throws Exception {
    Map<String, String> without =
        Map.of(
            "PATH",
            pathWithout("terraform"),
            // curl takes either, the small letters first.
            "https_proxy",
            "http://127.0.0.1:9",
            "HTTPS_PROXY",
            "http://127.0.0.1:9");
    Run run = project.rediform(without, "deploy", "local").ended(3);
    assertThat(run.err())
        .contains("Terraform is missing")
        .contains("https://developer.hashicorp.com/terraform/install");
    assertThat(project.processes()).isEmpty();
  }

  @Test
  void a_deploy_or_destroy_that_terraform_fails_says_that_nothing_was_changed() throws Exception {
    Path programs = Files.createDirectories(project.folder().resolve("programs"));
    Path terraform =
        Files.writeString(
            programs.resolve("terraform"),
            "#!/bin/sh\n[ $1 = version ] || exit 1\necho Terraform v1.11.4\n");
    assertThat(terraform.toFile().setExecutable(true)).isTrue();
    Map<String, String> broken = Map.of("PATH", programs + ":" + System.getenv("PATH"));
    for (String verb : List.of("deploy", "destroy")) {
      Run run = project.rediform(broken, verb, "local").ended(3);
      assertThat(run.err())
          .contains("terraform init failed, and nothing was changed")
          .doesNotContain("No data was removed");
    }
  }

  @Test
  void a_missing_java_that_cannot_be_had_ends_with_code_3_and_the_way_to_get_it() throws Exception {
    Map<String, String> without = Map.of("PATH", pathWithout("java", "apt-get"));
    Run run = project.rediform(without, "check").ended(3);
    assertThat(run.err()).contains("sudo apt-get install default-jdk-headless");
  }

  /**
   * Ctrl-C on a terminal reaches the whole process group, which setsid makes for it; SIGTERM one.
   */
  @ParameterizedTest
  @CsvSource({"INT, -", "TERM, ''"})
  void a_deploy_that_is_interrupted_goes_on_from_there_the_next_time(String signal, String group)
      throws Exception {
    Path log = project.folder().resolve("interrupted.log");
    ProcessBuilder builder =
        new ProcessBuilder("setsid", "./rediform", "deploy", "local")
            .directory(project.folder().toFile())
            .redirectErrorStream(true)
            .redirectOutput(log.toFile());
    Run.environment(builder.environment(), Map.of());
    Process deploy = builder.start();
    Eventually.within(
        Duration.ofMinutes(2),
        () -> assertThat(Files.readString(log)).contains("sentinel-2: starts"));
    Run.of(Path.of("."), Map.of(), "kill", "-" + signal, "--", group + deploy.pid()).succeeded();
    assertThat(deploy.waitFor(2, TimeUnit.MINUTES)).isTrue();
    assertThat(deploy.exitValue()).isNotZero();
    assertThat(Files.readString(log))
        .contains("interrupted: Terraform ends what it is at")
        .doesNotContain("\tat ", "Traceback", "unexpected");
    assertThat(project.folder().resolve(".rediform/local/.terraform.tfstate.lock.info"))
        .as("the lock of the state")
        .doesNotExist();

    String all = "set -o pipefail; ./rediform deploy local 2>&1 | head -n 1";
    Run.of(project.folder(), Map.of(), "bash", "-c", all).succeeded(); // who reads it goes away
    Eventually.within(
        Duration.ofSeconds(30), () -> project.rediform("status", "local").succeeded());
    project.rediform("destroy", "local").succeeded();
    assertThat(project.processes()).isEmpty();
  }

  /** A PATH with every program of this machine but some. */
  private String pathWithout(String... names) throws IOException {
    Path programs = Files.createDirectories(project.folder().resolve("programs"));
    for (String folder : System.getenv("PATH").split(":")) {
      if (!Files.isDirectory(Path.of(folder))) {
        continue;
      }
      try (Stream<Path> all = Files.list(Path.of(folder))) {
        for (Path program : all.toList()) {
          if (!List.of(names).contains(program.getFileName().toString())) {
            link(programs.resolve(program.getFileName()), program);
          }
        }
      }
    }
    return programs.toString();
  }

  private static void link(Path link, Path target) throws IOException {
    try {
      Files.createSymbolicLink(link, target);
    } catch (FileAlreadyExistsException e) {
      assertThat(link).isSymbolicLink(); // an earlier folder of the PATH wins
    }
  }
}
