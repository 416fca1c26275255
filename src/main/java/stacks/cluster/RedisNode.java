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
  @Override
  public String kind() {
    return "redis";
  }
}
