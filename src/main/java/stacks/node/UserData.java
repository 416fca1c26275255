package stacks.node;

import com.jcraft.jzlib.Deflater;
import com.jcraft.jzlib.DeflaterOutputStream;
import com.jcraft.jzlib.JZlib;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Map;
import java.util.stream.Collectors;
import stacks.cluster.Cluster;
import stacks.cluster.Node;
import stacks.templates.Templates;

/**
 * The cloud-init document by which a bare machine fetches everything else: the bootstrap, and where
 * it looks. It holds no secret, and never changes in a machine's life: another one stops and starts
 * the machine (docs/decisions/0027).
 *
 * <p>A document has two parts: what all nodes of all clusters have in common, made once, and what
 * is the node's own.
 */
public final class UserData {
  /**
   * What a packed document may have, in bytes before Base64. EC2 takes 16 KiB (EC2 user guide,
   * "User data"); whatever could grow is fetched instead.
   */
  public static final int LARGEST = 6 * 1024;

  /** JZlib adds 16 to the window size of 15 bits for gzip's header and trailer, as zlib does. */
  private static final int GZIP_WRAPPER = 15 + 16;

  private static final String COMMON =
      Templates.fill(
          "cloud-init/common",
          Map.of("bootstrap", indented(Templates.program("bootstrap/rediform-bootstrap"))));

  private static final byte[] PACKED = gzip(COMMON);

  private final Cluster cluster;

  public UserData(Cluster cluster) {
    this.cluster = cluster;
  }

  /**
   * Name of the bucket that nodes fetch from. The node puts in place of {@code {id}} what only it
   * and Terraform know.
   */
  public static String bucket(Cluster cluster, String id) {
    return "rediform-" + cluster.name() + "-" + id;
  }

  /** The document for one node. */
  public String of(Node node) {
    return COMMON + own(node);
  }

  /**
   * The same document as EC2 gets it: gzip, then Base64.
   *
   * <p>Each part is a gzip member of its own, which gzip allows, so that the common one is packed
   * once. By JZlib and not by the JDK: the JDK's bytes depend on the zlib it is linked with, and a
   * plan made on another machine would restart every node.
   */
  public String packed(Node node) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    bytes.writeBytes(PACKED);
    bytes.writeBytes(gzip(own(node)));
    return Base64.getEncoder().encodeToString(bytes.toByteArray());
  }

  /** Size of a packed document in bytes, as {@link #LARGEST} counts it. */
  public int packedSize(Node node) {
    return PACKED.length + gzip(own(node)).length;
  }

  private String own(Node node) {
    return Templates.fill(
        "cloud-init/own",
        Map.of(
            "node", node.name(),
            "bucket", bucket(cluster, "{id}"),
            "region", cluster.environment().aws().region().orElse("")));
  }

  /** A file as an indented block of the document. */
  private static String indented(String text) {
    return text.lines()
        .map(line -> line.isEmpty() ? "" : "   " + line)
        .collect(Collectors.joining("\n"));
  }

  private static byte[] gzip(String text) {
    try {
      ByteArrayOutputStream bytes = new ByteArrayOutputStream();
      Deflater deflater = new Deflater(JZlib.Z_BEST_COMPRESSION, GZIP_WRAPPER);
      try (DeflaterOutputStream gzip = new DeflaterOutputStream(bytes, deflater)) {
        gzip.write(text.getBytes(StandardCharsets.UTF_8));
      }
      return bytes.toByteArray();
    } catch (IOException e) {
      throw new UncheckedIOException("writing to memory", e);
    }
  }
}
