package stacks.operate;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import stacks.cluster.Cluster;
import stacks.operate.ClusterStatus.Redis;
import stacks.operate.ClusterStatus.Sentinel;

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
    List<Redis> redis =
        part.redis().stream()
            .map(
                node ->
                    new Redis(
                        node.name(),
                        node.endpoint(),
                        true,
                        false,
                        Optional.of(node.endpoint().equals(master) ? "master" : "replica"),
                        Optional.of(master).filter(it -> !it.equals(node.endpoint())),
                        true,
                        1,
                        Optional.empty(),
                        Optional.empty(),
                        Optional.empty(),
                        Optional.empty(),
                        Optional.empty(),
                        Optional.empty(),
                        List.of(),
                        delivery.apply(node.name()),
                        Optional.empty()))
            .toList();
    List<Sentinel> sentinels =
        part.sentinels().stream()
            .map(
                node ->
                    new Sentinel(
                        node.name(),
                        node.endpoint(),
                        true,
                        false,
                        Optional.of(master),
                        true,
                        seen(all, "redis", master),
                        seen(all, "sentinel", node.endpoint()),
                        Optional.empty(),
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
  static ClusterStatus with(Cluster part, ClusterStatus status, Redis other) {
    return ClusterStatus.of(
        part,
        status.redis().stream().map(it -> it.name().equals(other.name()) ? other : it).toList(),
        status.sentinels());
  }
}
