package stacks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import stacks.testing.Eventually;
import stacks.testing.FakeAws;
import stacks.testing.Project;
import stacks.testing.Run;

/** Every command that a page shows is run as it stands there, in a project of its own. */
class DocsIT {
  private static final Pattern BLOCK = Pattern.compile("(?ms)^ *```sh\\n(.*?)^ *```");
  private static final Pattern LINK = Pattern.compile("\\]\\((?!https?://|#)([^)#]+)(#[^)]*)?\\)");

  /** Not run here, and why. */
  private static final Map<String, String> ELSEWHERE =
      Map.of(
          "./verify", "it runs this test",
          "./verify --require-all", "it runs this test",
          "./rediform restore local latest --replace-data --yes",
              "it wants a backup with keys: LocalRestoreIT, RunbookIT",
          "mvn spotless:apply", "it would format the files that are being tested",
          "mvn test -Dgolden.update=true", "it would take what is now for what should be");

  private static List<Path> pages() throws IOException {
    try (Stream<Path> docs = Files.walk(Path.of("docs"))) {
      return Stream.concat(
              Stream.of(Path.of("README.md"), Path.of("CONTRIBUTING.md")),
              docs.filter(file -> file.toString().endsWith(".md")).sorted())
          .toList();
    }
  }

  private static List<String> commands() throws IOException {
    List<String> commands = new ArrayList<>();
    for (Path page : pages()) {
      if (page.toString().startsWith("docs/runbook")) {
        continue; // its commands need a fault: RunbookIT
      }
      for (MatchResult block : BLOCK.matcher(Files.readString(page)).results().toList()) {
        block
            .group(1)
            .lines()
            .map(line -> line.replaceFirst("#.*", "").strip())
            .filter(line -> !line.isEmpty())
            .forEach(commands::add);
      }
    }
    return commands;
  }

  @Test
  void every_command_works() throws Exception {
    assumeThat(FakeAws.isPossible())
        .as("moto is missing; to get it: pip install 'moto[server]' boto3")
        .isTrue();
    try (Project project = Project.create();
        FakeAws aws = new FakeAws()) {
      for (String name : List.of("staging", "production", "production-symmetric")) {
        project.environment(name, Files.readString(Path.of("environments", name + ".yaml")));
      }
      project.environment(
          "local", onFreePorts(Files.readString(Path.of("environments/local.yaml"))));
      Files.createSymbolicLink(
          project.folder().resolve("bench"), Path.of("bench").toAbsolutePath());
      Map<String, String> environment = new HashMap<>(aws.environment());
      environment.putAll(project.providerMirror());
      Set<String> done = new HashSet<>(ELSEWHERE.keySet());
      for (String command : commands()) {
        if (done.add(command)) {
          run(project, environment, command);
        }
        if (command.startsWith("./rediform destroy ")) {
          // What a later page does with it needs it again.
          done.remove(command.replace("destroy", "deploy"));
        }
      }
      project.rediform("destroy", "local").succeeded();
    }
  }

  /** The usual ports may be taken by the cluster that whoever runs this test tries things on. */
  private static String onFreePorts(String local) {
    int port = Project.freePorts(12);
    String moved = local.replace("sentinels:\n", "sentinels:\n  port: " + (port + 6) + "\n");
    assertThat(moved).isNotEqualTo(local);
    return moved + "redis:\n  port: " + port + "\n";
  }

  private static void run(Project project, Map<String, String> environment, String command)
      throws Exception {
    List<String> shell = new ArrayList<>(List.of("bash", "-c"));
    // The one thing a test cannot do is to answer a question on the terminal.
    boolean asks = command.matches("./rediform (deploy|destroy) (?!local).*");
    shell.add(asks ? command + " --auto-approve" : command);
    if (command.startsWith("./rediform status")) {
      // "Look again a few seconds later"
      Eventually.within(
          Duration.ofSeconds(60), () -> Run.of(project.folder(), environment, shell).succeeded());
    } else if (asks && command.contains(" deploy ")) {
      // The emulated account has machines without a system: nobody sees them.
      Run.of(project.folder(), environment, shell).ended(3);
    } else {
      Run.of(project.folder(), environment, shell).succeeded();
    }
  }

  @Test
  void every_link_between_pages_leads_somewhere() throws IOException {
    for (Path page : pages()) {
      for (MatchResult link : LINK.matcher(Files.readString(page)).results().toList()) {
        Path target = page.resolveSibling(link.group(1));
        assertThat(target).as("%s links to %s", page, link.group(1)).exists();
      }
    }
  }
}
