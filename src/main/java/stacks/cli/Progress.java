package stacks.cli;

import java.io.PrintWriter;
import java.util.function.Consumer;
import picocli.CommandLine.Model.CommandSpec;

/** Lines on standard error that say what a verb is at, each with the name of who says it. */
final class Progress {
  private static final String WHO = "rediform: ";

  private Progress() {}

  /** Where a verb's lines go. One that a gate has said, and Terraform hands on, has its name. */
  static Consumer<String> of(CommandSpec spec) {
    PrintWriter err = spec.commandLine().getErr();
    return line -> {
      err.println(line.startsWith(WHO) ? line : WHO + line);
      err.flush();
    };
  }
}
