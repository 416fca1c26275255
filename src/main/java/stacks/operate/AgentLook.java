package stacks.operate;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Function;
import stacks.cluster.Cluster;
import stacks.cluster.Node;

/** A look at the nodes through their agents' {@code health}. */
final class AgentLook implements Look {
  private static final ObjectMapper JSON = new ObjectMapper();

  /** A login over SSH and back takes a second or two on a busy machine. */
  private static final Duration PATIENCE = Duration.ofSeconds(10);

  /** Logins at a time; more would not be quicker from a small machine. */
  private static final int AT_ONCE = 16;

  private final Agents agents;

  AgentLook(Agents agents) {
    this.agents = agents;
  }

  @Override
  public ClusterStatus at(Cluster cluster) {
    return whenFit(cluster, Duration.ZERO);
  }

  /** One login and not one a second: the agent itself looks until its node is fit. */
  @Override
  public ClusterStatus whenFit(Cluster cluster, Duration patience) {
    ExecutorService pool = Executors.newFixedThreadPool(AT_ONCE, AgentLook::daemon);
    try {
      List<CompletableFuture<ClusterStatus.Redis>> redis =
          all(cluster.redis(), pool, node -> redis(node, health(node, patience)));
      List<CompletableFuture<ClusterStatus.Sentinel>> sentinels =
          all(cluster.sentinels(), pool, node -> sentinel(node, health(node, patience)));
      return ClusterStatus.of(
          cluster,
          redis.stream().map(CompletableFuture::join).toList(),
          sentinels.stream().map(CompletableFuture::join).toList());
    } finally {
      pool.shutdownNow();
    }
  }

  private static Thread daemon(Runnable task) {
    Thread thread = new Thread(task, "agent-look");
    thread.setDaemon(true);
    return thread;
  }

  private static <N extends Node, T> List<CompletableFuture<T>> all(
      List<N> nodes, ExecutorService pool, Function<N, T> look) {
    return nodes.stream()
        .map(node -> CompletableFuture.supplyAsync(() -> look.apply(node), pool))
        .toList();
  }

  /** What an agent says of its node; a text where there is none. */
  private JsonNode health(Node node, Duration patience) {
    Agents.Answer answer =
        patience.isZero()
            ? agents.ask(node, PATIENCE, "health")
            : agents.ask(
                node,
                PATIENCE.plus(patience),
                "health",
                "--wait",
                String.valueOf(patience.toSeconds()));
    if (answer.reached()) {
      try {
        return JSON.readTree(answer.out());
      } catch (JsonProcessingException e) {
        return JSON.getNodeFactory().textNode(answer.out());
      }
    }
    return JSON.getNodeFactory().textNode(answer.out());
  }

  /**
   * Whether the agent has proof that the server does not run. One of before {@code state} was there
   * says only what its own question came to.
   */
  private static boolean isDown(JsonNode health) {
    return health.path("state").asText().equals("down")
        || !health.has("state") && health.path("reason").asText().contains("Connection refused");
  }

  private static List<String> notes(JsonNode health) {
    List<String> notes = new ArrayList<>();
    health.path("notes").forEach(note -> notes.add(note.asText()));
    return notes;
  }

  private static Optional<String> problem(JsonNode health) {
    return health.path("fit").asBoolean()
        ? Optional.empty()
        : Optional.of("is not fit: " + health.path("reason").asText());
  }

  private static ClusterStatus.Redis redis(Node node, JsonNode health) {
    if (!health.has("role")) {
      return ClusterStatus.Redis.silent(
          node.name(), node.endpoint(), health.isObject(), isDown(health), silence(health));
    }
    boolean replica = health.path("role").asText().equals("replica");
    Optional<String> problem = problem(health);
    if (problem.isEmpty() && health.path("refusesWrites").asBoolean()) {
      problem = Optional.of("refuses writes: no replica is in sync (min-replicas-to-write)");
    }
    return new ClusterStatus.Redis(
        node.name(),
        node.endpoint(),
        true,
        false,
        Optional.of(health.path("role").asText()),
        replica ? Optional.of(health.path("master").asText()) : Optional.empty(),
        replica ? health.path("link").asText().equals("up") : health.path("replicas").asInt() > 0,
        health.path("offset").asLong(),
        Optional.empty(),
        Optional.of(health.path("usedMemory").asLong()),
        Optional.of(health.path("maxmemory").asLong()),
        settings(health.path("settings")),
        settings(health.path("refusedSettings")),
        problem,
        notes(health));
  }

  private static ClusterStatus.Sentinel sentinel(Node node, JsonNode health) {
    if (!health.has("master")) {
      return ClusterStatus.Sentinel.silent(
          node.name(), node.endpoint(), health.isObject(), isDown(health), silence(health));
    }
    return new ClusterStatus.Sentinel(
        node.name(),
        node.endpoint(),
        true,
        false,
        Optional.of(health.path("master").asText()),
        health.path("knows").asBoolean(),
        seen(health.path("seenReplicas")),
        seen(health.path("seenSentinels")),
        problem(health));
  }

  private static Optional<Map<String, String>> settings(JsonNode said) {
    Map<String, String> settings = new LinkedHashMap<>();
    said.properties().forEach(entry -> settings.put(entry.getKey(), entry.getValue().asText()));
    return said.isObject() ? Optional.of(settings) : Optional.empty();
  }

  private static String silence(JsonNode health) {
    return health.isObject()
        ? "is not fit: " + health.path("reason").asText()
        : "cannot be reached: " + health.asText();
  }

  private static Map<String, Boolean> seen(JsonNode nodes) {
    Map<String, Boolean> seen = new LinkedHashMap<>();
    nodes.properties().forEach(entry -> seen.put(entry.getKey(), entry.getValue().asBoolean()));
    return seen;
  }
}
