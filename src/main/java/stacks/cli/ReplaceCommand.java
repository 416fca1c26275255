package stacks.cli;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import stacks.cluster.Cluster;
import stacks.cluster.Node;
import stacks.operate.Agents;
import stacks.operate.Failover;
import stacks.operate.Gate;
import stacks.operate.Look;
import stacks.operate.NotPossible;
import stacks.operate.Wait;
import stacks.platform.Platforms;
import stacks.review.Change;
import stacks.review.Finding;
import stacks.review.Review;
import stacks.review.Severity;

@Command(
    name = "replace",
    description = {
      "Makes one node anew, such as after bad hardware or for a newer image: the same name, address"
          + " and, on AWS, data volume, on a new machine. A master hands over first."
    },
    footer = {
      "",
      "It waits before until the cluster can do without the node, and after until it",
      "is whole.",
      "",
      "Examples:",
      "  ./rediform replace local redis-2",
      "  ./rediform replace production sentinel-1"
    })
final class ReplaceCommand implements Callable<Integer> {
  /** Not the one that `plan` keeps for people to look at. */
  private static final String PLAN = "replace.plan";

  @Mixin private EnvironmentArgument environment;

  @Parameters(index = "1", paramLabel = "NODE", description = "The node, such as redis-2.")
  private String name;

  @Option(names = "--auto-approve", description = "Does not ask; local environments never ask.")
  private boolean autoApprove;

  @Option(
      names = "--timeout",
      paramLabel = "TIME",
      converter = WaitCommand.Time.class,
      defaultValue = "${env:REDIFORM_WAIT_TIMEOUT:-15m}",
      description = "How long each of the waits may take (default: REDIFORM_WAIT_TIMEOUT, or 15m).")
  private Duration timeout;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    Cluster cluster = environment.deployable();
    Node node = WaitCommand.node(cluster, name);
    Ask.checkPossible(cluster, autoApprove);
    Look look = Access.look(cluster).orElseThrow(() -> Failure.missing(Access.howToLook(cluster)));
    SynthCommand.write(List.of(cluster));
    Terraform terraform = new Terraform(cluster, Progress.of(spec));
    plan(cluster, node, terraform);
    Ask.orEnd(
        cluster,
        autoApprove,
        "Make %s of %s anew? Only \"yes\" does it: ",
        node.name(),
        cluster.name());
    await(
        cluster,
        look,
        Gate.before(cluster, node, Access.existing(cluster), Access.documents(cluster)));
    handOver(cluster, node, look);
    say(node.name() + " is made anew");
    Terraform.Applied applied = terraform.apply(PLAN);
    if (applied.code() != 0) {
      throw TerraformFailure.ofApply(
          cluster,
          applied,
          Platforms.of(cluster.environment().platform()).replaced(node),
          "./rediform deploy " + cluster.name(),
          terraform.log());
    }
    await(cluster, look, Gate.whole(cluster, Access.documents(cluster)));
    spec.commandLine().getOut().println(node.name() + " is new; " + cluster.name() + " is whole");
    return ExitCode.FINE;
  }

  /** Plans the replacement of the node, and makes sure that it is all that would happen. */
  private void plan(Cluster cluster, Node node, Terraform terraform) {
    StatePlace.init(cluster, terraform);
    Optional<String> blind = Access.blind(cluster);
    if (blind.isPresent() && terraform.state().contains(Terraform.FORMED)) {
      throw Failure.missing(blind.get() + ". Nothing was changed");
    }
    List<String> words =
        Platforms.of(cluster.environment().platform()).replaced(node).stream()
            .map(address -> "-replace=" + address)
            .toList();
    terraform.plan(PLAN, words);
    Review review = Reviews.made(cluster, PLAN, false);
    refuseWhatElseIsBlocked(review, node);
    review.findings().stream()
        .filter(Finding::isOfBackupAge)
        .forEach(
            finding ->
                say(
                    "%s: %s. %s"
                        .formatted(
                            finding.rule().id(), finding.message(), finding.rule().remedy())));
    Set<String> others =
        review.changes().stream()
            .map(Change::node)
            .filter(name -> !name.equals(node.name()) && !name.equals(Change.SHARED))
            .collect(Collectors.toCollection(TreeSet::new));
    if (!others.isEmpty()) {
      throw Failure.no(
          "the file of %1$s has other changes, to %2$s; a replacement does one thing. Deploy them first: ./rediform deploy %1$s"
              .formatted(cluster.name(), String.join(", ", others)));
    }
  }

  /** That this node is made anew is what was asked for; nothing else that blocks a deploy is. */
  private static void refuseWhatElseIsBlocked(Review review, Node node) {
    review.findings().stream()
        .filter(finding -> finding.counts() && finding.severity() == Severity.BLOCK)
        .filter(finding -> !finding.place().contains(node.name()))
        .findFirst()
        .ifPresent(
            finding -> {
              throw Failure.no(
                  "%s: %s: %s. Nothing was changed. %s"
                      .formatted(
                          finding.rule().id(),
                          finding.place(),
                          finding.message(),
                          finding.rule().remedy()));
            });
  }

  private void await(Cluster cluster, Look look, Gate gate) {
    Wait.Outcome outcome =
        new Wait(look, Access.agents(cluster), line -> say(gate.what() + ": " + line))
            .at(gate, timeout);
    if (!outcome.ready()) {
      throw Failure.no(
          "gives up after %d s, waiting until %s: %s"
              .formatted(
                  outcome.waited().toSeconds(), gate.what(), Wait.brief(outcome.problems())));
    }
  }

  /** A master hands over when it stops, too; but now a refusal costs nothing. */
  private void handOver(Cluster cluster, Node node, Look look) {
    Optional<String> master = look.at(cluster).master().map(each -> each.name());
    Optional<Agents> agents = Access.agents(cluster);
    if (master.equals(Optional.of(node.name())) && agents.isPresent()) {
      try {
        new Failover(cluster, agents.get(), this::say).to(null, timeout);
      } catch (NotPossible e) {
        throw Failure.no(e.getMessage() + ". " + node.name() + " was not touched");
      }
    }
  }

  private void say(String line) {
    Progress.of(spec).accept(line);
  }
}
