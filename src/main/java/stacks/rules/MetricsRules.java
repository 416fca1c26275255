package stacks.rules;

import static stacks.environment.Problem.Severity.ERROR;
import static stacks.rules.Rule.when;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import stacks.cluster.Cluster;
import stacks.cluster.Exporter;

/** Whether the nodes' exporters have a place, a port, and no strangers. */
final class MetricsRules {
  static final List<Rule> ALL =
      List.of(
          new Rule(
              "world-open",
              ERROR,
              List.of("metrics.networks"),
              cluster ->
                  NetworkRules.worldOpen(
                      cluster.environment().metrics().networks(), "Prometheus servers")),
          new Rule(
              "metrics-place",
              ERROR,
              List.of("metrics.networks", "platform"),
              MetricsRules::exportersOnThisMachine),
          new Rule(
              "exporter-port",
              ERROR,
              List.of("redis.port", "sentinels.port", "metrics.networks", "platform"),
              MetricsRules::portOfAnExporter));

  private MetricsRules() {}

  private static Optional<String> exportersOnThisMachine(Cluster cluster) {
    return when(
        cluster.isLocal() && !cluster.environment().metrics().networks().isEmpty(),
        "nodes of the local platform have no exporters; remove networks:"
            + " `./rediform monitoring ENV --run` shows the metrics of a local cluster");
  }

  private static Optional<String> portOfAnExporter(Cluster cluster) {
    String taken =
        Stream.of(cluster.redis().get(0), cluster.sentinels().get(0))
            .filter(
                node ->
                    Arrays.stream(Exporter.values()).anyMatch(each -> each.port() == node.port()))
            .map(node -> node.kind() + " " + node.port())
            .collect(Collectors.joining(", "));
    return when(
        cluster.hasExporters() && !taken.isEmpty(),
        "an exporter of each node has port %s, so the server cannot: %s; take another port"
            .formatted(
                Arrays.stream(Exporter.values())
                    .map(each -> String.valueOf(each.port()))
                    .collect(Collectors.joining(" or ")),
                taken));
  }
}
