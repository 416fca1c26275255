package stacks.node;

import com.jcraft.jzlib.Deflater;
import com.jcraft.jzlib.DeflaterOutputStream;
import com.jcraft.jzlib.JZlib;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import stacks.cluster.Cluster;
import stacks.cluster.Node;
import stacks.cluster.RedisNode;
import stacks.cluster.Subnet;
import stacks.environment.Environment;
import stacks.environment.Environment.Install;
import stacks.templates.Templates;
import stacks.values.Cidr;

/**
 * The cloud-init documents that make bare Debian machines into the nodes of a cluster. They hold no
 * secret.
 *
 * <p>A document has two parts: what all nodes of a kind have in common, made once, and what is the
 * node's own. Documents may be made by several threads.
 */
public final class UserData {
  /** What EC2 takes, in bytes before Base64 (EC2 user guide, "User data"). */
  public static final int LARGEST = 16 * 1024;

  private static final String HOME = "/etc/rediform/";
  private static final String UNITS = "/etc/systemd/system/";
  private static final String PROGRAMS = "/usr/local/sbin/";

  /**
   * Operators log in as the user of Debian's image, {@code admin} on EC2 (EC2 user guide, "Manage
   * system users") and {@code debian} elsewhere, and as nobody else. Their keys are in a file of
   * ours, written at every boot, so that a key that is no longer in the environment file opens
   * nothing; what a person added to the user's own file stays.
   */
  private static final String SSHD =
      "Match User admin,debian\n AuthorizedKeysFile .ssh/authorized_keys " + HOME + "keys\n";

  /** Tool of every node; python3, mkfs and blkid are on every Debian image with cloud-init. */
  private static final List<String> TOOLS = List.of("ufw");

  /** What tells a data node which NVMe disk is its volume. */
  private static final List<String> VOLUME_TOOLS = List.of("nvme-cli");

  /** What Redis's makefile needs, and curl to fetch it. */
  private static final List<String> BUILD_TOOLS =
      List.of(
          "build-essential",
          "ca-certificates",
          "curl",
          "libssl-dev",
          "libsystemd-dev",
          "pkg-config");

  /** JZlib adds 16 to the window size of 15 bits for gzip's header and trailer, as zlib does. */
  private static final int GZIP_WRAPPER = 15 + 16;

  private final Cluster cluster;
  private final Map<String, Common> commonByKind = new ConcurrentHashMap<>();

  /** The first part of a document, in clear and packed. */
  private record Common(String text, byte[] packed) {}

  public UserData(Cluster cluster) {
    this.cluster = cluster;
  }

  /** Name of the secret with the passwords of the cluster's nodes. */
  public static String secretName(Cluster cluster) {
    return "rediform/" + cluster.name() + "/nodes";
  }

  /** The document for one node. */
  public String of(Node node) {
    return common(node).text() + own(node);
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
    bytes.writeBytes(common(node).packed());
    bytes.writeBytes(gzip(own(node)));
    return Base64.getEncoder().encodeToString(bytes.toByteArray());
  }

  /** Size of a packed document in bytes, as {@link #LARGEST} counts it. */
  public int packedSize(Node node) {
    return common(node).packed().length + gzip(own(node)).length;
  }

  private Common common(Node node) {
    return commonByKind.computeIfAbsent(
        node.kind(),
        kind -> {
          String text = Templates.fill("cloud-init/common", commonVariables(node));
          return new Common(text, gzip(text));
        });
  }

  /** What differs from node to node: its name and address, and its share of memory. */
  private String own(Node node) {
    List<Map<String, String>> files = new ArrayList<>();
    NodeFiles.of(cluster, node, Layout.MACHINE)
        .forEach((name, text) -> files.add(file(HOME + name, "0644", text)));
    return Templates.fill("cloud-init/own", Map.of("files", files, "node", node.name()));
  }

  private Map<String, Object> commonVariables(Node node) {
    Environment.Redis redis = cluster.environment().redis();
    boolean fromSource = redis.install() == Install.SOURCE;
    boolean isRedis = node instanceof RedisNode;
    String unit = isRedis ? "redis.service" : "sentinel.service";
    Map<String, String> paths = Layout.MACHINE.paths(node);
    Map<String, Object> variables = new HashMap<>();
    variables.put("cluster", cluster.name());
    variables.put("isRedis", isRedis);
    variables.put("unit", unit);
    variables.put("binary", (fromSource ? "/usr/local" : "/usr") + "/bin/redis-server");
    variables.put("conf", paths.get("live"));
    variables.put("options", isRedis ? "" : " --sentinel");
    variables.put("data", paths.get("data"));
    variables.put("region", cluster.environment().aws().region().orElse(""));
    variables.put("secret", secretName(cluster));
    variables.put("agent", PROGRAMS + NodeFiles.AGENT);
    variables.put("agentSecret", AgentProgram.secretName(cluster));
    variables.put("agentSha256", AgentProgram.sha256());
    variables.put("firewall", firewall(node));
    variables.put("port", node.port());
    variables.put("packages", packages(fromSource, isRedis));
    variables.put("source", fromSource ? List.of(source(redis.source())) : List.of());
    List<Map<String, String>> files =
        new ArrayList<>(
            List.of(
                file(HOME + "boot.json", "0644", Templates.fill("agent/boot.json", variables)),
                file("/etc/ssh/sshd_config.d/rediform.conf", "0644", SSHD),
                file(HOME + "keys", "0644", keys()),
                file("/etc/sysctl.d/60-rediform.conf", "0644", Templates.text("cloud-init/sysctl")),
                file(PROGRAMS + "rediform-boot", "0755", Templates.program("agent/rediform-boot")),
                file(
                    PROGRAMS + "rediform-setup",
                    "0755",
                    Templates.fill("cloud-init/setup", variables)),
                // Beside the other units: what gzip has seen within 32 KiB costs nothing again.
                file(UNITS + unit, "0644", Templates.fill("systemd/" + unit, variables))));
    if (isRedis) {
      for (String unitOfOurs :
          List.of(
              "rediform-volume.service", "rediform-settings.service", "rediform-attend.service")) {
        files.add(
            file(UNITS + unitOfOurs, "0644", Templates.fill("systemd/" + unitOfOurs, variables)));
      }
    }
    variables.put("files", files);
    return variables;
  }

  private static List<String> packages(boolean fromSource, boolean isRedis) {
    return Stream.of(
            fromSource ? BUILD_TOOLS : List.of("redis-server"),
            TOOLS,
            isRedis ? VOLUME_TOOLS : List.<String>of())
        .flatMap(List::stream)
        .toList();
  }

  private static Map<String, Object> source(Environment.Source source) {
    return Map.of("version", source.version(), "sha256", source.sha256(), "url", source.url());
  }

  /** For the user that Debian's image logs in as. */
  private String keys() {
    return String.join("\n", cluster.environment().network().keys());
  }

  /** Nodes and clients reach the server's port, operators SSH; nobody else reaches anything. */
  private List<Map<String, Object>> firewall(Node node) {
    List<Map<String, Object>> rules = new ArrayList<>();
    Stream.concat(
            cluster.subnets().stream().map(Subnet::cidr),
            cluster.environment().network().clients().stream())
        .distinct()
        .forEach(block -> rules.add(rule(block, node.port())));
    cluster.environment().network().operators().forEach(block -> rules.add(rule(block, 22)));
    return rules;
  }

  /** As ufw itself writes a rule, a single address without {@code /32}: it is compared as text. */
  private static Map<String, Object> rule(Cidr from, int port) {
    String block = from.toString().replaceFirst("/32$", "");
    return Map.of("from", block, "ports", String.valueOf(port));
  }

  /** A file as an indented block of the document. */
  private static Map<String, String> file(String path, String mode, String text) {
    String indented =
        text.lines()
            .map(line -> line.isEmpty() ? "" : "   " + line)
            .collect(Collectors.joining("\n"));
    return Map.of("path", path, "mode", mode, "content", indented);
  }

  static byte[] gzip(String text) {
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
