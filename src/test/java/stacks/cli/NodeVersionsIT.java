package stacks.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import stacks.testing.Project;
import stacks.testing.Run;

/** Every Node that a supported machine may have gives the same stack, and says the same. */
class NodeVersionsIT {
  private static final Path NODES = Path.of("target/nodes").toAbsolutePath();

  /** Of Debian 12 and Ubuntu 24.04, of Debian 13, and the two after that. */
  @ParameterizedTest
  @ValueSource(strings = {"18.20.8", "20.20.0", "22.22.0", "24.13.0"})
  void synth_is_the_same_with_every_node(String version) throws Exception {
    Path programs = node(version).getParent();
    Map<String, String> other = Map.of("PATH", programs + ":" + System.getenv("PATH"));
    String environment = Files.readString(Path.of("environments/production.yaml"));
    try (Project project = Project.create().environment("production", environment)) {
      assertThat(Run.of(project.folder(), other, "sh", "-c", "node --version").out().strip())
          .isEqualTo("v" + version);
      Path stack = project.folder().resolve("cdktf.out/stacks/production/cdk.tf.json");
      Run expected = project.rediform("synth", "production").succeeded();
      byte[] bytes = Files.readAllBytes(stack);
      Files.delete(stack);
      assertThat(project.rediform(other, "synth", "production")).isEqualTo(expected);
      assertThat(stack).hasBinaryContent(bytes);
    }
  }

  /** A Node from its npm package, which is nothing but Node's own binary. */
  private static Path node(String version) throws IOException, InterruptedException {
    String machine = System.getProperty("os.arch").equals("aarch64") ? "arm64" : "x64";
    String name = "node-linux-" + machine;
    Path folder = NODES.resolve(version);
    Path node = folder.resolve("node_modules/" + name + "/bin/node");
    if (!Files.isExecutable(node)) {
      Files.createDirectories(folder);
      Run npm =
          Run.of(
              folder,
              Map.of(),
              "npm",
              "install",
              "--prefix=" + folder,
              "--no-save",
              "--no-audit",
              "--no-fund",
              name + "@" + version);
      assumeTrue(npm.exitCode() == 0, () -> "npm cannot get Node " + version + ": " + npm.err());
    }
    return node;
  }
}
