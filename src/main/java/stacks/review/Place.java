package stacks.review;

import java.util.Optional;

/**
 * Where a node is, and what a plan does to it.
 *
 * @param name the node
 * @param zone its zone; empty where there are none
 * @param isFirstMaster whether it is the first master; who is master now, no plan knows
 * @param size what it has in the end
 * @param change what happens to it, where anything does
 */
public record Place(
    String name, String zone, boolean isFirstMaster, String size, Optional<NodeReview> change) {
  /** In place of a zone, for a node that the file no longer has. */
  static final String LEAVES = "leaves";

  /** Whether the file no longer has it. */
  public boolean leaves() {
    return zone.equals(LEAVES);
  }

  /** Whether it is a data node, and not a Sentinel. */
  public boolean isRedis() {
    return name.startsWith("redis-");
  }
}
