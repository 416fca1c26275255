package stacks.platform.aws;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import stacks.testing.Environments;
import stacks.testing.Project;
import stacks.testing.Run;

/** The jar that the launcher runs with: the provider's, cut to the modules that are used. */
class CutProviderIT {
  private static final Pattern EXAMPLE = Pattern.compile("(?ms)^```yaml\n(platform: .*?)^```$");

  @Test
  void makes_the_same_configuration_as_the_whole_one() throws Exception {
    Path whole = Path.of(System.getProperty("whole.provider"));
    Path cut = Path.of("target/lib").resolve(whole.getFileName());
    assertThat(Files.size(whole)).isGreaterThan(100_000_000);
    assertThat(Files.size(cut)).isLessThan(1_500_000);
    try (Project project = project()) {
      Path classPath = Path.of("target/rediform.jar").toAbsolutePath();
      Run.of(
              project.folder(),
              Map.of("CDKTF_OUTDIR", "whole"),
              "java",
              "-cp",
              whole + File.pathSeparator + classPath,
              "stacks.Main",
              "app")
          .succeeded();
      project.rediform(Map.of("CDKTF_OUTDIR", "cut"), "app").succeeded();
      Map<String, String> expected = files(project.folder().resolve("whole"));
      assertThat(expected.keySet())
          .contains("stacks/production/cdk.tf.json", "stacks/existing/cdk.tf.json")
          .anyMatch(name -> name.startsWith("stacks/readme-"));
      assertThat(files(project.folder().resolve("cut"))).isEqualTo(expected);
    }
  }

  /** The repository's environments, the pages' examples, and one that has most of the keys. */
  private static Project project() throws Exception {
    Project project =
        Project.create().environment("existing", AwsSynthTest.EXISTING.replace("${key}", "Key"));
    for (String name : List.of("local", "staging", "production", "production-symmetric")) {
      project.environment(name, Environments.text(name));
    }
    for (Path page : pages()) {
      int number = 0;
      for (MatchResult example : EXAMPLE.matcher(Files.readString(page)).results().toList()) {
        String name =
            page.getFileName().toString().toLowerCase(Locale.ROOT).replace(".md", "-" + ++number);
        project.environment(name, example.group(1));
      }
    }
    return project;
  }

  /** Tests have it on their class path, behind target/rediform.jar and what that names. */
  private static List<Path> pages() throws Exception {
    try (Stream<Path> pages = Files.list(Path.of("docs"))) {
      return Stream.concat(Stream.of(Path.of("README.md")), pages)
          .filter(path -> path.toString().endsWith(".md"))
          .toList();
    }
  }

  private static Map<String, String> files(Path folder) throws Exception {
    Map<String, String> files = new TreeMap<>();
    try (Stream<Path> paths = Files.walk(folder)) {
      for (Path path : paths.filter(Files::isRegularFile).toList()) {
        files.put(folder.relativize(path).toString(), Files.readString(path));
      }
    }
    return files;
  }
}
