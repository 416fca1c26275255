package stacks;

import java.io.PrintWriter;
import stacks.cli.Cli;

/** Entry point; everything else is in {@link Cli}. */
public final class Main {
  private Main() {}

  public static void main(String[] args) {
    System.exit(
        Cli.run(new PrintWriter(System.out, true), new PrintWriter(System.err, true), args));
  }
}
