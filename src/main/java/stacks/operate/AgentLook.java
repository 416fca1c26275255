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

  /** What the bootstrap says in the place of an agent that it does not have yet, with this code. */
  private static final String NO_AGENT = "has no agent yet: ";

  private static final int MISSING = 3;

  private final Agents agents;

  AgentLook(Agents agents) {
    this.agents = agents;
  }

  @Override
  public ClusterStatus at(Cluster cluster) {
    return whenFit(cluster, Duration.ZERO);
  }

  /**
   * One login and not one a second: the agent itself looks until its node is fit. Before that the
   * node looks whether it is told another document.
   */
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

  /**
   * What an agent says of its node; a text, to be said after the node's name, where there is none.
   */
  private JsonNode health(Node node, Duration patience) {
    Agents.Answer answer =
        patience.isZero()
            ? agents.ask(node, PATIENCE, "health")
            : agents.ask(
                node,
                // The node's look at its tag may take as long, and then the agent's wait as well.
                PATIENCE.plus(patience.multipliedBy(2)),
                "health",
                "--wait",
                String.valueOf(patience.toSeconds()));
    if (answer.reached()) {
      try {
        JsonNode said = JSON.readTree(answer.out());
        if (said.isObject()) {
          return said;
        }
      } catch (JsonProcessingException e) {
        // Something on the way has answered, and not the agent.
      }
    }
    int noAgent = answer.exitCode() == MISSING ? answer.out().indexOf(NO_AGENT) : -1;
    return text(
        noAgent < 0 ? "cannot be reached: " + answer.out() : answer.out().substring(noAgent));
  }

  private static JsonNode text(String said) {
    return JSON.getNodeFactory().textNode(said);
  }

  /** Whether it came from the node, be it from one that has no agent yet. */
  private static boolean isReached(JsonNode health) {
    return health.isObject() || health.asText().startsWith(NO_AGENT);
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
      return silent(node, health).redis().withBackup(BackupState.read(health.path("backup")));
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
        notes(health),
        delivery(health),
        BackupState.read(health.path("backup")));
  }

  private static ClusterStatus.Sentinel sentinel(Node node, JsonNode health) {
    if (!health.has("master")) {
      return silent(node, health).sentinel();
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
        problem(health),
        delivery(health));
  }

  private static Optional<Map<String, String>> settings(JsonNode said) {
    Map<String, String> settings = new LinkedHashMap<>();
    said.properties().forEach(entry -> settings.put(entry.getKey(), entry.getValue().asText()));
    return said.isObject() ? Optional.of(settings) : Optional.empty();
  }

  private static ClusterStatus.Silent silent(Node node, JsonNode health) {
    return new ClusterStatus.Silent(
        node.name(),
        node.endpoint(),
        isReached(health),
        isDown(health),
        health.isObject() ? "is not fit: " + health.path("reason").asText() : health.asText(),
        delivery(health));
  }

  /** The agent says it whatever its server does; one of before there were documents does not. */
  private static Delivery delivery(JsonNode health) {
    return new Delivery(
        Optional.ofNullable(health.path("document").textValue()),
        reason(health.path("refusedDocument")),
        reason(health.path("looked")).filter(looked -> !looked.text().isEmpty()));
  }

  private static Optional<Delivery.Reason> reason(JsonNode said) {
    return Optional.ofNullable(said.path("document").textValue())
        .map(document -> new Delivery.Reason(document, said.path("reason").asText()));
  }

  private static Map<String, Boolean> seen(JsonNode nodes) {
    Map<String, Boolean> seen = new LinkedHashMap<>();
    nodes.properties().forEach(entry -> seen.put(entry.getKey(), entry.getValue().asBoolean()));
    return seen;
  }
}
