package stacks.cli;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.function.Function;
import java.util.stream.Collectors;
import stacks.review.Review;
import stacks.review.report.HtmlReport;
import stacks.review.report.JsonReport;
import stacks.review.report.MarkdownReport;
import stacks.review.report.SarifReport;

/** How a review is written; the names are what {@code --format} takes. */
enum ReviewFormat {
  text("txt", ReviewFormat::plain),
  markdown("md", MarkdownReport::of),
  json("json", JsonReport::of),
  sarif("sarif", SarifReport::of),
  html("html", HtmlReport::of);

  private final String ending;
  private final Function<Review, String> writer;

  ReviewFormat(String ending, Function<Review, String> writer) {
    this.ending = ending;
    this.writer = writer;
  }

  String write(Review review) {
    return writer.apply(review);
  }

  /** The format that a file's name asks for. */
  static ReviewFormat ofFile(Path file) {
    return Arrays.stream(values())
        .filter(format -> file.toString().endsWith("." + format.ending))
        .findFirst()
        .orElseThrow(
            () ->
                Failure.usage(
                    "%s: the ending says the format, and it is one of %s"
                        .formatted(
                            file,
                            Arrays.stream(values())
                                .map(format -> "." + format.ending)
                                .collect(Collectors.joining(", ")))));
  }

  private static String plain(Review review) {
    StringWriter text = new StringWriter();
    new ReviewText(new PrintWriter(text), false).print(review);
    return text.toString();
  }
}
