package stacks.review;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import stacks.cluster.Cluster;
import stacks.testing.Environments;

/**
 * What has happened outside of Terraform is a danger where it is one, and quiet where it is ours.
 */
class DriftRulesTest {
  private static final Cluster CLUSTER =
      Environments.cluster("cache", "platform: aws\naws: {region: eu-central-1}\n");

  private static final String INGRESS = "aws_vpc_security_group_ingress_rule";
  private static final String GROUP = "sg-00000001";
  private static final List<String> STAYS = List.of("no-op");
  private static final List<String> CHANGED = List.of("update");

  private static List<String> findings(PlanJson plan) throws IOException {
    return PlanJson.findings(plan.review(CLUSTER));
  }

  private static PlanJson lost(String... nodes) {
    PlanJson plan = PlanJson.of("cache");
    for (String node : nodes) {
      plan.drift("aws_instance", node, List.of("delete"), change -> {})
          .machine(node, List.of("create"), "c7i.xlarge", "c7i.xlarge")
          .resource("terraform_data", node + "-gate", List.of("delete", "create"), change -> {});
    }
    return plan;
  }

  @Test
  void one_machine_that_is_gone_is_made_again_and_that_is_said() throws IOException {
    Review review = lost("redis-2").review(CLUSTER);
    assertThat(review.findings())
        .extracting(finding -> finding.severity() + " " + finding.rule().id())
        .containsOnly("warn drift");
    assertThat(Summary.of(review)).contains("redis-2 is gone, and made again");
    assertThat(Summary.of(review)).noneMatch(sentence -> sentence.contains("is new"));
  }

  @Test
  void several_that_are_gone_at_the_same_time_are_no_repair() throws IOException {
    assertThat(findings(lost("redis-1", "redis-2"))).contains("nodes-gone shared");
    assertThat(findings(lost("sentinel-1", "sentinel-2"))).contains("nodes-gone shared");
    assertThat(findings(lost("redis-1", "sentinel-1"))).doesNotContain("nodes-gone shared");
  }

  @Test
  void when_all_are_gone_it_may_be_the_wrong_account() throws IOException {
    Review review =
        lost("redis-1", "redis-2", "redis-3", "sentinel-1", "sentinel-2", "sentinel-3")
            .gone("aws_secretsmanager_secret_version", "passwords-value")
            .review(CLUSTER);
    assertThat(review.verdict()).isEqualTo(Verdict.BLOCKED);
    assertThat(review.findings())
        .anySatisfy(
            finding ->
                assertThat(finding.message())
                    .isEqualTo(
                        "every node is gone: is this the right account, and the right region?"));
    assertThat(PlanJson.findings(review))
        .as("the cluster is there, as far as the state knows")
        .contains(
            "nodes-gone shared",
            "passwords-lost aws_secretsmanager_secret_version.passwords-value");
  }

  @Test
  void a_state_that_was_complete_once_has_nodes() throws IOException {
    PlanJson plan = PlanJson.of("cache");
    for (String node :
        List.of("redis-1", "redis-2", "redis-3", "sentinel-1", "sentinel-2", "sentinel-3")) {
      plan.machine(node, List.of("create"), "c7i.xlarge", "c7i.xlarge");
    }
    assertThat(findings(plan)).doesNotContain("nodes-gone shared");
    plan.resource("terraform_data", "formed", STAYS, change -> {});
    assertThat(findings(plan)).contains("nodes-gone shared");
  }

  @Test
  void data_that_is_gone_is_never_replaced_by_an_empty_volume_unasked() throws IOException {
    assertThat(findings(PlanJson.of("cache").gone("aws_ebs_volume", "redis-1-data")))
        .contains("nodes-gone aws_ebs_volume.redis-1-data")
        .doesNotContain("drift aws_ebs_volume.redis-1-data");
    assertThat(findings(PlanJson.of("cache").gone("aws_s3_bucket", "backups")))
        .contains("nodes-gone aws_s3_bucket.backups");
  }

  @Test
  void what_leaves_may_be_gone() throws IOException {
    assertThat(
            findings(
                PlanJson.of("cache")
                    .drift("aws_ebs_volume", "redis-9-data", List.of("delete"), change -> {})))
        .containsExactly("drift aws_ebs_volume.redis-9-data");
  }

  @Test
  void a_machine_that_was_stopped_starts_again() throws IOException {
    Review review =
        PlanJson.of("cache")
            .resource(
                "aws_ec2_instance_state",
                "sentinel-1-running",
                CHANGED,
                change -> {
                  change.withObject("before").put("state", "stopped");
                  change.withObject("after").put("state", "running");
                })
            .resource("terraform_data", "sentinel-1-gate", List.of("delete", "create"), c -> {})
            .review(CLUSTER);
    assertThat(Summary.of(review)).contains("sentinel-1 was stopped, and starts again");
    assertThat(Summary.of(review)).noneMatch(sentence -> sentence.contains("while it runs"));
  }

  /** A group with one rule of the plan, and what AWS says of it. */
  private static PlanJson group(String source, String to, String... ingress) {
    return PlanJson.of("cache")
        .drift(
            "aws_security_group",
            "redis",
            CHANGED,
            change -> {
              change.withObject("before").put("id", GROUP);
              ObjectNode after = change.withObject("after").put("id", GROUP);
              for (String rule : ingress) {
                after.withArray("ingress").add(PlanJson.read(rule.replace('\'', '"')));
              }
            })
        .resource(
            INGRESS,
            "redis-from-10-60-0-0-16",
            STAYS,
            change ->
                List.of("before", "after")
                    .forEach(
                        side ->
                            change
                                .withObject(side)
                                .put("security_group_id", GROUP)
                                .put("ip_protocol", "tcp")
                                .put("from_port", 6379)
                                .put("to_port", 6379)
                                .put(source, to)));
  }

  private static String tcp(int from, int to, String sources) {
    return "{'protocol': 'tcp', 'from_port': %d, 'to_port': %d, %s}".formatted(from, to, sources);
  }

  private static final String BLOCK = "'cidr_blocks': ['10.60.0.0/16']";

  static Stream<List<String>> strangers() {
    return Stream.of(
        List.of(tcp(22, 22, BLOCK), "10.60.0.0/16 to tcp port 22"),
        List.of(tcp(0, 65535, BLOCK), "10.60.0.0/16 to tcp ports 0 to 65535"),
        List.of(
            "{'protocol': 'udp', 'from_port': 6379, 'to_port': 6379, " + BLOCK + "}",
            "10.60.0.0/16 to udp port 6379"),
        List.of(
            "{'protocol': '-1', 'from_port': 0, 'to_port': 0, " + BLOCK + "}",
            "10.60.0.0/16 to every port"),
        List.of(tcp(6379, 6379, "'cidr_blocks': ['10.0.0.0/8']"), "10.0.0.0/8 to tcp port 6379"),
        List.of(tcp(6379, 6379, "'ipv6_cidr_blocks': ['::/0']"), "::/0 to tcp port 6379"),
        List.of(tcp(6379, 6379, "'prefix_list_ids': ['pl-1']"), "pl-1 to tcp port 6379"),
        List.of(tcp(6379, 6379, "'security_groups': ['sg-2']"), "sg-2 to tcp port 6379"),
        List.of(tcp(6379, 6379, "'self': true"), GROUP + " to tcp port 6379"));
  }

  @ParameterizedTest
  @MethodSource("strangers")
  void a_group_is_compared_by_protocol_ports_and_source(List<String> stranger) throws IOException {
    Review review =
        group("cidr_ipv4", "10.60.0.0/16", tcp(6379, 6379, BLOCK), stranger.get(0)).review(CLUSTER);
    assertThat(review.findings())
        .extracting(
            finding -> finding.rule().id() + " " + finding.place() + " " + finding.message())
        .containsExactly("opened-by-hand aws_security_group.redis lets in " + stranger.get(1));
  }

  @Test
  void what_the_plan_lets_in_is_quiet() throws IOException {
    assertThat(findings(group("cidr_ipv4", "10.60.0.0/16", tcp(6379, 6379, BLOCK)))).isEmpty();
    assertThat(
            findings(group("referenced_security_group_id", GROUP, tcp(6379, 6379, "'self': true"))))
        .isEmpty();
    assertThat(
            findings(
                group("prefix_list_id", "pl-1", tcp(6379, 6379, "'prefix_list_ids': ['pl-1']"))))
        .isEmpty();
  }

  private static PlanJson drifted(String type, String name, String after) {
    return PlanJson.of("cache")
        .drift(
            type,
            name,
            CHANGED,
            change -> {
              change.set("after", PlanJson.read(after.replace('\'', '"')));
              change.withObject("before").set("id", change.at("/after/id"));
            });
  }

  private static PlanJson own(PlanJson plan, String type, String name, String... fields) {
    return plan.resource(
        type,
        name,
        STAYS,
        change ->
            List.of("before", "after")
                .forEach(
                    side -> {
                      for (int i = 0; i < fields.length; i += 2) {
                        change.withObject(side).put(fields[i], fields[i + 1]);
                      }
                    }));
  }

  @Test
  void a_policy_that_was_given_to_the_nodes_by_hand_is_a_danger() throws IOException {
    String role =
        "{'id': 'r', 'inline_policy': [{'name': 'read-passwords'}%s], 'managed_policy_arns': [%s]}";
    String policy = "aws_iam_role_policy";
    assertThat(
            findings(
                own(
                    drifted("aws_iam_role", "node-role", role.formatted("", "")),
                    policy,
                    "node-reads-passwords",
                    "name",
                    "read-passwords")))
        .isEmpty();
    for (List<String> more :
        List.of(List.of(", {'name': 'hand'}", ""), List.of("", "'arn:aws:iam::aws:policy/A'"))) {
      assertThat(
              findings(
                  own(
                      drifted(
                          "aws_iam_role", "node-role", role.formatted(more.get(0), more.get(1))),
                      policy,
                      "node-reads-passwords",
                      "name",
                      "read-passwords")))
          .contains("iam-widened aws_iam_role.node-role");
    }
  }

  @Test
  void a_second_volume_a_route_and_a_public_address_count() throws IOException {
    assertThat(
            findings(
                own(
                    drifted(
                        "aws_instance",
                        "redis-1",
                        "{'id': 'i', 'ebs_block_device': [{'volume_id': 'a'}]}"),
                    "aws_ebs_volume",
                    "redis-1-data",
                    "id",
                    "a")))
        .doesNotContain("drift aws_instance.redis-1");
    assertThat(
            findings(
                drifted(
                    "aws_instance",
                    "redis-1",
                    "{'id': 'i', 'ebs_block_device': [{'volume_id': 'b'}]}")))
        .contains("drift aws_instance.redis-1");
    String table = "{'id': 'rtb-1', 'route': [{'cidr_block': '0.0.0.0/0'}%s]}";
    PlanJson explained =
        own(
            drifted("aws_route_table", "private-routes", table.formatted("")),
            "aws_route",
            "private-to-internet",
            "route_table_id",
            "rtb-1",
            "destination_cidr_block",
            "0.0.0.0/0");
    assertThat(findings(explained)).isEmpty();
    assertThat(
            findings(
                drifted(
                    "aws_route_table",
                    "private-routes",
                    table.formatted(", {'cidr_block': '8.8.8.0/24'}"))))
        .contains("drift aws_route_table.private-routes");
    assertThat(findings(drifted("aws_instance", "redis-1", "{'public_ip': '192.0.2.1'}")))
        .contains("public-address aws_instance.redis-1");
  }
}
