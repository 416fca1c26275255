package stacks;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.charset.Charset;
import stacks.cli.Cli;
import stacks.cli.Output;

/** Entry point; everything else is in {@link Cli}. */
public final class Main {
  private Main() {}

  public static void main(String[] args) {
    Output out = new Output(new FileOutputStream(FileDescriptor.out));
    System.setOut(new PrintStream(out, true, Charset.defaultCharset()));
    int code = Cli.run(new PrintWriter(System.out, true), new PrintWriter(System.err, true), args);
    System.exit(out.isWhole(System.err) ? code : Output.INCOMPLETE);
  }
}
