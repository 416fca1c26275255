package stacks.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.SortedMap;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;
import stacks.cluster.Cluster;
import stacks.monitoring.Monitoring;
import stacks.values.Plural;

@Command(
    name = "monitoring",
    description =
        "Writes what Prometheus, Alertmanager and Grafana need to watch the cluster; with --run, shows it on this machine.",
    footer = {
      "",
      "Examples:",
      "  ./rediform monitoring production",
      "  ./rediform monitoring local --run",
    })
final class MonitoringCommand implements Callable<Integer> {
  private static final Path FOLDER = Path.of("monitoring");

  @Mixin private EnvironmentArgument environment;

  @Option(
      names = "--out",
      paramLabel = "DIR",
      description = "Folder for the files; others in it stay (default: monitoring/ENV).")
  private Path out;

  @Option(
      names = "--run",
      description =
          "Local platform only: runs real exporters and a real Prometheus until Ctrl-C, five times as fast as in production.")
  private boolean run;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    Cluster cluster = environment.cluster();
    PrintWriter say = spec.commandLine().getOut();
    if (run) {
      if (out != null) {
        throw Failure.usage("--run writes no files; leave --out away");
      }
      return MonitoringRun.of(cluster).untilStopped(say);
    }
    Path folder = out == null ? FOLDER.resolve(cluster.name()) : out;
    SortedMap<String, String> files = Monitoring.files(cluster);
    write(folder, files);
    say.printf("%s: %s%n", folder, Plural.of(files.size(), "file"));
    files.keySet().forEach(name -> say.println("  " + name));
    say.println();
    say.println(next(cluster, folder));
    say.flush();
    return ExitCode.FINE;
  }

  private static void write(Path folder, SortedMap<String, String> files) {
    files.forEach(
        (name, text) -> {
          Path file = folder.resolve(name);
          try {
            Files.createDirectories(file.getParent());
            Files.writeString(file, text);
          } catch (IOException e) {
            throw Failure.missing(
                "%s cannot be written: %s; --out names another folder"
                    .formatted(file, e.getMessage()),
                e);
          }
        });
  }

  private static String next(Cluster cluster, Path folder) {
    if (cluster.isLocal()) {
      return "The nodes of %1$s have no exporters: they are processes on this machine. To run some, with a Prometheus: ./rediform monitoring %1$s --run"
          .formatted(cluster.name());
    }
    String next = "What to do with them: %s".formatted(folder.resolve("README.md"));
    return cluster.environment().metrics().networks().isEmpty()
        ? "The exporters of %s are off: name the network of Prometheus in metrics.networks, and deploy. Until then no target answers.%n%s"
            .formatted(cluster.name(), next)
        : next;
  }
}
