package stacks.platform.aws;

import static stacks.platform.Effect.ACCESS_WIDENED;
import static stacks.platform.Effect.LIVE_SETTING;

import com.hashicorp.cdktf.TerraformStack;
import com.hashicorp.cdktf.TerraformVariable;
import com.hashicorp.cdktf.providers.aws.s3_bucket.S3BucketConfig;
import com.hashicorp.cdktf.providers.aws.s3_bucket_policy.S3BucketPolicyConfig;
import com.hashicorp.cdktf.providers.aws.s3_bucket_public_access_block.S3BucketPublicAccessBlockConfig;
import com.hashicorp.cdktf.providers.aws.s3_bucket_server_side_encryption_configuration.S3BucketServerSideEncryptionConfigurationAConfig;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import stacks.cluster.Cluster;
import stacks.node.BackupSection;
import stacks.platform.Effect;
import stacks.platform.Identity;
import stacks.platform.Lasting;
import stacks.platform.ResourceKind;

/**
 * The bucket that rediform makes for backups where the file names none (docs/decisions/0029). It
 * outlives the cluster: a deploy that no longer wants it forgets it, {@code ./rediform destroy}
 * does too, and the next deploy takes it over.
 */
final class BackupBucket {
  private static final String NAME = Lasting.BACKUPS;
  private static final String BUCKET = "aws_s3_bucket";
  private static final String VERSIONING = "aws_s3_bucket_versioning";
  private static final String PUBLIC = "aws_s3_bucket_public_access_block";
  private static final String LIFECYCLE = "aws_s3_bucket_lifecycle_configuration";
  private static final String LOCK = "aws_s3_bucket_object_lock_configuration";

  /** Days after which parts of an upload go that never became an object. */
  private static final int UPLOADS = 1;

  /** Days for which what was deleted or overwritten can still be had back. */
  private static final int OLD_VERSIONS = 30;

  private static final String OPENED = "backups may be opened to everybody";

  /** What the plan review knows of these. */
  static final List<ResourceKind> KINDS =
      List.of(
          lasting(
              BUCKET,
              Map.of(),
              // Resources of their own write these, and the bucket reads them back.
              Set.of(
                  "policy",
                  "server_side_encryption_configuration",
                  "versioning",
                  "lifecycle_rule",
                  "object_lock_enabled",
                  "object_lock_configuration"),
              "all backups go with it"),
          lasting(
              VERSIONING,
              Map.of("versioning_configuration.status", LIVE_SETTING),
              Set.of(),
              "a backup that is deleted or overwritten is gone at once"),
          lasting(
              PUBLIC,
              Map.of(
                  "block_public_acls", ACCESS_WIDENED,
                  "block_public_policy", ACCESS_WIDENED,
                  "ignore_public_acls", ACCESS_WIDENED,
                  "restrict_public_buckets", ACCESS_WIDENED),
              Set.of(),
              OPENED),
          lasting(
              "aws_s3_bucket_server_side_encryption_configuration",
              Map.of(
                  "rule", ACCESS_WIDENED,
                  "rule.apply_server_side_encryption_by_default", ACCESS_WIDENED),
              // S3 says of each rule whether it has a bucket key.
              Set.of("rule"),
              "backups are no longer encrypted as rediform does"),
          lasting(
              "aws_s3_bucket_policy",
              Map.of("policy", ACCESS_WIDENED),
              Set.of(),
              "backups may be read and written without TLS"),
          lasting(
              LIFECYCLE,
              Map.of("rule", ACCESS_WIDENED),
              Set.of("transition_default_minimum_object_size"),
              "what was deleted stays for ever, and is paid for"),
          lasting(
              LOCK,
              Map.of(
                  "rule", LIVE_SETTING,
                  "rule.default_retention", LIVE_SETTING),
              Set.of(),
              "new backups are not locked"));

  private BackupBucket() {}

  private static ResourceKind lasting(
      String type, Map<String, Effect> attributes, Set<String> mirrors, String loss) {
    return ResourceKind.of(type, NAME, attributes, mirrors, loss).thatLasts();
  }

  /** The bucket that nodes may use, as the stack names it: its own, or the file's. */
  static Optional<String> name(Cluster cluster) {
    return BackupSection.makesBucket(cluster)
        ? Optional.of("${" + BUCKET + "." + NAME + ".bucket}")
        : BackupSection.bucket(cluster);
  }

  /** Adds the bucket; or says that one of an earlier deploy is to be forgotten, and not deleted. */
  static void addTo(TerraformStack stack, Resources resources, Cluster cluster) {
    boolean isMade = BackupSection.makesBucket(cluster);
    if (isMade) {
      String bucket = bucket(stack, resources, cluster);
      closed(resources, bucket);
      kept(resources, bucket);
    }
    Optional<Duration> lock = cluster.environment().backup().lock().filter(each -> isMade);
    lock.ifPresent(time -> locked(resources, time));
    if (!isMade) {
      stack.addOverride(
          "removed",
          KINDS.stream()
              .map(
                  kind ->
                      Map.of(
                          "from", kind.type() + "." + NAME, "lifecycle", Map.of("destroy", false)))
              .toList());
    }
  }

  private static String bucket(TerraformStack stack, Resources resources, Cluster cluster) {
    String name = BackupSection.madeBucket(cluster, Delivery.id(cluster));
    TerraformVariable.Builder.create(stack, Lasting.ADOPT)
        .type("bool")
        .defaultValue(false)
        .description(
            "true when the bucket for backups is there already, and this state does not know it:"
                + " it is taken over, with all that it holds")
        .build();
    // For no bucket that the state has: Terraform passes over those.
    stack.addOverride(
        "import",
        List.of(
            Map.of(
                "for_each",
                "${var.%s ? toset([\"%s\"]) : toset([])}".formatted(Lasting.ADOPT, name),
                "to",
                BUCKET + "." + NAME,
                "id",
                "${each.value}")));
    return resources.add(
        BUCKET,
        NAME,
        S3BucketConfig.builder().bucket(name).forceDestroy(false).build(),
        List.of(Identity.ADDRESS));
  }

  /**
   * S3 refuses two changes of a bucket's access at once (OperationAborted): one after the other.
   */
  private static void closed(Resources resources, String bucket) {
    resources.add(
        PUBLIC,
        NAME,
        S3BucketPublicAccessBlockConfig.builder()
            .bucket(bucket)
            .blockPublicAcls(true)
            .blockPublicPolicy(true)
            .ignorePublicAcls(true)
            .restrictPublicBuckets(true)
            .build(),
        List.of());
    resources.add(
        "aws_s3_bucket_policy",
        NAME,
        S3BucketPolicyConfig.builder().bucket(bucket).policy(Delivery.onlyByTls(NAME)).build(),
        List.of(PUBLIC + "." + NAME));
    resources.add(
        "aws_s3_bucket_server_side_encryption_configuration",
        NAME,
        S3BucketServerSideEncryptionConfigurationAConfig.builder()
            .bucket(bucket)
            .rule(List.of(Delivery.amazonsKeys()))
            .build(),
        List.of());
  }

  private static void kept(Resources resources, String bucket) {
    resources.add(
        VERSIONING,
        NAME,
        Map.of("bucket", bucket, "versioning_configuration", List.of(Map.of("status", "Enabled"))));
    resources.add(
        LIFECYCLE,
        NAME,
        Map.of(
            "bucket",
            bucket,
            "rule",
            List.of(
                rule(
                    "unfinished-uploads",
                    Map.of(
                        "abort_incomplete_multipart_upload",
                        List.of(Map.of("days_after_initiation", UPLOADS)))),
                rule(
                    "old-versions",
                    Map.of(
                        "noncurrent_version_expiration",
                        List.of(Map.of("noncurrent_days", OLD_VERSIONS)),
                        "expiration",
                        List.of(Map.of("expired_object_delete_marker", true))))),
            "depends_on",
            List.of(VERSIONING + "." + NAME)));
  }

  private static Map<String, Object> rule(String id, Map<String, Object> what) {
    Map<String, Object> rule = new LinkedHashMap<>();
    rule.put("id", id);
    rule.put("status", "Enabled");
    rule.put("filter", List.of(Map.of()));
    rule.putAll(new TreeMap<>(what));
    return rule;
  }

  /**
   * By a resource of its own, which locks a bucket that is there, too; an argument of the bucket
   * would replace it. What is locked already stays locked whatever becomes of this.
   */
  private static void locked(Resources resources, Duration time) {
    long days = time.plusDays(1).minusNanos(1).toDays();
    resources.add(
        LOCK,
        NAME,
        Map.of(
            "bucket",
            "${" + BUCKET + "." + NAME + ".id}",
            "rule",
            List.of(
                Map.of("default_retention", List.of(Map.of("mode", "GOVERNANCE", "days", days)))),
            "depends_on",
            List.of(VERSIONING + "." + NAME)));
  }
}
