package stacks.monitoring;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import stacks.cluster.Cluster;
import stacks.cluster.RedisNode;
import stacks.node.Documents;
import stacks.node.Layout;
import stacks.node.NodeDocument;

/**
 * What no exporter says, because it is in the environment's file: how many nodes of each kind there
 * are, and which settings bound what. Recording rules have them as series of one value, so that the
 * alerts are the same for every cluster.
 */
final class Constants {
  private static final String CLUSTER = "cluster";

  /** Redis's own where the file has none: redis.conf. */
  private static final String MAXCLIENTS = "10000";

  /** A series of one value. */
  private record Constant(String name, String value, SortedMap<String, String> labels) {}

  private Constants() {}

  /** Variables of the template {@code monitoring/constants.yml}. */
  static Map<String, Object> of(Cluster cluster) {
    return Map.of(
        CLUSTER,
        cluster.name(),
        "constants",
        constants(cluster).stream()
            .map(
                each ->
                    Map.of(
                        "name", each.name, "value", each.value, "labels", each.labels.entrySet()))
            .toList());
  }

  private static List<Constant> constants(Cluster cluster) {
    SortedMap<String, NodeDocument> documents = Documents.of(cluster, Layout.PROCESS);
    NodeDocument first = documents.get(cluster.firstMaster().name());
    int sentinels = cluster.sentinels().size();
    List<Constant> all = new ArrayList<>();
    all.add(of(cluster, "replicas", cluster.redis().size() - 1));
    all.add(of(cluster, "sentinels", sentinels));
    // A failover needs both: the quorum to take the master for down, a majority to choose who does
    // it.
    all.add(of(cluster, "majority", Math.max(cluster.quorum(), Cluster.majority(sentinels))));
    all.add(of(cluster, "min_replicas_to_write", setting(first, "min-replicas-to-write", "0")));
    all.add(
        of(cluster, "min_replicas_max_lag_seconds", setting(first, "min-replicas-max-lag", "10")));
    for (RedisNode node : cluster.redis()) {
      String maxclients = setting(documents.get(node.name()), "maxclients", MAXCLIENTS);
      all.add(of(cluster, "maxclients", maxclients, Map.of("node", node.name())));
    }
    for (RedisNode node : cluster.redis()) {
      all.add(
          of(
              cluster,
              "endpoint",
              1,
              Map.of(
                  "node",
                  node.name(),
                  "slave_ip",
                  node.address(),
                  "slave_port",
                  String.valueOf(node.port()))));
    }
    return all;
  }

  /** A directive as the node shall have it. */
  private static String setting(NodeDocument document, String name, String otherwise) {
    return document
        .live()
        .getOrDefault(name, document.startup().directives().getOrDefault(name, otherwise));
  }

  private static Constant of(Cluster cluster, String name, Object value) {
    return of(cluster, name, value, Map.of());
  }

  private static Constant of(
      Cluster cluster, String name, Object value, Map<String, String> others) {
    SortedMap<String, String> labels = new TreeMap<>(others);
    labels.put(CLUSTER, cluster.name());
    return new Constant("rediform:" + name, value.toString(), labels);
  }
}
