package stacks.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;
import stacks.cluster.Cluster;
import stacks.operate.ClusterStatus;
import stacks.operate.Look;

@Command(
    name = "status",
    description = {
      "Shows whether the cluster takes writes and would after one more loss, how each node is, what"
          + " the Sentinels believe, the last failover, backups, what differs from the file, and"
          + " what to do next."
    },
    footer = {
      "",
      "It asks through network.shell of the environment file, or else with the password of",
      "user app from REDIS_PASSWORD; a local environment finds its own. What each line",
      "means: docs/status.md.",
      "",
      "Exit code 0 when the cluster is whole, 1 when it is not, 3 when there is no way to ask",
      "its nodes, or none of them accepts the password. A backup that is late, a difference",
      "from the file and a note do not change it; --json has them.",
      "",
      "Examples:",
      "  ./rediform status local",
      "  ./rediform status production --watch --every 5s",
      "  ./rediform status production --json",
      "  ./rediform status production --html status.html"
    })
final class StatusCommand implements Callable<Integer> {
  /** As often as Sentinels say hello to each other: what they know is not newer. */
  private static final String EVERY = "2s";

  /** A look must be over before the next one begins. */
  private static final Duration SHORTEST = Duration.ofSeconds(1);

  private static final String STANDARD_OUTPUT = "-";

  @Mixin private EnvironmentArgument environment;

  /** How it is said. */
  private static final class Format {
    @Option(
        names = "--json",
        required = true,
        description = "Reports as JSON (docs/status.schema.json).")
    private boolean json;

    @Option(
        names = "--html",
        required = true,
        arity = "0..1",
        paramLabel = "FILE",
        fallbackValue = STANDARD_OUTPUT,
        description =
            "Writes one page with a drawing of the cluster (default: to standard output).")
    private String html;
  }

  @ArgGroup private Format format = new Format();

  @Option(
      names = "--watch",
      description =
          "Looks again and again until Ctrl-C: on a terminal the screen is drawn anew, elsewhere"
              + " only a change of nodes, problems or what to do is printed.")
  private boolean watch;

  @Option(
      names = "--every",
      paramLabel = "TIME",
      converter = WaitCommand.Time.class,
      defaultValue = EVERY,
      description = "With --watch: time between two looks (default: ${DEFAULT-VALUE}).")
  private Duration every;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    if (every.compareTo(SHORTEST) < 0) {
      throw Failure.usage("--every is at least 1s");
    }
    if (watch && format.html != null) {
      throw Failure.usage("--watch is for a terminal or a log; --html is one page");
    }
    Cluster cluster = environment.cluster();
    // What the file gives to each node is computed while the nodes are asked.
    CompletableFuture<Map<String, String>> documents =
        CompletableFuture.supplyAsync(() -> Access.documents(cluster));
    Look look = look(cluster);
    Supplier<StatusReport> asked =
        () -> {
          ClusterStatus status = look.at(cluster);
          return StatusReport.of(cluster, status, documents.join(), Instant.now());
        };
    PrintWriter out = spec.commandLine().getOut();
    if (watch) {
      return new StatusWatch(out, every, System.console() != null, this::print).run(asked);
    }
    StatusReport report = asked.get();
    print(report, out);
    return exitCode(report);
  }

  private void print(StatusReport report, PrintWriter out) {
    if (format.json) {
      out.println(Json.write(StatusJson.of(report)));
    } else if (format.html == null) {
      StatusText.print(report, out);
    } else if (format.html.equals(STANDARD_OUTPUT)) {
      out.print(StatusPage.of(report));
      out.flush();
    } else {
      write(Path.of(format.html), StatusPage.of(report));
    }
  }

  private static void write(Path file, String page) {
    try {
      Files.writeString(file, page);
    } catch (IOException e) {
      throw Failure.missing(
          "%s cannot be written; is its folder there, and yours to write?".formatted(file), e);
    }
  }

  private int exitCode(StatusReport report) {
    if (report.status().isPasswordWrong()) {
      spec.commandLine()
          .getErr()
          .println(
              "rediform: no data node accepts REDIS_PASSWORD; it must hold the password of user app");
      return ExitCode.MISSING;
    }
    return report.status().isWhole() ? ExitCode.FINE : ExitCode.NO;
  }

  private static Look look(Cluster cluster) {
    if (cluster.isLocal()) {
      Access.password(cluster); // says so where it is not deployed
    }
    return Access.agents(cluster)
        .map(Look::briefly)
        .or(() -> Access.look(cluster))
        .orElseThrow(() -> Failure.missing(Access.howToLook(cluster)));
  }
}
