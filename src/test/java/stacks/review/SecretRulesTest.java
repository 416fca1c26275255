package stacks.review;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import stacks.cluster.Cluster;
import stacks.platform.Effect;
import stacks.testing.Environments;

/** Two secrets: one must never change by itself, the other does with each release. */
class SecretRulesTest {
  private static final Cluster CLUSTER =
      Environments.cluster(
          "cache",
          "platform: aws\naws: {region: eu-central-1}\nmaster: {memory: 8GB, maxmemory: 6gb}\n");

  private static final String ARN = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:";
  private static final String NODES = ARN + "rediform/cache/nodes-a1B2c3";
  private static final String PROGRAM = ARN + "rediform/cache/program-d4E5f6";
  private static final String VERSION = "aws_secretsmanager_secret_version";
  private static final String SECRET = "aws_secretsmanager_secret";

  private static PlanJson version(String name, String secret, List<String> actions) {
    return PlanJson.of("cache")
        .resource(
            VERSION,
            name,
            actions,
            change -> {
              for (String side : List.of("before", "after")) {
                if (!change.path(side).isNull()) {
                  change
                      .withObject(side)
                      .put("secret_id", secret)
                      .put("secret_string_wo_version", side.equals("before") ? 1 : 2);
                }
              }
            });
  }

  private static List<String> findings(PlanJson plan) throws IOException {
    return PlanJson.findings(plan.review(CLUSTER));
  }

  @Test
  void another_program_is_harmless_and_other_passwords_are_not() throws IOException {
    Review review = version("program-value", PROGRAM, List.of("update")).review(CLUSTER);
    assertThat(review.isSafe()).isTrue();
    assertThat(review.changes())
        .filteredOn(change -> change.address().equals(VERSION + ".program-value"))
        .singleElement()
        .satisfies(change -> assertThat(change.effect()).isEqualTo(Effect.LIVE_SETTING));
    assertThat(findings(version("passwords-value", NODES, List.of("update"))))
        .contains("passwords-renewed " + VERSION + ".passwords-value");
  }

  @Test
  void a_program_made_anew_for_its_number_alone_is_harmless() throws IOException {
    PlanJson plan = version("program-value", PROGRAM, List.of("delete", "create"));
    String address = VERSION + ".program-value";
    plan.edit(
        address,
        change -> change.putArray("replace_paths").addArray().add("secret_string_wo_version"));
    plan.edit(address, change -> change.withObject("after_unknown").put("version_id", true));
    assertThat(plan.review(CLUSTER).isSafe()).isTrue();
    plan.edit(
        address, change -> change.withObject("after").putArray("version_stages").add("LATER"));
    assertThat(findings(plan)).containsExactly("part-destroyed " + address);
    plan =
        version("passwords-value", NODES, List.of("delete", "create"))
            .edit(
                VERSION + ".passwords-value",
                change ->
                    change.putArray("replace_paths").addArray().add("secret_string_wo_version"));
    assertThat(findings(plan)).containsExactly("passwords-renewed " + VERSION + ".passwords-value");
  }

  @Test
  void a_cluster_that_had_no_program_gets_one() throws IOException {
    assertThat(findings(version("program-value", PROGRAM, List.of("create")))).isEmpty();
    assertThat(
            findings(
                PlanJson.of("cache").resource(SECRET, "program", List.of("create"), change -> {})))
        .isEmpty();
  }

  @Test
  void a_program_in_the_place_of_the_passwords_is_noticed() throws IOException {
    for (String action : List.of("create", "update")) {
      assertThat(findings(version("program-value", NODES, List.of(action))))
          .contains("passwords-renewed " + VERSION + ".program-value");
    }
  }

  @Test
  void a_program_that_is_taken_away_blocks() throws IOException {
    for (List<String> actions : List.of(List.of("delete"), List.of("delete", "create"))) {
      Review version = version("program-value", PROGRAM, actions).review(CLUSTER);
      assertThat(PlanJson.findings(version))
          .containsExactly("part-destroyed " + VERSION + ".program-value");
      Review secret =
          PlanJson.of("cache").resource(SECRET, "program", actions, change -> {}).review(CLUSTER);
      assertThat(PlanJson.findings(secret))
          .containsExactly("part-destroyed " + SECRET + ".program");
      assertThat(secret.verdict()).isEqualTo(Verdict.BLOCKED);
      assertThat(
              findings(PlanJson.of("cache").resource(SECRET, "passwords", actions, change -> {})))
          .containsExactly("secret-destroyed " + SECRET + ".passwords");
    }
  }

  @Test
  void only_the_program_by_its_own_name_is_the_program() throws IOException {
    for (String name : List.of("program-2", "my-program", "programs", "passwords")) {
      assertThat(
              findings(
                  PlanJson.of("cache").resource(SECRET, name, List.of("delete"), change -> {})))
          .contains("secret-destroyed " + SECRET + "." + name);
    }
  }

  private static List<String> ofPolicy(String resource) throws IOException {
    String policy =
        """
        {"Version": "2012-10-17", "Statement": [{"Effect": "Allow",
         "Action": "secretsmanager:GetSecretValue", "Resource": %s}]}
        """
            .formatted(resource);
    Consumer<ObjectNode> put = change -> change.withObject("after").put("policy", policy);
    return findings(
        PlanJson.of("cache")
            .resource("aws_iam_role_policy", "node-reads-passwords", List.of("create"), put));
  }

  @Test
  void a_node_may_read_its_two_secrets() throws IOException {
    assertThat(ofPolicy("[\"%s\", \"%s\"]".formatted(NODES, PROGRAM))).isEmpty();
    assertThat(ofPolicy("[\"%s\", \"%s\"]".formatted(PROGRAM, NODES))).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "\"*\"",
        "[\"NODES\"]",
        "\"NODES\"",
        "[\"NODES\", \"NODES\"]",
        "[\"NODES\", \"*\"]",
        "[\"NODES\", \"PROGRAM\", \"ARNrediform/other/nodes-a1B2c3\"]",
        "[\"NODES\", \"ARNrediform/other/program-a1B2c3\"]",
        "[\"ARNrediform/other/nodes-a1B2c3\", \"PROGRAM\"]",
        "[\"NODES\", \"ARNrediform/cache/*\"]",
        "[\"NODES\", \"ARNrediform/cache/program-??????\"]",
        "[\"NODES\", \"ARNrediform/cache/program\"]",
        "[\"NODES\", \"ARNrediform/cache/program-a1B2c3-d4E5f6\"]",
        "[\"NODES\", [\"PROGRAM\"]]",
        "{\"a\": \"NODES\", \"b\": \"PROGRAM\"}",
        "null"
      })
  void and_nothing_else(String resource) throws IOException {
    String real = resource.replace("NODES", NODES).replace("PROGRAM", PROGRAM).replace("ARN", ARN);
    assertThat(ofPolicy(real))
        .containsExactly("iam-widened aws_iam_role_policy.node-reads-passwords");
  }
}
