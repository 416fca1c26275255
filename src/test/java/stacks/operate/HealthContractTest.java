package stacks.operate;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
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
          "unit",
          "document",
          "refusedDocument",
          "looked",
          "redisVersion",
          "upSeconds",
          "opsPerSecond",
          "keyspaceHits",
          "keyspaceMisses",
          "clients",
          "maxclients",
          "configEpoch",
          "masterSeconds",
          "backup");

  @TestFactory
  List<DynamicTest> the_agent_reports_every_state_as_the_files_say() throws Exception {
    return PythonTests.of("test_health.py", Map.of());
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
      ClusterStatus status = new AgentLook(agents, false).at(one);
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

  /** Whatever the server does, and with what a later release or an older one says. */
  @Test
  void what_an_agent_says_of_documents_is_read_in_every_state() {
    String rest = ", \"reason\": \"x\", \"fit\": false, \"later\": [1]}";
    for (String state :
        List.of(
            "{\"state\": \"down\"",
            "{\"state\": \"loading\"",
            "{\"role\": \"master\", \"master\": \"10.0.0.1:6379\"")) {
      Delivery all =
          new Delivery(
              Optional.of("a"),
              Optional.of(new Delivery.Reason("b", "its check failed")),
              Optional.of(new Delivery.Reason("-", "no tag")));
      assertThat(
              deliveries(
                  state
                      + ", \"document\": \"a\", \"refusedDocument\": {\"document\": \"b\", \"reason\": \"its check failed\"}"
                      + ", \"looked\": {\"document\": \"-\", \"reason\": \"no tag\"}"
                      + rest))
          .containsOnly(all);
      assertThat(deliveries(state + rest)).containsOnly(Delivery.UNKNOWN);
      assertThat(
              deliveries(
                  state
                      + ", \"document\": null, \"refusedDocument\": null, \"looked\": {\"document\": \"c\", \"reason\": \"\"}"
                      + rest))
          .containsOnly(Delivery.UNKNOWN);
    }
  }

  /** Of a data node and a Sentinel that both answer the same. */
  private static List<Delivery> deliveries(String report) {
    return look("echo '" + report + "'; exit 1").nodes().map(NodeState::delivery).toList();
  }

  private static ClusterStatus look(String script) {
    Cluster cluster = Environments.cluster("contract", "platform: aws\n");
    Agents agents = new Agents((node, words) -> List.of("sh", "-c", script));
    return new AgentLook(agents, false).at(cluster.only(Set.of("redis-1", "sentinel-1")));
  }

  @Test
  void a_machine_that_has_no_agent_yet_has_answered_and_says_why() {
    String words = "this machine has no agent yet: AccessDenied";
    for (String script :
        List.of(
            "echo motd >&2; echo 'rediform-bootstrap: " + words + "' >&2; exit 3",
            "echo 'rediform-bootstrap: " + words + "'; exit 3")) {
      assertThat(look(script).nodes())
          .allMatch(NodeState::reached)
          .noneMatch(NodeState::down)
          .extracting(NodeState::problem)
          .containsOnly(Optional.of("has no agent yet: AccessDenied"));
    }
    assertThat(look("echo 'no passwords' >&2; exit 3").nodes())
        .noneMatch(NodeState::reached)
        .extracting(NodeState::problem)
        .containsOnly(Optional.of("cannot be reached: no passwords"));
  }

  @Test
  void what_is_no_report_is_no_answer_of_an_agent() {
    for (String said : List.of("Welcome", "5", "")) {
      assertThat(look("echo '" + said + "'").nodes())
          .noneMatch(NodeState::reached)
          .extracting(NodeState::problem)
          .containsOnly(Optional.of("cannot be reached: " + said));
    }
  }
}
