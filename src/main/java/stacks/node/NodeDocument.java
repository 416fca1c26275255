package stacks.node;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.util.DefaultIndenter;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.MapperFeature;
import com.fasterxml.jackson.databind.ObjectWriter;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.datatype.jdk8.Jdk8Module;
import java.nio.charset.StandardCharsets;
import java.text.Normalizer;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * All that a machine is told: docs/decisions/0027. It is made of what is known when the plan is
 * made, holds no secret, and names the agent that understands it, so its format may change in any
 * release. Only the meaning of {@code agent}, {@code startup}, {@code live} and {@code allow}
 * stays: a review compares documents of two releases by them.
 *
 * @param agent checksum of the agent, {@link AgentBundle#sha256()}
 * @param layout where the node keeps its files, and what runs it
 * @param cluster name of the cluster
 * @param name of the node
 * @param kind {@code redis} or {@code sentinel}
 * @param address IPv4 address that others reach it at
 * @param port its server listens at
 * @param masterName by which Sentinels know the master
 * @param firstMaster endpoint of the node that is master before anybody has asked a Sentinel
 * @param redisSeeds endpoints of all data nodes, when the plan was made
 * @param sentinelSeeds the same for Sentinels
 * @param downAfterMilliseconds for how long a node may be silent before Sentinels call it down
 * @param startup what the server learns when it starts
 * @param live directives that Redis takes while it runs, with their values as in redis.conf; empty
 *     for a Sentinel
 * @param allow who may connect; nobody else may. Empty for a process, which has no firewall
 * @param backup how the node's data is backed up; empty for a Sentinel, and where backups are off
 * @param metrics the node's exporters; empty where there are none
 * @param machine what makes a machine into a node; empty for a process
 */
public record NodeDocument(
    String agent,
    Layout layout,
    String cluster,
    String name,
    String kind,
    String address,
    int port,
    String masterName,
    String firstMaster,
    List<String> redisSeeds,
    List<String> sentinelSeeds,
    long downAfterMilliseconds,
    Startup startup,
    SortedMap<String, String> live,
    List<Allow> allow,
    Optional<BackupSection> backup,
    Optional<MetricsSection> metrics,
    Optional<MachineFacts> machine) {
  private static final JsonMapper JSON =
      JsonMapper.builder()
          .addModule(new Jdk8Module())
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .enable(DeserializationFeature.FAIL_ON_MISSING_CREATOR_PROPERTIES)
          .enable(DeserializationFeature.FAIL_ON_NULL_CREATOR_PROPERTIES)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .enable(SerializationFeature.ORDER_MAP_ENTRIES_BY_KEYS)
          .enable(MapperFeature.SORT_PROPERTIES_ALPHABETICALLY)
          .disable(MapperFeature.SORT_CREATOR_PROPERTIES_FIRST)
          .build();

  /** The same line ends on every system: a document is known by its checksum. */
  private static final ObjectWriter WRITER =
      JSON.writer(new DefaultPrettyPrinter().withObjectIndenter(new DefaultIndenter("  ", "\n")));

  public NodeDocument {
    live = Collections.unmodifiableSortedMap(new TreeMap<>(live));
    redisSeeds = List.copyOf(redisSeeds);
    sentinelSeeds = List.copyOf(sentinelSeeds);
    allow = List.copyOf(allow);
  }

  /**
   * The document as its object's content and its file on the node: JSON. In the form of Unicode
   * that Terraform gives to every text (NFC, go-cty's {@code NormalizeString}): what it uploads has
   * this very checksum.
   */
  public String text() {
    return json(this);
  }

  private static String json(Object value) {
    try {
      return Normalizer.normalize(WRITER.writeValueAsString(value) + "\n", Normalizer.Form.NFC);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("texts and maps of texts are JSON", e);
    }
  }

  /** The server's settings as lines of its file, the live ones last. */
  public String settings() {
    StringBuilder lines = new StringBuilder();
    for (Map<String, String> part : List.of(startup.directives(), live)) {
      part.forEach((name, value) -> lines.append(name).append(' ').append(value).append('\n'));
    }
    return lines.toString();
  }

  /** Checksum of {@link #text()}, by which a machine's tag and the gates know the document. */
  public String sha256() {
    return Checksum.of(text());
  }

  /** Checksum of what the server only learns when it starts: with another one it restarts. */
  public String startupSha256() {
    return Checksum.of(json(startup));
  }

  /**
   * Reads what {@link #text()} wrote.
   *
   * @throws IllegalArgumentException if it is something else, such as another release's document
   */
  public static NodeDocument parse(String text) {
    try {
      return JSON.readValue(text.getBytes(StandardCharsets.UTF_8), NodeDocument.class);
    } catch (java.io.IOException e) {
      throw new IllegalArgumentException("no document of this release", e);
    }
  }
}
