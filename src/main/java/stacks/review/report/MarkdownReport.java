package stacks.review.report;

import java.util.List;
import stacks.review.Change;
import stacks.review.Finding;
import stacks.review.NodeReview;
import stacks.review.Review;
import stacks.review.Summary;
import stacks.review.Verdict;

/** A review as the comment of a pull request: what matters first, the rest folded away. */
public final class MarkdownReport {
  /** GitHub takes 65,536 characters for a comment, and no more. */
  static final int LONGEST = 65_536;

  /** Kept for what closes a part that was cut. */
  private static final int RESERVE = 600;

  private static final int MOST_PLACES = 20;

  private final StringBuilder text = new StringBuilder();
  private final Review review;

  private MarkdownReport(Review review) {
    this.review = review;
  }

  /** The report; shorter than GitHub's limit, whatever the plan. */
  public static String of(Review review) {
    MarkdownReport report = new MarkdownReport(review);
    report.head();
    report.nodes();
    report.findings();
    report.changes();
    return report.text.toString();
  }

  private void head() {
    line("## Plan review of %s: %s", escape(review.environment()), verdict());
    line("");
    Summary.of(review).forEach(sentence -> line("- %s", escape(sentence)));
    if (!review.requiresApproval().isEmpty()) {
      line(
          "- **%s by somebody:** %s",
          review.approved() ? "approved" : "to be approved",
          String.join(", ", review.requiresApproval()));
    }
    line("");
  }

  private String verdict() {
    return review.verdict() == Verdict.APPROVAL ? "needs approval" : review.verdict().toString();
  }

  private void nodes() {
    List<String> rows = review.nodes().stream().map(MarkdownReport::row).toList();
    if (!rows.isEmpty()) {
      line("| turn | node | what happens | details |");
      line("|---|---|---|---|");
      upTo(LONGEST / 4, rows, "| | | and %d more nodes | |");
      line("");
    }
  }

  private static String row(NodeReview node) {
    return "| %d | %s | %s | %s |"
        .formatted(node.turn(), escape(node.name()), node.effect().words(), escape(node.details()));
  }

  private void findings() {
    if (review.findings().isEmpty()) {
      return;
    }
    line("### Findings");
    line("");
    List<String> blocks = review.byRule().values().stream().map(MarkdownReport::finding).toList();
    upTo(LONGEST * 3 / 4, blocks, "\n%d more rules have findings.");
    line("");
  }

  private static String finding(List<Finding> ofOneRule) {
    Finding first = ofOneRule.get(0);
    StringBuilder block = new StringBuilder();
    block.append(
        "- **%s** %s%n"
            .formatted(first.counts() ? first.severity() : "accepted", first.rule().id()));
    ofOneRule.stream()
        .limit(MOST_PLACES)
        .forEach(
            finding ->
                block.append(
                    "  - %s: %s%n".formatted(escape(finding.place()), escape(finding.message()))));
    if (ofOneRule.size() > MOST_PLACES) {
      block.append("  - and %d more places%n".formatted(ofOneRule.size() - MOST_PLACES));
    }
    block.append(
        "%n  %s %s%n".formatted(escape(first.rule().meaning()), escape(first.rule().remedy())));
    first
        .accepted()
        .ifPresent(reason -> block.append("%n  Accepted: %s%n".formatted(escape(reason))));
    first
        .expired()
        .ifPresent(day -> block.append("%n  It was accepted until %s.%n".formatted(day)));
    return block.toString();
  }

  private void changes() {
    if (review.changes().isEmpty()) {
      return;
    }
    line("<details>");
    line("<summary>All %d resources that change</summary>", review.changes().size());
    line("");
    line("| resource | action | what it means | attributes |");
    line("|---|---|---|---|");
    upTo(
        LONGEST - RESERVE,
        review.changes().stream().map(MarkdownReport::row).toList(),
        "| and %d more: `--format json` has them all | | | |");
    line("");
    line("</details>");
  }

  private static String row(Change change) {
    return "| %s | %s | %s | %s |"
        .formatted(
            escape(change.address()),
            change.action(),
            change.effect().words(),
            escape(String.join(", ", change.attributes())));
  }

  /** Adds what fits, and says how much does not. */
  private void upTo(int length, List<String> parts, String rest) {
    for (int i = 0; i < parts.size(); i++) {
      if (text.length() + parts.get(i).length() > length - RESERVE) {
        line(rest, parts.size() - i);
        return;
      }
      line("%s", parts.get(i).stripTrailing());
    }
  }

  private void line(String format, Object... arguments) {
    text.append(format.formatted(arguments)).append('\n');
  }

  /**
   * Text as text: nothing of it is markup, a link, a mention or an issue. Backslashes would not do
   * for all of these, so it is entities.
   */
  static String escape(String text) {
    StringBuilder escaped = new StringBuilder();
    text.codePoints()
        .forEach(
            point -> {
              if ("\\`*[]<>|~#&@!$".indexOf(point) >= 0) {
                escaped.append("&#").append(point).append(';');
              } else {
                escaped.appendCodePoint(point);
              }
            });
    return escaped
        .toString()
        .replace("://", "&#58;//")
        .replaceAll("(?i)www\\.", "www&#46;")
        // Within a word it is no markup, and stands in most of Terraform's names.
        .replaceAll("(?<!\\p{Alnum})_|_(?!\\p{Alnum})", "&#95;");
  }
}
