package stacks.cli;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.time.Duration;
import java.util.List;
import java.util.function.BiConsumer;
import java.util.function.Supplier;
import stacks.operate.NodeState;

/**
 * A status that is shown again and again. On a terminal the screen is drawn anew each time;
 * elsewhere only what a person would call a change is printed: not that numbers have moved on.
 */
final class StatusWatch {
  /** To the upper left corner, and everything below it away (ECMA-48: CUP, ED). */
  private static final String CLEAR = "\u001b[H\u001b[J";

  private final PrintWriter out;
  private final Duration every;
  private final boolean terminal;
  private final BiConsumer<StatusReport, PrintWriter> print;

  StatusWatch(
      PrintWriter out,
      Duration every,
      boolean terminal,
      BiConsumer<StatusReport, PrintWriter> print) {
    this.out = out;
    this.every = every;
    this.terminal = terminal;
    this.print = print;
  }

  /** Until it is interrupted, or nobody reads any more. */
  int run(Supplier<StatusReport> look) {
    List<Object> before = List.of();
    while (!out.checkError()) {
      long start = System.nanoTime();
      StatusReport report = look.get();
      List<Object> now = essence(report);
      if (terminal) {
        show(CLEAR, report);
      } else if (!now.equals(before)) {
        show(before.isEmpty() ? "" : System.lineSeparator(), report);
      }
      before = now;
      try {
        // The pace that --every asks for; it waits for nothing.
        Thread.sleep(Math.max(0, every.toMillis() - (System.nanoTime() - start) / 1_000_000));
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        break;
      }
    }
    return ExitCode.FINE;
  }

  /** In one piece, so that a screen does not flicker. */
  private void show(String before, StatusReport report) {
    StringWriter block = new StringWriter();
    PrintWriter writer = new PrintWriter(block);
    print.accept(report, writer);
    writer.flush();
    out.print(before + block);
    out.flush();
  }

  /** What of a status is no mere number. */
  static List<Object> essence(StatusReport report) {
    return List.of(
        report.outlook(),
        report.status().problems(),
        report.status().nodes().map(StatusWatch::essence).toList(),
        StatusText.notes(report),
        report.failover().epoch(),
        report.differences(),
        report.steps().stream().map(NextSteps.Step::command).toList(),
        report.backups().map(state -> List.of(state.last(), state.failure(), state.proof())));
  }

  private static List<Object> essence(NodeState node) {
    return List.of(
        node.name(),
        node.problem(),
        node instanceof stacks.operate.RedisState redis ? redis.role() : "sentinel",
        node.vitals().redisVersion(),
        node.delivery().document());
  }
}
