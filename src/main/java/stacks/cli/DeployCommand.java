package stacks.cli;

import java.io.PrintWriter;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.function.Supplier;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;
import stacks.Synth;
import stacks.cluster.Cluster;
import stacks.environment.Platform;
import stacks.operate.ClusterStatus;
import stacks.operate.Look;
import stacks.platform.local.LocalPlatform;

@Command(
    name = "deploy",
    description = {
      "Brings an environment up, or to what its file says now: first deploy, resize, new replica,"
          + " changed setting."
    },
    footer = {
      "",
      "Examples:",
      "  ./rediform deploy local",
      "  ./rediform deploy production",
      "  ./rediform deploy staging --auto-approve"
    })
final class DeployCommand implements Callable<Integer> {
  /** A failover that happens to be under way takes about ten seconds, and a full sync some more. */
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  /** Whoever waits longer than this wants to know for what. */
  private static final Duration QUIET = Duration.ofSeconds(2);

  private static final Duration POLL = Duration.ofMillis(200);

  @Mixin private EnvironmentArgument environment;

  @Option(names = "--auto-approve", description = "Does not ask; local environments never ask.")
  private boolean autoApprove;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    Cluster cluster = environment.deployable();
    WaitCommand.checkTimeout();
    SynthCommand.write(List.of(cluster));
    checkPorts(cluster);
    cdktf("deploy", cluster, autoApprove);
    return sayWhatIsThere(cluster);
  }

  /** What a person wants to know next: how it is, if that can be seen from here. */
  private int sayWhatIsThere(Cluster cluster) {
    PrintWriter out = spec.commandLine().getOut();
    PrintWriter err = spec.commandLine().getErr();
    String name = cluster.name();
    out.println();
    boolean local = cluster.environment().platform() == Platform.LOCAL;
    Optional<Look> look = Access.look(cluster);
    if (look.isPresent()) {
      ClusterStatus status = onceWhole(() -> look.get().at(cluster), PATIENCE, QUIET, err::println);
      StatusCommand.print(status, out);
      out.println();
      if (!status.isWhole()) {
        out.println("To look again:  ./rediform status " + name);
        return ExitCode.NO;
      }
    } else {
      out.println(
          "To look at it, from a machine that reaches the nodes:  ./rediform status " + name);
    }
    out.println("To connect:  ./rediform client " + name + " --language python");
    if (local) {
      out.println("To stop it:  ./rediform destroy " + name);
    }
    return ExitCode.FINE;
  }

  /** The first look at a whole cluster, or the last one when it is not whole in time. */
  static ClusterStatus onceWhole(
      Supplier<ClusterStatus> look, Duration patience, Duration quiet, Consumer<String> say) {
    long start = System.nanoTime();
    boolean said = false;
    while (true) {
      ClusterStatus status = look.get();
      long waited = System.nanoTime() - start;
      if (status.isWhole() || waited >= patience.toNanos()) {
        return status;
      }
      if (!said && waited >= quiet.toNanos()) {
        say.accept(
            "rediform: waits up to %d s for %s to be whole: %s"
                .formatted(
                    patience.toSeconds(),
                    status.environment(),
                    String.join("; ", status.problems())));
        said = true;
      }
      LockSupport.parkNanos(POLL.toNanos());
    }
  }

  /** A busy port is a clear error before anything starts. */
  private static void checkPorts(Cluster cluster) {
    if (cluster.environment().platform() == Platform.LOCAL) {
      int code =
          Tool.of(
                  Synth.stack(SynthCommand.outdir(), cluster.name()),
                  LocalPlatform.checkPorts(cluster).toArray(String[]::new))
              .run();
      String message = cluster.name() + " was not deployed; the line above says why";
      if (code == ExitCode.MISSING) {
        throw Failure.missing(message);
      } else if (code != ExitCode.FINE) {
        throw Failure.no(message);
      }
    }
  }

  /** Runs a verb of the CDKTF CLI on a stack that has just been synthesized. */
  static void cdktf(String verb, Cluster cluster, boolean autoApprove) {
    boolean local = cluster.environment().platform() == Platform.LOCAL;
    if (!local && !autoApprove && System.console() == null) {
      throw Failure.usage(
          "there is no terminal to ask on; look at `./rediform plan %s`, then add --auto-approve"
              .formatted(cluster.name()));
    }
    List<String> words = new ArrayList<>(List.of(verb, cluster.name(), "--skip-synth"));
    if (local || autoApprove) {
      words.add("--auto-approve");
    }
    int code = Tool.cdktf(words.toArray(String[]::new)).run();
    if (code == Tool.INTERRUPTED) {
      throw Failure.missing(
          "interrupted. What is done stays; the same command again goes on from there");
    }
    if (code != 0) {
      throw Failure.missing(
          "%s %s did not finish (cdktf ended with code %d, its reasons are above). What is done stays:"
                  .formatted(verb, cluster.name(), code)
              + " mend the cause and run the same command again, it goes on from there");
    }
  }
}
