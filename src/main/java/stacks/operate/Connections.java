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
    return redis(endpoint, password, TIMEOUT_MILLIS);
  }

  /** To a data node, as the user {@code app}, for a caller with a patience of its own. */
  static Jedis redis(String endpoint, Password password, int timeoutMillis) {
    return connect(endpoint, config(timeoutMillis).user("app").password(password.value()));
  }

  /** To a Sentinel, which answers questions without a password. */
  static Jedis sentinel(String endpoint) {
    return sentinel(endpoint, TIMEOUT_MILLIS);
  }

  /** To a Sentinel, for a caller with a patience of its own. */
  static Jedis sentinel(String endpoint, int timeoutMillis) {
    return connect(endpoint, config(timeoutMillis));
  }

  private static DefaultJedisClientConfig.Builder config(int timeoutMillis) {
    return DefaultJedisClientConfig.builder()
        .connectionTimeoutMillis(timeoutMillis)
        .socketTimeoutMillis(timeoutMillis);
  }

  private static Jedis connect(String endpoint, DefaultJedisClientConfig.Builder config) {
    return new Jedis(HostAndPort.from(endpoint), config.build());
  }
}
