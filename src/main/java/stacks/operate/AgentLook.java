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
import stacks.cluster.Cluster;
import stacks.cluster.Node;
import stacks.cluster.SentinelNode;

/** A look at the nodes through their agents' {@code health}. */
final class AgentLook implements Look {
  private static final ObjectMapper JSON = new ObjectMapper();

  /** A login over SSH and back takes a second or two on a busy machine. */
  private static final Duration PATIENCE = Duration.ofSeconds(10);

  /**
   * A person waits for {@code status}: a node that takes much longer than the others is told as one
   * that does not answer. The agent's own patience with a server that hangs is a second.
   */
  private static final AtOnce.Patience BRIEFLY =
      new AtOnce.Patience(Duration.ofMillis(2400), 3, PATIENCE);

  /** What a command that is killed for its time may take to end. */
  private static final Duration SLACK = Duration.ofSeconds(5);

  /** Logins at a time; more would not be quicker from a small machine. */
  private static final int AT_ONCE = 16;

  /** The same for a person who waits: some nodes that hang must not keep the others. */
  private static final int AT_ONCE_BRIEFLY = 32;

  /** What the bootstrap says in the place of an agent that it does not have yet, with this code. */
  private static final String NO_AGENT = "has no agent yet: ";

  private static final int MISSING = 3;

  private final Agents agents;
  private final boolean brief;

  /**
   * A look through these agents.
   *
   * @param brief whether a node that is slower than the others shall count as one that is silent
   */
  AgentLook(Agents agents, boolean brief) {
    this.agents = agents;
    this.brief = brief;
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
    return ClusterStatus.of(
        cluster,
        AtOnce.ask(
            cluster.nodes(),
            brief ? AT_ONCE_BRIEFLY : AT_ONCE,
            brief ? BRIEFLY : AtOnce.Patience.of(most(patience).plus(SLACK)),
            node -> state(node, health(node, patience)),
            (node, waited) ->
                state(
                    node,
                    text("cannot be reached: no answer in " + waited.toMillis() / 1000.0 + " s"))));
  }

  /** The node's look at its tag may take as long, and then the agent's wait as well. */
  private static Duration most(Duration patience) {
    return PATIENCE.plus(patience.multipliedBy(2));
  }

  private static NodeState state(Node node, JsonNode health) {
    return node instanceof SentinelNode ? sentinel(node, health) : redis(node, health);
  }

  /**
   * What an agent says of its node; a text, to be said after the node's name, where there is none.
   */
  private JsonNode health(Node node, Duration patience) {
    Agents.Answer answer =
        patience.isZero()
            ? agents.ask(node, PATIENCE, "health")
            : agents.ask(
                node, most(patience), "health", "--wait", String.valueOf(patience.toSeconds()));
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

  private static RedisState redis(Node node, JsonNode health) {
    Optional<BackupState> backup = BackupState.read(health.path("backup"));
    if (!health.has("role")) {
      return ((RedisState) missing(node, health)).withBackup(backup);
    }
    boolean replica = health.path("role").asText().equals("replica");
    RedisState.Server server =
        new RedisState.Server(
            health.path("role").asText(),
            replica ? Optional.of(health.path("master").asText()) : Optional.empty(),
            replica
                ? health.path("link").asText().equals("up")
                : health.path("replicas").asInt() > 0,
            !replica && takesWrites(health),
            health.path("offset").asLong(),
            Optional.of(health.path("usedMemory").asLong()),
            Optional.of(health.path("maxmemory").asLong()),
            settings(health.path("settings")),
            settings(health.path("refusedSettings")),
            Vitals.ofHealth(health));
    Optional<String> problem = problem(health);
    if (problem.isEmpty() && health.path("refusesWrites").asBoolean()) {
      problem = Optional.of("refuses writes: no replica is in sync (min-replicas-to-write)");
    }
    return new RedisState(
        node.name(),
        node.endpoint(),
        new Answer.Given<>(server, problem, notes(health)),
        Optional.empty(),
        delivery(health),
        backup);
  }

  /** A disk that is full, and what else makes it refuse them, is state {@code misconf}. */
  private static boolean takesWrites(JsonNode health) {
    return !health.path("loading").asBoolean()
        && !health.path("refusesWrites").asBoolean()
        && !health.path("state").asText().equals("misconf");
  }

  private static SentinelState sentinel(Node node, JsonNode health) {
    if (!health.has("master")) {
      return (SentinelState) missing(node, health);
    }
    SentinelState.Server server =
        new SentinelState.Server(
            health.path("master").asText(),
            health.path("knows").asBoolean(),
            seen(health.path("seenReplicas")),
            seen(health.path("seenSentinels")),
            Vitals.number(health, "configEpoch"),
            Vitals.number(health, "masterSeconds"),
            Vitals.ofHealth(health));
    return new SentinelState(
        node.name(),
        node.endpoint(),
        new Answer.Given<>(server, problem(health), List.of()),
        delivery(health));
  }

  private static Optional<Map<String, String>> settings(JsonNode said) {
    Map<String, String> settings = new LinkedHashMap<>();
    said.properties().forEach(entry -> settings.put(entry.getKey(), entry.getValue().asText()));
    return said.isObject() ? Optional.of(settings) : Optional.empty();
  }

  private static NodeState missing(Node node, JsonNode health) {
    return NodeState.missing(
        node,
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
