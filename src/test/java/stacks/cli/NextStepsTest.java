package stacks.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import stacks.cluster.Cluster;
import stacks.operate.Agents;
import stacks.operate.ClusterStatus;
import stacks.operate.Look;
import stacks.testing.Environments;

/** Whatever a node reports, there is a command for it, and a case in the runbook. */
class NextStepsTest {
  private static final Path REPORTS = Path.of("src/test/resources/contract/health");

  private static final Cluster CLUSTER = Environments.cluster("contract", "platform: aws\n");

  /** What a look at one node alone finds, by the file with its agent's report. */
  private static ClusterStatus status(Path report) {
    String name = report.getFileName().toString().startsWith("sentinel") ? "sentinel-1" : "redis-1";
    Agents agents = new Agents((node, words) -> List.of("cat", report.toString()));
    return Look.briefly(agents).at(CLUSTER.only(Set.of(name)));
  }

  private static List<NextSteps.Step> steps(ClusterStatus status) {
    return NextSteps.of(CLUSTER, status, List.of());
  }

  private static Set<String> anchors() throws Exception {
    return Files.readString(Path.of("docs/runbook.md"))
        .lines()
        .filter(line -> line.startsWith("## "))
        .map(line -> line.substring(3).toLowerCase(java.util.Locale.ROOT))
        .map(line -> line.replaceAll("[^\\w\\- ]", "").replace(' ', '-'))
        .collect(Collectors.toSet());
  }

  @Test
  void every_problem_that_an_agent_reports_has_a_step_with_a_case_that_is_there() throws Exception {
    List<Path> files = new ArrayList<>();
    try (Stream<Path> all = Files.list(REPORTS)) {
      all.sorted().forEach(files::add);
    }
    Set<String> anchors = anchors();
    for (Path file : files) {
      ClusterStatus status = status(file);
      List<NextSteps.Step> steps = steps(status);
      long problems = status.nodes().filter(node -> node.problem().isPresent()).count();
      assertThat(steps).as(file.toString()).hasSizeGreaterThanOrEqualTo((int) problems);
      for (NextSteps.Step step : steps) {
        assertThat(step.runbook()).as(step.problem()).startsWith("docs/runbook.md#");
        assertThat(anchors).contains(step.runbook().substring("docs/runbook.md#".length()));
        assertThat(step.command()).doesNotContain("{", "}");
      }
    }
  }

  @Test
  void what_is_found_has_its_own_case() throws Exception {
    Map<String, String> cases =
        Map.of(
            "aof-failed", "redis-1: sudo rediform-node failover   the-disk-is-full",
            "master-alone", "./rediform deploy contract   two-data-nodes-are-lost",
            "replica-syncing", "redis-1: sudo rediform-node health   replication-is-broken",
            "sentinel-without-quorum", "./rediform deploy contract   two-sentinels-are-lost",
            "sentinel-master-down", "./rediform deploy contract   the-master-is-lost",
            "down-without-passwords", "./rediform deploy contract   the-secret-cannot-be-read",
            "bgsave-failed-noted", "redis-1: sudo rediform-node health   notes-in-status");
    cases.forEach(
        (file, step) ->
            assertThat(steps(status(REPORTS.resolve(file + ".json"))))
                .as(file)
                .extracting(it -> it.command() + "   " + it.runbook().split("#")[1])
                .contains(step));
  }
}
