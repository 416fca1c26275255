package stacks.cluster;

import java.util.Optional;

/** One machine of the cluster, or one process on the local platform. */
public sealed interface Node permits RedisNode, SentinelNode {
  /** Stable name such as {@code redis-1}; ids in Terraform come from it. */
  String name();

  /** IPv4 address by which the others reach it; it stays the same for the node's whole life. */
  String address();

  /** TCP port of redis-server or of the Sentinel. */
  int port();

  /** The subnet it is in. */
  Subnet subnet();

  Size size();

  /** Instance type that the environment file pins, if it does. */
  Optional<String> instanceType();

  /** {@code redis} or {@code sentinel}, as in the stack's outputs. */
  String kind();

  /** {@code host:port}. */
  default String endpoint() {
    return address() + ":" + port();
  }
}
