package stacks.cli;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import stacks.cluster.Cluster;
import stacks.cluster.Exporter;
import stacks.cluster.Node;
import stacks.monitoring.Monitoring;
import stacks.monitoring.Pace;
import stacks.monitoring.Targets;
import stacks.platform.local.LocalPlatform;

/**
 * Real exporters, one for each node, and a real Prometheus as processes of this one, on free ports
 * of 127.0.0.1. They end with it, and what they wrote goes, too.
 */
final class MonitoringRun {
  /** A person who tries things does not wait minutes for an alert. */
  private static final int FACTOR = 5;

  /** Where the launcher unpacks Debian's packages: its name in {@code setup.sh}. */
  static final Path UNPACKED = Path.of(".rediform", "tools", "prometheus");

  /** Variable for tests: another pace. */
  private static final String PACE = "REDIFORM_MONITORING_PACE";

  private final Cluster cluster;
  private final String password;
  private final Pace pace;
  private final List<Process> children = new ArrayList<>();
  private volatile boolean stopping;

  private MonitoringRun(Cluster cluster, String password, Pace pace) {
    this.cluster = cluster;
    this.password = password;
    this.pace = pace;
  }

  /** Of a local cluster that is deployed; ends the command otherwise. */
  static MonitoringRun of(Cluster cluster) {
    if (!cluster.isLocal()) {
      throw Failure.usage(
          "--run is for platform: local. The nodes of %1$s have exporters of their own (metrics.networks); for the files of a Prometheus: ./rediform monitoring %1$s"
              .formatted(cluster.name()));
    }
    int factor = Optional.ofNullable(System.getenv(PACE)).map(Integer::parseInt).orElse(FACTOR);
    return new MonitoringRun(cluster, password(cluster), new Pace(factor));
  }

  private static String password(Cluster cluster) {
    Path file = Path.of(LocalPlatform.home(cluster.name()), "secrets.json");
    try {
      return new ObjectMapper().readTree(file.toFile()).path("exporter").asText();
    } catch (IOException e) {
      throw Failure.no(
          "%s is not deployed on this machine (%s is not readable); to deploy it: ./rediform deploy %s"
              .formatted(cluster.name(), file, cluster.name()));
    }
  }

  /** Runs until Ctrl-C, or until Prometheus ends by itself. */
  int untilStopped(PrintWriter say) {
    Path folder = folder();
    Runtime.getRuntime().addShutdownHook(new Thread(() -> stop(folder)));
    try {
      Map<String, Integer> ports = new TreeMap<>();
      for (Node node : cluster.nodes()) {
        ports.put(node.name(), exporter(folder, node));
      }
      int port = freePort();
      Process prometheus = prometheus(folder, ports, port);
      say.printf("Prometheus of %s: http://127.0.0.1:%d/alerts%n", cluster.name(), port);
      say.printf(
          "It looks every %d seconds, and alerts come %d times as fast as in production. Try: ./rediform drill %s%nCtrl-C ends it.%n",
          pace.scrape().toSeconds(), pace.factor(), cluster.name());
      say.flush();
      int code = prometheus.waitFor();
      if (stopping) {
        return Tool.INTERRUPTED;
      }
      throw Failure.missing(
          "Prometheus has ended with code %d:%n%s"
              .formatted(code, lastLines(folder.resolve("prometheus.log"))));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return Tool.INTERRUPTED;
    }
  }

  /** For this user alone: it has the password of user {@code exporter}. */
  private static Path folder() {
    try {
      return Files.createTempDirectory("monitoring-");
    } catch (IOException e) {
      throw Failure.missing("no folder for temporary files can be made: " + e.getMessage(), e);
    }
  }

  private int exporter(Path folder, Node node) throws IOException {
    int port = freePort();
    Path passwords = folder.resolve(node.name() + ".password");
    Files.createFile(
        passwords,
        PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
    // 1.45 looks for the address without the user, 1.69 for the one with it.
    Files.writeString(
        passwords,
        new ObjectMapper()
            .writeValueAsString(
                Map.of(
                    "redis://" + node.endpoint(), password,
                    "redis://exporter@" + node.endpoint(), password)));
    start(
        folder.resolve(node.name() + ".log"),
        program("prometheus-redis-exporter"),
        "-redis.addr=redis://" + node.endpoint(),
        "-redis.user=exporter",
        "-redis.password-file=" + passwords,
        // A server that hangs is told of, and not taken for an exporter that does not answer.
        "-connection-timeout=" + pace.scrape().dividedBy(3).toMillis() + "ms",
        "-web.listen-address=127.0.0.1:" + port);
    return port;
  }

  private Process prometheus(Path folder, Map<String, Integer> ports, int port) throws IOException {
    SortedMap<String, String> files = Monitoring.rules(cluster, pace);
    files.put("prometheus.yml", Monitoring.prometheus(pace, List.of()));
    Targets.files(
            cluster,
            (node, exporter) ->
                Optional.of("127.0.0.1:" + ports.get(node.name()))
                    .filter(address -> exporter == Exporter.REDIS))
        .forEach((name, text) -> files.put("targets/" + name, text));
    for (Map.Entry<String, String> file : files.entrySet()) {
      Path path = folder.resolve(file.getKey());
      Files.createDirectories(path.getParent());
      Files.writeString(path, file.getValue());
    }
    List<String> command =
        new ArrayList<>(
            List.of(
                program("prometheus"),
                "--config.file=" + folder.resolve("prometheus.yml"),
                "--storage.tsdb.path=" + folder.resolve("data"),
                "--web.listen-address=127.0.0.1:" + port));
    Path assets = UNPACKED.resolve("usr/share/prometheus/web");
    if (Files.isDirectory(assets)) {
      command.add("--web.local-assets=" + assets.toAbsolutePath());
    }
    return start(folder.resolve("prometheus.log"), command.toArray(String[]::new));
  }

  /** The program that the launcher has unpacked, or the machine's own. */
  private static String program(String name) {
    Path unpacked = UNPACKED.resolve("usr/bin").resolve(name);
    if (Files.isExecutable(unpacked)) {
      return unpacked.toAbsolutePath().toString();
    }
    return Stream.of(System.getenv().getOrDefault("PATH", "").split(":"))
        .map(folder -> Path.of(folder, name))
        .filter(Files::isExecutable)
        .findFirst()
        .map(Path::toString)
        .orElseThrow(
            () ->
                Failure.missing(
                    "%s is missing; ./rediform gets it on Debian by itself, elsewhere install it and put it on the PATH"
                        .formatted(name)));
  }

  private Process start(Path log, String... command) throws IOException {
    Process process =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile()).start();
    children.add(process);
    return process;
  }

  private void stop(Path folder) {
    stopping = true;
    children.forEach(Process::destroy);
    for (Process child : children) {
      try {
        if (!child.waitFor(10, TimeUnit.SECONDS)) {
          child.destroyForcibly().waitFor();
        }
      } catch (InterruptedException e) {
        child.destroyForcibly();
      }
    }
    try (Stream<Path> files = Files.walk(folder)) {
      files.sorted(Comparator.reverseOrder()).forEach(path -> path.toFile().delete());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String lastLines(Path log) throws IOException {
    List<String> lines = Files.readAllLines(log);
    return String.join("\n", lines.subList(Math.max(0, lines.size() - 5), lines.size()));
  }

  private static int freePort() throws IOException {
    try (ServerSocket probe = new ServerSocket(0, 1, java.net.InetAddress.getLoopbackAddress())) {
      return probe.getLocalPort();
    }
  }
}
