package stacks.testing;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;
import java.util.zip.CRC32;

/**
 * A freshly installed Debian with file systems and processes of its own, and with the network of
 * this machine. It has none of this machine's programs; a copy of this checkout is in the user's
 * home folder.
 *
 * <p>Its process 1 reads standard input. That ends when this JVM ends, even when the JVM is killed;
 * then the kernel ends every process on the machine and unmounts its file systems.
 */
public final class StockDebian implements AutoCloseable {
  private static final Path SCRIPTS = Path.of("src/test/stock");
  private static final Path CACHE = Path.of("target/stock").toAbsolutePath();

  /** How programs get out of this network: proxies, and the authorities that Node trusts. */
  private static final List<String> NETWORK =
      List.of(
          "HTTP_PROXY",
          "HTTPS_PROXY",
          "NO_PROXY",
          "http_proxy",
          "https_proxy",
          "no_proxy",
          "NODE_EXTRA_CA_CERTS");

  private final Path folder;
  private final String user;
  private final Process process;

  private StockDebian(Path folder, String user, Process process) {
    this.folder = folder;
    this.user = user;
    this.process = process;
  }

  /** Whether such machines can run here; if not, what is missing. */
  public static Optional<String> missing() throws InterruptedException {
    if (!Run.isPossible("sh", "-c", "[ \"$(id -u)\" = 0 ] && unshare --mount --pid --fork true")) {
      return Optional.of("only root can make a file system of another Debian; try: sudo ./verify");
    }
    for (String program : List.of("debootstrap", "terraform", "git")) {
      if (!Run.isPossible("sh", "-c", "command -v " + program)) {
        return Optional.of(program + " is missing; to get it: ./verify --prepare");
      }
    }
    return Optional.empty();
  }

  /** Removes the disks that a run left which was killed. */
  public static void removeLeftovers() throws IOException {
    if (Files.exists(CACHE)) {
      try (Stream<Path> found = Files.list(CACHE)) {
        for (Path path : found.filter(StockDebian::isLeftover).toList()) {
          remove(path);
        }
      }
    }
  }

  private static boolean isLeftover(Path path) {
    String name = path.getFileName().toString();
    return name.startsWith("machine-") || name.endsWith(".new");
  }

  private static void remove(Path path) throws IOException {
    try {
      Run.of(Path.of("."), Map.of(), "rm", "-rf", "--one-file-system", path.toString()).succeeded();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /**
   * Starts a machine with a Debian release, such as {@code trixie}, for {@code root} or {@code
   * admin}.
   */
  public static StockDebian start(String suite, String user)
      throws IOException, InterruptedException {
    Path folder = CACHE.resolve("machine-" + suite + "-" + user);
    Process process =
        new ProcessBuilder(
                "unshare",
                "--mount",
                "--pid",
                "--fork",
                "--kill-child",
                "--mount-proc",
                "bash",
                SCRIPTS.resolve("machine.sh").toString(),
                folder.toString(),
                base(suite).toString(),
                CACHE.resolve("packages-" + suite).toString(),
                user,
                Path.of("").toAbsolutePath().toString(),
                Run.of(Path.of("."), Map.of(), "sh", "-c", "command -v terraform").out().strip(),
                System.getProperty(
                    "localRepository", System.getProperty("user.home") + "/.m2/repository"))
            .redirectError(Files.createDirectories(folder).resolve("log").toFile())
            .start();
    StockDebian machine = new StockDebian(folder, user, process);
    BufferedReader out = process.inputReader(StandardCharsets.UTF_8);
    if (!"ready".equals(out.readLine())) {
      String log = machine.log();
      machine.close();
      throw new AssertionError("the machine did not start: " + log);
    }
    return machine;
  }

  /** The root file system of a release, built once. */
  private static Path base(String suite) throws IOException, InterruptedException {
    Path script = SCRIPTS.resolve("base.sh");
    CRC32 content = new CRC32();
    content.update(Files.readAllBytes(script));
    Path base = CACHE.resolve(suite + "-" + Long.toHexString(content.getValue()));
    if (!Files.exists(base)) {
      Files.createDirectories(CACHE);
      System.out.println("building a stock Debian " + suite + " (a minute)");
      Run.of(
              Path.of("."),
              Map.of(),
              "unshare",
              "--mount",
              "--propagation",
              "private",
              "bash",
              script.toString(),
              suite,
              base.toString())
          .succeeded();
    }
    return base;
  }

  /** Runs a command in the copy of the checkout, as the user after a login. */
  public Run run(String... command) throws IOException, InterruptedException {
    long first = process.children().findFirst().orElseThrow().pid();
    List<String> words =
        new ArrayList<>(
            List.of("nsenter", "--target=" + first, "--mount", "--pid", "--root", "--wd"));
    words.addAll(List.of("env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8"));
    words.addAll(List.of("su", "--login", "--command", "cd rediform && exec env \"$@\""));
    words.addAll(List.of("--", user, "login"));
    network().forEach((name, value) -> words.add(name + "=" + value));
    words.addAll(List.of(command));
    return Run.of(Path.of("."), Map.of(), words);
  }

  private static Map<String, String> network() throws IOException, InterruptedException {
    Map<String, String> found = new TreeMap<>();
    for (String name : NETWORK) {
      Optional.ofNullable(System.getenv(name)).ifPresent(value -> found.put(name, value));
    }
    // Programs of the machine find its authorities where Debian keeps them.
    found.computeIfPresent(
        "NODE_EXTRA_CA_CERTS", (name, path) -> "/etc/ssl/certs/ca-certificates.crt");
    String registry =
        Run.of(Path.of("."), Map.of(), "npm", "config", "get", "registry").succeeded().out();
    found.put("npm_config_registry", registry.strip());
    return found;
  }

  /** The Debian package that a program of the user's PATH is from; empty when there is none. */
  public String packageOf(String program) throws IOException, InterruptedException {
    String search =
        "path=$(command -v %s) && dpkg -S \"$(readlink -f \"$path\")\"".formatted(program);
    return run("bash", "-c", search).out().replaceAll(":.*\\s*", "");
  }

  private String log() {
    try {
      return Files.readString(folder.resolve("log"));
    } catch (IOException e) {
      return e.toString();
    }
  }

  @Override
  public void close() throws IOException {
    process.getOutputStream().close();
    try {
      process.onExit().get(10, TimeUnit.SECONDS);
    } catch (TimeoutException | ExecutionException e) {
      process.destroyForcibly().onExit().join();
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
      return;
    }
    remove(folder);
  }
}
