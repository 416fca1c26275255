package stacks.review;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;
import stacks.cluster.Cluster;
import stacks.platform.Effect;
import stacks.testing.Environments;

class ReviewerTest {
  private static final String FILE =
      "platform: aws\naws: {region: eu-central-1}\nmaster: {memory: 8GB, maxmemory: 6gb}\n";
  private static final Cluster CLUSTER = Environments.cluster("cache", FILE);

  private static PlanJson shrunk() {
    return PlanJson.of("cache").volume("redis-2", List.of("update"), 100, 99);
  }

  @Test
  void nothing_to_do_is_said_so() throws IOException {
    Review review = PlanJson.of("cache").review(CLUSTER);
    assertThat(review.verdict()).isEqualTo(Verdict.GO);
    assertThat(review.isSafe()).isTrue();
    assertThat(Summary.of(review))
        .containsExactly("cache is what its file says; a deploy would change nothing");
  }

  @Test
  void restarts_come_in_the_order_of_the_gates() throws IOException {
    Review review =
        PlanJson.of("cache")
            .restart("redis-1")
            .restart("redis-2")
            .restart("sentinel-1")
            .restart("redis-3")
            .review(CLUSTER);
    assertThat(review.nodes().stream().map(node -> node.turn() + " " + node.name()))
        .containsExactly("1 sentinel-1", "2 redis-3", "3 redis-2", "4 redis-1");
    assertThat(review.nodes()).allMatch(NodeReview::restarts);
    assertThat(review.isSafe()).isTrue();
    assertThat(Summary.of(review))
        .containsExactly(
            "4 nodes restart, one after the other",
            "4 nodes get larger machines",
            "writes pause once to 3 times, about 1.2 s each time (measured:"
                + " docs/evidence/rolling.md)",
            "3 copies of all data between nodes, up to maxmemory each, 18gb in all",
            "nothing is lost");
  }

  @Test
  void a_restart_of_one_node_moves_the_master_once_or_not_at_all() throws IOException {
    Review review = PlanJson.of("cache").restart("redis-2").review(CLUSTER);
    assertThat(review.costs().fewestMasterChanges()).isZero();
    assertThat(review.costs().mostMasterChanges()).isOne();
    assertThat(Summary.of(review)).contains("redis-2 restarts");
  }

  @Test
  void a_restart_without_its_gate_is_no_restart_in_turn() throws IOException {
    Review review =
        PlanJson.of("cache")
            .machine("redis-2", List.of("update"), "c7i.xlarge", "c7i.2xlarge")
            .review(CLUSTER);
    assertThat(PlanJson.findings(review)).containsExactly("gate-removed redis-2");
    assertThat(Summary.of(review)).doesNotContain("nothing is lost");
  }

  @Test
  void what_blocks_is_a_no() throws IOException {
    Review review = shrunk().review(CLUSTER);
    assertThat(review.verdict()).isEqualTo(Verdict.BLOCKED);
    assertThat(review.findings())
        .singleElement()
        .satisfies(
            finding -> {
              assertThat(finding.rule().id()).isEqualTo("disk-shrunk");
              assertThat(finding.place()).isEqualTo("aws_ebs_volume.redis-2-data");
              assertThat(finding.message()).isEqualTo("100 GiB become 99 GiB");
            });
    assertThat(review.nodes().get(0).effect()).isEqualTo(Effect.DATA_AT_RISK);
    assertThat(Summary.of(review).get(0))
        .isEqualTo("STOP: aws_ebs_volume.redis-2-data: 100 GiB become 99 GiB");
  }

  @Test
  void the_environment_moves_rules_between_severities() throws IOException {
    Cluster warns = Environments.cluster("cache", FILE + "review: {warn: [disk-shrunk]}\n");
    assertThat(shrunk().review(warns).verdict()).isEqualTo(Verdict.GO);
    assertThat(shrunk().review(warns).isSafe()).isFalse();
    assertThat(Summary.of(shrunk().review(warns)))
        .as("it is this file that makes it look harmless")
        .contains("disk-shrunk weighs warn in this file, not block");
    Cluster blocks = Environments.cluster("cache", FILE + "review: {block: [node-removed]}\n");
    PlanJson removal = PlanJson.of("cache").machine("redis-9", List.of("delete"), "c7i.large", "");
    assertThat(removal.review(CLUSTER).verdict()).isEqualTo(Verdict.GO);
    assertThat(removal.review(blocks).verdict()).isEqualTo(Verdict.BLOCKED);
  }

  @Test
  void what_requires_approval_passes_once_it_is_approved() throws IOException {
    Cluster asks =
        Environments.cluster("cache", FILE + "review: {requireApproval: [disk-shrunk]}\n");
    Review review = shrunk().review(asks);
    assertThat(review.verdict()).isEqualTo(Verdict.APPROVAL);
    assertThat(review.requiresApproval()).containsExactly("disk-shrunk");
    Review approved = Reviewer.review(shrunk().stream(), asks, PlanJson.TODAY, true);
    assertThat(approved.verdict()).isEqualTo(Verdict.GO);
    assertThat(approved.requiresApproval()).containsExactly("disk-shrunk");
    Review other = Reviewer.review(shrunk().stream(), CLUSTER, PlanJson.TODAY, true);
    assertThat(other.verdict()).as("approval is not for what blocks").isEqualTo(Verdict.BLOCKED);
  }

  @Test
  void an_accepted_finding_does_not_count_until_its_last_day_has_passed() throws IOException {
    String accepts =
        FILE + "accepts: [{rule: disk-shrunk, reason: It is only a test., until: %s}]\n";
    Review holds = shrunk().review(Environments.cluster("cache", accepts.formatted("2027-03-31")));
    assertThat(holds.verdict()).isEqualTo(Verdict.GO);
    assertThat(holds.findings())
        .singleElement()
        .satisfies(finding -> assertThat(finding.accepted()).contains("It is only a test."));
    Review expired =
        shrunk().review(Environments.cluster("cache", accepts.formatted("2027-03-30")));
    assertThat(expired.verdict()).isEqualTo(Verdict.BLOCKED);
    assertThat(expired.findings().get(0).expired()).hasToString("Optional[2027-03-30]");
  }

  @Test
  void rules_have_ids_of_their_own_that_a_file_can_name() {
    assertThat(ReviewRules.ALL.stream().map(ReviewRule::id))
        .doesNotHaveDuplicates()
        .allMatch(id -> id.matches("[a-z][a-z0-9-]{1,60}"));
    assertThat(ReviewRules.ALL)
        .allSatisfy(
            rule -> {
              assertThat(rule.meaning()).endsWith(".");
              assertThat(rule.remedy()).endsWith(".");
            });
  }

  @Test
  void before_the_first_deploy_there_is_no_state() throws IOException {
    Cluster here = Environments.cluster("cache", "platform: local\n");
    PlanJson plan = new PlanJson("cache");
    here.nodes()
        .forEach(
            node -> plan.resource("terraform_data", node.name(), List.of("create"), change -> {}));
    ObjectNode first = (ObjectNode) PlanJson.read(plan.toString());
    first.remove("prior_state");
    assertThat(PlanJson.findings(PlanJson.review(first.toString(), here))).isEmpty();
  }
}
