package stacks.platform;

import stacks.cluster.Addresses;
import stacks.cluster.Cluster;
import stacks.environment.Environment;
import stacks.environment.Platform;
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

  /** Where an environment's platform places its nodes. */
  public static Addresses addresses(Environment environment) {
    return of(environment.platform()).addresses(environment);
  }

  /** The cluster of an environment, with its nodes where its platform places them. */
  public static Cluster cluster(String name, Environment environment) {
    return Cluster.of(name, environment, addresses(environment));
  }
}
