package stacks.review.report;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import stacks.review.Change;
import stacks.review.Costs;
import stacks.review.Finding;
import stacks.review.NodeReview;
import stacks.review.Review;
import stacks.review.Summary;

/** A review for programs, in the form of {@code docs/review.schema.json}. */
public final class JsonReport {
  private static final ObjectMapper MAPPER =
      new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);

  private JsonReport() {}

  /** The report. */
  public static String of(Review review) {
    Map<String, Object> report = new LinkedHashMap<>();
    report.put("environment", review.environment());
    report.put("verdict", review.verdict().toString());
    report.put("approved", review.approved());
    report.put("requiresApproval", review.requiresApproval());
    report.put("summary", Summary.of(review));
    report.put("warnings", review.warnings());
    report.put("costs", costs(review.costs()));
    report.put("nodes", review.nodes().stream().map(JsonReport::node).toList());
    report.put("findings", review.findings().stream().map(JsonReport::finding).toList());
    report.put("changes", review.changes().stream().map(JsonReport::change).toList());
    return write(report);
  }

  static String write(Object report) {
    try {
      return MAPPER.writeValueAsString(report) + "\n";
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a report that is no JSON", e);
    }
  }

  private static Map<String, Object> costs(Costs costs) {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("restarts", costs.restarts());
    fields.put("fewestMasterChanges", costs.fewestMasterChanges());
    fields.put("mostMasterChanges", costs.mostMasterChanges());
    fields.put("writeGapSeconds", Costs.WRITE_GAP);
    fields.put("writeGapSource", Costs.SOURCE);
    fields.put("fullResyncs", costs.fullResyncs());
    fields.put("mostDataBytes", costs.mostData().bytes());
    fields.put("newNodes", costs.newNodes());
    fields.put("removedNodes", costs.removedNodes());
    fields.put("replacedNodes", costs.replacedNodes());
    fields.put("bigger", costs.bigger());
    fields.put("smaller", costs.smaller());
    fields.put("otherwise", costs.otherwise());
    return fields;
  }

  private static Map<String, Object> node(NodeReview node) {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("name", node.name());
    fields.put("turn", node.turn());
    fields.put("effect", node.effect().toString());
    fields.put("restarts", node.restarts());
    fields.put("machineRestarts", node.machineRestarts());
    fields.put("lost", node.lost());
    fields.put("started", node.started());
    fields.put("sizes", node.sizes());
    fields.put("settings", node.settings());
    fields.put(
        "values",
        node.values().stream()
            .map(
                value ->
                    Map.of(
                        "name", value.name(),
                        "before", value.wordsBefore(),
                        "after", value.wordsAfter()))
            .toList());
    return fields;
  }

  private static Map<String, Object> finding(Finding finding) {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("rule", finding.rule().id());
    fields.put("severity", finding.severity().toString());
    fields.put("place", finding.place());
    fields.put("message", finding.message());
    fields.put("meaning", finding.rule().meaning());
    fields.put("remedy", finding.rule().remedy());
    fields.put("accepted", finding.accepted().orElse(null));
    fields.put("expired", finding.expired().map(Object::toString).orElse(null));
    return fields;
  }

  private static Map<String, Object> change(Change change) {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("address", change.address());
    fields.put("node", change.node());
    fields.put("action", change.action());
    fields.put("effect", change.effect().toString());
    fields.put("attributes", List.copyOf(change.attributes()));
    return fields;
  }
}
