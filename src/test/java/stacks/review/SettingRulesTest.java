package stacks.review;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import stacks.cluster.Cluster;
import stacks.review.report.HtmlReport;
import stacks.review.report.JsonReport;
import stacks.review.report.MarkdownReport;
import stacks.review.report.SarifReport;
import stacks.testing.Environments;

/** A setting is a danger in one direction, and none in the other; its values are shown. */
class SettingRulesTest {
  private static final Cluster CLUSTER =
      Environments.cluster("cache", "platform: aws\naws: {region: eu-central-1}\n");

  private static String document(String part, String name, String value) {
    ObjectNode document = PlanJson.contents();
    if (value != null) {
      document.withObject(part).put(name, value);
    }
    return document.toString();
  }

  private static Review becomes(String part, String name, String before, String after)
      throws IOException {
    return PlanJson.of("cache")
        .document("redis-2", document(part, name, before), document(part, name, after))
        .review(CLUSTER);
  }

  @ParameterizedTest
  @CsvSource(
      nullValues = "-",
      value = {
        "appendonly, yes, no, persistence-off",
        "appendonly, yes, -, persistence-off",
        "appendonly, YES, No, persistence-off",
        "appendonly, no, yes, -",
        "appendfsync, always, everysec, loss-bound-lowered",
        "appendfsync, everysec, no, loss-bound-lowered",
        "appendfsync, everysec, x, loss-bound-lowered",
        "appendfsync, -, everysec, -",
        "appendfsync, no, always, -",
        "no-appendfsync-on-rewrite, -, yes, loss-bound-lowered",
        "no-appendfsync-on-rewrite, yes, no, -",
        "min-replicas-to-write, 1, 0, loss-bound-lowered",
        "min-replicas-to-write, 1, -, loss-bound-lowered",
        "min-replicas-to-write, 1, x, loss-bound-lowered",
        "min-replicas-to-write, 1, 2, -",
        "min-replicas-max-lag, 3, 4, loss-bound-lowered",
        "min-replicas-max-lag, 3, 0, loss-bound-lowered",
        "min-replicas-max-lag, 3, -, loss-bound-lowered",
        "min-replicas-max-lag, 3, 2, -",
        "min-replicas-max-lag, 0, 10, -",
        "maxmemory-policy, noeviction, allkeys-lru, eviction-changes",
        "maxmemory-policy, allkeys-lru, noeviction, eviction-changes",
        "maxmemory-policy, -, noeviction, -",
        "maxclients, 10000, 9999, clients-locked-out",
        "maxclients, -, 100, clients-locked-out",
        "maxclients, 100, -, -",
        "maxclients, 100, 200, -",
        "timeout, 0, 10, clients-locked-out",
        "timeout, 20, 10, clients-locked-out",
        "timeout, 10, 20, -",
        "timeout, 10, 0, -",
        "maxmemory-clients, -, 5%, clients-locked-out",
        "maxmemory-clients, 5%, 0, -",
        "hz, 10, 20, -",
      })
  void only_one_direction_is_a_danger(String name, String before, String after, String rule)
      throws IOException {
    for (String part : List.of("/live", "/startup/directives")) {
      assertThat(PlanJson.findings(becomes(part, name, before, after)))
          .isEqualTo(rule == null ? List.of() : List.of(rule + " shared"));
    }
  }

  @Test
  void a_value_is_shown_before_and_after() throws IOException {
    Review review = becomes("/live", "maxclients", null, "100");
    assertThat(review.nodes().get(0).details())
        .isEqualTo("changes maxclients (default becomes 100)");
    assertThat(review.findings().get(0).message()).isEqualTo("maxclients default becomes 100");
    assertThat(PlanJson.read(JsonReport.of(review)).at("/nodes/0/values/0"))
        .isEqualTo(
            PlanJson.read(
                "{\"name\": \"maxclients\", \"before\": \"default\", \"after\": \"100\"}"));
    assertThat(MarkdownReport.of(review)).contains("maxclients (default becomes 100)");
  }

  @Test
  void what_is_set_while_it_runs_wins() throws IOException {
    ObjectNode before = PlanJson.contents();
    before.withObject("/startup/directives").put("min-replicas-to-write", "1");
    ObjectNode after = before.deepCopy();
    after.withObject("/live").put("min-replicas-to-write", "0");
    Review review =
        PlanJson.of("cache")
            .document("redis-2", before.toString(), after.toString())
            .review(CLUSTER);
    assertThat(PlanJson.findings(review)).containsExactly("loss-bound-lowered shared");
  }

  @ParameterizedTest
  @CsvSource({
    "requirepass, old-canary, new-canary",
    "masterauth, old-canary, new-canary",
    "tls-key-file-pass, old-canary, new-canary",
    "proc-title-template, AKIA0123456789CANARY, x",
    "frobnicate, old-canary, new-canary"
  })
  void a_secret_is_never_shown_nor_what_nobody_knows(String name, String before, String after)
      throws IOException {
    Review review = becomes("/startup/directives", name, before, after);
    assertThat(review.nodes().get(0).details()).contains(name);
    for (String report :
        List.of(
            JsonReport.of(review),
            MarkdownReport.of(review),
            HtmlReport.of(review),
            SarifReport.of(review))) {
      assertThat(report).doesNotContain("canary", "CANARY");
    }
  }

  @Test
  void a_cluster_that_is_only_made_has_no_direction() throws IOException {
    String off = document("/live", "appendonly", "no");
    Review review =
        PlanJson.of("cache")
            .machine("redis-2", List.of("create"), "", "c7i.xlarge")
            .object("redis-2", List.of("create"), off, off)
            .review(CLUSTER);
    assertThat(PlanJson.findings(review)).noneMatch(found -> found.startsWith("persistence-off"));
  }
}
