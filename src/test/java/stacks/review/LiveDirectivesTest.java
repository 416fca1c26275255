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

  /** A directive of redis-2 that its document has, beside its memory. */
  private static Review live(String name, String before, String after) throws Exception {
    return plan(name, before, after).review(ON_AWS);
  }

  private static PlanJson plan(String name, String before, String after) {
    return PlanJson.of("cache").document("redis-2", document(name, before), document(name, after));
  }

  private static String document(String name, String value) {
    ObjectNode contents = PlanJson.contents();
    contents.withObject("/live").put("maxmemory", "6gb");
    if (!value.isEmpty()) {
      contents.withObject("/live").put(name, value);
    }
    return contents.toString();
  }

  @Test
  void a_directive_that_is_live_changes_while_the_node_runs() throws Exception {
    Review review = live("maxmemory", "5gb", "6gb");
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
    assertThat(live("hz", "", "20").nodes().get(0).settings()).containsExactly("hz");
    assertThat(live("hz", "20", "").nodes().get(0).settings()).containsExactly("hz");
  }

  @Test
  void less_maxmemory_is_found_in_a_document() throws Exception {
    assertThat(PlanJson.findings(live("maxmemory", "6gb", "5gb")))
        .containsExactly("memory-below-use redis-2", "unequal-memory shared");
  }

  @Test
  void a_document_that_is_hidden_is_not_called_harmless() throws Exception {
    for (String side : List.of("before", "after")) {
      Review review =
          plan("maxmemory", "6gb", "1gb")
              .edit(
                  "aws_s3_object.redis-2-document",
                  change -> change.withObject("/" + side + "_sensitive").put("content", true))
              .review(ON_AWS);
      assertThat(review.nodes().get(0).effect()).isEqualTo(Effect.NOT_UNDERSTOOD);
      assertThat(review.nodes().get(0).details()).endsWith("changes its document");
      assertThat(PlanJson.findings(review))
          .contains("unknown-change aws_s3_object.redis-2-document", "memory-below-use redis-2");
    }
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
          .isEqualTo(Effect.SERVER_RESTART);
    }
    assertThat(here(List.of("a", "1"), List.of("a", "1", "maxmemory 5gb")).nodes().get(0).effect())
        .as("it did not know them before")
        .isEqualTo(Effect.SERVER_RESTART);
  }

  @Test
  void on_this_machine_a_document_may_say_more_than_that() throws Exception {
    Review review =
        here(List.of("a", "1", "maxmemory 5gb", "x"), List.of("a", "1", "maxmemory 5gb", "y"));
    assertThat(review.nodes().get(0).effect()).isEqualTo(Effect.LIVE_SETTING);
    assertThat(review.nodes().get(0).settings()).containsExactly("what is not read at the start");
    assertThat(
            here(List.of("a", "1", "maxmemory 5gb"), List.of("a", "1", "maxmemory 5gb", "y"))
                .nodes()
                .get(0)
                .effect())
        .as("it had no document before")
        .isEqualTo(Effect.SERVER_RESTART);
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
        .containsExactly("redis-1 server-restart", "redis-4 new-node");
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
    assertThat(tainted.review(HERE).nodes().get(0).effect()).isEqualTo(Effect.SERVER_RESTART);
  }
}
