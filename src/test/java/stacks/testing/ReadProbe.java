package stacks.testing;

import java.util.concurrent.locks.LockSupport;
import redis.clients.jedis.DefaultJedisClientConfig;
import redis.clients.jedis.HostAndPort;
import redis.clients.jedis.Jedis;
import redis.clients.jedis.exceptions.JedisException;
import stacks.cluster.Cluster;

/**
 * An application that reads all the time, from any data node: when one does not answer it goes on
 * to the next.
 */
final class ReadProbe implements AutoCloseable {
  private static final long PAUSE_NANOS = 5_000_000;
  private static final int TIMEOUT_MILLIS = 500;

  private final Thread thread;
  private volatile boolean stopped;
  private volatile long longestGap;

  ReadProbe(Cluster cluster, String password) {
    thread = new Thread(() -> read(cluster, password), "read-probe");
    thread.setDaemon(true);
    thread.start();
  }

  private void read(Cluster cluster, String password) {
    DefaultJedisClientConfig config =
        DefaultJedisClientConfig.builder()
            .user("app")
            .password(password)
            .timeoutMillis(TIMEOUT_MILLIS)
            .build();
    long last = 0;
    for (int turn = 0; !stopped; turn++) {
      String endpoint = cluster.redis().get(turn % cluster.redis().size()).endpoint();
      try (Jedis jedis = new Jedis(HostAndPort.from(endpoint), config)) {
        while (!stopped) {
          jedis.get("lab:read");
          long now = System.nanoTime();
          longestGap = last == 0 ? 0 : Math.max(longestGap, now - last);
          last = now;
          LockSupport.parkNanos(PAUSE_NANOS);
        }
      } catch (JedisException e) {
        LockSupport.parkNanos(PAUSE_NANOS);
      }
    }
  }

  long longestGapMillis() {
    return longestGap / 1_000_000;
  }

  @Override
  public void close() {
    stopped = true;
    try {
      thread.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
