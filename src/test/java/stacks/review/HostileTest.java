package stacks.review;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
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

/** Whatever a plan holds, a report shows it as text, or not at all. */
class HostileTest {
  private static final Cluster CLUSTER =
      Environments.cluster("cache", "platform: aws\naws: {region: eu-central-1}\n");

  private static final Pattern INVISIBLE = Pattern.compile("[\\p{Cc}\\p{Cf}&&[^\\n]]");

  /** What would be more than text in a format. */
  private static final Map<String, List<String>> MARKUP =
      Map.of(
          "markdown",
          List.of("<", ">", "|", "`", "](", "@", "#", "://", "www.", "**", "~~", "_y_", "$", "\\"),
          "html",
          List.of("<", ">", "\"", "'"));

  static Stream<String> texts() {
    return Stream.of(
        "<script>alert(1)</script>",
        "</details></li></table><h1>go</h1>",
        "\u001b[2J\u001b[1;32mcache: go",
        "a\r\ncache: go\n\n| 1 | redis-1 | nothing |",
        "| a | b | `c` | **d** | [e](https://example.com) | ![f](x)",
        "@everyone fixes #1, see www.example.com",
        "\u202Eog :ehcac\u2066\u200B",
        "$\\evil$ ~~x~~ _y_ \\",
        "{{environment}} {{{environment}}}",
        "\uD800 lonely");
  }

  private static Map<String, String> reports(Review review) {
    return Map.of(
        "markdown", MarkdownReport.of(review),
        "json", JsonReport.of(review),
        "sarif", SarifReport.of(review),
        "html", HtmlReport.of(review));
  }

  /** A plan with the text in every place that a report could take something from. */
  private static PlanJson everywhere(String text) {
    return PlanJson.of("cache")
        .resource(
            "aws_thing",
            "x",
            List.of("update"),
            change -> {
              ((ObjectNode) change.get("after")).put(text, text);
              change.putArray("replace_paths").addArray().add(text);
            })
        .machine("redis-2", List.of("update"), text, text + text)
        .resource(
            "aws_vpc_security_group_ingress_rule",
            "redis-from-x",
            List.of("create"),
            change ->
                ((ObjectNode) change.get("after"))
                    .put("cidr_ipv4", text)
                    .put("ip_protocol", text)
                    .put("from_port", text))
        .resource(
            "aws_ebs_volume",
            "redis-3-data",
            List.of("update"),
            change -> {
              ((ObjectNode) change.get("before")).put("size", 7);
              ((ObjectNode) change.get("after")).put("size", text).put("availability_zone", text);
            })
        .resource("aws_thing", "y", List.of("create"), change -> {})
        .with(
            root -> {
              ObjectNode stranger =
                  (ObjectNode)
                      root.at("/resource_changes/" + (root.get("resource_changes").size() - 1));
              stranger.put("address", "aws_thing.x[\"" + text + "\"]").put("name", text);
              ObjectNode nodes = root.putObject("output_changes").putObject("nodes");
              nodes.putObject("before").put(text, 1);
              nodes.putObject("after").put(text, 2);
            });
  }

  @ParameterizedTest
  @MethodSource("texts")
  void hostile_text_is_shown_as_text(String text) throws IOException {
    Review plain = everywhere("harmless").review(CLUSTER);
    Review hostile = everywhere(text).review(CLUSTER);
    assertThat(hostile.findings()).hasSameSizeAs(plain.findings());
    reports(hostile)
        .forEach(
            (format, report) -> {
              String before = reports(plain).get(format);
              assertThat(INVISIBLE.matcher(report).find()).as(format).isFalse();
              assertThat(report.lines().count())
                  .as("lines of " + format)
                  .isEqualTo(before.lines().count());
              for (String mark : MARKUP.getOrDefault(format, List.of())) {
                assertThat(count(report, mark))
                    .as("%s in %s: %s", mark, format, report)
                    .isLessThanOrEqualTo(count(before, mark));
              }
            });
    assertThat(PlanJson.read(JsonReport.of(hostile)).path("verdict").asText()).isEqualTo("blocked");
    assertThat(PlanJson.read(SarifReport.of(hostile)).path("version").asText()).isEqualTo("2.1.0");
  }

  private static int count(String text, String part) {
    return text.replaceAll("&#?\\w+;", "").split(Pattern.quote(part), -1).length;
  }

  @Test
  void what_is_marked_sensitive_is_in_no_report() throws IOException {
    String canary = "canary-7c1e";
    Review review =
        everywhere(canary)
            .with(
                root -> {
                  root.get("resource_changes")
                      .forEach(
                          resource -> {
                            ObjectNode change = (ObjectNode) resource.get("change");
                            boolean named = resource.get("type").asText().equals("aws_thing");
                            if (named) {
                              // A name cannot be sensitive; Terraform refuses such keys.
                              String name = resource.get("name").asText().equals("x") ? "x" : "y";
                              ((ObjectNode) resource)
                                  .put("address", "aws_thing." + name)
                                  .put("name", name);
                              ((ObjectNode) change.get("after")).removeAll().put("v", canary);
                              change.putArray("replace_paths");
                            }
                            if (!resource.get("name").asText().startsWith("redis-1")) {
                              change.put("before_sensitive", true).put("after_sensitive", true);
                            }
                          });
                  ObjectNode nodes = (ObjectNode) root.at("/output_changes/nodes");
                  nodes.put("before_sensitive", true).put("after_sensitive", true);
                })
            .review(CLUSTER);
    assertThat(review.findings()).isNotEmpty();
    reports(review)
        .forEach((format, report) -> assertThat(report).as(format).doesNotContain(canary));
  }

  @Test
  void a_comment_on_github_is_short_enough_whatever_the_plan() throws IOException {
    PlanJson plan = PlanJson.of("cache");
    for (int i = 0; i < 2_000; i++) {
      plan.resource("aws_thing", "x".repeat(180) + i, List.of("create"), change -> {});
    }
    String report = MarkdownReport.of(plan.review(CLUSTER));
    assertThat(report.length()).isBetween(60_000, 65_535);
    assertThat(report)
        .contains("and 1980 more places")
        .containsPattern("and \\d{4} more: `--format json`")
        .endsWith("</details>\n");
  }
}
