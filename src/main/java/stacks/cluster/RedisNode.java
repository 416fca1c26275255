package stacks.cluster;

import java.util.Optional;
import stacks.values.Memory;

/**
 * A data node. Which of them is master is asked of the Sentinels, never written here.
 *
 * @param maxmemory how much RAM the data may use
 */
public record RedisNode(
    String name,
    String address,
    int port,
    Subnet subnet,
    Size size,
    Optional<String> instanceType,
    Memory maxmemory)
    implements Node {
  /**
   * What the history of its AOF may take: the disk without what the server's own files need.
   * Nothing where that is all of it.
   */
  public Memory historyRoom() {
    long needed = maxmemory.times(Cluster.DISK_PER_MAXMEMORY).bytes();
    return new Memory(Math.max(0, size.disk().bytes() - needed));
  }

  @Override
  public String kind() {
    return "redis";
  }
}
