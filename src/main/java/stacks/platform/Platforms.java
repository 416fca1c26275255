package stacks.platform;

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
}
