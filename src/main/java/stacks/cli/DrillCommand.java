package stacks.cli;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;
import stacks.cluster.Cluster;
import stacks.cluster.Node;
import stacks.operate.Drill;
import stacks.operate.Drill.Event;
import stacks.operate.Drill.Fault;
import stacks.operate.Drill.Report;
import stacks.operate.NotPossible;
import stacks.operate.Password;
import stacks.platform.ClusterPlatform;
import stacks.platform.Platforms;

@Command(
    name = "drill",
    description = {
      "Crashes the master on purpose, then restarts one in order, each under continuous writes, and"
          + " reports the outage and the lost writes."
    },
    footer = {
      "",
      "It runs a command on a node, on AWS through network.shell of the environment file. The",
      "password of user app comes from REDIS_PASSWORD; a local environment finds its own.",
      "",
      "Examples:",
      "  ./rediform drill local",
      "  ./rediform drill local --fault handover"
    })
final class DrillCommand implements Callable<Integer> {
  @Mixin private EnvironmentArgument environment;

  @Option(
      names = "--fault",
      description = "One of: ${COMPLETION-CANDIDATES} (default: one after the other).")
  private Fault fault;

  @Option(names = "--json", description = "Reports as JSON.")
  private boolean json;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    PrintWriter out = spec.commandLine().getOut();
    Cluster cluster = environment.cluster();
    ClusterPlatform platform = Platforms.of(cluster.environment().platform());
    if (platform.strike(cluster, cluster.firstMaster(), true).isEmpty()) {
      throw Failure.no(
          "a drill runs a command on a node, and the environment file does not say how; set"
              + " network.shell, for instance to [ssh, \"admin@{address}\"]");
    }
    Password password = Access.password(cluster);
    List<Report> reports = new ArrayList<>();
    for (Fault each : fault == null ? List.of(Fault.values()) : List.of(fault)) {
      reports.add(run(platform, cluster, password, each));
    }
    if (json) {
      out.println(Json.write(reports.stream().map(DrillCommand::report).toList()));
    } else {
      reports.forEach(report -> out.println(summary(report)));
    }
    return ExitCode.FINE;
  }

  private Report run(ClusterPlatform platform, Cluster cluster, Password password, Fault each) {
    PrintWriter err = spec.commandLine().getErr();
    try {
      return Drill.run(
          cluster,
          password,
          each,
          (node, what) -> strike(platform, cluster, node, what),
          event -> err.println("rediform: " + line(event)));
    } catch (NotPossible e) {
      throw Failure.no(e.getMessage());
    }
  }

  private static void strike(ClusterPlatform platform, Cluster cluster, Node node, Fault fault) {
    List<String> command = platform.strike(cluster, node, fault == Fault.CRASH);
    if (Tool.of(Path.of(""), command.toArray(String[]::new)).run() != 0) {
      throw Failure.missing("the " + fault + " of " + node.name() + " could not be done");
    }
  }

  private static String line(Event event) {
    return "%6.2f s  %s".formatted(event.at().toMillis() / 1000.0, event.what());
  }

  private static String summary(Report report) {
    return "%s of %s: no writes for %.2f s, %d of %d acknowledged writes lost; master is now %s"
        .formatted(
            report.fault(),
            report.masterBefore(),
            report.outage().toMillis() / 1000.0,
            report.lost(),
            report.acknowledged(),
            report.masterAfter());
  }

  private static Map<String, Object> report(Report report) {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("fault", report.fault().toString());
    fields.put("masterBefore", report.masterBefore());
    fields.put("masterAfter", report.masterAfter());
    fields.put("outageMillis", report.outage().toMillis());
    fields.put("acknowledged", report.acknowledged());
    fields.put("lost", report.lost());
    fields.put(
        "timeline",
        report.timeline().stream()
            .map(event -> Map.of("atMillis", event.at().toMillis(), "what", event.what()))
            .toList());
    return fields;
  }
}
