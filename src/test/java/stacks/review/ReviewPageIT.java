package stacks.review;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import stacks.cluster.Cluster;
import stacks.review.report.HtmlReport;
import stacks.testing.Browser;
import stacks.testing.Environments;

/** The page, in a real browser. Its pictures stay in {@code target/review-page}. */
class ReviewPageIT {
  private static final String FILE =
      """
      platform: aws
      aws: {region: eu-central-1}
      review: {requireApproval: [memory-below-use]}
      accepts: [{rule: access-narrowed, reason: The old office has moved out.}]
      """;

  /** A plan to look at, and a word that its page shows. */
  private record Case(String name, Review review, String verdict) {
    @Override
    public String toString() {
      return name;
    }
  }

  static Stream<Case> cases() throws Exception {
    Cluster cluster = Environments.cluster("cache", FILE);
    Cluster large =
        Environments.cluster("cache", FILE + "replicas: {count: 90}\nsentinels: {count: 5}\n");
    return Stream.of(
        new Case("nothing", PlanJson.of("cache").review(cluster), "go"),
        new Case(
            "restarts",
            PlanJson.of("cache")
                .restart("redis-1")
                .restart("redis-2")
                .restart("redis-3")
                .machine("sentinel-4", List.of("delete"), "t3.micro", "")
                .review(cluster),
            "go"),
        new Case(
            "blocked",
            PlanJson.of("cache")
                .restart("redis-2")
                .volume("redis-1", List.of("update"), 100, 50)
                .machine("redis-3", List.of("delete", "create"), "c7i.xlarge", "c7i.xlarge")
                .resource("aws_thing", "<b>&\u202e`x`", List.of("create"), change -> {})
                .review(cluster),
            "blocked"),
        new Case("many", of(large).restart("redis-2").review(large), "go"));
  }

  /** A plan in which nothing changes. */
  private static PlanJson of(Cluster cluster) {
    PlanJson plan = PlanJson.of("cache");
    cluster
        .nodes()
        .forEach(node -> plan.machine(node.name(), List.of("no-op"), "c7i.xlarge", "c7i.xlarge"));
    return plan;
  }

  @ParameterizedTest
  @MethodSource("cases")
  void page_is_for_everybody_and_needs_nothing_else(Case each) throws Exception {
    Browser.assumePossible();
    Path folder = Files.createDirectories(Path.of("target/review-page", each.name()));
    Path page = Files.writeString(folder.resolve("page.html"), HtmlReport.of(each.review()));
    assertThat(Files.readString(page)).contains(": " + each.verdict() + "</title>");
    Browser.assertForEverybody(page);
  }
}
