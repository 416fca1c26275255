package stacks.operate;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import redis.clients.jedis.Jedis;
import redis.clients.jedis.exceptions.JedisException;
import stacks.cluster.Cluster;
import stacks.cluster.Node;

/** A fault on purpose, under continuous writes, and what it cost. */
public final class Drill {
  /** How long a cluster may take to be whole again: a failover that had to be tried twice. */
  private static final Duration PATIENCE = Duration.ofMinutes(3);

  /** Writes before and after the fault, so that the gap stands between two that worked. */
  private static final Duration CALM = Duration.ofSeconds(2);

  private static final Duration POLL = Duration.ofMillis(100);

  /** What is done to the master. */
  public enum Fault {
    /** Its server is killed, as by a crash. */
    CRASH,
    /** It is restarted in order, as by a changed setting. */
    HANDOVER;

    @Override
    public String toString() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /**
   * Something that happened.
   *
   * @param at after the fault
   */
  public record Event(Duration at, String what) {}

  /**
   * What the fault cost.
   *
   * @param outage longest time between two acknowledged writes
   * @param acknowledged writes that were acknowledged, all told
   * @param lost acknowledged writes that are not there afterwards
   * @param timeline what happened, in order
   */
  public record Report(
      Fault fault,
      String masterBefore,
      String masterAfter,
      Duration outage,
      int acknowledged,
      int lost,
      List<Event> timeline) {}

  /** Does the fault to a node, in the platform's way. */
  public interface Striker {
    void strike(Node node, Fault fault);
  }

  private Drill() {}

  /**
   * Strikes the master while a writer writes, and waits until the cluster is whole again.
   *
   * @param say told of each event as it happens
   * @throws NotPossible when the cluster is not whole before, or not again in three minutes
   */
  public static Report run(
      Cluster cluster, Password password, Fault fault, Striker striker, Consumer<Event> say)
      throws NotPossible {
    ClusterStatus before = Look.direct(password).at(cluster);
    if (!before.isWhole()) {
      throw new NotPossible(
          "a drill starts from a whole cluster; this one is not: "
              + String.join("; ", before.problems()));
    }
    List<Event> timeline = new ArrayList<>();
    long[] struck = {System.nanoTime()};
    Consumer<String> happened =
        what -> {
          Event event = new Event(Duration.ofNanos(System.nanoTime() - struck[0]), what);
          synchronized (timeline) {
            timeline.add(event);
          }
          say.accept(event);
        };
    String prefix = "rediform:drill:" + Long.toHexString(System.nanoTime()) + ":";
    Writer writer =
        new Writer(
            cluster,
            password,
            prefix,
            (old, now) -> {
              if (!old.isEmpty()) {
                happened.accept(name(cluster, now) + " takes writes");
              }
            });
    String masterBefore;
    try (writer) {
      await(() -> writer.acknowledged() > 0, "no node takes writes");
      LockSupport.parkNanos(CALM.toNanos());
      masterBefore = writer.master();
      Node node = node(cluster, masterBefore);
      String runId = runId(masterBefore, password);
      struck[0] = System.nanoTime();
      happened.accept(fault + " of " + node.name());
      striker.strike(node, fault);
      await(() -> !writer.master().equals(masterBefore), "no other node became master");
      // Whole again with the struck node's new process: before it stops, all looks well too.
      await(
          () ->
              !List.of("", runId).contains(runId(masterBefore, password))
                  && Look.direct(password).at(cluster).isWhole(),
          "the cluster is not whole again");
      happened.accept("the cluster is whole");
      LockSupport.parkNanos(CALM.toNanos());
    }
    return new Report(
        fault,
        name(cluster, masterBefore),
        name(cluster, writer.master()),
        writer.longestGap(),
        writer.acknowledged(),
        writer.countLostAndCleanUp(),
        List.copyOf(timeline));
  }

  /** What Redis calls this run of the server; empty when it does not answer. */
  private static String runId(String endpoint, Password password) {
    try (Jedis jedis = Connections.redis(endpoint, password)) {
      return jedis
          .info("server")
          .lines()
          .filter(line -> line.startsWith("run_id:"))
          .findFirst()
          .orElse("");
    } catch (JedisException e) {
      return "";
    }
  }

  private static void await(BooleanSupplier condition, String otherwise) throws NotPossible {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() > deadline) {
        throw new NotPossible(otherwise + " after " + PATIENCE.toSeconds() + " s");
      }
      LockSupport.parkNanos(POLL.toNanos());
    }
  }

  private static Node node(Cluster cluster, String endpoint) throws NotPossible {
    return cluster.nodes().stream()
        .filter(node -> node.endpoint().equals(endpoint))
        .findFirst()
        .orElseThrow(() -> new NotPossible("the master " + endpoint + " is not in the file"));
  }

  private static String name(Cluster cluster, String endpoint) {
    return cluster.nodes().stream()
        .filter(node -> node.endpoint().equals(endpoint))
        .map(Node::name)
        .findFirst()
        .orElse(endpoint);
  }
}
