package stacks.review;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import stacks.cluster.Cluster;
import stacks.platform.Effect;
import stacks.testing.Environments;

/** What another document means for its node, and what keeps a node from its document. */
class DeliveryRulesTest {
  private static final Cluster CLUSTER =
      Environments.cluster(
          "cache",
          "platform: aws\naws: {region: eu-central-1}\nmaster: {memory: 8GB, maxmemory: 6gb}\n");

  private static final String MACHINE = "aws_instance.redis-2";
  private static final String OBJECT = "aws_s3_object.redis-2-document";
  private static final List<String> AGAIN = List.of("delete", "create");

  private static String with(Consumer<ObjectNode> edit) {
    ObjectNode contents = PlanJson.contents();
    edit.accept(contents);
    return contents.toString();
  }

  private static void directive(ObjectNode document, String name, String value) {
    document.withObject("/startup/directives").put(name, value);
  }

  private static final String PLAIN = with(document -> {});
  private static final String RESTARTED = with(document -> directive(document, "databases", "20"));

  private static Review review(PlanJson plan) throws IOException {
    return plan.review(CLUSTER);
  }

  private static List<String> findings(PlanJson plan) throws IOException {
    return PlanJson.findings(review(plan));
  }

  private static PlanJson becomes(String after) {
    return PlanJson.of("cache").document("redis-2", PLAIN, after);
  }

  private static PlanJson withoutGate(PlanJson plan) {
    return plan.resource("terraform_data", "redis-2-gate", List.of("no-op"), change -> {});
  }

  @Test
  void what_is_read_at_the_start_restarts_the_server_and_not_its_machine() throws IOException {
    Review review = review(becomes(RESTARTED));
    NodeReview node = review.nodes().get(0);
    assertThat(node.effect()).isEqualTo(Effect.SERVER_RESTART);
    assertThat(node.restarts()).isTrue();
    assertThat(node.machineRestarts()).isFalse();
    assertThat(node.details()).isEqualTo("changes databases (16 becomes 20)");
    assertThat(review.isSafe()).isTrue();
    assertThat(Summary.of(review))
        .containsExactly(
            "redis-2 restarts its server, and its machine stays",
            "writes pause once, or not at all, about 1.2 s each time (measured:"
                + " docs/evidence/rolling.md)",
            "one copy of all data between nodes, up to maxmemory each, 6gb in all",
            "nothing is lost");
  }

  @Test
  void a_machine_that_stops_takes_its_server_with_it() throws IOException {
    PlanJson plan =
        becomes(RESTARTED)
            .edit(
                MACHINE,
                change -> ((ObjectNode) change.get("after")).put("instance_type", "c7i.2xlarge"));
    NodeReview node = review(plan).nodes().get(0);
    assertThat(node.effect()).isEqualTo(Effect.ROLLING_RESTART);
    assertThat(node.machineRestarts()).isTrue();
    assertThat(review(plan).costs().restarts()).isOne();
  }

  @Test
  void a_new_release_is_tried_and_restarts_nothing() throws IOException {
    byte[] program = "another program".getBytes(StandardCharsets.UTF_8);
    String next = with(document -> document.put("agent", stacks.node.Checksum.of(program)));
    PlanJson plan = PlanJson.of("cache").program(List.of("update"), PlanJson.PROGRAM, program);
    CLUSTER.nodes().forEach(node -> plan.document(node.name(), PLAIN, next));
    Review review = review(plan);
    assertThat(review.nodes()).hasSize(6);
    assertThat(review.nodes())
        .allSatisfy(
            node -> {
              assertThat(node.effect()).isEqualTo(Effect.LIVE_SETTING);
              assertThat(node.details()).isEqualTo("new release of rediform");
            });
    assertThat(review.isSafe()).isTrue();
    assertThat(Summary.of(review))
        .containsExactly(
            "6 nodes change while they run",
            "6 nodes try a new release of rediform, and take it back if it does not serve",
            "no node restarts for that, and writes do not pause");
  }

  @ParameterizedTest
  @CsvSource({
    "/allow, changes firewall",
    "/machine/keys, changes the operators' keys",
    "/machine/disk, changes the size of its volume",
    "/machine/secret, changes where its passwords are"
  })
  void what_no_server_reads_changes_while_it_runs(String place, String details) throws IOException {
    Review review = review(becomes(with(document -> changed(document, place))));
    assertThat(review.nodes().get(0).effect()).isEqualTo(Effect.LIVE_SETTING);
    assertThat(review.nodes().get(0).details()).isEqualTo(details);
    assertThat(review.isSafe()).isTrue();
  }

  private static void changed(ObjectNode document, String place) {
    if (document.at(place).isArray()) {
      document.withArray(place).add("another");
    } else {
      int end = place.lastIndexOf('/');
      document.withObject(place.substring(0, end)).put(place.substring(end + 1), "another");
    }
  }

  @Test
  void a_node_takes_no_document_without_its_gate() throws IOException {
    Review restart = review(withoutGate(becomes(RESTARTED)));
    assertThat(PlanJson.findings(restart)).containsExactly("gate-removed redis-2");
    assertThat(restart.findings().get(0).message())
        .isEqualTo("restarts, and its gate does not run");
    assertThat(restart.ungated()).containsExactly("redis-2");
    Review live = review(withoutGate(becomes(with(document -> changed(document, "/allow")))));
    assertThat(PlanJson.findings(live)).containsExactly("gate-removed redis-2");
    assertThat(live.findings().get(0).message())
        .isEqualTo("gets another document, and its gate does not run");
    assertThat(live.ungated()).containsExactly("redis-2");
  }

  @Test
  void servers_that_restart_at_once_are_nodes_that_are_away_at_once() throws IOException {
    PlanJson plan = PlanJson.of("cache");
    for (String node : List.of("redis-2", "redis-3", "sentinel-1", "sentinel-2")) {
      plan.document(node, PLAIN, RESTARTED)
          .resource("terraform_data", node + "-gate", List.of("no-op"), change -> {});
    }
    assertThat(findings(plan))
        .contains("more-than-one-data-node-down shared", "quorum-lost shared");
  }

  @Test
  void the_first_document_of_a_machine_comes_with_a_restart_of_it() throws IOException {
    PlanJson plan = PlanJson.of("cache");
    for (String node : List.of("redis-2", "redis-3")) {
      plan.restart(node)
          .object(node, List.of("create"), "", PLAIN)
          .edit(
              "aws_instance." + node,
              change -> {
                ObjectNode before = (ObjectNode) change.get("before");
                ((ObjectNode) before.get("tags_all")).remove("rediform.document");
                before.put(
                    "user_data_base64",
                    EditedPlans.pack(
                        "write_files:\n- path: /etc/rediform/redis.conf\n   databases 16\n"));
                ObjectNode after = (ObjectNode) change.get("after");
                after.put("instance_type", "c7i.xlarge");
                after.put(
                    "user_data_base64",
                    EditedPlans.pack(
                        "write_files:\n- path: /etc/rediform/bootstrap.json\n   {}\n"));
              });
    }
    Review review = review(plan);
    assertThat(PlanJson.findings(review)).isEmpty();
    assertThat(review.nodes())
        .hasSize(2)
        .allSatisfy(
            node -> {
              assertThat(node.effect()).isEqualTo(Effect.ROLLING_RESTART);
              assertThat(node.details()).isEqualTo("new release of rediform");
            });
    assertThat(Summary.of(review)).contains("redis-3, redis-2 restart, one after the other");
  }

  @Test
  void what_a_node_runs_is_not_what_the_bucket_has_after_a_deploy_that_has_ended_before()
      throws IOException {
    PlanJson plan =
        PlanJson.of("cache")
            .machine("redis-2", List.of("update"), "c7i.xlarge", "c7i.xlarge")
            .object("redis-2", List.of("no-op"), RESTARTED, RESTARTED)
            .edit(MACHINE, change -> PlanJson.tag((ObjectNode) change.get("before"), PLAIN))
            .resource("terraform_data", "redis-2-gate", AGAIN, change -> {});
    Review review = review(plan);
    assertThat(PlanJson.findings(review)).isEmpty();
    assertThat(review.nodes().get(0).effect()).isEqualTo(Effect.SERVER_RESTART);
    assertThat(review.nodes().get(0).details()).isEqualTo("changes all that its document says");
    assertThat(findings(withoutGate(plan))).containsExactly("gate-removed redis-2");
  }

  /** One plan that does not fit, and what is said of it. */
  private record Misfit(String place, String message, Consumer<PlanJson> edit) {
    @Override
    public String toString() {
      return message;
    }
  }

  static Stream<Misfit> misfits() {
    return Stream.of(
        new Misfit(
            "redis-2",
            "its machine's tag names another document than the bucket has",
            plan ->
                plan.edit(
                    OBJECT,
                    change ->
                        ((ObjectNode) change.get("after"))
                            .put("content", with(d -> directive(d, "databases", "20"))))),
        new Misfit(
            "redis-2",
            "nobody can see which document it gets",
            plan ->
                plan.edit(
                    MACHINE,
                    change ->
                        ((ObjectNode) change.at("/after/tags_all")).remove("rediform.document"))),
        new Misfit(
            "redis-2",
            "nobody can see which document it gets",
            plan ->
                plan.edit(
                    OBJECT,
                    change -> {
                      ((ObjectNode) change.get("after")).remove("content");
                      change.withObject("/after_unknown").put("content", true);
                    })),
        new Misfit(
            "redis-2",
            "nobody can see which document it gets",
            plan -> plan.edit(OBJECT, change -> change.put("after_sensitive", true))),
        new Misfit(
            "redis-2",
            "has no document in this plan",
            plan ->
                plan.with(
                    root ->
                        root.withArray("resource_changes")
                            .forEach(
                                resource -> {
                                  if (resource.path("address").asText().equals(OBJECT)) {
                                    ((ObjectNode) resource).put("address", OBJECT + "[0]");
                                  }
                                }))),
        new Misfit(
            "redis-2",
            "its document names another program than the bucket has",
            plan -> {
              String other = with(document -> document.put("agent", "b"));
              plan.object("redis-2", List.of("no-op"), other, other);
            }),
        new Misfit(
            "redis-2",
            "its document names another program than the bucket has",
            plan -> {
              String none = with(document -> document.remove("agent"));
              plan.object("redis-2", List.of("no-op"), none, none);
            }),
        new Misfit(
            "redis-2",
            "its document names another program than the bucket has",
            plan -> plan.object("redis-2", List.of("no-op"), "{", "{")),
        new Misfit(
            "aws_s3_object.program",
            "nobody can see which program nodes get",
            plan ->
                plan.edit("aws_s3_object.program", change -> change.put("after_sensitive", true))),
        new Misfit(
            "aws_s3_object.program",
            "nobody can see which program nodes get",
            plan ->
                plan.edit(
                    "aws_s3_object.program",
                    change -> ((ObjectNode) change.get("after")).put("content_base64", "%"))));
  }

  @ParameterizedTest
  @MethodSource("misfits")
  void what_does_not_fit_each_other_blocks(Misfit misfit) throws IOException {
    PlanJson plan = PlanJson.of("cache");
    misfit.edit().accept(plan);
    Review review = review(plan);
    assertThat(review.verdict()).isEqualTo(Verdict.BLOCKED);
    assertThat(review.findings())
        .filteredOn(finding -> finding.rule().id().equals("document-mismatch"))
        .singleElement()
        .satisfies(
            finding -> {
              assertThat(finding.place()).isEqualTo(misfit.place());
              assertThat(finding.message()).isEqualTo(misfit.message());
            });
  }

  @Test
  void another_program_alone_fits_no_document() throws IOException {
    PlanJson plan =
        PlanJson.of("cache").program(List.of("update"), PlanJson.PROGRAM, new byte[] {1});
    assertThat(findings(plan))
        .hasSize(6)
        .allMatch(finding -> finding.startsWith("document-mismatch "));
  }

  @Test
  void a_node_that_is_made_or_goes_brings_or_takes_its_document() throws IOException {
    PlanJson more =
        PlanJson.of("cache")
            .machine("redis-4", List.of("create"), "", "c7i.xlarge")
            .resource("terraform_data", "redis-4-gate", List.of("create"), change -> {});
    Cluster four =
        Environments.cluster(
            "cache",
            "platform: aws\naws: {region: eu-central-1}\nmaster: {memory: 8GB, maxmemory: 6gb}\n"
                + "replicas: {count: 3}\n");
    assertThat(PlanJson.findings(more.review(four))).isEmpty();
    assertThat(more.review(four).nodes().get(0).effect()).isEqualTo(Effect.NEW_NODE);
    PlanJson fewer = PlanJson.of("cache").machine("redis-9", List.of("delete"), "c7i.xlarge", "");
    assertThat(findings(fewer)).containsExactly("node-removed aws_instance.redis-9");
  }

  @Test
  void a_document_that_goes_while_its_machine_stays_is_missed() throws IOException {
    for (List<String> actions : List.of(List.of("delete"), AGAIN)) {
      PlanJson plan =
          PlanJson.of("cache").resource("aws_s3_object", "redis-2-document", actions, c -> {});
      Review review = review(plan);
      assertThat(PlanJson.findings(review))
          .contains("part-destroyed " + OBJECT, "document-mismatch redis-2");
      assertThat(review.findings())
          .filteredOn(finding -> finding.place().equals(OBJECT))
          .extracting(Finding::message)
          .containsExactly("a new machine finds no document, and does not start its server");
    }
    assertThat(
            findings(
                PlanJson.of("cache").program(List.of("delete"), PlanJson.PROGRAM, new byte[0])))
        .contains(
            "part-destroyed aws_s3_object.program", "document-mismatch aws_s3_object.program");
  }

  @Test
  void a_secret_in_a_document_is_seen() throws IOException {
    String leak = with(document -> directive(document, "requirepass", "hunter2"));
    assertThat(findings(becomes(leak))).containsExactly("secret-in-plan " + OBJECT);
  }

  @Test
  void a_document_for_another_agent_than_its_words_is_not_understood() throws IOException {
    Review review = review(becomes(with(document -> document.put("address", "10.9.9.9"))));
    assertThat(PlanJson.findings(review)).containsExactly("unknown-change " + OBJECT);
  }

  private static PlanJson bucket(
      String type, List<String> actions, Consumer<ObjectNode> before, Consumer<ObjectNode> after) {
    return PlanJson.of("cache")
        .resource(
            type,
            "nodes",
            actions,
            change -> {
              if (change.get("before") instanceof ObjectNode side) {
                before.accept(side);
              }
              if (change.get("after") instanceof ObjectNode side) {
                after.accept(side);
              }
            });
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "block_public_acls",
        "block_public_policy",
        "ignore_public_acls",
        "restrict_public_buckets"
      })
  void a_bucket_that_may_be_opened_is_noticed(String attribute) throws IOException {
    assertThat(
            findings(
                bucket(
                    "aws_s3_bucket_public_access_block",
                    List.of("update"),
                    side -> side.put(attribute, true),
                    side -> side.put(attribute, false))))
        .containsExactly("access-widened aws_s3_bucket_public_access_block.nodes");
  }

  @Test
  void another_policy_or_encryption_of_the_bucket_is_noticed() throws IOException {
    assertThat(
            findings(
                bucket(
                    "aws_s3_bucket_policy",
                    List.of("update"),
                    side -> side.put("policy", "a"),
                    side -> side.put("policy", "b"))))
        .containsExactly("access-widened aws_s3_bucket_policy.nodes");
    String encryption = "aws_s3_bucket_server_side_encryption_configuration";
    assertThat(
            findings(
                bucket(
                    encryption,
                    List.of("update"),
                    side -> algorithm(side, "aws:kms"),
                    side -> algorithm(side, "AES256"))))
        .containsExactly("access-widened " + encryption + ".nodes");
  }

  private static void algorithm(ObjectNode side, String algorithm) {
    side.putArray("rule")
        .addObject()
        .putArray("apply_server_side_encryption_by_default")
        .addObject()
        .put("sse_algorithm", algorithm);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "aws_s3_bucket",
        "aws_s3_bucket_policy",
        "aws_s3_bucket_public_access_block",
        "aws_s3_bucket_server_side_encryption_configuration"
      })
  void what_guards_the_documents_does_not_go(String type) throws IOException {
    for (List<String> actions : List.of(List.of("delete"), AGAIN)) {
      assertThat(findings(bucket(type, actions, side -> {}, side -> {})))
          .containsExactly("part-destroyed " + type + ".nodes");
    }
  }
}
