package stacks.monitoring;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import stacks.cluster.Cluster;
import stacks.testing.Environments;
import stacks.testing.Golden;

class MonitoringTest {
  private final Cluster production = Environments.cluster("production");
  private final Map<String, String> files = Monitoring.files(production);

  /** Rules, alerts and the example for Alertmanager are resources, and the same as those. */
  @Test
  void what_is_made_of_the_environment_file_is_as_before() throws Exception {
    for (Map.Entry<String, String> file : files.entrySet()) {
      if (!file.getKey().matches("alert.*|rules/rediform.yml")) {
        Golden.check("monitoring/" + file.getKey(), file.getValue());
      }
    }
  }

  @Test
  void the_same_file_gives_the_same_bytes() {
    assertThat(Monitoring.files(Environments.cluster("production"))).isEqualTo(files);
  }

  @Test
  void a_local_cluster_has_no_targets_and_no_ec2() {
    Map<String, String> local = Monitoring.files(Environments.cluster("local"));
    assertThat(local).doesNotContainKey("prometheus-ec2.yml");
    assertThat(local.get("targets/local-redis.json")).isEqualToIgnoringWhitespace("[ ]");
    assertThat(local.get("README.md")).contains("--run").doesNotContain("EC2", "{{");
  }

  @Test
  void what_the_file_sets_is_what_the_alerts_compare_with() {
    String rules =
        Monitoring.rules(
                Environments.cluster(
                    "x",
                    """
                    platform: local
                    replicas: {count: 4}
                    sentinels: {count: 5, quorum: 2, downAfter: 9s}
                    redis: {config: {maxclients: 500, min-replicas-to-write: 2}}
                    """),
                Pace.NORMAL)
            .get("rules/x.yml")
            .replaceAll("\\s+", " ");
    assertThat(rules)
        .contains("rediform:replicas expr: vector(4)", "rediform:sentinels expr: vector(5)")
        .contains("rediform:majority expr: vector(3)", "rediform:maxclients expr: vector(500)")
        .contains("min_replicas_to_write expr: vector(2)", "max_lag_seconds expr: vector(7)");
  }

  @Test
  void the_page_names_every_alert() throws Exception {
    String page = Files.readString(Path.of("docs/monitoring.md"));
    for (String alert : AlertRulesTest.alerts()) {
      assertThat(page).contains("| `" + alert + "` |");
    }
  }
}
