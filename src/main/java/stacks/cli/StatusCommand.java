package stacks.cli;

import java.io.PrintWriter;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;
import stacks.cluster.Cluster;
import stacks.operate.BackupState;
import stacks.operate.ClusterStatus;
import stacks.operate.Delivery;
import stacks.operate.Look;
import stacks.values.Plural;

@Command(
    name = "status",
    description = {
      "Shows who is master, who follows how closely, what each Sentinel thinks, when the last backup"
          + " was taken and proven, and when the next is due."
    },
    footer = {
      "",
      "It looks through network.shell of the environment file, or else with the",
      "password of user app from REDIS_PASSWORD; a local environment finds its own.",
      "Exit code 0 when the cluster is whole, 1 when it is not. A backup that is late, or",
      "not proven for backup.verifyEvery, is a note and does not change it; --json says",
      "it as backups.late and backups.unproven.",
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
    Optional<BackupState> backups = BackupState.of(status);
    if (json) {
      Map<String, Object> report = report(status);
      report.put("backups", BackupLines.report(cluster, backups, Instant.now()));
      out.println(Json.write(report));
    } else {
      print(status, out);
      BackupLines.of(cluster, backups, Instant.now()).forEach(out::println);
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
                      "master is %s; sees %s, %s"
                          .formatted(
                              node.master().get(),
                              Plural.of(node.replicas(), "replica"),
                              Plural.of(node.sentinels(), "Sentinel")));
      out.printf("%-12s %-22s %-9s %s%n", node.name(), node.endpoint(), "sentinel", state);
    }
    out.println();
    if (status.isWhole()) {
      out.println(status.environment() + " is whole");
    } else {
      out.println(status.environment() + " is not whole:");
      status.problems().forEach(problem -> out.println("  " + problem));
    }
    status.redis().forEach(node -> note(node.name(), node.notes(), node.delivery(), out));
    status.sentinels().forEach(node -> note(node.name(), List.of(), node.delivery(), out));
  }

  private static void note(String name, List<String> notes, Delivery delivery, PrintWriter out) {
    Stream.concat(notes.stream(), delivery.notes().stream())
        .forEach(note -> out.println("note: " + name + " " + note));
  }

  private static String state(ClusterStatus.Redis node) {
    if (node.problem().isPresent()) {
      return node.problem().get();
    }
    String memory = node.usedMemory().map(used -> ", uses " + memory(used, node)).orElse("");
    return node.master()
            .map(master -> "follows " + master + node.lagBytes().map(StatusCommand::lag).orElse(""))
            .orElse("takes writes")
        + memory;
  }

  /** Beside its limit: a node whose memory is full is fit, and refuses or evicts all the same. */
  private static String memory(long used, ClusterStatus.Redis node) {
    String limit =
        node.maxmemory()
            .filter(bytes -> bytes > 0) // 0 is Redis's word for no limit
            .map(bytes -> "of %.0f ".formatted(bytes / (double) (1 << 20)))
            .orElse("");
    return "%.1f %sMB".formatted(used / (double) (1 << 20), limit);
  }

  private static String lag(long bytes) {
    return bytes == 0 ? ", in sync" : ", " + bytes + " bytes behind";
  }

  static Map<String, Object> report(ClusterStatus status) {
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
                  fields.putAll(report(List.of(), node.delivery()));
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
    fields.putAll(report(node.notes(), node.delivery()));
    return fields;
  }

  private static Map<String, Object> report(List<String> notes, Delivery delivery) {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("notes", Stream.concat(notes.stream(), delivery.notes().stream()).toList());
    fields.put("document", delivery.document().orElse(null));
    fields.put(
        "refusedDocument",
        delivery
            .refused()
            .map(
                refused -> {
                  Map<String, Object> both = new LinkedHashMap<>();
                  both.put("document", refused.document());
                  both.put("reason", refused.text());
                  return both;
                })
            .orElse(null));
    return fields;
  }
}
