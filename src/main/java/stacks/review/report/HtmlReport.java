package stacks.review.report;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import stacks.review.Change;
import stacks.review.Finding;
import stacks.review.NodeReview;
import stacks.review.Place;
import stacks.review.Review;
import stacks.review.Summary;
import stacks.review.Verdict;
import stacks.templates.Drawing;
import stacks.templates.Pages;

/** A review as one page that needs nothing else: {@code templates/review/page.html}. */
public final class HtmlReport {
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
    page.put("drawing", drawing(review.places()));
    page.put("hasNodes", !review.nodes().isEmpty());
    page.put("findings", review.byRule().values().stream().map(HtmlReport::finding).toList());
    page.put("hasFindings", !review.findings().isEmpty());
    page.put("changes", review.changes().stream().map(HtmlReport::change).toList());
    page.put("count", review.changes().size());
    return Pages.fill("review/page.html", page);
  }

  private static Map<String, Object> drawing(List<Place> places) {
    long sentinels = places.stream().filter(place -> !place.isRedis()).count();
    long zones = places.stream().map(Place::zone).distinct().count();
    Optional<Place> first = places.stream().filter(Place::isFirstMaster).findFirst();
    return Drawing.of(
        places.stream().map(HtmlReport::box).toList(),
        "The cluster, and what happens to each node",
        "%d data nodes and %d Sentinels in %s; the first master is %s. The table has the same."
            .formatted(
                places.size() - sentinels,
                sentinels,
                zones == 1 ? "one place" : zones + " zones",
                first.map(Place::name).orElse("not in the file")));
  }

  private static Drawing.Box box(Place place) {
    return new Drawing.Box(
        kind(place),
        place.zone(),
        place.name(),
        place.isFirstMaster() ? "first master" : place.isRedis() ? "replica" : "",
        place.size(),
        place.change().map(change -> change.effect().toString()).orElse("nothing"),
        place
            .change()
            .map(change -> change.turn() + ". " + change.effect().words())
            .orElse("stays as it is"),
        place.change().isPresent() || place.isFirstMaster());
  }

  private static Drawing.Kind kind(Place place) {
    if (place.isFirstMaster()) {
      return Drawing.Kind.MASTER;
    }
    if (!place.isRedis()) {
      return Drawing.Kind.SENTINEL;
    }
    return place.leaves() ? Drawing.Kind.ALONE : Drawing.Kind.REPLICA;
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
}
