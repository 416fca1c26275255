package stacks.testing;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.locks.LockSupport;
import redis.clients.jedis.DefaultJedisClientConfig;
import redis.clients.jedis.HostAndPort;
import redis.clients.jedis.Jedis;
import redis.clients.jedis.Protocol;
import redis.clients.jedis.exceptions.JedisDataException;
import redis.clients.jedis.exceptions.JedisException;
import stacks.cluster.Cluster;
import stacks.cluster.Node;

/**
 * Asks every Sentinel all the time whether it could bring about a failover ({@code SENTINEL
 * CKQUORUM}).
 *
 * <p>A Sentinel that was told to forget the others ({@code SENTINEL RESET}, after nodes were
 * removed) learns of them again from their next announcements, which come every two seconds. So one
 * Sentinel at a time may be without a quorum, for as long as that takes.
 */
final class QuorumProbe implements AutoCloseable {
  private static final long PAUSE_NANOS = 100_000_000;
  private static final int TIMEOUT_MILLIS = 500;

  /**
   * Two announcements (SENTINEL_PUBLISH_PERIOD, 2 s) and a second for the new connections to the
   * data nodes, over which the announcements come.
   */
  private static final long LEARNS_OTHERS_MILLIS = 5000;

  private record Without(String sentinel, long from, long to, String answer) {
    long millis() {
      return (to - from) / 1_000_000;
    }

    boolean overlaps(Without other) {
      return from < other.to && other.from < to;
    }
  }

  private final ConcurrentLinkedQueue<Without> all = new ConcurrentLinkedQueue<>();

  /** Sentinels that answered, with what they said last, unless they ever had a quorum. */
  private final Map<String, String> never = new ConcurrentHashMap<>();

  private final Set<String> ever = ConcurrentHashMap.newKeySet();
  private final List<Thread> threads = new ArrayList<>();
  private volatile boolean stopped;

  QuorumProbe(Cluster cluster) {
    String master = cluster.environment().sentinels().masterName();
    for (Node node : cluster.sentinels()) {
      Thread thread = new Thread(() -> probe(node, master), "quorum-" + node.name());
      thread.setDaemon(true);
      threads.add(thread);
      thread.start();
    }
  }

  private void probe(Node node, String master) {
    DefaultJedisClientConfig config =
        DefaultJedisClientConfig.builder().timeoutMillis(TIMEOUT_MILLIS).build();
    while (!stopped) {
      try (Jedis jedis = new Jedis(HostAndPort.from(node.endpoint()), config)) {
        ask(node.name(), jedis, master);
      } catch (JedisException e) {
        LockSupport.parkNanos(PAUSE_NANOS);
      }
    }
  }

  /** A new connection may lead to a new Sentinel, which has yet to join: it counts once it has. */
  private void ask(String name, Jedis jedis, String master) {
    boolean joined = false;
    long from = 0;
    String answer = null;
    try {
      while (!stopped) {
        try {
          jedis.sendCommand(Protocol.Command.SENTINEL, "CKQUORUM", master);
          joined = true;
          ever.add(name);
          remember(name, from, answer);
          answer = null;
        } catch (JedisDataException e) {
          never.put(name, String.valueOf(e.getMessage()));
          if (joined && answer == null) {
            from = System.nanoTime();
            answer = String.valueOf(e.getMessage());
          }
        }
        LockSupport.parkNanos(PAUSE_NANOS);
      }
    } finally {
      remember(name, from, answer);
    }
  }

  private void remember(String name, long from, String answer) {
    if (answer != null) {
      all.add(new Without(name, from, System.nanoTime(), answer));
    }
  }

  /** When a Sentinel was without a quorum for too long, or two were at the same time. */
  List<String> lost() {
    List<Without> sorted = all.stream().sorted(Comparator.comparingLong(Without::from)).toList();
    List<String> lost = new ArrayList<>();
    never.forEach(
        (sentinel, answer) -> {
          if (!ever.contains(sentinel)) {
            lost.add("%s never had a quorum: %s".formatted(sentinel, answer));
          }
        });
    for (int i = 0; i < sorted.size(); i++) {
      Without one = sorted.get(i);
      if (one.millis() > LEARNS_OTHERS_MILLIS) {
        lost.add(
            "%s had no quorum for %d ms: %s".formatted(one.sentinel(), one.millis(), one.answer()));
      }
      for (Without other : sorted.subList(i + 1, sorted.size())) {
        if (one.overlaps(other)) {
          lost.add(
              "%s and %s had no quorum at the same time: %s, %s"
                  .formatted(one.sentinel(), other.sentinel(), one.answer(), other.answer()));
        }
      }
    }
    return lost;
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
