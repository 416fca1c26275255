package stacks.node;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;
import java.util.HexFormat;
import stacks.cluster.Cluster;

/**
 * The node agent on its way to a machine. It is too large for user-data, so it is the value of a
 * secret, and user-data has its checksum (docs/decisions/0021).
 */
public final class AgentProgram {
  /** What a secret's value may have, in bytes (Secrets Manager quotas, "Secret value size"). */
  public static final int LARGEST = 65_536;

  /** Hexadecimal digits of the checksum that make a version: they fit into 28 bits. */
  private static final int VERSION_DIGITS = 7;

  private static final String TEXT = NodeFiles.agent();
  private static final String SHA256 = sha256(TEXT);

  private AgentProgram() {}

  /** Name of the secret that carries the program to the cluster's nodes. */
  public static String secretName(Cluster cluster) {
    return "rediform/" + cluster.name() + "/program";
  }

  /** Checksum of the program's text, as user-data has it. */
  public static String sha256() {
    return SHA256;
  }

  /** The secret's value: the text with its comments, packed by gzip, then Base64. */
  public static String packed() {
    return Base64.getEncoder().encodeToString(UserData.gzip(TEXT));
  }

  /** A positive number that is another one for another program. */
  public static int version() {
    return Integer.parseInt(SHA256.substring(0, VERSION_DIGITS), 16) + 1;
  }

  private static String sha256(String text) {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      return HexFormat.of().formatHex(digest.digest(text.getBytes(StandardCharsets.UTF_8)));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }
}
