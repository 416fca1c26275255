package stacks.review;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import org.junit.jupiter.api.Test;
import stacks.cluster.Cluster;
import stacks.platform.Effect;
import stacks.testing.Environments;

/** Settings that a node takes while it runs are no restart, wherever they stand. */
class LiveDirectivesTest {
  private static final Cluster ON_AWS =
      Environments.cluster("cache", "platform: aws\naws: {region: eu-central-1}\n");
  private static final Cluster HERE = Environments.cluster("cache", "platform: local\n");

  private static Review tags(String name, String before, String after) throws Exception {
    return machine(name, before, after).review(ON_AWS);
  }

  private static PlanJson machine(String name, String before, String after) {
    return PlanJson.of("cache")
        .machine("redis-2", List.of("update"), "c7i.xlarge", "c7i.xlarge")
        .edit(
            "aws_instance.redis-2",
            change -> {
              put((ObjectNode) change.path("before"), name, before);
              put((ObjectNode) change.path("after"), name, after);
            });
  }

  private static void put(ObjectNode side, String name, String value) {
    if (!value.isEmpty()) {
      side.withObject("/tags_all").put(name, value);
      side.withObject("/tags").put(name, value);
    }
  }

  @Test
  void a_tag_that_is_a_setting_changes_while_the_node_runs() throws Exception {
    Review review = tags("redis.maxmemory", "5gb", "6gb");
    NodeReview node = review.nodes().get(0);
    assertThat(node.effect()).isEqualTo(Effect.LIVE_SETTING);
    assertThat(node.restarts()).isFalse();
    assertThat(node.sizes()).containsExactly("maxmemory 5gb becomes 6gb");
    assertThat(node.settings()).as("said as a size").isEmpty();
    assertThat(review.costs().restarts()).isZero();
    assertThat(review.costs().mostMasterChanges()).isZero();
    assertThat(review.isSafe()).isTrue();
    assertThat(Summary.of(review))
        .contains(
            "redis-2 changes while it runs", "no node restarts for that, and writes do not pause");
  }

  @Test
  void a_setting_that_comes_or_goes_is_one_that_changes() throws Exception {
    assertThat(tags("redis.hz", "", "20").nodes().get(0).settings()).containsExactly("hz");
    assertThat(tags("redis.hz", "20", "").nodes().get(0).settings()).containsExactly("hz");
  }

  @Test
  void less_maxmemory_is_found_in_a_tag() throws Exception {
    assertThat(PlanJson.findings(tags("redis.maxmemory", "6gb", "5gb")))
        .containsExactly("memory-below-use redis-2", "unequal-memory shared");
  }

  @Test
  void another_tag_is_only_a_name() throws Exception {
    PlanJson plan = machine("Team", "red", "blue");
    for (String side : List.of("/before", "/after")) {
      plan.edit(
          "aws_instance.redis-2",
          change -> put((ObjectNode) change.at(side), "redis.maxmemory", "6gb"));
    }
    assertThat(plan.review(ON_AWS).nodes().get(0).effect()).isEqualTo(Effect.COSMETIC);
  }

  @Test
  void tags_that_are_hidden_are_not_called_names() throws Exception {
    PlanJson plan =
        machine("redis.maxmemory", "6gb", "1gb")
            .edit(
                "aws_instance.redis-2",
                change -> {
                  change.withObject("/before_sensitive").put("tags_all", true);
                  change.withObject("/after_sensitive").put("tags_all", true);
                });
    assertThat(plan.review(ON_AWS).nodes().get(0).effect()).isEqualTo(Effect.NOT_UNDERSTOOD);
  }

  private static Review here(List<String> before, List<String> after) throws Exception {
    return settings(before, after).review(HERE);
  }

  /** A plan that makes the settings of a node on this machine anew. */
  private static PlanJson settings(List<String> before, List<String> after) {
    return PlanJson.of("cache")
        .resource("terraform_data", "redis-2", List.of("no-op"), change -> {})
        .resource(
            "terraform_data",
            "redis-2-settings",
            List.of("delete", "create"),
            change -> {
              before.forEach(change.withObject("/before").withArray("triggers_replace")::add);
              after.forEach(change.withObject("/after").withArray("triggers_replace")::add);
            });
  }

  @Test
  void on_this_machine_they_stand_beside_what_is_a_restart() throws Exception {
    NodeReview live =
        here(List.of("a", "1", "maxmemory 5gb"), List.of("a", "1", "maxmemory 6gb")).nodes().get(0);
    assertThat(live.effect()).isEqualTo(Effect.LIVE_SETTING);
    assertThat(live.sizes()).containsExactly("maxmemory 5gb becomes 6gb");
    for (List<String> after :
        List.of(List.of("b", "1", "maxmemory 5gb"), List.of("a", "2", "maxmemory 5gb"))) {
      assertThat(here(List.of("a", "1", "maxmemory 5gb"), after).nodes().get(0).effect())
          .isEqualTo(Effect.ROLLING_RESTART);
    }
    assertThat(here(List.of("a", "1"), List.of("a", "1", "maxmemory 5gb")).nodes().get(0).effect())
        .as("it did not know them before")
        .isEqualTo(Effect.ROLLING_RESTART);
  }

  @Test
  void after_a_deploy_that_has_stopped_nodes_restart_that_had_not_had_their_turn()
      throws Exception {
    PlanJson plan =
        PlanJson.of("cache")
            .resource("terraform_data", "redis-1", List.of("no-op"), change -> {})
            .resource("terraform_data", "redis-1-settings", List.of("create"), change -> {})
            .resource("terraform_data", "redis-4", List.of("create"), change -> {})
            .resource("terraform_data", "redis-4-settings", List.of("create"), change -> {});
    List<NodeReview> nodes = plan.review(HERE).nodes();
    assertThat(nodes)
        .extracting(node -> node.name() + " " + node.effect())
        .containsExactly("redis-1 rolling-restart", "redis-4 new-node");
    List<String> live = List.of("a", "1", "maxmemory 5gb");
    PlanJson tainted =
        settings(live, live)
            .with(
                root ->
                    root.withArray("resource_changes")
                        .forEach(
                            resource -> {
                              if (resource.path("name").asText().equals("redis-2-settings")) {
                                ((ObjectNode) resource)
                                    .put("action_reason", "replace_because_tainted");
                              }
                            }));
    assertThat(tainted.review(HERE).nodes().get(0).effect()).isEqualTo(Effect.ROLLING_RESTART);
  }
}
