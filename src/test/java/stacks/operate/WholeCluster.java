package stacks.operate;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import stacks.cluster.Cluster;

/** What a look finds of a cluster that is whole. */
final class WholeCluster {
  private WholeCluster() {}

  /**
   * Of some of its nodes.
   *
   * @param delivery what each says of documents, by its name
   */
  static ClusterStatus of(Cluster all, Cluster part, Function<String, Delivery> delivery) {
    String master = all.firstMaster().endpoint();
    List<RedisState> redis =
        part.redis().stream()
            .map(
                node ->
                    Seen.redis(
                        node.name(),
                        node.endpoint(),
                        new RedisState.Server(
                            node.endpoint().equals(master) ? "master" : "replica",
                            Optional.of(master).filter(it -> !it.equals(node.endpoint())),
                            true,
                            node.endpoint().equals(master),
                            1,
                            Optional.empty(),
                            Optional.empty(),
                            Optional.empty(),
                            Optional.empty(),
                            Vitals.UNKNOWN),
                        Optional.empty(),
                        List.of(),
                        delivery.apply(node.name())))
            .toList();
    List<SentinelState> sentinels =
        part.sentinels().stream()
            .map(
                node ->
                    Seen.sentinel(
                        node.name(),
                        node.endpoint(),
                        master,
                        true,
                        seen(all, "redis", master),
                        seen(all, "sentinel", node.endpoint()),
                        delivery.apply(node.name())))
            .toList();
    return ClusterStatus.of(part, redis, sentinels);
  }

  private static Map<String, Boolean> seen(Cluster all, String kind, String but) {
    Map<String, Boolean> seen = new HashMap<>();
    all.nodes().stream()
        .filter(node -> node.kind().equals(kind) && !node.endpoint().equals(but))
        .forEach(node -> seen.put(node.endpoint(), true));
    return seen;
  }

  /** The same with another data node in the place of the one of its name. */
  static ClusterStatus with(Cluster part, ClusterStatus status, RedisState other) {
    return ClusterStatus.of(
        part,
        status.redis().stream().map(it -> it.name().equals(other.name()) ? other : it).toList(),
        status.sentinels());
  }
}
