package stacks.cli;

import java.io.PrintWriter;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
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
import stacks.operate.ClusterStatus;
import stacks.operate.Look;
import stacks.platform.Effect;
import stacks.platform.local.LocalPlatform;
import stacks.review.Change;
import stacks.review.Review;
import stacks.review.Verdict;

@Command(
    name = "deploy",
    description = {
      "Brings an environment up, or to what its file says now: first deploy, resize, new replica,"
          + " changed setting. Plans, shows the review of the plan, asks, and carries out just that"
          + " plan."
    },
    footer = {
      "",
      "Exit code 0 when the cluster is what its file says and was seen to be whole, 1",
      "when the plan is blocked, a gate stayed shut or the cluster is not whole, 3 when",
      "something needed is missing or failed, or nobody could see the nodes.",
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

  /** What is in a plan and is no step of its apply. */
  private static final Set<Effect> UNTOUCHED = Set.of(Effect.TAKEN_OVER, Effect.LEFT_BEHIND);

  @Mixin private EnvironmentArgument environment;

  @Option(names = "--auto-approve", description = "Does not ask; local environments never ask.")
  private boolean autoApprove;

  @Option(names = "--approved", description = "Somebody has approved of what needs approval.")
  private boolean approved;

  @Option(
      names = "--no-wait",
      description = "Ends well although nobody could see if the nodes are whole.")
  private boolean noWait;

  @Option(
      names = "--without-gates",
      description = {
        "Changes nodes without a look at the others, one after the other. Writes may be lost:"
            + " for a cluster that is down anyway, or that you watch by other means."
      })
  private boolean withoutGates;

  @Option(
      names = "--planned",
      description = "Carries out the plan that `plan` has kept, and no other.")
  private boolean kept;

  @Spec private CommandSpec spec;

  /** Of this very run: another one in the same checkout plans for itself. */
  private final String plan = "deploy-%d.plan".formatted(ProcessHandle.current().pid());

  @Override
  public Integer call() {
    Cluster cluster = environment.deployable();
    WaitCommand.checkTimeout();
    Ask.checkPossible(cluster, autoApprove);
    Progress progress = Progress.of(spec);
    Terraform terraform = new Terraform(cluster, progress);
    terraform.stack().resolve(plan).toFile().deleteOnExit();
    Planner.Planned planned = kept ? kept(cluster, terraform) : plan(cluster, terraform);
    obey(planned.review());
    if (planned.changes()) {
      apply(cluster, terraform, planned.review());
    }
    int code = sayWhatIsThere(cluster);
    progress.debug("all that Terraform printed: " + terraform.log());
    return code;
  }

  private Planner.Planned plan(Cluster cluster, Terraform terraform) {
    SynthCommand.write(List.of(cluster));
    checkPorts(cluster);
    StatePlace.init(cluster, terraform);
    Planner planner = new Planner(cluster, terraform, this::say);
    Planner.Planned planned = planner.plan(plan, approved);
    Review review = planned.review();
    boolean first = !review.known().machines() && review.verdict() == Verdict.GO;
    if (first && !cluster.isLocal() && review.nodes().size() > 1) {
      // Nobody has to wait for another where nothing serves yet.
      SynthCommand.write(List.of(cluster), true);
      planned = planner.plan(plan, approved);
    }
    return planned;
  }

  /** Terraform refuses a plan that is stale. */
  private Planner.Planned kept(Cluster cluster, Terraform terraform) {
    Review review = Reviews.kept(cluster, approved);
    StatePlace.init(cluster, terraform);
    return new Planner.Planned(!review.changes().isEmpty(), review);
  }

  /** Shows the review, and ends the command where it does not let the plan pass. */
  private void obey(Review review) {
    PrintWriter out = spec.commandLine().getOut();
    String name = review.environment();
    if (review.changes().isEmpty() && review.verdict() == Verdict.GO) {
      out.println("No changes: the machines of " + name + " are what its file says");
    }
    if (!review.changes().isEmpty() || !review.findings().isEmpty()) {
      ReviewText.print(review, out);
    }
    out.flush();
    if (review.verdict() == Verdict.BLOCKED) {
      throw Failure.no(
          "the review blocks this plan (above). Nothing was changed. What a rule means: ./rediform review --explain RULE; to accept what is meant: docs/plan-review.md");
    } else if (review.verdict() == Verdict.APPROVAL) {
      throw Failure.no(
          "somebody must approve of %s. Nothing was changed. Once that is so: ./rediform deploy %s --approved"
              .formatted(String.join(", ", review.requiresApproval()), name));
    }
  }

  private void apply(Cluster cluster, Terraform terraform, Review review) {
    Optional<Leaving> leaving = Leaving.of(cluster, review);
    if (kept && leaving.isPresent()) {
      checkThatItStillHolds(cluster, terraform, review);
    }
    Reach.check(cluster, review, withoutGates);
    Ask.orEnd(cluster, autoApprove, "Deploy this to %s? Only \"yes\" does it: ", cluster.name());
    String again = "./rediform deploy " + cluster.name();
    if (withoutGates) {
      terraform.with(WaitCommand.GATES, WaitCommand.WITHOUT_GATES);
    }
    Terraform.Applied applied =
        leaving
            .map(parts -> parts.apply(terraform, withoutGates, this::say))
            .orElseGet(() -> terraform.apply(kept ? Reviews.KEPT : plan));
    if (applied.code() != 0) {
      StartAgain.whatStopped(cluster, applied, terraform, this::say);
      List<String> planned =
          review.changes().stream()
              .filter(change -> !UNTOUCHED.contains(change.effect()))
              .map(Change::address)
              .toList();
      throw TerraformFailure.ofApply(cluster, applied, planned, again, terraform.log());
    }
  }

  /** What is carried out in parts is planned anew, and must come to what was kept. */
  private void checkThatItStillHolds(Cluster cluster, Terraform terraform, Review review) {
    Review now = new Planner(cluster, terraform, this::say).plan(plan, true).review();
    if (!now.changes().equals(review.changes())) {
      throw Failure.no(
          "the plan that is kept is stale: %1$s has changed since. Nothing was changed. Plan again: ./rediform plan %1$s"
              .formatted(cluster.name()));
    }
  }

  private void say(String line) {
    Progress.of(spec).accept(line);
  }

  /** What a person wants to know next: how it is, if that can be seen from here. */
  private int sayWhatIsThere(Cluster cluster) {
    PrintWriter out = spec.commandLine().getOut();
    PrintWriter err = spec.commandLine().getErr();
    String name = cluster.name();
    out.println();
    boolean local = cluster.isLocal();
    Optional<Look> look = Access.look(cluster);
    if (look.isPresent()) {
      ClusterStatus status = onceWhole(() -> look.get().at(cluster), PATIENCE, QUIET, err::println);
      StatusText.brief(StatusReport.of(cluster, status, Map.of(), Instant.now()), out);
      out.println();
      if (!status.isWhole()) {
        out.println("To look again:  ./rediform status " + name);
        return noWait && status.isUnreached() ? ExitCode.FINE : ExitCode.NO;
      }
    } else {
      out.println(
          "Nobody has seen the nodes of %1$s: its machines are there, and whether Redis runs on them nobody here can say. To look, from a machine that reaches them:  ./rediform status %1$s"
              .formatted(name));
    }
    out.println("To connect:  ./rediform client " + name + " --language python");
    if (local) {
      out.println("To stop it:  ./rediform destroy " + name);
    }
    return look.isPresent() || noWait ? ExitCode.FINE : ExitCode.MISSING;
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
    if (cluster.isLocal()) {
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
}
