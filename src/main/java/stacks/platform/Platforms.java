package stacks.platform;

import java.util.Arrays;
import java.util.List;
import java.util.SortedMap;
import stacks.cluster.Addresses;
import stacks.cluster.Cluster;
import stacks.environment.Environment;
import stacks.environment.Platform;
import stacks.node.NodeDocument;
import stacks.platform.aws.AwsPlatform;
import stacks.platform.local.LocalPlatform;

/** Which platform serves an environment. */
public final class Platforms {
  private Platforms() {}

  public static ClusterPlatform of(Platform platform) {
    return switch (platform) {
      case AWS -> new AwsPlatform();
      case LOCAL -> new LocalPlatform();
    };
  }

  /** The kinds of resources of all platforms. */
  public static List<ResourceKind> kinds() {
    return Arrays.stream(Platform.values())
        .flatMap(platform -> of(platform).kinds().stream())
        .toList();
  }

  /** Where an environment's platform places its nodes. */
  public static Addresses addresses(Environment environment) {
    return of(environment.platform()).addresses(environment);
  }

  /** The cluster of an environment, with its nodes where its platform places them. */
  public static Cluster cluster(String name, Environment environment) {
    return Cluster.of(name, environment, addresses(environment));
  }

  /**
   * What each node's machine is told, by the node's name; empty where nodes are not told by
   * document.
   */
  public static SortedMap<String, NodeDocument> documents(Cluster cluster) {
    return of(cluster.environment().platform()).documents(cluster);
  }
}
