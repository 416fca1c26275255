package stacks.cli;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.Help.Ansi.Style;
import stacks.platform.Effect;
import stacks.review.Change;
import stacks.review.Finding;
import stacks.review.NodeReview;
import stacks.review.Review;
import stacks.review.Severity;
import stacks.review.Summary;

/** A review for the terminal: short, and coloured there only. */
final class ReviewText {
  /** More places than this of one rule tell a person no more. */
  private static final int MOST_PLACES = 8;

  private final PrintWriter out;
  private final boolean colours;

  ReviewText(PrintWriter out, boolean colours) {
    this.out = out;
    this.colours = colours;
  }

  /** On a terminal in colours, elsewhere without. */
  static void print(Review review, PrintWriter out) {
    new ReviewText(out, Ansi.AUTO.enabled()).print(review);
  }

  void print(Review review) {
    if (review.changes().isEmpty() && review.findings().isEmpty()) {
      Summary.of(review).forEach(out::println);
      return;
    }
    out.println(review.environment() + ": " + verdict(review));
    Summary.of(review).forEach(sentence -> out.println("  " + sentence));
    if (!review.nodes().isEmpty()) {
      out.println();
      review.nodes().forEach(this::print);
    }
    shared(review);
    review.byRule().values().forEach(this::print);
    if (!review.requiresApproval().isEmpty()) {
      out.printf(
          "%n%s by somebody: %s%n",
          review.approved() ? "approved" : "to be approved",
          String.join(", ", review.requiresApproval()));
    }
    out.flush();
  }

  private String verdict(Review review) {
    return switch (review.verdict()) {
      case GO -> paint("go", Style.fg_green);
      case APPROVAL -> paint("needs approval (--approved)", Style.fg_yellow);
      case BLOCKED -> paint("blocked", Style.fg_red);
    };
  }

  private void print(NodeReview node) {
    out.printf(
        "%3d. %-12s %s%s%n",
        node.turn(),
        node.name(),
        node.effect().words(),
        node.details().isEmpty() ? "" : ": " + node.details());
  }

  private void shared(Review review) {
    Map<Effect, List<Change>> byEffect = new LinkedHashMap<>();
    review.changes().stream()
        .filter(change -> change.node().equals(Change.SHARED))
        .filter(change -> change.effect() != Effect.NOTHING)
        .forEach(
            change ->
                byEffect.computeIfAbsent(change.effect(), e -> new ArrayList<>()).add(change));
    byEffect.forEach(
        (effect, changes) ->
            out.println(
                "     %-12s %s: %s"
                    .formatted(
                        Change.SHARED,
                        effect.words(),
                        few(changes.stream().map(Change::address).toList()))));
  }

  private void print(List<Finding> ofOneRule) {
    Finding first = ofOneRule.get(0);
    if (!first.counts()) {
      out.printf("%naccepted %s: %s%n", first.rule().id(), first.accepted().orElse(""));
      ofOneRule.forEach(finding -> out.println("  " + finding.place() + ": " + finding.message()));
      return;
    }
    Style colour = first.severity() == Severity.WARN ? Style.fg_yellow : Style.fg_red;
    out.printf("%n%s %s%n", paint(first.severity().toString(), colour), first.rule().id());
    ofOneRule.stream()
        .limit(MOST_PLACES)
        .forEach(finding -> out.println("  " + finding.place() + ": " + finding.message()));
    if (ofOneRule.size() > MOST_PLACES) {
      out.println("  and " + (ofOneRule.size() - MOST_PLACES) + " more (--format json)");
    }
    out.println("  " + first.rule().meaning());
    out.println("  " + first.rule().remedy());
    first.expired().ifPresent(day -> out.println("  It was accepted until " + day + "."));
  }

  private static String few(List<String> names) {
    return names.size() <= 4
        ? String.join(", ", names)
        : String.join(", ", names.subList(0, 3)) + " and " + (names.size() - 3) + " more";
  }

  private String paint(String text, Style colour) {
    return colours ? Style.on(Style.bold, colour) + text + Style.off(colour, Style.bold) : text;
  }
}
