package stacks.cli;

import java.io.PrintWriter;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
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
    description = "Shows who is master, who follows how closely, and what each Sentinel thinks.",
    footer = {
      "",
      "It looks through network.shell of the environment file, or else with the",
      "password of user app from REDIS_PASSWORD; a local environment finds its own.",
      "Exit code 0 when the cluster is whole, 1 when it is not.",
      "",
      "Example:",
      "  ./rediform status local"
    })
final class StatusCommand implements Callable<Integer> {
  @Mixin private EnvironmentArgument environment;

  @Option(names = "--json", description = "Reports as JSON.")
  private boolean json;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    PrintWriter out = spec.commandLine().getOut();
    Cluster cluster = environment.cluster();
    ClusterStatus status = look(cluster).at(cluster);
    if (json) {
      out.println(Json.write(report(status)));
    } else {
      print(status, out);
    }
    return status.isWhole() ? ExitCode.FINE : ExitCode.NO;
  }

  private static Look look(Cluster cluster) {
    if (cluster.isLocal()) {
      Access.password(cluster); // says so where it is not deployed
    }
    return Access.look(cluster).orElseThrow(() -> Failure.missing(Access.howToLook(cluster)));
  }

  static void print(ClusterStatus status, PrintWriter out) {
    out.printf("%-12s %-22s %-9s %s%n", "NODE", "ADDRESS", "ROLE", "STATE");
    for (ClusterStatus.Redis node : status.redis()) {
      out.printf(
          "%-12s %-22s %-9s %s%n",
          node.name(), node.endpoint(), node.role().orElse("?"), state(node));
    }
    for (ClusterStatus.Sentinel node : status.sentinels()) {
      String state =
          node.problem()
              .orElseGet(
                  () ->
                      "master is %s; sees %d replicas, %d Sentinels"
                          .formatted(node.master().get(), node.replicas(), node.sentinels()));
      out.printf("%-12s %-22s %-9s %s%n", node.name(), node.endpoint(), "sentinel", state);
    }
    out.println();
    if (status.isWhole()) {
      out.println(status.environment() + " is whole");
    } else {
      out.println(status.environment() + " is not whole:");
      status.problems().forEach(problem -> out.println("  " + problem));
    }
    status
        .redis()
        .forEach(
            node -> node.notes().forEach(note -> out.println("note: " + node.name() + " " + note)));
  }

  private static String state(ClusterStatus.Redis node) {
    if (node.problem().isPresent()) {
      return node.problem().get();
    }
    String memory =
        node.usedMemory()
            .map(used -> ", uses %.1f MB".formatted(used / (double) (1 << 20)))
            .orElse("");
    return node.master()
            .map(master -> "follows " + master + node.lagBytes().map(StatusCommand::lag).orElse(""))
            .orElse("takes writes")
        + memory;
  }

  private static String lag(long bytes) {
    return bytes == 0 ? ", in sync" : ", " + bytes + " bytes behind";
  }

  private static Map<String, Object> report(ClusterStatus status) {
    Map<String, Object> report = new LinkedHashMap<>();
    report.put("environment", status.environment());
    report.put("whole", status.isWhole());
    report.put("problems", status.problems());
    report.put("redis", status.redis().stream().map(StatusCommand::report).toList());
    report.put(
        "sentinels",
        status.sentinels().stream()
            .map(
                node -> {
                  Map<String, Object> fields = new LinkedHashMap<>();
                  fields.put("name", node.name());
                  fields.put("endpoint", node.endpoint());
                  fields.put("master", node.master().orElse(null));
                  fields.put("replicas", node.replicas());
                  fields.put("sentinels", node.sentinels());
                  fields.put("problem", node.problem().orElse(null));
                  return fields;
                })
            .collect(Collectors.toCollection(java.util.ArrayList::new)));
    return report;
  }

  private static Map<String, Object> report(ClusterStatus.Redis node) {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("name", node.name());
    fields.put("endpoint", node.endpoint());
    fields.put("role", node.role().orElse(null));
    fields.put("master", node.master().orElse(null));
    fields.put("linkUp", node.linkUp());
    fields.put("lagBytes", node.lagBytes().orElse(null));
    fields.put("problem", node.problem().orElse(null));
    fields.put("notes", node.notes());
    return fields;
  }
}
