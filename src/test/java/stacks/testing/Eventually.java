package stacks.testing;

import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.locks.LockSupport;

/** Polls until something holds. */
public final class Eventually {
  private static final Duration POLL = Duration.ofMillis(50);

  /** What may throw while the cluster is on its way. */
  public interface Check {
    void run() throws Exception;
  }

  private Eventually() {}

  /** Repeats a check that throws while it does not hold; its last failure is the test's. */
  public static void within(Duration limit, Check check) {
    Instant deadline = Instant.now().plus(limit);
    while (true) {
      try {
        check.run();
        return;
      } catch (Exception | AssertionError e) {
        if (Instant.now().isAfter(deadline)) {
          throw new AssertionError("not within " + limit + ": " + e.getMessage(), e);
        }
        LockSupport.parkNanos(POLL.toNanos());
      }
    }
  }

  /** Repeats a check that must hold all the time. */
  public static void throughout(Duration time, Check check) throws Exception {
    Instant end = Instant.now().plus(time);
    while (Instant.now().isBefore(end)) {
      check.run();
      LockSupport.parkNanos(POLL.toNanos());
    }
  }
}
