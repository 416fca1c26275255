package stacks.monitoring;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.BiFunction;
import java.util.stream.Stream;
import stacks.cluster.Cluster;
import stacks.cluster.Exporter;
import stacks.cluster.Node;

/**
 * What Prometheus asks: the exporters of each node, in files of its {@code file_sd_configs}, one
 * for each job. Their labels are what alerts, dashboards and {@code prometheus-ec2.yml} agree on:
 * {@code cluster}, {@code node}, {@code kind} and, where there are zones, {@code zone}.
 */
public final class Targets {
  private static final ObjectMapper JSON =
      new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);

  /** One entry of a file. */
  private record Group(List<String> targets, SortedMap<String, String> labels) {}

  private Targets() {}

  /**
   * The files, by their names: the exporters of every node at its own address. On the local
   * platform there are none: all nodes share one address, and nothing is installed on it.
   */
  static SortedMap<String, String> files(Cluster cluster) {
    return files(
        cluster,
        (node, exporter) ->
            Optional.of(node.address() + ":" + exporter.port())
                .filter(address -> !cluster.isLocal()));
  }

  /**
   * The files, by their names.
   *
   * @param addresses {@code host:port} of an exporter of a node; empty where it has none
   */
  public static SortedMap<String, String> files(
      Cluster cluster, BiFunction<Node, Exporter, Optional<String>> addresses) {
    SortedMap<String, String> files = new TreeMap<>();
    files.put("redis", groups(cluster, cluster.redis().stream(), Exporter.REDIS, addresses));
    files.put("sentinel", groups(cluster, cluster.sentinels().stream(), Exporter.REDIS, addresses));
    files.put("node", groups(cluster, cluster.nodes().stream(), Exporter.NODE, addresses));
    SortedMap<String, String> named = new TreeMap<>();
    files.forEach((job, text) -> named.put(cluster.name() + "-" + job + ".json", text));
    return named;
  }

  private static String groups(
      Cluster cluster,
      Stream<? extends Node> nodes,
      Exporter exporter,
      BiFunction<Node, Exporter, Optional<String>> addresses) {
    List<Group> groups =
        nodes
            .flatMap(
                node ->
                    addresses.apply(node, exporter).stream()
                        .map(address -> new Group(List.of(address), labels(cluster, node))))
            .toList();
    try {
      return JSON.writeValueAsString(groups) + "\n";
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("targets that are no JSON", e);
    }
  }

  private static SortedMap<String, String> labels(Cluster cluster, Node node) {
    SortedMap<String, String> labels = new TreeMap<>();
    labels.put("cluster", cluster.name());
    labels.put("kind", node.kind());
    labels.put("node", node.name());
    if (!cluster.isLocal()) {
      labels.put("zone", node.subnet().zone());
    }
    return labels;
  }
}
