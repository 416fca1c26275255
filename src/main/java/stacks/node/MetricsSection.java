package stacks.node;

import java.util.Optional;
import stacks.cluster.Cluster;
import stacks.cluster.Exporter;
import stacks.cluster.Node;
import stacks.cluster.RedisNode;
import stacks.environment.Environment;

/**
 * The exporters of a node: docs/decisions/0032. Which networks reach them, {@code allow} says.
 *
 * @param nodePort TCP port of the exporter of the machine
 * @param redisPort TCP port of the exporter of the node's server
 * @param proofEverySeconds how old the newest proof of a restore may be; empty for a Sentinel, and
 *     where backups are off
 */
public record MetricsSection(int nodePort, int redisPort, Optional<Integer> proofEverySeconds) {
  /** That of a node; empty where there are no exporters. */
  static Optional<MetricsSection> of(Cluster cluster, Node node) {
    Environment.Backup backup = cluster.environment().backup();
    return cluster.hasExporters()
        ? Optional.of(
            new MetricsSection(
                Exporter.NODE.port(),
                Exporter.REDIS.port(),
                node instanceof RedisNode && backup.enabled()
                    ? Optional.of(Math.toIntExact(backup.verifyEvery().toSeconds()))
                    : Optional.empty()))
        : Optional.empty();
  }
}
