package stacks.operate;

import redis.clients.jedis.DefaultJedisClientConfig;
import redis.clients.jedis.HostAndPort;
import redis.clients.jedis.Jedis;

/** Connections to the nodes of a cluster, as an application has them. */
final class Connections {
  /** A node that needs longer than this for one answer is as good as absent. */
  private static final int TIMEOUT_MILLIS = 1000;

  private Connections() {}

  /** To a data node, as the user {@code app}. */
  static Jedis redis(String endpoint, Password password) {
    return connect(endpoint, config().user("app").password(password.value()));
  }

  /** To a Sentinel, which answers questions without a password. */
  static Jedis sentinel(String endpoint) {
    return connect(endpoint, config());
  }

  private static DefaultJedisClientConfig.Builder config() {
    return DefaultJedisClientConfig.builder()
        .connectionTimeoutMillis(TIMEOUT_MILLIS)
        .socketTimeoutMillis(TIMEOUT_MILLIS);
  }

  private static Jedis connect(String endpoint, DefaultJedisClientConfig.Builder config) {
    return new Jedis(HostAndPort.from(endpoint), config.build());
  }
}
