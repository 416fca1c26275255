package stacks.review;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import stacks.cluster.Cluster;
import stacks.platform.Effect;
import stacks.testing.Environments;

/** The secret of the passwords must never change by itself; that of the program is of the past. */
class SecretRulesTest {
  private static final Cluster CLUSTER =
      Environments.cluster(
          "cache",
          "platform: aws\naws: {region: eu-central-1}\nmaster: {memory: 8GB, maxmemory: 6gb}\n");

  private static final String ARN = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:";
  private static final String NODES = ARN + "rediform/cache/nodes-a1B2c3";
  private static final String PROGRAM = ARN + "rediform/cache/program-d4E5f6";
  private static final String BUCKET = "arn:aws:s3:::rediform-cache-1ff32a09daa4";
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
  void other_passwords_are_noticed() throws IOException {
    for (List<String> actions : List.of(List.of("update"), List.of("delete", "create"))) {
      assertThat(findings(version("passwords-value", NODES, actions)))
          .contains("passwords-renewed " + VERSION + ".passwords-value");
    }
    assertThat(
            findings(
                PlanJson.of("cache")
                    .resource(SECRET, "passwords", List.of("delete"), change -> {})))
        .containsExactly("secret-destroyed " + SECRET + ".passwords");
  }

  @Test
  void the_program_of_earlier_releases_goes() throws IOException {
    Review review =
        version("program-value", PROGRAM, List.of("delete"))
            .resource(SECRET, "program", List.of("delete"), change -> {})
            .review(CLUSTER);
    assertThat(review.isSafe()).isTrue();
    assertThat(review.changes())
        .hasSize(2)
        .allSatisfy(change -> assertThat(change.effect()).isEqualTo(Effect.NOTHING));
  }

  @Test
  void and_does_not_come_back() throws IOException {
    for (List<String> actions :
        List.of(List.of("create"), List.of("update"), List.of("delete", "create"))) {
      assertThat(findings(version("program-value", NODES, actions)))
          .contains("unknown-resource-touched " + VERSION + ".program-value");
      assertThat(findings(PlanJson.of("cache").resource(SECRET, "program", actions, change -> {})))
          .contains("unknown-resource-touched " + SECRET + ".program");
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

  private static String policy(String... statements) {
    return "{\"Version\": \"2012-10-17\", \"Statement\": [" + String.join(", ", statements) + "]}";
  }

  private static String allow(String action, String resource) {
    return "{\"Effect\": \"Allow\", \"Action\": \"%s\", \"Resource\": %s}"
        .formatted(action, resource);
  }

  private static PlanJson ofPolicy(String before, String after) {
    return PlanJson.of("cache")
        .resource(
            "aws_iam_role_policy",
            "node-reads-passwords",
            List.of("update"),
            change -> {
              change.withObject("before").put("policy", before);
              change.withObject("after").put("policy", after);
            });
  }

  private static final String READ = "secretsmanager:GetSecretValue";
  private static final String BEFORE =
      policy(allow(READ, "[\"%s\", \"%s\"]".formatted(NODES, PROGRAM)));
  private static final String PASSWORDS = allow(READ, "\"" + NODES + "\"");
  private static final String OBJECTS = allow("s3:GetObject", "\"" + BUCKET + "/*\"");
  private static final String LIST = allow("s3:ListBucket", "\"" + BUCKET + "\"");

  @Test
  void a_node_may_read_its_passwords_and_its_bucket() throws IOException {
    for (String after :
        List.of(policy(PASSWORDS, OBJECTS, LIST), policy(LIST, PASSWORDS, OBJECTS))) {
      Review review = ofPolicy(BEFORE, after).review(CLUSTER);
      assertThat(review.isSafe()).isTrue();
      assertThat(review.changes().get(0).effect()).isEqualTo(Effect.LIVE_SETTING);
    }
  }

  static Stream<String> policies() {
    return Stream.of(
        "",
        "[]",
        BEFORE,
        policy(),
        policy(PASSWORDS),
        policy(OBJECTS, LIST),
        policy(PASSWORDS, OBJECTS),
        policy(allow("*", "\"*\"")),
        policy(PASSWORDS, OBJECTS, LIST, allow("s3:PutObject", "\"" + BUCKET + "/*\"")),
        policy(PASSWORDS, OBJECTS, allow("s3:ListBucket", "\"*\"")),
        policy(PASSWORDS, OBJECTS, allow("s3:*", "\"" + BUCKET + "\"")),
        policy(
            PASSWORDS, OBJECTS.replace(BUCKET, BUCKET + "x"), LIST.replace(BUCKET, BUCKET + "x")),
        policy(
            PASSWORDS,
            OBJECTS.replace("1ff32a09daa4", "1ff32a09daa5"),
            LIST.replace("1ff32a09daa4", "1ff32a09daa5")),
        policy(PASSWORDS, OBJECTS.replace("cache", "other"), LIST.replace("cache", "other")),
        policy(PASSWORDS.replace("cache/nodes", "other/nodes"), OBJECTS, LIST),
        policy(allow(READ, "\"" + ARN + "rediform/cache/*\""), OBJECTS, LIST),
        policy(allow(READ, "\"" + ARN + "rediform/cache/nodes-??????\""), OBJECTS, LIST),
        policy(PASSWORDS, allow(READ, "\"" + PROGRAM + "\""), OBJECTS, LIST),
        policy(PASSWORDS, OBJECTS, LIST.replace("Allow", "Deny")),
        policy(PASSWORDS, OBJECTS, LIST.replace("\"Action\"", "\"NotAction\"")),
        policy(PASSWORDS, OBJECTS, LIST.replace("{", "{\"Sid\": \"x\", ")),
        policy(PASSWORDS, OBJECTS, LIST, "7"),
        policy(PASSWORDS, OBJECTS, LIST) + "x");
  }

  @ParameterizedTest
  @MethodSource("policies")
  void and_nothing_else(String after) throws IOException {
    assertThat(findings(ofPolicy("x", after)))
        .containsExactly("iam-widened aws_iam_role_policy.node-reads-passwords");
  }

  private static final Cluster BACKED_UP =
      Environments.cluster(
          "cache",
          """
          platform: aws
          aws: {region: eu-central-1}
          master: {memory: 8GB, maxmemory: 6gb}
          backup: {bucket: mine}
          """);

  private static final String USUAL = policy(PASSWORDS, OBJECTS, LIST);

  private static String backups(String bucket, String environment) {
    String arn = "arn:aws:s3:::" + bucket;
    String all = "rediform/" + environment + "/*";
    String list = allow("s3:ListBucket", "\"" + arn + "\"");
    String below = ", \"Condition\": {\"StringLike\": {\"s3:prefix\": \"" + all + "\"}}}";
    return Stream.concat(
            Stream.of("PutObject", "GetObject", "DeleteObject", "AbortMultipartUpload")
                .map(action -> allow("s3:" + action, "\"" + arn + "/" + all + "\"")),
            Stream.of(list.substring(0, list.length() - 1) + below))
        .collect(Collectors.joining(", "));
  }

  private static final String WITH_BACKUPS =
      policy(PASSWORDS, OBJECTS, LIST, backups("mine", "cache"));

  @Test
  void a_node_may_keep_backups_in_the_bucket_of_the_file_and_that_is_said() throws IOException {
    Review gained = ofPolicy(USUAL, WITH_BACKUPS).review(BACKED_UP);
    assertThat(gained.verdict()).isEqualTo(Verdict.GO);
    assertThat(gained.findings())
        .extracting(finding -> finding.rule().id() + ": " + finding.message())
        .containsExactly(
            "access-widened: lets nodes read, write and delete backups in s3://mine/rediform/cache");
    Review moved =
        ofPolicy(policy(PASSWORDS, OBJECTS, LIST, backups("other", "cache")), WITH_BACKUPS)
            .review(BACKED_UP);
    assertThat(PlanJson.findings(moved))
        .containsExactly("access-widened aws_iam_role_policy.node-reads-passwords");
    Review same =
        ofPolicy(policy(LIST, OBJECTS, PASSWORDS, backups("mine", "cache")), WITH_BACKUPS)
            .review(BACKED_UP);
    assertThat(PlanJson.findings(same)).isEmpty();
  }

  @Test
  void a_node_that_may_no_longer_keep_backups_is_noticed() throws IOException {
    Review lost = ofPolicy(WITH_BACKUPS, USUAL).review(CLUSTER);
    assertThat(lost.verdict()).isEqualTo(Verdict.GO);
    assertThat(lost.changes().get(0).effect()).isEqualTo(Effect.ACCESS_NARROWED);
    assertThat(lost.findings())
        .extracting(finding -> finding.rule().id() + ": " + finding.message())
        .containsExactly(
            "access-narrowed: nodes may no longer read, write and delete backups in"
                + " s3://mine/rediform/cache");
  }

  static Stream<String> policiesWithBackups() {
    return Stream.of(
        policy(PASSWORDS, OBJECTS, LIST, backups("mine", "other")),
        policy(PASSWORDS, OBJECTS, LIST, backups("yours", "cache")),
        policy(PASSWORDS, OBJECTS, LIST, backups("mine", "cache"), backups("yours", "cache")),
        policy(PASSWORDS, OBJECTS, backups("mine", "cache")),
        WITH_BACKUPS.replace("arn:aws:s3:::mine/rediform/cache/*", "arn:aws:s3:::mine/*"),
        WITH_BACKUPS.replace("StringLike", "StringNotLike"),
        WITH_BACKUPS.replace("\"s3:prefix\": \"rediform/cache/*\"", "\"s3:prefix\": \"*\""),
        WITH_BACKUPS.replace("s3:DeleteObject", "s3:DeleteObjectVersion"),
        WITH_BACKUPS.replace("s3:DeleteObject", "s3:*"));
  }

  @ParameterizedTest
  @MethodSource("policiesWithBackups")
  void and_nothing_else_in_the_bucket_of_the_file(String after) throws IOException {
    assertThat(PlanJson.findings(ofPolicy(USUAL, after).review(BACKED_UP)))
        .containsExactly("iam-widened aws_iam_role_policy.node-reads-passwords");
  }

  @Test
  void a_bucket_that_the_file_does_not_name_is_none_of_ours() throws IOException {
    assertThat(findings(ofPolicy(USUAL, WITH_BACKUPS)))
        .containsExactly("iam-widened aws_iam_role_policy.node-reads-passwords");
  }
}
