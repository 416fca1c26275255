package stacks.platform.aws;

import static stacks.platform.Effect.ACCESS_WIDENED;
import static stacks.platform.Effect.COSMETIC;
import static stacks.platform.Effect.LIVE_SETTING;

import com.hashicorp.cdktf.TerraformStack;
import com.hashicorp.cdktf.providers.aws.secretsmanager_secret.SecretsmanagerSecret;
import com.hashicorp.cdktf.providers.aws.secretsmanager_secret_version.SecretsmanagerSecretVersion;
import java.util.List;
import java.util.Map;
import java.util.Set;
import stacks.cluster.Cluster;
import stacks.node.AgentProgram;
import stacks.node.NodeFiles;
import stacks.platform.ResourceKind;

/**
 * The node agent as the value of a secret: nothing to hide, but a place from which every node that
 * boots can read already (docs/decisions/0021).
 */
public final class Program {
  private static final String NO_PROGRAM =
      "a new machine finds no program, and does not start its server";

  /** The attribute that another program changes. */
  public static final String VERSION = "secret_string_wo_version";

  /** What the plan review knows of these. */
  static final List<ResourceKind> KINDS =
      List.of(
          ResourceKind.of(
              "aws_secretsmanager_secret",
              "program",
              Map.of(
                  "description", COSMETIC,
                  "recovery_window_in_days", LIVE_SETTING,
                  "policy", ACCESS_WIDENED),
              Set.of(),
              NO_PROGRAM),
          ResourceKind.of(
              "aws_secretsmanager_secret_version",
              "program-value",
              // A new release of the agent. Which nodes restart for it their user-data says.
              Map.of(VERSION, LIVE_SETTING),
              Set.of(),
              NO_PROGRAM));

  /** Path of the secret's value, relative to the stack's {@code cdk.tf.json}. */
  static final String FILE = "nodes/" + NodeFiles.AGENT + ".gz.b64";

  private final SecretsmanagerSecret secret;
  private final SecretsmanagerSecretVersion value;

  Program(TerraformStack stack, Cluster cluster) {
    secret =
        SecretsmanagerSecret.Builder.create(stack, "program")
            .name(AgentProgram.secretName(cluster))
            .description("The program that nodes of " + cluster.name() + " run, packed")
            // Nothing to have back: every release of rediform carries its program.
            .recoveryWindowInDays(0)
            .build();
    AccountGuard.before(secret);
    value =
        SecretsmanagerSecretVersion.Builder.create(stack, "program-value")
            .secretId(secret.getId())
            .build();
    // Write-only, so that neither plan nor state has a copy. Terraform uploads it when the version
    // is another.
    value.addOverride("secret_string_wo", "${file(\"${path.module}/" + FILE + "\")}");
    value.addOverride("secret_string_wo_version", AgentProgram.version());
  }

  /** The secret, as a policy names it. */
  String arn() {
    return secret.getArn();
  }

  /** What must be there before a node boots, so that it finds this very program. */
  SecretsmanagerSecretVersion ready() {
    return value;
  }
}
