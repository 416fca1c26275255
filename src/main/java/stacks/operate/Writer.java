package stacks.operate;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BiConsumer;
import redis.clients.jedis.Jedis;
import redis.clients.jedis.exceptions.JedisException;
import stacks.cluster.Cluster;
import stacks.cluster.Node;

/**
 * An application that writes all the time and follows Sentinel, and remembers what was acknowledged
 * and when.
 *
 * <p>It runs in a thread of its own until it is closed.
 */
public final class Writer implements AutoCloseable {
  /** Time between two writes: the baseline's, so that figures can be compared. */
  private static final Duration PAUSE = Duration.ofMillis(5);

  /** Time between two questions to the Sentinels while nobody takes writes. */
  private static final Duration RETRY = Duration.ofMillis(20);

  /** As the specification's client has it: {@code socket_timeout=0.5}. */
  private static final int TIMEOUT_MILLIS = 500;

  /** Keys that are asked for at a time when all is over. */
  private static final int BATCH = 500;

  private final Cluster cluster;
  private final Password password;
  private final String prefix;
  private final BiConsumer<String, String> onMaster;
  private final List<String> acknowledged = new ArrayList<>();
  private final Thread thread = new Thread(this::write, "drill-writer");
  private volatile boolean stopped;
  private volatile long lastAck;
  private volatile long longestGap;
  private volatile String master = "";

  /**
   * Starts to write.
   *
   * @param prefix of the keys it writes, unlike any other key
   * @param onMaster told of every new master: the one before (empty at first) and the one that
   *     takes writes now
   */
  public Writer(
      Cluster cluster, Password password, String prefix, BiConsumer<String, String> onMaster) {
    this.cluster = cluster;
    this.password = password;
    this.prefix = prefix;
    this.onMaster = onMaster;
    thread.setDaemon(true);
    thread.start();
  }

  /** Endpoint of the node that took the last write; empty before the first. */
  public String master() {
    return master;
  }

  /** When the last write was acknowledged, by {@link System#nanoTime()}. */
  public long lastAck() {
    return lastAck;
  }

  /** The longest time between two acknowledged writes. */
  public Duration longestGap() {
    return Duration.ofNanos(longestGap);
  }

  /** How many writes were acknowledged. */
  public int acknowledged() {
    return acknowledged.size();
  }

  private void write() {
    long number = 0;
    while (!stopped) {
      Optional<String> endpoint = askSentinels();
      if (endpoint.isEmpty()) {
        LockSupport.parkNanos(RETRY.toNanos());
        continue;
      }
      try (Jedis jedis = Connections.redis(endpoint.get(), password, TIMEOUT_MILLIS)) {
        while (!stopped) {
          String key = prefix + number++;
          jedis.set(key, "1");
          acknowledge(key, endpoint.get());
          LockSupport.parkNanos(PAUSE.toNanos());
        }
      } catch (JedisException e) {
        // No link, or a node that takes no writes: ask again who is master.
        LockSupport.parkNanos(RETRY.toNanos());
      }
    }
  }

  private void acknowledge(String key, String endpoint) {
    long now = System.nanoTime();
    if (lastAck != 0) {
      longestGap = Math.max(longestGap, now - lastAck);
    }
    lastAck = now;
    acknowledged.add(key);
    if (!endpoint.equals(master)) {
      String before = master;
      master = endpoint;
      onMaster.accept(before, endpoint);
    }
  }

  /** The master that the first Sentinel to answer names. */
  private Optional<String> askSentinels() {
    for (Node sentinel : cluster.sentinels()) {
      try (Jedis jedis = Connections.sentinel(sentinel.endpoint(), TIMEOUT_MILLIS)) {
        List<String> address =
            jedis.sentinelGetMasterAddrByName(cluster.environment().sentinels().masterName());
        return Optional.of(address.get(0) + ":" + address.get(1));
      } catch (JedisException e) {
        // The next one will know.
      }
    }
    return Optional.empty();
  }

  /** Stops writing. */
  @Override
  public void close() {
    stopped = true;
    try {
      thread.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /**
   * After it was closed: how many acknowledged writes the master does not have, and removes those
   * it has.
   */
  public int countLostAndCleanUp() {
    int lost = 0;
    try (Jedis jedis = Connections.redis(askSentinels().orElse(master), password)) {
      for (int from = 0; from < acknowledged.size(); from += BATCH) {
        String[] keys =
            acknowledged
                .subList(from, Math.min(from + BATCH, acknowledged.size()))
                .toArray(String[]::new);
        lost += keys.length - (int) jedis.unlink(keys);
      }
    }
    return lost;
  }
}
