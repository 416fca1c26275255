package stacks.cli;

import java.io.PrintWriter;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;
import stacks.cluster.Cluster;
import stacks.cluster.Node;
import stacks.operate.Agents;
import stacks.operate.ClusterStatus;
import stacks.operate.Gate;
import stacks.operate.Look;
import stacks.operate.RedisState;
import stacks.operate.SentinelState;
import stacks.operate.Wait;
import stacks.values.Durations;

@Command(
    name = "wait",
    description = {
      "Waits until the cluster is whole, or with --node until that node may be changed: all others"
          + " are fit and in sync. A deploy runs this before it touches a node, and at its end."
    },
    footer = {
      "",
      "It looks through network.shell of the environment file, or else with the",
      "password of user app from REDIS_PASSWORD, which does not tell whether a node",
      "has taken its document. Exit code 0 when it is so, 1 when it is not in time, 3",
      "when there is no way to look.",
      "",
      "Examples:",
      "  ./rediform wait local",
      "  ./rediform wait production --node redis-2 --timeout 5m"
    })
final class WaitCommand implements Callable<Integer> {
  static final String TIMEOUT = "REDIFORM_WAIT_TIMEOUT";

  /** The variable by which {@code deploy --without-gates} reaches the gates. */
  static final String GATES = "REDIFORM_GATES";

  /** Its value then. */
  static final String WITHOUT_GATES = "off";

  /** How long a node may take for its document where nobody waits for what comes of it. */
  private static final Duration LOOK = Duration.ofSeconds(60);

  /** Ends a command that will wait on its way, where the variable holds no time. */
  static void checkTimeout() {
    String given = System.getenv(TIMEOUT);
    try {
      if (given != null) {
        Durations.parse(given);
      }
    } catch (IllegalArgumentException e) {
      throw Failure.usage(
          "%s is \"%s\"; it must be %s. Nothing was done"
              .formatted(TIMEOUT, given, e.getMessage()));
    }
  }

  @Mixin private EnvironmentArgument environment;

  @Option(names = "--node", paramLabel = "NODE", description = "Waits until it may be changed.")
  private String node;

  @Option(
      names = "--timeout",
      paramLabel = "TIME",
      converter = Time.class,
      defaultValue = "${env:" + TIMEOUT + ":-15m}",
      description = "How long at most, such as 90s (default: REDIFORM_WAIT_TIMEOUT, or else 15m).")
  private Duration timeout;

  @Option(
      names = "--existing",
      split = ",",
      paramLabel = "NODES",
      arity = "0..1",
      fallbackValue = "",
      description =
          "With --node: the nodes that are there, by name or address (default: all that may be).")
  private Set<String> existing;

  @Option(
      names = "--in-deploy",
      hidden = true,
      description = "As a step of a deploy: a cluster that was never whole has nothing to lose.")
  private boolean inDeploy;

  @Option(
      names = "--formed",
      hidden = true,
      description = "With --in-deploy: it was whole once, whatever the state says.")
  private boolean formed;

  @Option(names = "--json", description = "Reports as JSON.")
  private boolean json;

  @Spec private CommandSpec spec;

  /** A duration as environment files have it. */
  static final class Time implements ITypeConverter<Duration> {
    @Override
    public Duration convert(String text) {
      try {
        return Durations.parse(text);
      } catch (IllegalArgumentException e) {
        throw new TypeConversionException("'" + text + "' is not " + e.getMessage());
      }
    }
  }

  @Override
  public Integer call() {
    PrintWriter err = spec.commandLine().getErr();
    // Each gate of a deploy would say again what the deploy has said.
    Cluster cluster = inDeploy ? environment.quietly() : environment.cluster();
    Gate gate = gate(cluster);
    if (gate.toLookAt().nodes().isEmpty()) {
      return report(cluster, gate, new Wait.Outcome(true, Duration.ZERO, List.of()));
    }
    Optional<Look> look = Access.look(cluster);
    if (inDeploy && opensUnseen(cluster, gate, look, err)) {
      return ExitCode.FINE;
    }
    Optional<String> blind = inDeploy ? Access.blind(cluster) : Optional.empty();
    if (blind.isPresent() && wasWhole(cluster)) {
      throw Failure.missing(untouched(blind.get()));
    }
    Wait wait =
        new Wait(
            look.orElseThrow(() -> Failure.missing(untouched(Access.howToLook(cluster)))),
            Access.agents(cluster),
            line -> {
              err.println("rediform: " + prefix() + line);
              err.flush();
            });
    return report(cluster, gate, wait.at(gate, timeout));
  }

  /** Whether the deploy goes on without what the gate asks for; a line says why. */
  private boolean opensUnseen(Cluster cluster, Gate gate, Optional<Look> look, PrintWriter err) {
    if (WITHOUT_GATES.equals(System.getenv(GATES))) {
      err.println("rediform: %sNOT LOOKED AT, because of --without-gates".formatted(prefix()));
      if (node == null) {
        Access.agents(cluster).ifPresent(agents -> takeUp(cluster, agents, err));
      }
      return true;
    }
    if (look.isPresent() && node == null) {
      return false;
    }
    if (look.isPresent()) {
      ClusterStatus status = look.get().at(gate.toLookAt());
      boolean serves =
          status.redis().stream().anyMatch(RedisState::linkUp)
              || status.sentinels().stream().anyMatch(SentinelState::knows);
      if (serves || gate.judge(status).isOpen()) {
        return false; // the gate itself says the rest
      }
    }
    if (wasWhole(cluster)) {
      return false;
    }
    err.println(
        "rediform: %snot looked at: %s was never whole%s"
            .formatted(
                prefix(),
                cluster.name(),
                look.isPresent() ? "" : ", and " + Access.howToLook(cluster)));
    return true;
  }

  private boolean wasWhole(Cluster cluster) {
    return formed || new Terraform(cluster, Progress.of(spec)).state().contains(Terraform.FORMED);
  }

  /** Without a gate nobody has asked the nodes to look for what they are told: one by one, now. */
  private static void takeUp(Cluster cluster, Agents agents, PrintWriter err) {
    for (Node each : cluster.rollingOrder()) {
      err.println("rediform: %s looks for its document".formatted(each.name()));
      err.flush();
      String seconds = String.valueOf(LOOK.toSeconds());
      agents.ask(each, LOOK.multipliedBy(2).plusSeconds(10), "health", "--wait", seconds);
    }
  }

  private Gate gate(Cluster cluster) {
    Map<String, String> documents = Access.documents(cluster);
    if (node == null) {
      return Gate.whole(cluster, documents);
    }
    Node wanted = node(cluster, node);
    Set<String> there = existing != null ? existing : Access.existing(cluster);
    return Gate.before(cluster, wanted, there.equals(Set.of("")) ? Set.of() : there, documents);
  }

  /** The node of a name; ends the command when there is none. */
  static Node node(Cluster cluster, String name) {
    return cluster
        .node(name)
        .orElseThrow(
            () ->
                Failure.usage(
                    "%s has no node \"%s\"; its nodes are %s"
                        .formatted(
                            cluster.name(),
                            name,
                            String.join(", ", cluster.nodes().stream().map(Node::name).toList()))));
  }

  private String prefix() {
    return node == null ? "" : "before " + node + ": ";
  }

  private String untouched(String why) {
    return why
        + (node == null ? "" : ". " + node + " was not touched: nobody knows if that is safe");
  }

  private int report(Cluster cluster, Gate gate, Wait.Outcome outcome) {
    PrintWriter out = spec.commandLine().getOut();
    if (json) {
      Map<String, Object> fields = new LinkedHashMap<>();
      fields.put("environment", cluster.name());
      fields.put("node", node);
      fields.put("ready", outcome.ready());
      fields.put("waitedMillis", outcome.waited().toMillis());
      fields.put("problems", outcome.problems());
      out.println(Json.write(fields));
    } else if (outcome.ready()) {
      out.println(gate.what());
    } else {
      spec.commandLine()
          .getErr()
          .println(
              "rediform: %sgives up after %d s: %s%s"
                  .formatted(
                      prefix(),
                      outcome.waited().toSeconds(),
                      Wait.brief(outcome.problems()).replaceFirst("\\.+$", ""),
                      node == null
                          ? ""
                          : ". %s was not touched. Mend that and deploy again; it goes on from here"
                              .formatted(node)));
    }
    return outcome.ready() ? ExitCode.FINE : ExitCode.NO;
  }
}
