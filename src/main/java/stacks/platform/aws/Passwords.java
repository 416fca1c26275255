package stacks.platform.aws;

import static stacks.platform.Effect.ACCESS_WIDENED;
import static stacks.platform.Effect.COSMETIC;
import static stacks.platform.Effect.LIVE_SETTING;

import com.hashicorp.cdktf.TerraformResource;
import com.hashicorp.cdktf.TerraformResourceLifecycle;
import com.hashicorp.cdktf.TerraformStack;
import com.hashicorp.cdktf.providers.aws.iam_instance_profile.IamInstanceProfile;
import com.hashicorp.cdktf.providers.aws.iam_role.IamRole;
import com.hashicorp.cdktf.providers.aws.iam_role_policy.IamRolePolicy;
import com.hashicorp.cdktf.providers.aws.secretsmanager_secret.SecretsmanagerSecret;
import com.hashicorp.cdktf.providers.aws.secretsmanager_secret_version.SecretsmanagerSecretVersion;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import stacks.cluster.Cluster;
import stacks.node.BackupSection;
import stacks.node.Documents;
import stacks.platform.ResourceKind;

/**
 * One secret with a password per purpose, and the identity by which nodes may read it and their
 * documents, keep backups where the cluster has a bucket for them, and nothing else.
 *
 * <p>Terraform passes the passwords on without keeping them: the random values are ephemeral, and
 * the attribute they go into is write-only. They are in neither plan nor state.
 */
final class Passwords {
  /** What the plan review knows of these. */
  static final List<ResourceKind> KINDS =
      List.of(
          ResourceKind.of(
              "aws_iam_role",
              "node-role",
              Map.of(
                  "description", COSMETIC,
                  "assume_role_policy", ACCESS_WIDENED,
                  "managed_policy_arns", ACCESS_WIDENED,
                  "inline_policy", ACCESS_WIDENED),
              Set.of("inline_policy"),
              "no node may read its passwords"),
          ResourceKind.of(
              "aws_iam_role_policy",
              "node-reads-passwords",
              Map.of("policy", ACCESS_WIDENED),
              Set.of(),
              "no node may read its passwords"),
          ResourceKind.of(
              "aws_iam_instance_profile",
              "node-profile",
              Map.of(),
              Set.of(),
              "no node may read its passwords"),
          ResourceKind.of(
              "aws_secretsmanager_secret",
              "passwords",
              Map.of(
                  "description", COSMETIC,
                  "recovery_window_in_days", LIVE_SETTING,
                  "policy", ACCESS_WIDENED),
              Set.of(),
              "the passwords go with it"),
          ResourceKind.of(
              "aws_secretsmanager_secret_version",
              "passwords-value",
              Map.of(),
              Set.of(),
              "every password is made anew"));

  /** One Redis user for each, with the least rights that serve it. */
  static final List<String> PURPOSES =
      List.of("admin", "app", "backup", "exporter", "replica", "sentinel");

  /** Letters and digits: 32 of 62 are 190 bits, and need no quoting in any file or shell. */
  private static final int LENGTH = 32;

  /** Raise it and every password is made anew: Terraform cannot see that a value differs. */
  private static final int VERSION = 1;

  /** Days in which a deleted secret can be had back; 30 is the most that AWS offers. */
  private static final int RECOVERY_DAYS = 30;

  /** A node without a role could not read its passwords, not even for a moment. */
  private static final TerraformResourceLifecycle NEW_FIRST =
      TerraformResourceLifecycle.builder().createBeforeDestroy(true).build();

  private static final String RANDOM = "aws_secretsmanager_random_password";

  /** What nodes do with backups of their cluster, and with nothing else in that bucket. */
  private static final List<String> BACKUP_ACTIONS =
      List.of("s3:PutObject", "s3:GetObject", "s3:DeleteObject", "s3:AbortMultipartUpload");

  private final String profileName;
  private final List<TerraformResource> ready;

  Passwords(TerraformStack stack, Cluster cluster) {
    SecretsmanagerSecret secret = secret(stack, cluster);
    SecretsmanagerSecretVersion version = fill(stack, secret);
    IamRole role = role(stack, cluster);
    IamRolePolicy policy = mayRead(stack, cluster, role, secret.getArn());
    profileName =
        IamInstanceProfile.Builder.create(stack, "node-profile")
            .name(nodeName(cluster))
            .role(role.getName())
            .lifecycle(NEW_FIRST)
            .build()
            .getName();
    ready = List.of(version, policy);
  }

  /** Name of the profile that lets a node read its passwords and its document. */
  String profileName() {
    return profileName;
  }

  /** What must be there before a node boots, so that it finds its passwords. */
  List<TerraformResource> ready() {
    return ready;
  }

  private static SecretsmanagerSecret secret(TerraformStack stack, Cluster cluster) {
    // Without protection the name is free at once, so that a cluster can be made again after a
    // destroy.
    int recovery = cluster.environment().aws().protect() ? RECOVERY_DAYS : 0;
    SecretsmanagerSecret secret =
        SecretsmanagerSecret.Builder.create(stack, "passwords")
            .name(Documents.secretName(cluster))
            .description("Passwords of the Redis users of " + cluster.name() + ", one per purpose")
            .recoveryWindowInDays(recovery)
            .build();
    AccountGuard.before(secret);
    return secret;
  }

  /** The bindings know neither ephemeral blocks nor write-only attributes, hence the overrides. */
  private static SecretsmanagerSecretVersion fill(
      TerraformStack stack, SecretsmanagerSecret secret) {
    String purposes = PURPOSES.stream().map("\"%s\""::formatted).collect(Collectors.joining(", "));
    Map<String, Object> random = new TreeMap<>();
    random.put("for_each", "${toset([" + purposes + "])}");
    random.put("password_length", LENGTH);
    random.put("exclude_punctuation", true);
    stack.addOverride("ephemeral." + RANDOM + ".passwords", random);
    SecretsmanagerSecretVersion version =
        SecretsmanagerSecretVersion.Builder.create(stack, "passwords-value")
            .secretId(secret.getId())
            .build();
    version.addOverride(
        "secret_string_wo",
        "${jsonencode({for purpose, password in ephemeral."
            + RANDOM
            + ".passwords : purpose => password.random_password})}");
    version.addOverride("secret_string_wo_version", VERSION);
    return version;
  }

  private static IamRole role(TerraformStack stack, Cluster cluster) {
    IamRole role =
        IamRole.Builder.create(stack, "node-role")
            .name(nodeName(cluster))
            .lifecycle(NEW_FIRST)
            .description("A node of " + cluster.name() + " reads its passwords")
            .assumeRolePolicy(
                """
            {
              "Version": "2012-10-17",
              "Statement": [
                {
                  "Effect": "Allow",
                  "Action": "sts:AssumeRole",
                  "Principal": {"Service": "ec2.amazonaws.com"}
                }
              ]
            }
            """)
            .build();
    AccountGuard.before(role);
    return role;
  }

  /** Roles and profiles are an account's, whatever the region; a cluster is in one region. */
  private static String nodeName(Cluster cluster) {
    return Tags.nameOf(cluster, cluster.environment().aws().region().orElseThrow() + "-node");
  }

  private static IamRolePolicy mayRead(
      TerraformStack stack, Cluster cluster, IamRole role, String passwords) {
    List<String> statements = new ArrayList<>();
    statements.add(allow("secretsmanager:GetSecretValue", passwords));
    statements.add(allow("s3:GetObject", Delivery.arn() + "/*"));
    statements.add(allow("s3:ListBucket", Delivery.arn()));
    BackupBucket.name(cluster)
        .ifPresent(bucket -> statements.addAll(mayBackUp(cluster, Delivery.arn(bucket))));
    return IamRolePolicy.Builder.create(stack, "node-reads-passwords")
        .name("read-passwords")
        .role(role.getId())
        .policy(
            """
            {
              "Version": "2012-10-17",
              "Statement": [
            %s  ]
            }
            """
                .formatted(String.join(",\n", statements).indent(4)))
        .build();
  }

  private static List<String> mayBackUp(Cluster cluster, String bucket) {
    String all = BackupSection.prefix(cluster.name()) + "/*";
    List<String> statements = new ArrayList<>();
    BACKUP_ACTIONS.forEach(action -> statements.add(allow(action, bucket + "/" + all)));
    String onlyThose =
        ",\n  \"Condition\": {\"StringLike\": {\"s3:prefix\": \"%s\"}}".formatted(all);
    statements.add(allow("s3:ListBucket", bucket, onlyThose));
    return statements;
  }

  private static String allow(String action, String resource) {
    return allow(action, resource, "");
  }

  private static String allow(String action, String resource, String more) {
    return """
        {
          "Effect": "Allow",
          "Action": "%s",
          "Resource": "%s"%s
        }"""
        .formatted(action, resource, more);
  }
}
