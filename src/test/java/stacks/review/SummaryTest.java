package stacks.review;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;
import stacks.cluster.Cluster;
import stacks.review.report.HtmlReport;
import stacks.review.report.JsonReport;
import stacks.review.report.MarkdownReport;
import stacks.testing.Environments;

/** A sentence that promises something is only said where it is true. */
class SummaryTest {
  private static final String FILE = "platform: aws\naws: {region: eu-central-1}\n";
  private static final Cluster CLUSTER = Environments.cluster("cache", FILE);

  private static final String NOTHING = "a deploy would change nothing";
  private static final String NOT_LOST = "nothing is lost";

  private static Cluster accepting(String rule) {
    return Environments.cluster(
        "cache", FILE + "accepts: [{rule: " + rule + ", reason: It is only a test.}]\n");
  }

  private static String of(PlanJson plan, Cluster cluster) throws IOException {
    return String.join("\n", Summary.of(plan.review(cluster)));
  }

  private static PlanJson output(String action, String before, String after) {
    return PlanJson.of("cache")
        .with(
            root -> {
              ObjectNode output = root.putObject("output_changes").putObject("sentinels");
              output.putArray("actions").add(action);
              output.putArray("before").add(before);
              output.putArray("after").add(after);
            });
  }

  @Test
  void a_plan_in_which_nothing_changes_says_so() throws IOException {
    assertThat(of(PlanJson.of("cache"), CLUSTER)).contains(NOTHING);
    assertThat(of(output("no-op", "a", "a"), CLUSTER)).contains(NOTHING);
  }

  @Test
  void one_that_changes_an_output_does_not() throws IOException {
    assertThat(of(output("update", "a", "b"), CLUSTER))
        .doesNotContain(NOTHING)
        .contains("no resource changes; outputs do: sentinels");
  }

  @Test
  void nor_does_one_with_a_finding_that_is_accepted() throws IOException {
    PlanJson drifted =
        PlanJson.of("cache").drift("aws_vpc", "network", List.of("delete"), change -> {});
    assertThat(of(drifted, accepting("drift"))).doesNotContain(NOTHING);
    PlanJson partial = PlanJson.of("cache").with(root -> root.put("complete", false));
    assertThat(of(partial, accepting("partial-plan")))
        .doesNotContain(NOTHING)
        .doesNotContain("no node restarts");
  }

  @Test
  void nothing_is_lost_where_nothing_was_found_not_even_what_is_accepted() throws IOException {
    assertThat(of(PlanJson.of("cache").restart("redis-2"), CLUSTER)).contains(NOT_LOST);
    PlanJson leaves =
        PlanJson.of("cache")
            .restart("redis-2")
            .machine("redis-4", List.of("delete"), "c7i.xlarge", "c7i.xlarge");
    assertThat(of(leaves, accepting("node-removed"))).doesNotContain(NOT_LOST);
    PlanJson shrinks =
        PlanJson.of("cache").restart("redis-2").volume("redis-1", List.of("update"), 100, 50);
    assertThat(of(shrinks, accepting("disk-shrunk"))).doesNotContain(NOT_LOST);
  }

  @Test
  void what_terraform_forgets_is_not_called_destroyed() throws IOException {
    PlanJson plan = PlanJson.of("cache");
    for (String node :
        List.of("redis-1", "redis-2", "redis-3", "sentinel-1", "sentinel-2", "sentinel-3")) {
      plan.machine(node, List.of("no-op"), "c7i.xlarge", "c7i.xlarge")
          .edit(
              "aws_instance." + node,
              change -> {
                change.putArray("actions").add("forget");
                change.putNull("after");
              });
    }
    assertThat(plan.review(CLUSTER).findings())
        .extracting(Finding::message)
        .contains("Terraform forgets every node")
        .noneMatch(message -> message.contains("destroyed"));
  }

  @Test
  void what_the_file_warns_of_is_in_every_report() throws IOException {
    Review review =
        PlanJson.of("cache")
            .review(CLUSTER)
            .withWarnings(List.of("unequal-memory: replicas hold less than the master"));
    String warning = "the file warns: unequal-memory: replicas hold less than the master";
    assertThat(Summary.of(review)).contains(warning);
    assertThat(MarkdownReport.of(review)).contains(warning);
    assertThat(HtmlReport.of(review)).contains(warning);
    assertThat(PlanJson.read(JsonReport.of(review)).at("/warnings/0").asText())
        .startsWith("unequal-memory: ");
  }
}
