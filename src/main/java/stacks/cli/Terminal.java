package stacks.cli;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.OptionalInt;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The terminal that standard error is shown on, if it is one. */
final class Terminal {
  /** The launcher sets it where a live line can be shown: Java knows only of standard output. */
  private static final String LIVE = "REDIFORM_LIVE";

  /** What {@code stty size} prints: rows and columns. */
  private static final Pattern SIZE = Pattern.compile("\\d+ (\\d+)\\s*");

  private Terminal() {}

  /** How wide it is; empty where there is none that shows a live line. */
  static OptionalInt columns() {
    if (System.getenv(LIVE) == null) {
      return OptionalInt.empty();
    }
    try {
      Process stty =
          new ProcessBuilder("stty", "size")
              .redirectInput(new File("/dev/tty"))
              .redirectError(ProcessBuilder.Redirect.DISCARD)
              .start();
      Matcher size =
          SIZE.matcher(new String(stty.getInputStream().readAllBytes(), StandardCharsets.US_ASCII));
      int columns = size.matches() ? Integer.parseInt(size.group(1)) : 0;
      return columns > 0 ? OptionalInt.of(columns) : OptionalInt.empty();
    } catch (IOException e) {
      return OptionalInt.empty();
    }
  }
}
