package stacks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.api.parallel.ResourceLock;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import stacks.testing.Project;
import stacks.testing.Run;
import stacks.testing.StockDebian;

/**
 * The README's two commands on a Debian that was just installed, with what they install themselves.
 *
 * <p>The releases run side by side, the users of a release one after the other: apt locks the
 * folder of downloaded packages, which they share.
 */
class StockDebianIT {
  private static final int PORTS = 12;

  /**
   * The machines share this machine's network, so their clusters need free ports of it. These are
   * chosen minutes before they are used: a range of their own, so that no other test run is given
   * the same ones meanwhile.
   */
  private static int firstPort;

  @BeforeAll
  static void prepare() throws Exception {
    Optional<String> missing = StockDebian.missing();
    assumeTrue(missing.isEmpty(), () -> missing.get());
    StockDebian.removeLeftovers();
    firstPort = Project.freePorts(10000 + (int) (ProcessHandle.current().pid() % 5000), 2 * PORTS);
  }

  /** Each release and each user once; with {@code -Ddeploy.all=true} each user on each release. */
  private static List<String> users(String first) {
    return LivingCluster.ALL ? List.of("root", "admin") : List.of(first);
  }

  static List<String> onDebian12() {
    return users("admin");
  }

  static List<String> onDebian13() {
    return users("root");
  }

  @ParameterizedTest
  @Execution(ExecutionMode.CONCURRENT)
  @MethodSource("onDebian12")
  @ResourceLock("bookworm")
  void debian_12_runs_the_commands_of_the_readme(String user) throws Exception {
    try (StockDebian machine = StockDebian.start("bookworm", user)) {
      deploysStatusDestroys(machine, firstPort);
      installedFromDebian(machine, "openjdk-17", "v18.");
      // root does it on Debian 13. It takes as long as all of the above, so each release and each
      // user does it once.
      if (user.equals("admin")) {
        preparesTheTests(machine);
        assertThat(machine.packageOf("debootstrap")).isEmpty();
      }
    }
  }

  @ParameterizedTest
  @Execution(ExecutionMode.CONCURRENT)
  @MethodSource("onDebian13")
  @ResourceLock("trixie")
  void debian_13_runs_the_commands_of_the_readme(String user) throws Exception {
    try (StockDebian machine = StockDebian.start("trixie", user)) {
      deploysStatusDestroys(machine, firstPort + PORTS);
      installedFromDebian(machine, "openjdk-21", "v20.");
      if (user.equals("root")) {
        preparesTheTests(machine);
        assertThat(machine.packageOf("debootstrap")).isEqualTo("debootstrap");
      }
    }
  }

  private static void deploysStatusDestroys(StockDebian machine, int port) throws Exception {
    for (String program : new String[] {"java", "mvn", "node", "npm", "redis-cli"}) {
      assertThat(machine.packageOf(program)).as("%s, before", program).isEmpty();
    }
    String environment = Files.readString(Path.of("environments/local.yaml"));
    machine
        .run(
            "EnvironmentFile=" + withPorts(environment, port),
            "sh",
            "-c",
            "echo \"$EnvironmentFile\" > environments/local.yaml")
        .succeeded();

    Run deploy = machine.run("./rediform", "deploy", "local").succeeded();
    assertThat(deploy.out()).contains("local is whole: it takes writes on ");
    assertThat(deploy.err().lines())
        .as("a line for each tool, and nothing else")
        .allMatch(line -> line.startsWith("rediform: "))
        .contains(
            "rediform: java is missing: installing default-jdk-headless with apt-get",
            "rediform: mvn is missing: installing maven with apt-get",
            "rediform: node is missing: installing nodejs with apt-get",
            "rediform: redis-server is missing: installing redis-tools with apt-get");
    Run status = machine.run("./rediform", "status", "local").succeeded();
    assertThat(status.out()).contains("local is whole: it takes writes on ");
    assertThat(status.err()).isEmpty();
    assertThat(machine.run("./rediform", "destroy", "local").succeeded().out())
        .contains("local is gone\n");
    assertThat(machine.packageOf("npm")).as("a deploy needs no npm packages").isEmpty();
    assertThat(machine.run("pgrep", "--count", "redis|python").ended(1).out()).isEqualTo("0\n");
  }

  private static String withPorts(String environment, int port) {
    assertThat(environment).contains("\nsentinels:\n").doesNotContain("\nredis:");
    return environment.replace(
        "\nsentinels:\n",
        "\nredis:\n  port: %d\nsentinels:\n  port: %d\n".formatted(port, port + PORTS / 2));
  }

  private static void installedFromDebian(StockDebian machine, String jdk, String node)
      throws IOException, InterruptedException {
    assertThat(machine.packageOf("java")).isEqualTo(jdk + "-jre-headless");
    assertThat(machine.packageOf("javac")).isEqualTo(jdk + "-jdk-headless");
    assertThat(machine.packageOf("mvn")).isEqualTo("maven");
    assertThat(machine.packageOf("node")).isEqualTo("nodejs");
    assertThat(machine.run("node", "--version").succeeded().out()).startsWith(node);
    assertThat(machine.packageOf("redis-check-rdb")).isEqualTo("redis-tools");
    assertThat(machine.packageOf("python3")).startsWith("python3.");
    // Debian has no package of it. The launcher keeps it out of the user's PATH.
    assertThat(machine.packageOf("terraform")).isEmpty();
    machine.run(".rediform/tools/terraform", "version").succeeded();
  }

  /** The installation that ./verify begins with, then one test that uses it. */
  private static void preparesTheTests(StockDebian machine) throws Exception {
    Run prepare = machine.run("./verify", "--prepare").succeeded();
    assertThat(prepare.err()).contains("everything that the tests need is installed");
    assertThat(machine.packageOf("cloud-init")).isEqualTo("cloud-init");
    assertThat(machine.packageOf("chromium")).isEqualTo("chromium");
    assertThat(machine.packageOf("shellcheck")).isEqualTo("shellcheck");
    machine.run("test", "-e", "/etc/cloud/cloud-init.disabled").succeeded();
    // moto itself is optional: it comes from PyPI, which not every network reaches.
    machine.run("python3", "-c", "import ensurepip").succeeded();
    machine.run("mvn", "-B", "-q", "test", "-Dtest=KeysTest").succeeded();
  }
}
