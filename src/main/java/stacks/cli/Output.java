package stacks.cli;

import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.util.Optional;

/**
 * Standard output, which remembers what went wrong: Java's own streams keep that to themselves, and
 * a report that is cut off must not look like one that is whole.
 */
public final class Output extends FilterOutputStream {
  /** Exit code when something is missing of what was printed. */
  public static final int INCOMPLETE = ExitCode.MISSING;

  private Optional<String> problem = Optional.empty();

  public Output(OutputStream out) {
    super(out);
  }

  @Override
  public void write(int b) throws IOException {
    write(new byte[] {(byte) b}, 0, 1);
  }

  @Override
  public void write(byte[] bytes, int from, int count) throws IOException {
    try {
      out.write(bytes, from, count);
    } catch (IOException e) {
      problem = Optional.of(String.valueOf(e.getMessage()));
      throw e;
    }
  }

  /**
   * Whether all was printed. Where nobody listens any more, such as {@code | head}, that is
   * nobody's loss; any other reason is said.
   */
  public boolean isWhole(PrintStream err) {
    if (problem.isEmpty() || problem.get().contains("Broken pipe")) {
      return true;
    }
    err.println("rediform: what it printed is not whole: " + problem.get());
    return false;
  }
}
