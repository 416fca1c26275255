package stacks.review.report;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import stacks.review.Finding;
import stacks.review.Review;
import stacks.review.ReviewRule;
import stacks.review.ReviewRules;
import stacks.review.Severity;

/** A review in SARIF 2.1.0, as code scanning services show it beside the environment's file. */
public final class SarifReport {
  private SarifReport() {}

  /** The report. */
  public static String of(Review review) {
    Map<String, Object> driver = new LinkedHashMap<>();
    driver.put("name", "rediform");
    driver.put("rules", ReviewRules.ALL.stream().map(SarifReport::rule).toList());
    Map<String, Object> run = new LinkedHashMap<>();
    run.put("tool", Map.of("driver", driver));
    run.put("results", review.findings().stream().map(finding -> result(review, finding)).toList());
    Map<String, Object> log = new LinkedHashMap<>();
    log.put("$schema", "https://json.schemastore.org/sarif-2.1.0.json");
    log.put("version", "2.1.0");
    log.put("runs", List.of(run));
    return JsonReport.write(log);
  }

  private static Map<String, Object> rule(ReviewRule rule) {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("id", rule.id());
    fields.put("shortDescription", message(rule.meaning()));
    fields.put("help", message(rule.remedy()));
    fields.put("defaultConfiguration", Map.of("level", level(rule.severity())));
    return fields;
  }

  private static Map<String, Object> result(Review review, Finding finding) {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("ruleId", finding.rule().id());
    fields.put("ruleIndex", ReviewRules.ALL.indexOf(finding.rule()));
    fields.put("level", level(finding.severity()));
    fields.put("message", message(finding.place() + ": " + finding.message()));
    Map<String, Object> location = new LinkedHashMap<>();
    location.put(
        "physicalLocation",
        Map.of(
            "artifactLocation",
            Map.of("uri", "environments/" + review.environment() + ".yaml"),
            "region",
            Map.of("startLine", 1)));
    location.put(
        "logicalLocations",
        List.of(Map.of("fullyQualifiedName", finding.place(), "kind", "resource")));
    fields.put("locations", List.of(location));
    finding
        .accepted()
        .ifPresent(
            reason ->
                fields.put(
                    "suppressions", List.of(Map.of("kind", "inSource", "justification", reason))));
    return fields;
  }

  /** In SARIF's plain text {@code [words](target)} is a link. */
  private static Map<String, Object> message(String text) {
    return Map.of("text", text.replace("\\", "\\\\").replace("[", "\\[").replace("]", "\\]"));
  }

  private static String level(Severity severity) {
    return severity == Severity.WARN ? "warning" : "error";
  }
}
