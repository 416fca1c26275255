package stacks.operate;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.BiFunction;
import java.util.function.Function;
import stacks.cluster.Node;

/**
 * Asks many nodes at once and never waits for one without end. A node that has not answered in its
 * time counts as one that does not answer; whatever it sends later is not read.
 */
final class AtOnce {
  /** How often it is seen to that a node's time is not over; an answer is noticed at once. */
  private static final long POLL_MILLIS = 50;

  /**
   * How long a node may take, from when it is asked: so many times what half of the others took,
   * within bounds. Where the way to all nodes is long, none of them is late.
   *
   * @param least what each may take
   * @param times so many times the median of those that answered
   * @param most what each may take at most, and as long as none has answered
   */
  record Patience(Duration least, int times, Duration most) {
    /** The same for every node, whatever others take. */
    static Patience of(Duration fixed) {
      return new Patience(fixed, 0, fixed);
    }

    /**
     * In nanoseconds.
     *
     * @param took what those that have answered took, sorted
     */
    private long given(List<Long> took) {
      if (took.isEmpty()) {
        return most.toNanos();
      }
      long median = took.get(took.size() / 2);
      return Math.min(most.toNanos(), Math.max(least.toNanos(), times * median));
    }
  }

  private final List<Asked> all = new ArrayList<>();
  private final Patience patience;

  private AtOnce(Patience patience) {
    this.patience = patience;
  }

  /** A node, and how far its question is. All of it is guarded by the {@link AtOnce}. */
  private static final class Asked {
    final Node node;
    Future<?> question;
    long since;
    boolean begun;
    long took;
    NodeState answer;

    Asked(Node node) {
      this.node = node;
    }
  }

  /**
   * What each node says, in their order.
   *
   * @param threads how many are asked at a time
   * @param question may be interrupted when its node is late
   * @param late what is known of a node that has not answered in that time
   */
  static List<NodeState> ask(
      List<Node> nodes,
      int threads,
      Patience patience,
      Function<Node, NodeState> question,
      BiFunction<Node, Duration, NodeState> late) {
    AtOnce round = new AtOnce(patience);
    nodes.forEach(node -> round.all.add(new Asked(node)));
    ExecutorService pool =
        Executors.newFixedThreadPool(Math.max(1, Math.min(threads, nodes.size())), AtOnce::daemon);
    try {
      for (Asked asked : round.all) {
        asked.question = pool.submit(() -> round.run(asked, question));
      }
      round.await(late);
    } finally {
      pool.shutdownNow();
    }
    return round.all.stream().map(asked -> asked.answer).toList();
  }

  private static Thread daemon(Runnable task) {
    Thread thread = new Thread(task, "look");
    thread.setDaemon(true);
    return thread;
  }

  private void run(Asked asked, Function<Node, NodeState> question) {
    synchronized (this) {
      asked.since = System.nanoTime();
      asked.begun = true;
    }
    NodeState answer = question.apply(asked.node);
    synchronized (this) {
      if (asked.answer == null) {
        asked.took = System.nanoTime() - asked.since;
        asked.answer = answer;
        notifyAll();
      }
    }
  }

  private synchronized void await(BiFunction<Node, Duration, NodeState> late) {
    boolean interrupted = false;
    while (all.stream().anyMatch(asked -> asked.answer == null)) {
      long given = patience.given(took());
      long now = System.nanoTime();
      for (Asked asked : all) {
        boolean isLate = asked.begun && now - asked.since > given;
        if (asked.answer == null && (isLate || interrupted)) {
          asked.answer = late.apply(asked.node, Duration.ofNanos(given));
          asked.question.cancel(true);
        }
      }
      try {
        wait(POLL_MILLIS);
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private List<Long> took() {
    return all.stream().filter(asked -> asked.took > 0).map(asked -> asked.took).sorted().toList();
  }
}
