package stacks.operate;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Map;
import java.util.Optional;

/**
 * How much a server has to do. Each is empty where the server, or an agent of an older release,
 * does not say it.
 *
 * @param redisVersion such as {@code 7.0.15}
 * @param upSeconds since the server's start
 * @param opsPerSecond commands a second, of late
 * @param keyspaceHits reads since its start that found their key
 * @param keyspaceMisses those that did not
 * @param clients connections
 * @param maxclients how many it takes; INFO has it from Redis 7.0 on
 */
public record Vitals(
    Optional<String> redisVersion,
    Optional<Long> upSeconds,
    Optional<Long> opsPerSecond,
    Optional<Long> keyspaceHits,
    Optional<Long> keyspaceMisses,
    Optional<Long> clients,
    Optional<Long> maxclients) {
  /** Of a server that says nothing. */
  static final Vitals UNKNOWN =
      new Vitals(
          Optional.empty(),
          Optional.empty(),
          Optional.empty(),
          Optional.empty(),
          Optional.empty(),
          Optional.empty(),
          Optional.empty());

  /** What is in INFO's answer. */
  static Vitals ofInfo(Map<String, String> info) {
    return new Vitals(
        Optional.ofNullable(info.get("redis_version")),
        number(info, "uptime_in_seconds"),
        number(info, "instantaneous_ops_per_sec"),
        number(info, "keyspace_hits"),
        number(info, "keyspace_misses"),
        number(info, "connected_clients"),
        number(info, "maxclients"));
  }

  /** What is in the report of an agent. */
  static Vitals ofHealth(JsonNode health) {
    return new Vitals(
        Optional.ofNullable(health.path("redisVersion").textValue()),
        number(health, "upSeconds"),
        number(health, "opsPerSecond"),
        number(health, "keyspaceHits"),
        number(health, "keyspaceMisses"),
        number(health, "clients"),
        number(health, "maxclients"));
  }

  private static Optional<Long> number(Map<String, String> info, String name) {
    return Optional.ofNullable(info.get(name)).filter(it -> it.matches("\\d+")).map(Long::valueOf);
  }

  /** A number of a report, if it has one. */
  static Optional<Long> number(JsonNode health, String name) {
    return Optional.of(health.path(name)).filter(JsonNode::isNumber).map(JsonNode::asLong);
  }

  /** Share of the reads since its start that found their key, 0 to 1; empty without any read. */
  public Optional<Double> hitRate() {
    return keyspaceHits.flatMap(
        hits ->
            keyspaceMisses
                .filter(misses -> hits + misses > 0)
                .map(misses -> hits / (double) (hits + misses)));
  }
}
