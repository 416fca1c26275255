package stacks.testing;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.LockSupport;
import redis.clients.jedis.DefaultJedisClientConfig;
import redis.clients.jedis.HostAndPort;
import redis.clients.jedis.Jedis;
import redis.clients.jedis.exceptions.JedisException;
import stacks.cluster.Cluster;
import stacks.cluster.Node;

/** Asks every node all the time whether it is there, and counts how many were away at once. */
final class Presence implements AutoCloseable {
  private static final long PAUSE_NANOS = 50_000_000;
  private static final int TIMEOUT_MILLIS = 300;

  private final Map<String, Set<String>> away =
      Map.of("redis", ConcurrentHashMap.newKeySet(), "sentinel", ConcurrentHashMap.newKeySet());
  private final Map<String, Integer> most = new ConcurrentHashMap<>();
  private final List<Thread> threads = new ArrayList<>();
  private volatile boolean stopped;

  Presence(Cluster cluster, String password) {
    for (Node node : cluster.nodes()) {
      Thread thread = new Thread(() -> ask(node, password), "presence-" + node.name());
      thread.setDaemon(true);
      threads.add(thread);
      thread.start();
    }
  }

  private void ask(Node node, String password) {
    DefaultJedisClientConfig.Builder config =
        DefaultJedisClientConfig.builder().timeoutMillis(TIMEOUT_MILLIS);
    if (node.kind().equals("redis")) {
      config.user("app").password(password);
    }
    boolean everThere = false;
    int failures = 0;
    while (!stopped) {
      try (Jedis jedis = new Jedis(HostAndPort.from(node.endpoint()), config.build())) {
        while (!stopped) {
          jedis.ping();
          everThere = true;
          failures = 0;
          away.get(node.kind()).remove(node.name());
          LockSupport.parkNanos(PAUSE_NANOS);
        }
      } catch (JedisException e) {
        // One that is yet to come is not away; nor is one that only ended this connection, as Redis
        // does when its role changes.
        failures++;
        if (everThere && failures > 1 && !stopped) {
          away.get(node.kind()).add(node.name());
          most.merge(node.kind(), away.get(node.kind()).size(), Math::max);
        }
        if (failures > 1) {
          LockSupport.parkNanos(PAUSE_NANOS);
        }
      }
    }
  }

  /** The most nodes of a kind that were away at the same time. */
  int mostAway(String kind) {
    return most.getOrDefault(kind, 0);
  }

  @Override
  public void close() {
    stopped = true;
    for (Thread thread : threads) {
      try {
        thread.join();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
