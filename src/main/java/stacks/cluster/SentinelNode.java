package stacks.cluster;

import java.util.Optional;

/** A Sentinel: it watches the data nodes and has a say in who becomes master. */
public record SentinelNode(
    String name, String address, int port, Subnet subnet, Size size, Optional<String> instanceType)
    implements Node {
  @Override
  public String kind() {
    return "sentinel";
  }
}
