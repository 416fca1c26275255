package stacks.review.report;

import com.samskivert.mustache.Mustache;
import com.samskivert.mustache.Template;
import java.io.IOException;
import java.io.InputStream;
import java.io.StringReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import stacks.review.Change;
import stacks.review.Finding;
import stacks.review.NodeReview;
import stacks.review.Review;
import stacks.review.Summary;
import stacks.review.Verdict;

/** A review as one page that needs nothing else: {@code templates/review/page.html}. */
public final class HtmlReport {
  private static final Template PAGE =
      Mustache.compiler()
          .escapeHTML(true)
          .strictSections(true)
          .withLoader(name -> new StringReader(text(name)))
          .compile(text("page.html"));

  private HtmlReport() {}

  /** The page. */
  public static String of(Review review) {
    Map<String, Object> page = new LinkedHashMap<>();
    page.put("environment", review.environment());
    page.put("verdict", review.verdict().toString());
    page.put(
        "verdictWords",
        review.verdict() == Verdict.APPROVAL ? "needs approval" : review.verdict().toString());
    page.put("approval", review.approved() ? "Approved by somebody" : "Needs approval");
    page.put("summary", Summary.of(review));
    page.put("requiresApproval", String.join(", ", review.requiresApproval()));
    page.put("nodes", review.nodes().stream().map(HtmlReport::node).toList());
    Map<String, Object> drawing = new LinkedHashMap<>(Topology.of(review.places()));
    drawing.put("description", Topology.description(review.places()));
    page.put("drawing", drawing);
    page.put("hasNodes", !review.nodes().isEmpty());
    page.put("findings", review.byRule().values().stream().map(HtmlReport::finding).toList());
    page.put("hasFindings", !review.findings().isEmpty());
    page.put("changes", review.changes().stream().map(HtmlReport::change).toList());
    page.put("count", review.changes().size());
    return PAGE.execute(page);
  }

  private static Map<String, Object> node(NodeReview node) {
    return Map.of(
        "turn", node.turn(),
        "name", node.name(),
        "effect", node.effect().toString(),
        "words", node.effect().words(),
        "details", node.details());
  }

  private static Map<String, Object> finding(List<Finding> ofOneRule) {
    Finding first = ofOneRule.get(0);
    return Map.of(
        "severity",
        first.counts() ? first.severity().toString() : "accepted",
        "rule",
        first.rule().id(),
        "meaning",
        first.rule().meaning(),
        "remedy",
        first.rule().remedy(),
        "accepted",
        first.accepted().map(reason -> "Accepted: " + reason).orElse(""),
        "expired",
        first.expired().map(day -> "It was accepted until " + day + ".").orElse(""),
        "places",
        ofOneRule.stream()
            .map(each -> Map.of("place", each.place(), "message", each.message()))
            .toList());
  }

  private static Map<String, Object> change(Change change) {
    return Map.of(
        "address", change.address(),
        "action", change.action(),
        "words", change.effect().words(),
        "attributes", String.join(", ", change.attributes()));
  }

  private static String text(String name) {
    try (InputStream in = HtmlReport.class.getResourceAsStream("/templates/review/" + name)) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
