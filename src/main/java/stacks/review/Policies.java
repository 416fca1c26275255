package stacks.review;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import stacks.cluster.Cluster;
import stacks.node.BackupSection;
import stacks.node.Checksum;

/** What a node may do, and who may be a node, as policies of IAM say it. */
final class Policies {
  private static final Set<String> PARTS = Set.of("Effect", "Action", "Resource");
  private static final String CONDITION = "Condition";

  private static final String PUT = "s3:PutObject ";

  /** What a node does with each backup of its cluster. */
  private static final List<String> OF_BACKUPS =
      List.of(PUT, "s3:GetObject ", "s3:DeleteObject ", "s3:AbortMultipartUpload ");

  /** Hexadecimal digits of a checksum of account and region at the end of the bucket's name. */
  private static final int DIGITS = 12;

  private static final ObjectMapper MAPPER =
      new ObjectMapper()
          .enable(DeserializationFeature.FAIL_ON_READING_DUP_TREE_KEY)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);

  private Policies() {}

  /**
   * Whether a policy lets a node read the passwords of its cluster, its document and its program,
   * keep backups in the bucket for them, and do nothing else.
   */
  static boolean isOfNode(Optional<String> policy, Cluster cluster) {
    Pattern passwords =
        Pattern.compile(
            "secretsmanager:GetSecretValue (?<partition>arn:[a-z-]+):secretsmanager"
                + ":(?<region>[a-z0-9-]+):(?<account>\\d{12}):secret:rediform/"
                + Pattern.quote(cluster.name())
                // Secrets Manager puts six characters behind a name.
                + "/nodes-[A-Za-z0-9]{6}");
    Set<String> rights = rights(policy);
    Optional<Matcher> found =
        rights.stream().map(passwords::matcher).filter(Matcher::matches).findFirst();
    if (found.isEmpty()) {
      return false;
    }
    // The account and the region of the secret: there is no other bucket of this cluster.
    Matcher secret = found.get();
    String id = Checksum.of(secret.group("account") + "/" + secret.group("region"));
    String s3 = secret.group("partition") + ":s3:::";
    String bucket = s3 + "rediform-" + cluster.name() + "-" + id.substring(0, DIGITS);
    Set<String> always =
        Set.of(secret.group(), "s3:GetObject " + bucket + "/*", "s3:ListBucket " + bucket);
    Set<String> withBackups = new HashSet<>(always);
    BackupSection.bucket(cluster)
        .map(named -> named.replace(BackupSection.ID, id.substring(0, DIGITS)))
        .ifPresent(named -> withBackups.addAll(ofBackups(s3 + named, cluster.name())));
    return rights.equals(always) || rights.equals(withBackups);
  }

  private static Set<String> ofBackups(String bucket, String cluster) {
    String all = BackupSection.prefix(cluster) + "/*";
    Set<String> rights = new HashSet<>();
    OF_BACKUPS.forEach(action -> rights.add(action + bucket + "/" + all));
    String below = "{\"StringLike\":{\"s3:prefix\":\"%s\"}}".formatted(all);
    rights.add("s3:ListBucket " + bucket + " " + below);
    return rights;
  }

  /** The place to which a policy lets a node write backups, as a document names it. */
  static Optional<String> backupPlace(Optional<String> policy) {
    return rights(policy).stream()
        .filter(right -> right.startsWith(PUT))
        .map(right -> right.replaceFirst(".*:s3:::", "s3://").replaceFirst("/\\*$", ""))
        .findFirst();
  }

  /** Whether a policy lets the machines of an account take a role, and nobody else. */
  static boolean isForMachines(Optional<String> policy) {
    JsonNode statements = statements(policy);
    JsonNode one = statements.path(0);
    JsonNode who = one.path("Principal");
    return statements.isArray()
        && statements.size() == 1
        && one.size() == 3
        && one.path("Effect").asText().equals("Allow")
        && one.path("Action").asText().equals("sts:AssumeRole")
        && who.size() == 1
        && who.path("Service").asText().equals("ec2.amazonaws.com");
  }

  /**
   * Each action with its resource, and its condition where there is one; empty where a statement
   * says more, or less, than that.
   */
  private static Set<String> rights(Optional<String> policy) {
    Set<String> rights = new TreeSet<>();
    for (JsonNode statement : statements(policy)) {
      JsonNode action = statement.path("Action");
      JsonNode resource = statement.path("Resource");
      Set<String> parts = new TreeSet<>();
      statement.fieldNames().forEachRemaining(parts::add);
      boolean hasCondition = parts.remove(CONDITION);
      if (!parts.equals(PARTS)
          || !statement.path("Effect").asText().equals("Allow")
          || !action.isTextual()
          || !resource.isTextual()) {
        return Set.of();
      }
      String condition = hasCondition ? " " + statement.path(CONDITION) : "";
      rights.add(action.asText() + " " + resource.asText() + condition);
    }
    return rights;
  }

  private static JsonNode statements(Optional<String> policy) {
    try {
      return MAPPER.readTree(policy.orElse("")).path("Statement");
    } catch (JsonProcessingException e) {
      return MAPPER.missingNode();
    }
  }
}
