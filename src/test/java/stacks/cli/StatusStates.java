package stacks.cli;

import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import stacks.cluster.Cluster;
import stacks.cluster.RedisNode;
import stacks.cluster.SentinelNode;
import stacks.operate.ClusterStatus;
import stacks.operate.RedisState;
import stacks.operate.Seen;
import stacks.operate.SentinelState;
import stacks.testing.Environments;

/** Reports of clusters in several states, for what writes them. */
final class StatusStates {
  private static final String FILE = "platform: aws\naws: {region: eu-central-1}\n";

  private StatusStates() {}

  /** A report with a name. */
  record Case(String name, StatusReport report) {
    @Override
    public String toString() {
      return name;
    }
  }

  static Stream<Case> cases() {
    Cluster cluster = Environments.cluster("cache", FILE);
    Cluster large =
        Environments.cluster("cache", FILE + "replicas: {count: 94}\nsentinels: {count: 5}\n");
    return Stream.of(
        new Case("whole", report(cluster, List.of(), false)),
        new Case(
            "not-whole",
            report(
                cluster,
                List.of(
                    missing(cluster.redis().get(0), true, "does not run"),
                    missing(cluster.redis().get(2), false, "does not answer <b>&")),
                true)),
        new Case(
            "many",
            report(
                large,
                List.of(missing(large.redis().get(80), false, "still loads its data")),
                false)));
  }

  private static RedisState missing(RedisNode node, boolean down, String why) {
    return Seen.missing(
        node.name(), node.endpoint(), true, down, why, Seen.delivery("3f2a9c41d0b7", "no disk"));
  }

  private static StatusReport report(Cluster cluster, List<RedisState> broken, boolean ghost) {
    String master = cluster.redis().get(0).endpoint();
    Map<String, RedisState> redis = new LinkedHashMap<>();
    for (RedisNode node : cluster.redis()) {
      redis.put(
          node.name(),
          Seen.with(
              Seen.redis(
                  node.name(),
                  node.endpoint(),
                  Optional.of(master).filter(it -> !it.equals(node.endpoint()))),
              Optional.of(100L << 20),
              Optional.of(node.maxmemory().bytes()),
              Optional.empty(),
              Seen.BUSY));
    }
    broken.forEach(node -> redis.put(node.name(), node));
    List<SentinelState> sentinels = new ArrayList<>();
    for (SentinelNode node : cluster.sentinels()) {
      Map<String, Boolean> replicas = new LinkedHashMap<>();
      cluster.redis().stream().skip(1).forEach(it -> replicas.put(it.endpoint(), true));
      Map<String, Boolean> others = new LinkedHashMap<>();
      cluster.sentinels().stream()
          .filter(it -> !it.equals(node))
          .forEach(it -> others.put(it.endpoint(), true));
      if (ghost) {
        others.put("10.0.0.99:26379", false);
      }
      sentinels.add(
          Seen.since(
              Seen.sentinel(
                  node.name(),
                  node.endpoint(),
                  master,
                  true,
                  replicas,
                  others,
                  Seen.delivery("3f2a9c41d0b7", "")),
              2,
              400,
              9000));
    }
    ClusterStatus status = Seen.status(cluster, List.copyOf(redis.values()), sentinels);
    return StatusReport.of(cluster, status, Map.of(), Instant.parse("2026-11-28T14:10:00Z"));
  }
}
