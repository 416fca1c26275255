package stacks.operate.backup;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * A backup as its manifest describes it.
 *
 * @param id when it began, in UTC, and the node that took it
 * @param cluster the environment that it is of
 * @param role the node's role at that time, {@code replica} or {@code master}
 * @param object name of the data in the store
 * @param bytes size of the object as it is stored
 * @param sha256 of the object as it is stored
 * @param rdbBytes size of the RDB before compression
 * @param rdbSha256 of the RDB before compression
 * @param rdbVersion version of the RDB format
 * @param redisVersion version of the server that wrote the RDB
 * @param keys number of keys per database
 * @param recipients the age keys that it is encrypted to; none when it is not encrypted
 * @param proof the last restore that was proven; empty when there was none
 */
public record Backup(
    String id,
    String cluster,
    String node,
    String role,
    Optional<Instant> started,
    Optional<Instant> ended,
    String object,
    long bytes,
    String sha256,
    long rdbBytes,
    String rdbSha256,
    int rdbVersion,
    String redisVersion,
    SortedMap<Integer, Long> keys,
    List<String> recipients,
    Optional<Proof> proof) {

  /** Copies what it is given. */
  public Backup {
    keys = java.util.Collections.unmodifiableSortedMap(new TreeMap<>(keys));
    recipients = List.copyOf(recipients);
  }

  /** Reads a manifest leniently: a later release may have more keys, and an older one fewer. */
  static Backup read(JsonNode manifest) {
    List<String> recipients = new ArrayList<>();
    manifest.path("recipients").forEach(each -> recipients.add(each.asText()));
    return new Backup(
        manifest.path("id").asText(),
        manifest.path("cluster").asText(),
        manifest.path("node").asText(),
        manifest.path("role").asText(),
        instant(manifest.path("started")),
        instant(manifest.path("ended")),
        manifest.path("object").asText(),
        manifest.path("bytes").asLong(),
        manifest.path("sha256").asText(),
        manifest.path("rdbBytes").asLong(),
        manifest.path("rdbSha256").asText(),
        manifest.path("rdbVersion").asInt(),
        manifest.path("redisVersion").asText(),
        keys(manifest.path("keys")),
        recipients,
        manifest.path("proof").isObject()
            ? Optional.of(Proof.read(manifest.path("proof")))
            : Optional.empty());
  }

  static SortedMap<Integer, Long> keys(JsonNode said) {
    SortedMap<Integer, Long> keys = new TreeMap<>();
    said.properties()
        .forEach(
            each -> {
              if (each.getKey().matches("[0-9]{1,9}")) {
                keys.put(Integer.valueOf(each.getKey()), each.getValue().asLong());
              }
            });
    return keys;
  }

  static Optional<Instant> instant(JsonNode said) {
    try {
      return Optional.ofNullable(said.textValue()).map(Instant::parse);
    } catch (DateTimeException e) {
      return Optional.empty();
    }
  }

  /** Number of keys in all databases. */
  public long totalKeys() {
    return keys.values().stream().mapToLong(Long::longValue).sum();
  }

  /** Whether its object can only be read with a key. */
  public boolean isEncrypted() {
    return !recipients.isEmpty() || object.endsWith(".age");
  }

  /**
   * A restore that worked.
   *
   * @param at when it ended
   * @param seconds how long it took
   * @param keys number of keys per database that were loaded
   * @param digest SHA-256 of a sample of the data
   * @param redisVersion version of the server that loaded it
   * @param host name of the machine that it was done on
   */
  public record Proof(
      String id,
      Optional<Instant> at,
      double seconds,
      SortedMap<Integer, Long> keys,
      String digest,
      String redisVersion,
      String host) {

    private static Proof read(JsonNode said) {
      return new Proof(
          said.path("id").asText(),
          instant(said.path("at")),
          said.path("seconds").asDouble(),
          Backup.keys(said.path("keys")),
          said.path("digest").asText(),
          said.path("redisVersion").asText(),
          said.path("host").asText());
    }

    /** As it is stored. */
    ObjectNode toJson() {
      ObjectNode json = Backups.JSON.createObjectNode();
      json.put("id", id);
      json.put("at", at.map(Instant::toString).orElse(null));
      json.put("seconds", seconds);
      ObjectNode counts = json.putObject("keys");
      keys.forEach((database, count) -> counts.put(String.valueOf(database), count));
      json.put("digest", digest);
      json.put("redisVersion", redisVersion);
      json.put("host", host);
      return json;
    }
  }
}
