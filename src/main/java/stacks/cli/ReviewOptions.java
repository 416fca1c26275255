package stacks.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;
import picocli.CommandLine.Spec.Target;
import stacks.review.Review;
import stacks.review.Verdict;

/** How a verb says what a review has found. */
final class ReviewOptions {
  @Option(
      names = "--format",
      paramLabel = "FORMAT",
      defaultValue = "text",
      description = "What is printed: ${COMPLETION-CANDIDATES} (default: text).")
  private ReviewFormat format;

  @Option(names = "--json", description = "The same as --format json.")
  private boolean json;

  @Option(
      names = "--output",
      paramLabel = "FILE",
      description =
          "Writes a file too, by its ending: .txt, .md, .json, .sarif or .html. Repeatable.")
  private List<Path> outputs = List.of();

  @Option(names = "--approved", description = "Somebody has approved of what needs approval.")
  private boolean approved;

  @Spec(Target.MIXEE)
  private CommandSpec spec;

  /** Ends the command where a file's ending is no format; to be asked before the work. */
  void check() {
    outputs.forEach(ReviewFormat::ofFile);
  }

  /** Whether somebody has approved of the plan. */
  boolean approved() {
    return approved;
  }

  /** Prints a review and writes its files; the exit code that it comes to. */
  int say(Review review) {
    PrintWriter out = spec.commandLine().getOut();
    ReviewFormat printed = json ? ReviewFormat.json : format;
    if (printed == ReviewFormat.text) {
      ReviewText.print(review, out);
    } else {
      out.print(printed.write(review));
      out.flush();
    }
    outputs.forEach(file -> write(file, review));
    return review.verdict() == Verdict.GO ? ExitCode.FINE : ExitCode.NO;
  }

  private static void write(Path file, Review review) {
    try {
      Files.writeString(file, ReviewFormat.ofFile(file).write(review));
    } catch (IOException e) {
      throw Failure.missing(
          "%s cannot be written; is its folder there, and yours to write?".formatted(file), e);
    }
  }
}
