package stacks.node;

import java.util.Optional;
import stacks.cluster.Cluster;
import stacks.cluster.RedisNode;

/**
 * The history that a data node keeps of its AOF: docs/decisions/0031.
 *
 * @param bytes that it may take on the node's disk, {@link RedisNode#historyRoom()}
 * @param seconds how far back it goes
 */
public record UndoSection(long bytes, int seconds) {
  /** That of a node; empty where no history is kept. */
  static Optional<UndoSection> of(Cluster cluster, RedisNode node) {
    return cluster.keepsHistory()
        ? Optional.of(
            new UndoSection(
                node.historyRoom().bytes(),
                Math.toIntExact(cluster.environment().backup().undo().toSeconds())))
        : Optional.empty();
  }
}
