package stacks.review;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.networknt.schema.InputFormat;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import stacks.cluster.Cluster;
import stacks.review.report.HtmlReport;
import stacks.review.report.JsonReport;
import stacks.review.report.MarkdownReport;
import stacks.review.report.SarifReport;
import stacks.testing.Environments;

/** What programs and services read has the form that they expect. */
class ReportsTest {
  private static final Path SCHEMA = Path.of("docs/review.schema.json");
  private static final Path SARIF = Path.of("src/test/resources/sarif-2.1.0-required.json");

  private static final Cluster CLUSTER =
      Environments.cluster(
          "cache",
          """
          platform: aws
          aws: {region: eu-central-1}
          review: {requireApproval: [drift, gate-removed]}
          accepts:
          - {rule: disk-shrunk, reason: "It is [only](1) a test."}
          - {rule: unknown-change, reason: It was only a test., until: 2027-01-01}
          """);

  static Stream<Review> reviews() throws IOException {
    return Stream.of(
        PlanJson.of("cache").review(CLUSTER),
        PlanJson.of("cache").restart("redis-2").review(CLUSTER),
        all());
  }

  /** With something in every place. */
  private static Review all() throws IOException {
    return PlanJson.of("cache")
        .restart("redis-2")
        .machine("redis-1", List.of("update"), "c7i.large", "c7i.xlarge")
        .volume("redis-3", List.of("update"), 100, 50)
        .resource(
            "aws_vpc",
            "network",
            List.of("update"),
            change -> change.withObject("after").put("x", 1))
        .resource("aws_thing", "a[1]", List.of("create"), change -> {})
        .review(CLUSTER);
  }

  private static List<com.networknt.schema.Error> errors(Path schema, String json)
      throws IOException {
    return SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12)
        .getSchema(Files.readString(schema))
        .validate(json, InputFormat.JSON);
  }

  @ParameterizedTest
  @MethodSource("reviews")
  void the_report_for_programs_follows_its_schema(Review review) throws IOException {
    assertThat(errors(SCHEMA, JsonReport.of(review))).isEmpty();
  }

  @Test
  void a_report_without_a_verdict_does_not() throws IOException {
    assertThat(errors(SCHEMA, JsonReport.of(all()).replace("\"verdict\"", "\"judgement\"")))
        .isNotEmpty();
  }

  @ParameterizedTest
  @MethodSource("reviews")
  void sarif_has_what_its_specification_requires(Review review) throws IOException {
    String sarif = SarifReport.of(review);
    assertThat(errors(SARIF, sarif)).isEmpty();
    JsonNode run = PlanJson.read(sarif).at("/runs/0");
    for (JsonNode result : run.get("results")) {
      assertThat(run.at("/tool/driver/rules/" + result.get("ruleIndex").asInt() + "/id"))
          .isEqualTo(result.get("ruleId"));
    }
  }

  @Test
  void an_accepted_finding_is_suppressed_in_sarif_with_its_reason() throws IOException {
    JsonNode results = PlanJson.read(SarifReport.of(all())).at("/runs/0/results");
    assertThat(results)
        .filteredOn(result -> result.has("suppressions"))
        .singleElement()
        .satisfies(
            result -> {
              assertThat(result.get("ruleId").asText()).isEqualTo("disk-shrunk");
              assertThat(result.at("/suppressions/0/justification").asText()).contains("a test");
            });
  }

  @Test
  void every_report_says_what_is_found_accepted_expired_and_to_be_approved() throws IOException {
    for (String report : List.of(MarkdownReport.of(all()), HtmlReport.of(all()))) {
      assertThat(report)
          .contains("blocked", "redis-2", "gate-removed", "disk-shrunk", "unknown-resource-touched")
          .contains(
              "Accepted: It is", "It was accepted until 2027-01-01.", "100 GiB become 50 GiB");
    }
    assertThat(MarkdownReport.of(all())).contains("**to be approved by somebody:** gate-removed");
    assertThat(HtmlReport.of(all())).contains("Needs approval: gate-removed");
  }
}
