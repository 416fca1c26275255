package stacks.testing;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.locks.LockSupport;
import redis.clients.jedis.DefaultJedisClientConfig;
import redis.clients.jedis.HostAndPort;
import redis.clients.jedis.Jedis;
import redis.clients.jedis.exceptions.JedisException;
import stacks.cluster.Cluster;
import stacks.cluster.Node;

/**
 * Tries to write to every data node all the time, and remembers which of them took it and when: two
 * that take turns are two masters.
 */
final class WriteProbe implements AutoCloseable {
  private static final Duration PAUSE = Duration.ofMillis(25);
  private static final int TIMEOUT_MILLIS = 300;

  /** Within this time the mastership cannot have gone to another node and back in order. */
  private static final Duration THERE_AND_BACK = Duration.ofSeconds(2);

  private record Taken(String node, long sent, long answered) {}

  private final ConcurrentLinkedQueue<Taken> all = new ConcurrentLinkedQueue<>();
  private final List<Thread> threads = new ArrayList<>();
  private volatile boolean stopped;

  WriteProbe(Cluster cluster, String password) {
    for (Node node : cluster.redis()) {
      Thread thread = new Thread(() -> probe(node, password), "probe-" + node.name());
      thread.setDaemon(true);
      threads.add(thread);
      thread.start();
    }
  }

  private void probe(Node node, String password) {
    DefaultJedisClientConfig config =
        DefaultJedisClientConfig.builder()
            .user("app")
            .password(password)
            .timeoutMillis(TIMEOUT_MILLIS)
            .build();
    while (!stopped) {
      try (Jedis jedis = new Jedis(HostAndPort.from(node.endpoint()), config)) {
        while (!stopped) {
          long sent = System.nanoTime();
          jedis.set("lab:probe", node.name());
          all.add(new Taken(node.name(), sent, System.nanoTime()));
          LockSupport.parkNanos(PAUSE.toNanos());
        }
      } catch (JedisException e) {
        LockSupport.parkNanos(PAUSE.toNanos());
      }
    }
  }

  /** Where a write to one node lies between two to another: what must never be. */
  List<String> splits() {
    List<Taken> sorted =
        all.stream().sorted((a, b) -> Long.compare(a.answered(), b.answered())).toList();
    List<String> splits = new ArrayList<>();
    for (int i = 0; i + 1 < sorted.size(); i++) {
      Taken first = sorted.get(i);
      Taken between = sorted.get(i + 1);
      if (first.node().equals(between.node()) || between.sent() < first.answered()) {
        continue;
      }
      for (int k = i + 2; k < sorted.size(); k++) {
        Taken again = sorted.get(k);
        if (again.answered() - first.sent() > THERE_AND_BACK.toNanos()) {
          break;
        }
        if (again.node().equals(first.node()) && again.sent() > between.answered()) {
          splits.add(
              "%s took writes before and %d ms after one to %s"
                  .formatted(
                      first.node(),
                      (again.answered() - between.answered()) / 1_000_000,
                      between.node()));
          break;
        }
      }
    }
    return splits;
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
