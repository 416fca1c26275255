package stacks.operate;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import stacks.cluster.Cluster;
import stacks.testing.Environments;
import stacks.testing.Golden;
import stacks.testing.PythonTests;

/** What the agent reports, in files that it holds as well ({@code test_health.py}). */
class HealthContractTest {
  private static final Path FOLDER = Path.of("src/test/resources/contract/health");

  /** Every key of a report, and whether anything here reads it or it is for a person alone. */
  private static final Set<String> KEYS =
      Set.of(
          "node",
          "kind",
          "fit",
          "state",
          "reason",
          "role",
          "loading",
          "offset",
          "usedMemory",
          "maxmemory",
          "settings",
          "refusedSettings",
          "notes",
          "master",
          "link",
          "lagSeconds",
          "syncing",
          "replicas",
          "refusesWrites",
          "flags",
          "knows",
          "sentinels",
          "seenReplicas",
          "seenSentinels",
          "refused",
          "unit");

  @Test
  void the_agent_reports_every_state_as_the_files_say() throws Exception {
    PythonTests.pass("test_health.py", Map.of());
  }

  @Test
  void every_report_is_understood() throws Exception {
    Cluster cluster = Environments.cluster("contract", "platform: aws\n");
    StringBuilder understood = new StringBuilder();
    for (Path file : files()) {
      Cluster one =
          cluster.only(
              Set.of(
                  file.getFileName().toString().startsWith("sentinel") ? "sentinel-1" : "redis-1"));
      Agents agents = new Agents((node, words) -> List.of("cat", file.toString()));
      ClusterStatus status = new AgentLook(agents).at(one);
      understood.append("%s:%n".formatted(file.getFileName()));
      Stream.concat(status.redis().stream(), status.sentinels().stream())
          .forEach(node -> understood.append("  %s%n".formatted(node)));
    }
    Golden.check("health.txt", understood.toString());
  }

  @Test
  void no_report_has_a_key_that_nobody_knows() throws Exception {
    Set<String> keys = new TreeSet<>();
    for (Path file : files()) {
      JsonNode report = new ObjectMapper().readTree(file.toFile());
      report.fieldNames().forEachRemaining(keys::add);
    }
    assertThat(KEYS).containsAll(keys);
  }

  private static List<Path> files() throws Exception {
    try (Stream<Path> files = Files.list(FOLDER)) {
      return files.sorted().toList();
    }
  }
}
