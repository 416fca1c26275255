package stacks.cli;

import java.io.PrintWriter;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;
import stacks.cluster.Cluster;
import stacks.operate.Agents;
import stacks.operate.Failover;
import stacks.operate.Failover.Report;

@Command(
    name = "failover",
    description = {
      "Makes another node master, in order: writes pause until a replica has them all, so that none"
          + " is lost. Nothing restarts."
    },
    footer = {
      "",
      "It runs a command on the master, on AWS through network.shell of the",
      "environment file.",
      "",
      "Examples:",
      "  ./rediform failover local",
      "  ./rediform failover production --to redis-1"
    })
final class FailoverCommand implements Callable<Integer> {
  @Mixin private EnvironmentArgument environment;

  @Option(
      names = "--to",
      paramLabel = "NODE",
      description = "The node that shall be master (default: the one that Sentinel chooses).")
  private String to;

  @Option(
      names = "--timeout",
      paramLabel = "TIME",
      converter = WaitCommand.Time.class,
      defaultValue = "3m",
      description = "How long the cluster may take to be whole again (default: ${DEFAULT-VALUE}).")
  private Duration timeout;

  @Option(names = "--json", description = "Reports as JSON.")
  private boolean json;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    PrintWriter out = spec.commandLine().getOut();
    PrintWriter err = spec.commandLine().getErr();
    Cluster cluster = environment.cluster();
    Agents agents = Access.agents(cluster, "a failover runs a command on one of the nodes");
    Failover failover = new Failover(cluster, agents, line -> err.println("rediform: " + line));
    Report report = Operation.of(() -> failover.to(to, timeout));
    if (json) {
      Map<String, Object> fields = new LinkedHashMap<>();
      fields.put("environment", cluster.name());
      fields.put("masterBefore", report.masterBefore());
      fields.put("masterAfter", report.masterAfter());
      fields.put("changed", report.changed());
      out.println(Json.write(fields));
    } else {
      out.println(
          report.changed()
              ? "%s is master, after %s; the cluster is whole"
                  .formatted(report.masterAfter(), report.masterBefore())
              : report.masterAfter() + " is master already; nothing was done");
    }
    return ExitCode.FINE;
  }
}
