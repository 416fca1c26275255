package stacks.testing;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import stacks.testing.Account.Call;

/**
 * A right that a call needs, as IAM names it.
 *
 * @param action such as {@code iam:GetRole}
 * @param resource an ARN; {@value #ANY} where a policy of ours does not narrow it
 */
public record Right(String action, String resource) {
  /** Where AWS knows no resource for an action, or only one with a random id. */
  static final String ANY = "*";

  private static final String ACCOUNT = "123456789012";
  private static final String REGION = "eu-central-1";

  /** "No permissions are required": STS API reference, GetCallerIdentity. */
  private static final Set<String> FREE = Set.of("sts:GetCallerIdentity");

  /**
   * The data source aws_ami asks this of an image, which always fails, and it ignores the error.
   * {@code PoliciesSuite} refuses the call.
   */
  public static final String IGNORED = "GetInstanceUefiData";

  /** Of S3, the log has the method. */
  private static final Map<String, String> OF_OBJECT =
      Map.of(
          "GET", "s3:GetObject",
          "HEAD", "s3:GetObject",
          "PUT", "s3:PutObject",
          "DELETE", "s3:DeleteObject");

  /**
   * What a call needs: the right of its own name, and its companions. {@code PassRole} and the
   * rights to tag are not calls, so no log has them.
   */
  public static List<Right> of(Call call) {
    if (call.service().equals("s3")) {
      return List.of(ofS3(call));
    }
    Right own = new Right(call.service() + ":" + call.action(), resource(call));
    if (FREE.contains(own.action) || call.action().equals(IGNORED)) {
      return List.of();
    }
    return Stream.of(Stream.of(own), passing(call), tagging(call, own), reading(own))
        .flatMap(rights -> rights)
        .toList();
  }

  /**
   * RunInstances with a profile passes the profile's role, and so does putting a role into a
   * profile. EC2 user guide, "Grant permissions to attach an IAM role to an instance"; IAM API
   * reference, AddRoleToInstanceProfile. In a cluster both have the same name.
   */
  private static Stream<Right> passing(Call call) {
    return switch (call.action()) {
      case "RunInstances" -> Stream.of(passRole(call.about().get("IamInstanceProfile.Name")));
      case "AddRoleToInstanceProfile" -> Stream.of(passRole(call.about().get("RoleName")));
      default -> Stream.of();
    };
  }

  private static Right passRole(String name) {
    return new Right("iam:PassRole", role(name));
  }

  /**
   * A call that creates something with tags needs the right to tag it, too.
   *
   * <p>EC2 user guide, "Grant permission to tag Amazon EC2 resources during creation"; IAM user
   * guide, "Tags for AWS Identity and Access Management resources" (openshift/installer#1073 is the
   * refusal); Secrets Manager API reference, CreateSecret.
   */
  private static Stream<Right> tagging(Call call, Right own) {
    boolean isEc2 = call.service().equals("ec2");
    String parameter = isEc2 ? "TagSpecification" : "Tags";
    boolean tags = call.about().keySet().stream().anyMatch(name -> name.startsWith(parameter));
    if (!tags) {
      return Stream.of();
    }
    return Stream.of(
        switch (call.action()) {
          case "CreateRole" -> new Right("iam:TagRole", own.resource);
          case "CreateInstanceProfile" -> new Right("iam:TagInstanceProfile", own.resource);
          case "CreateSecret" -> new Right("secretsmanager:TagResource", own.resource);
          default -> isEc2 ? new Right("ec2:CreateTags", ANY) : own;
        });
  }

  /**
   * From 6.26 on, the provider lists a write-only secret's versions in place of reading its value
   * (terraform-provider-aws#44876).
   */
  private static Stream<Right> reading(Right own) {
    return own.action.equals("secretsmanager:GetSecretValue")
        ? Stream.of(new Right("secretsmanager:ListSecretVersionIds", own.resource))
        : Stream.of();
  }

  /** Rights by method and part (Service Authorization Reference, "Actions for Amazon S3"). */
  private static final Map<String, String> OF_BUCKET =
      Map.ofEntries(
          Map.entry("HEAD", "ListBucket"),
          Map.entry("GET", "ListBucket"),
          Map.entry("PUT", "CreateBucket"),
          Map.entry("DELETE", "DeleteBucket"),
          Map.entry("GET accelerate", "GetAccelerateConfiguration"),
          Map.entry("GET acl", "GetBucketAcl"),
          Map.entry("GET cors", "GetBucketCORS"),
          Map.entry("GET encryption", "GetEncryptionConfiguration"),
          Map.entry("PUT encryption", "PutEncryptionConfiguration"),
          Map.entry("DELETE encryption", "PutEncryptionConfiguration"),
          Map.entry("GET lifecycle", "GetLifecycleConfiguration"),
          Map.entry("PUT lifecycle", "PutLifecycleConfiguration"),
          Map.entry("DELETE lifecycle", "PutLifecycleConfiguration"),
          Map.entry("PUT object-lock", "PutBucketObjectLockConfiguration"),
          Map.entry("PUT versioning", "PutBucketVersioning"),
          Map.entry("GET location", "GetBucketLocation"),
          Map.entry("GET logging", "GetBucketLogging"),
          Map.entry("GET object-lock", "GetBucketObjectLockConfiguration"),
          Map.entry("GET policy", "GetBucketPolicy"),
          Map.entry("PUT policy", "PutBucketPolicy"),
          Map.entry("DELETE policy", "DeleteBucketPolicy"),
          Map.entry("GET publicAccessBlock", "GetBucketPublicAccessBlock"),
          Map.entry("PUT publicAccessBlock", "PutBucketPublicAccessBlock"),
          Map.entry("DELETE publicAccessBlock", "PutBucketPublicAccessBlock"),
          Map.entry("GET replication", "GetReplicationConfiguration"),
          Map.entry("GET requestPayment", "GetBucketRequestPayment"),
          Map.entry("GET tagging", "GetBucketTagging"),
          Map.entry("PUT tagging", "PutBucketTagging"),
          Map.entry("DELETE tagging", "PutBucketTagging"),
          Map.entry("GET versioning", "GetBucketVersioning"),
          Map.entry("GET versions", "ListBucketVersions"),
          Map.entry("GET website", "GetBucketWebsite"));

  private static Right ofS3(Call call) {
    String path = call.about().get("path").substring(1);
    String query = call.about().get("query");
    if (path.contains("/") && !path.endsWith("/")) {
      String action =
          query.startsWith("tagging") ? "s3:GetObjectTagging" : OF_OBJECT.get(call.action());
      return new Right(action, "arn:aws:s3:::" + path);
    }
    String part = query.replaceFirst("[=&].*", "");
    String method =
        part.isEmpty() || part.equals("list-type") ? call.action() : call.action() + " " + part;
    if (!OF_BUCKET.containsKey(method)) {
      throw new AssertionError("unknown call of S3: " + call);
    }
    return new Right("s3:" + OF_BUCKET.get(method), "arn:aws:s3:::" + path.replace("/", ""));
  }

  /**
   * The type of resource is that of the Service Authorization Reference: a profile for calls that
   * name both a profile and a role.
   */
  private static String resource(Call call) {
    Map<String, String> about = call.about();
    return switch (call.service().toLowerCase(Locale.ROOT)) {
      case "iam" ->
          about.containsKey("InstanceProfileName")
              ? "arn:aws:iam::%s:instance-profile/%s"
                  .formatted(ACCOUNT, about.get("InstanceProfileName"))
              : role(about.get("RoleName"));
      case "secretsmanager" -> secret(about.getOrDefault("SecretId", about.get("Name")));
      default -> ANY;
    };
  }

  private static String role(String name) {
    return "arn:aws:iam::%s:role/%s".formatted(ACCOUNT, name);
  }

  /** A call names a secret by its ARN or by its name; one that is about none has neither. */
  private static String secret(String id) {
    if (id == null) {
      return ANY;
    }
    return id.startsWith("arn:")
        ? id
        : "arn:aws:secretsmanager:%s:%s:secret:%s-AbCdEf".formatted(REGION, ACCOUNT, id);
  }
}
