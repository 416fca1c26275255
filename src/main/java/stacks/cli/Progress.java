package stacks.cli;

import java.io.PrintWriter;
import java.util.OptionalInt;
import java.util.function.Consumer;
import java.util.function.Supplier;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;

/**
 * Lines on standard error that say what a verb is at, each with the name of who says it. A terminal
 * has a live line below them, which the next one overwrites; it takes no escape codes.
 */
final class Progress implements Consumer<String> {
  private static final String WHO = "rediform: ";

  /** Ends a live line that is wider than the terminal. */
  private static final String CUT = "..";

  private final PrintWriter err;
  private final Supplier<OptionalInt> columns;
  private final boolean debug;
  private OptionalInt width = OptionalInt.empty();
  private String live = "";

  /**
   * Progress on a stream.
   *
   * @param columns how wide the terminal is; empty where there is none, and so no live line
   * @param debug whether {@link #debug} says anything
   */
  Progress(PrintWriter err, Supplier<OptionalInt> columns, boolean debug) {
    this.err = err;
    this.columns = columns;
    this.debug = debug;
    measure();
  }

  /** Where a verb's lines go. */
  static Progress of(CommandSpec spec) {
    OptionSpec debug = spec.root().findOption("--debug");
    return new Progress(
        spec.commandLine().getErr(),
        Terminal::columns,
        debug != null && Boolean.TRUE.equals(debug.getValue()));
  }

  /** Says a line. One that a gate has said, and Terraform hands on, has its name already. */
  @Override
  public synchronized void accept(String line) {
    erase();
    err.println(line.startsWith(WHO) ? line : WHO + line);
    err.flush();
  }

  /** Says a line to those who asked for more. */
  void debug(String line) {
    if (debug) {
      accept(line);
    }
  }

  /** Whether there is a terminal that shows what is under way. */
  synchronized boolean isLive() {
    return width.isPresent();
  }

  /** Shows what is under way; only a terminal does. */
  synchronized void live(String text) {
    if (width.isEmpty()) {
      return;
    }
    // The last column stays free: some terminals begin a new line once it is taken.
    int most = Math.max(CUT.length(), width.getAsInt() - 1);
    String line =
        text.length() <= most ? text : text.substring(0, most - CUT.length()).strip() + CUT;
    if (!line.equals(live)) {
      err.print("\r" + line + " ".repeat(Math.max(0, live.length() - line.length())));
      err.flush();
      live = line;
    }
  }

  /** Takes the live line away. */
  synchronized void erase() {
    if (!live.isEmpty()) {
      err.print("\r" + " ".repeat(live.length()) + "\r");
      err.flush();
      live = "";
    }
  }

  /** Looks how wide the terminal is by now. */
  synchronized void measure() {
    width = columns.get();
  }
}
