package stacks.operate.backup;

import java.time.Duration;
import java.util.function.Consumer;
import java.util.function.Supplier;

/** Says how far something is, and not more often than a person can read it. */
final class Pace {
  private static final Duration STEP = Duration.ofSeconds(2);

  private final Consumer<String> say;
  private long last = System.nanoTime();

  Pace(Consumer<String> say) {
    this.say = say;
  }

  /** Says it, if nothing was said for a while. */
  void say(Supplier<String> line) {
    if (System.nanoTime() - last >= STEP.toNanos()) {
      now(line.get());
    }
  }

  /** Says it at once. */
  void now(String line) {
    say.accept(line);
    last = System.nanoTime();
  }
}
