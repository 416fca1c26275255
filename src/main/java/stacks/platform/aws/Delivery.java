package stacks.platform.aws;

import static stacks.platform.Effect.ACCESS_WIDENED;
import static stacks.platform.Effect.LIVE_SETTING;

import com.hashicorp.cdktf.providers.aws.s3_bucket.S3BucketConfig;
import com.hashicorp.cdktf.providers.aws.s3_bucket_policy.S3BucketPolicyConfig;
import com.hashicorp.cdktf.providers.aws.s3_bucket_public_access_block.S3BucketPublicAccessBlockConfig;
import com.hashicorp.cdktf.providers.aws.s3_bucket_server_side_encryption_configuration.S3BucketServerSideEncryptionConfigurationAConfig;
import com.hashicorp.cdktf.providers.aws.s3_bucket_server_side_encryption_configuration.S3BucketServerSideEncryptionConfigurationRuleA;
import com.hashicorp.cdktf.providers.aws.s3_bucket_server_side_encryption_configuration.S3BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefaultA;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import stacks.cluster.Cluster;
import stacks.cluster.Node;
import stacks.node.AgentBundle;
import stacks.node.NodeDocument;
import stacks.node.UserData;
import stacks.platform.Identity;
import stacks.platform.ResourceKind;

/**
 * The bucket from which nodes fetch their documents and the agent that these name
 * (docs/decisions/0027). It holds nothing of value: every release carries its agent, and every
 * deploy makes the documents anew.
 */
final class Delivery {
  /** The tag of a machine that says which document it shall have. */
  static final String TAG = "rediform.document";

  private static final String BUCKET = "nodes";
  private static final String PROGRAM = "program";
  private static final String NO_DOCUMENT =
      "a new machine finds no document, and does not start its server";

  /** What the plan review knows of these. */
  static final List<ResourceKind> KINDS =
      List.of(
          ResourceKind.of(
              "aws_s3_bucket",
              BUCKET,
              Map.of(),
              // Resources of their own write these, and the bucket reads them back.
              Set.of("policy", "server_side_encryption_configuration"),
              NO_DOCUMENT),
          ResourceKind.of(
              "aws_s3_bucket_public_access_block",
              BUCKET,
              Map.of(
                  "block_public_acls", ACCESS_WIDENED,
                  "block_public_policy", ACCESS_WIDENED,
                  "ignore_public_acls", ACCESS_WIDENED,
                  "restrict_public_buckets", ACCESS_WIDENED),
              Set.of(),
              "the bucket may be opened to everybody"),
          ResourceKind.of(
              "aws_s3_bucket_policy",
              BUCKET,
              Map.of("policy", ACCESS_WIDENED),
              Set.of(),
              "documents may be read and written without TLS"),
          ResourceKind.of(
              "aws_s3_bucket_server_side_encryption_configuration",
              BUCKET,
              Map.of(
                  "rule", ACCESS_WIDENED,
                  "rule.apply_server_side_encryption_by_default", ACCESS_WIDENED),
              // S3 says of each rule whether it has a bucket key.
              Set.of("rule"),
              "documents are no longer encrypted as this cluster says"),
          ResourceKind.of(
              "aws_s3_object",
              PROGRAM,
              Map.of("content_base64", LIVE_SETTING),
              Set.of("version_id"),
              "a new machine finds no program, and does not start its server"),
          ResourceKind.of(
              "aws_s3_object",
              ResourceKind.NODE + "-document",
              // What that means, the review reads in the documents.
              Map.of("content", LIVE_SETTING),
              Set.of("version_id"),
              NO_DOCUMENT),
          former("aws_secretsmanager_secret", "program"),
          former("aws_secretsmanager_secret_version", "program-value"));

  private Delivery() {}

  /**
   * Adds the bucket and what is in it.
   *
   * @return addresses of what must be there before a machine boots, beside its own document
   */
  static List<String> addTo(
      Resources resources, Cluster cluster, Map<String, NodeDocument> documents) {
    String bucket =
        resources.add(
            "aws_s3_bucket",
            BUCKET,
            S3BucketConfig.builder()
                .bucket(UserData.bucket(cluster, id(cluster)))
                .forceDestroy(true)
                .build(),
            List.of(Identity.ADDRESS));
    resources.add(
        "aws_s3_bucket_public_access_block",
        BUCKET,
        S3BucketPublicAccessBlockConfig.builder()
            .bucket(bucket)
            .blockPublicAcls(true)
            .blockPublicPolicy(true)
            .ignorePublicAcls(true)
            .restrictPublicBuckets(true)
            .build(),
        List.of());
    resources.add(
        "aws_s3_bucket_server_side_encryption_configuration",
        BUCKET,
        S3BucketServerSideEncryptionConfigurationAConfig.builder()
            .bucket(bucket)
            .rule(List.of(amazonsKeys()))
            .build(),
        List.of());
    resources.add(
        "aws_s3_bucket_policy",
        BUCKET,
        S3BucketPolicyConfig.builder().bucket(bucket).policy(onlyByTls(BUCKET)).build(),
        // S3 refuses two changes of a bucket's access at once (OperationAborted).
        List.of("aws_s3_bucket_public_access_block." + BUCKET));
    object(resources, PROGRAM, "program.pyz", "content_base64", PROGRAM_FILE);
    for (Node node : cluster.nodes()) {
      String key = "nodes/" + node.name() + ".json";
      object(resources, node.name() + "-document", key, "content", key);
    }
    return List.of("aws_s3_object." + PROGRAM, "aws_s3_bucket_policy." + BUCKET);
  }

  /** Path of the agent, in Base64, relative to the stack's {@code cdk.tf.json}. */
  private static final String PROGRAM_FILE = "nodes/program.pyz.b64";

  /** The files that the objects are made of, by their path. */
  static Map<String, String> files(Map<String, NodeDocument> documents) {
    Map<String, String> files = new TreeMap<>();
    files.put(PROGRAM_FILE, AgentBundle.base64());
    documents.forEach((node, document) -> files.put("nodes/" + node + ".json", document.text()));
    return files;
  }

  /** Address of what must be there before a node's machine is told to take it. */
  static String document(Node node) {
    return "aws_s3_object." + node.name() + "-document";
  }

  /** The bucket as the nodes' policy names it: by its name, which a plan knows, unlike its ARN. */
  static String arn() {
    return arn("${aws_s3_bucket." + BUCKET + ".bucket}");
  }

  /** ARN of a bucket. That of a secret that is there says which part of AWS it is in. */
  static String arn(String bucket) {
    return "arn:${split(\":\", aws_secretsmanager_secret.passwords.arn)[1]}:s3:::" + bucket;
  }

  /**
   * Names of buckets are the whole world's, so account and region are part of them; as a checksum,
   * because 63 characters are all there is.
   */
  static String id(Cluster cluster) {
    return "${substr(sha256(\"${data.aws_caller_identity.account.account_id}/"
        + cluster.environment().aws().region().orElseThrow()
        + "\"), 0, 12)}";
  }

  /** Encryption with keys that Amazon S3 manages. */
  static S3BucketServerSideEncryptionConfigurationRuleA amazonsKeys() {
    return S3BucketServerSideEncryptionConfigurationRuleA.builder()
        .applyServerSideEncryptionByDefault(
            S3BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefaultA
                .builder()
                .sseAlgorithm("AES256")
                .build())
        .build();
  }

  /**
   * A policy that denies everything that does not come by TLS.
   *
   * @param name of the bucket's resource
   */
  static String onlyByTls(String name) {
    String arn = "${aws_s3_bucket." + name + ".arn}";
    return """
        {
          "Version": "2012-10-17",
          "Statement": [
            {
              "Effect": "Deny",
              "Principal": "*",
              "Action": "s3:*",
              "Resource": ["%s", "%s/*"],
              "Condition": {"Bool": {"aws:SecureTransport": "false"}}
            }
          ]
        }
        """
        .formatted(arn, arn);
  }

  /**
   * An object whose key never changes, and whose content is in the plan: what was reviewed is what
   * is uploaded, and nothing that a machine may still need is ever deleted.
   *
   * <p>Without the provider's default tags: an object has room for ten, a machine for fifty. The
   * bindings do not know that block.
   */
  private static void object(
      Resources resources, String name, String key, String content, String file) {
    resources.add(
        "aws_s3_object",
        name,
        Map.of(
            "bucket",
            "${aws_s3_bucket." + BUCKET + ".id}",
            "key",
            key,
            content,
            "${file(\"${path.module}/" + file + "\")}",
            "override_provider",
            Map.of("default_tags", Map.of("tags", Map.of()))));
  }

  /** A kind that earlier releases made: it may go, and nothing is lost with it. */
  private static ResourceKind former(String type, String names) {
    return ResourceKind.of(type, names, Map.of(), Set.of(), "");
  }
}
