package stacks.lab;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import stacks.node.Checksum;
import stacks.testing.Run;

/**
 * A network without a way out, in which hosts boot from user-data as they do in EC2.
 *
 * <p>All of it lives in namespaces of one process ({@code lab.py}) that ends when this one does,
 * and everything with it. Needs Linux and root.
 */
public final class Lab implements AutoCloseable {
  static final Path SCRIPTS = Path.of("src", "test", "lab").toAbsolutePath();

  /** Bases and packages stay here from run to run. */
  static final Path CACHE = Path.of("target", "lab").toAbsolutePath();

  /** The account that the emulated API, and so each host, is in. */
  static final String ACCOUNT = "123456789012";

  /** What makes the name of a bucket of that account in eu-central-1 its own. */
  static final String BUCKET_ID = Checksum.of(ACCOUNT + "/eu-central-1").substring(0, 12);

  /** A bucket of somebody else's, that every host knows. */
  static final String BACKUPS = "lab-backups";

  private static final List<String> TOOLS =
      List.of(
          "debootstrap", "systemd-nspawn", "unshare", "nsenter", "ip", "nft", "nmap", "openssl");

  /** Somewhere to ask from. */
  public enum Place {
    /** Where applications are: may reach Redis and Sentinel. */
    CLIENT,
    /** Where operators are: may reach SSH. */
    OPERATOR,
    /** Where nobody may reach anything. */
    OUTSIDER;

    String network() {
      return name().toLowerCase(java.util.Locale.ROOT);
    }
  }

  private final Path folder;
  private final Process process;
  private final long pid;

  private Lab(Path folder, Process process, long pid) {
    this.folder = folder;
    this.process = process;
    this.pid = pid;
  }

  /** What this machine lacks for a lab, with the way to get it; empty when it has all. */
  public static Optional<String> missing() throws InterruptedException {
    if (!Run.isPossible("sh", "-c", "[ \"$(uname)\" = Linux ] && [ \"$(id -u)\" = 0 ]")) {
      return Optional.of("hosts boot on Linux as root only");
    }
    List<String> missing = new ArrayList<>();
    for (String tool : TOOLS) {
      if (!Run.isPossible("sh", "-c", "command -v " + tool)) {
        missing.add(tool);
      }
    }
    return missing.isEmpty()
        ? Optional.empty()
        : Optional.of(
            "missing: "
                + String.join(", ", missing)
                + "; to get them: apt-get install debootstrap systemd-container nftables nmap iproute2");
  }

  /** Skips the test, with the reason, where no host can boot. */
  static void assumePossible() throws InterruptedException {
    Optional<String> missing = missing();
    org.junit.jupiter.api.Assumptions.assumeTrue(missing.isEmpty(), missing.orElse(""));
  }

  /** Starts a lab in a folder of its own below the build folder; what an earlier run left goes. */
  public static Lab start(String name) throws IOException, InterruptedException {
    Path folder = CACHE.resolve("run-" + name);
    delete(folder);
    // The control groups of hosts that are gone; those of running ones are busy and stay.
    Run.of(
        Path.of("."),
        Map.of(),
        "sh",
        "-c",
        "find /sys/fs/cgroup -depth -path '*/rediform-lab-*' -type d -exec rmdir {} + 2>/dev/null");
    Files.createDirectories(folder.resolve("metadata"));
    Files.createDirectories(folder.resolve("www"));
    Files.writeString(folder.resolve("secrets.json"), "{}");
    certificate(folder);
    Process process =
        new ProcessBuilder(
                "unshare",
                "--mount",
                "--propagation",
                "private",
                "--pid",
                "--fork",
                "--kill-child",
                "--mount-proc",
                "python3",
                SCRIPTS.resolve("lab.py").toString(),
                folder.toString())
            .redirectError(folder.resolve("lab.log").toFile())
            .start();
    String line =
        new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))
            .readLine();
    if (!"ready".equals(line)) {
      throw new IllegalStateException(
          "lab.py did not start: " + Files.readString(folder.resolve("lab.log")));
    }
    return new Lab(folder, process, process.children().findFirst().orElseThrow().pid());
  }

  /**
   * What the hosts' Secrets Manager, S3 and download server show, by an authority that they trust.
   */
  private static void certificate(Path folder) throws IOException, InterruptedException {
    openssl(
        "req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=lab -keyout "
            + folder.resolve("server.key")
            + " -out "
            + folder.resolve("server.csr"));
    Path names =
        Files.writeString(
            folder.resolve("names"),
            """
            subjectAltName=DNS:secretsmanager.eu-central-1.amazonaws.com,DNS:*.s3.eu-central-1.amazonaws.com,DNS:download.redis.io
            basicConstraints=critical,CA:false
            keyUsage=critical,digitalSignature
            authorityKeyIdentifier=keyid
            """);
    openssl(
        "x509 -req -days 2 -CAcreateserial -in %s -CA %s -CAkey %s -extfile %s -out %s"
            .formatted(
                folder.resolve("server.csr"),
                BaseImage.authority(),
                BaseImage.authority().resolveSibling("ca.key"),
                names,
                folder.resolve("server.pem")));
  }

  static void openssl(String words) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of("openssl"));
    command.addAll(List.of(words.split(" ")));
    Run.of(CACHE, Map.of(), command).succeeded();
  }

  Path folder() {
    return folder;
  }

  /** A command that does its work inside the lab's mounts and processes. */
  List<String> inside(List<String> command) {
    List<String> all =
        new ArrayList<>(
            List.of(
                "nsenter",
                "--target=" + pid,
                "--mount",
                "--pid",
                "--wd=" + Path.of("").toAbsolutePath()));
    all.addAll(command);
    return all;
  }

  /** A command that does its work at a place in the lab's network. */
  public List<String> at(Place place, List<String> command) {
    return at(place.network(), command);
  }

  /** Runs a command at a place in the lab's network, in a folder and with more variables. */
  Run at(Place place, Path folder, Map<String, String> environment, String... command)
      throws IOException, InterruptedException {
    List<String> all = new ArrayList<>(List.of("env", "--chdir=" + folder));
    all.addAll(List.of(command));
    return Run.of(folder, environment, at(place, all));
  }

  private List<String> at(String network, List<String> command) {
    List<String> all = new ArrayList<>(List.of("nsenter", "--net=/run/netns/" + network));
    all.addAll(command);
    return inside(all);
  }

  /** Cuts all links between two groups of hosts, given by their names; the rest stay connected. */
  public void cut(List<String> some, List<String> others) throws IOException, InterruptedException {
    forward(drop(some, others), drop(others, some));
  }

  private static String drop(List<String> from, List<String> to) {
    return "iifname { %s } oifname { %s } drop".formatted(ports(from), ports(to));
  }

  private static String ports(List<String> names) {
    return names.stream().map(Lab::port).collect(java.util.stream.Collectors.joining(", "));
  }

  /** The bridge's port of a host, or of one of the places. */
  private static String port(String name) {
    return Stream.of(Place.values()).anyMatch(place -> place.network().equals(name))
        ? "\"v-" + name + "\""
        : "\"vb-" + name + "\"";
  }

  /** Loses a share of a host's packets, both ways. */
  public void lose(String host, int percent) throws IOException, InterruptedException {
    String share = " numgen random mod 100 < " + percent + " drop";
    forward("iifname " + port(host) + share, "oifname " + port(host) + share);
  }

  /** Rules for what the bridge forwards, until it is mended. */
  private void forward(String... rules) throws IOException, InterruptedException {
    nft(
        """
        table bridge cut {
          chain forward {
            type filter hook forward priority 0
            %s
          }
        }
        """
            .formatted(String.join("\n    ", rules)));
  }

  /** Mends every cut. */
  public void mend() throws IOException, InterruptedException {
    nft("delete table bridge cut");
  }

  private void nft(String rules) throws IOException, InterruptedException {
    Path file = Files.writeString(folder.resolve("rules.nft"), rules);
    Run.of(Path.of("."), Map.of(), at("lab", List.of("nft", "-f", file.toString()))).succeeded();
  }

  /** Ends every host and takes their disks away. */
  @Override
  public void close() throws IOException {
    process.getOutputStream().close();
    process.onExit().join();
    delete(folder);
  }

  static void delete(Path folder) throws IOException {
    if (!Files.exists(folder)) {
      return;
    }
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(file);
      }
    }
  }
}
