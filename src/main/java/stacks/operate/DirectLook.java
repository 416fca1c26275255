package stacks.operate;

import java.net.ConnectException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import redis.clients.jedis.Jedis;
import redis.clients.jedis.Protocol;
import redis.clients.jedis.exceptions.JedisDataException;
import redis.clients.jedis.exceptions.JedisException;
import stacks.cluster.Cluster;
import stacks.cluster.Node;
import stacks.cluster.SentinelNode;

/** A look at the nodes by Redis's own protocol, with no more rights than an application has. */
final class DirectLook {
  private static final String NO_ANSWER = "does not answer";
  private static final String NO_REDIS = "answers, and is no Redis server";
  private static final String NO_SENTINEL = "answers, and is no Sentinel";

  /**
   * Answers that are errors, by what they contain, as the agent has them too: each is a state of
   * its own, in none does a server serve, and none proves that it does not run.
   */
  private static final Map<String, String> STATES = new LinkedHashMap<>();

  static {
    STATES.put(
        "max number of clients", "has no room for another connection: its clients fill maxclients");
    STATES.put("LOADING", "still loads its data");
    STATES.put("BUSY", "runs a script that does not end; to end it: SCRIPT KILL or FUNCTION KILL");
    STATES.put("MISCONF", "refuses writes, because it cannot save them");
    STATES.put("MASTERDOWN", "has no link to its master");
    STATES.put("NOAUTH", "wants a password");
    STATES.put("WRONGPASS", "does not accept the password of user app");
    STATES.put("NOPERM", "does not let user app ask");
  }

  /**
   * What a node may take for all its answers together. Each read has a limit of its own, but a
   * server that sends a byte now and then keeps that for ever.
   */
  private static final Duration PATIENCE = Duration.ofMillis(2500);

  /** What a data node has, or does not have, against the password of user app. */
  static final List<String> NO_ACCESS =
      Stream.of("NOAUTH", "WRONGPASS", "NOPERM").map(STATES::get).toList();

  private DirectLook() {}

  static ClusterStatus at(Cluster cluster, Password appPassword) {
    String masterName = cluster.environment().sentinels().masterName();
    List<Node> nodes = cluster.nodes();
    return ClusterStatus.of(
        cluster,
        AtOnce.ask(
            nodes,
            nodes.size(), // a thread that waits costs nothing
            AtOnce.Patience.of(PATIENCE),
            node ->
                node instanceof SentinelNode
                    ? sentinel(node, masterName)
                    : redis(node, appPassword),
            (node, waited) -> missing(node, false, false, NO_ANSWER)));
  }

  private static RedisState redis(Node node, Password password) {
    try (Jedis jedis = Connections.redis(node.endpoint(), password)) {
      Map<String, String> info = fields(jedis.info());
      boolean replica = info.get("role").equals("slave");
      Optional<String> master =
          replica
              ? Optional.of(info.get("master_host") + ":" + info.get("master_port"))
              : Optional.empty();
      boolean linkUp =
          replica
              ? info.get("master_link_status").equals("up")
              : !"0".equals(info.get("connected_slaves"));
      RedisState.Server server =
          new RedisState.Server(
              replica ? "replica" : "master",
              master,
              linkUp,
              !replica && problem(info, linkUp).isEmpty(),
              Long.parseLong(info.get("master_repl_offset")),
              Optional.of(Long.valueOf(info.get("used_memory"))),
              Optional.of(Long.valueOf(info.get("maxmemory"))),
              Optional.empty(),
              Optional.empty(),
              Vitals.ofInfo(info));
      return new RedisState(
          node.name(),
          node.endpoint(),
          new Answer.Given<>(server, problem(info, linkUp), notes(info)),
          Optional.empty(),
          Delivery.UNKNOWN,
          Optional.empty());
    } catch (JedisException e) {
      return (RedisState) missing(node, e);
    } catch (RuntimeException e) { // an INFO without what every Redis has in it
      return (RedisState) missing(node, true, false, NO_REDIS);
    }
  }

  private static Optional<String> problem(Map<String, String> info, boolean linkUp) {
    boolean replica = info.get("role").equals("slave");
    String problem = null;
    if ("1".equals(info.get("loading"))) {
      problem = STATES.get("LOADING");
    } else if (replica && !linkUp) {
      problem =
          "has no link to its master %s:%s"
              .formatted(info.get("master_host"), info.get("master_port"));
    } else if (!replica && "0".equals(info.get("min_slaves_good_slaves"))) {
      problem = "refuses writes: no replica is in sync (min-replicas-to-write)";
    } else if ("err".equals(info.get("aof_last_write_status"))) {
      problem = "cannot write to its disk";
    } else if (dumpFailed(info) && "0".equals(info.get("aof_enabled"))) {
      problem = "cannot save what it is told: its last BGSAVE failed";
    }
    return Optional.ofNullable(problem);
  }

  private static List<String> notes(Map<String, String> info) {
    List<String> notes = new ArrayList<>();
    if (dumpFailed(info) && !"0".equals(info.get("aof_enabled"))) {
      notes.add("its last BGSAVE failed; why: its log");
    }
    if ("err".equals(info.get("aof_last_bgrewrite_status"))) {
      notes.add("its last rewrite of the AOF failed; why: its log");
    }
    return notes;
  }

  private static boolean dumpFailed(Map<String, String> info) {
    return "err".equals(info.get("rdb_last_bgsave_status"));
  }

  private static SentinelState sentinel(Node node, String masterName) {
    try (Jedis jedis = Connections.sentinel(node.endpoint())) {
      Map<String, String> master = jedis.sentinelMaster(masterName);
      Map<String, Boolean> replicas = seen(jedis.sentinelReplicas(masterName));
      Optional<String> problem =
          master.get("flags").contains("down")
              ? Optional.of("sees the master as down (" + master.get("flags") + ")")
              : checkQuorum(jedis, masterName);
      SentinelState.Server server =
          new SentinelState.Server(
              master.get("ip") + ":" + master.get("port"),
              !replicas.isEmpty() || !"0".equals(master.get("config-epoch")),
              replicas,
              seen(jedis.sentinelSentinels(masterName)),
              Optional.ofNullable(master.get("config-epoch")).map(Long::valueOf),
              Optional.ofNullable(master.get("role-reported-time"))
                  .map(millis -> Long.parseLong(millis) / 1000),
              Vitals.ofInfo(fields(jedis.info())));
      return new SentinelState(
          node.name(),
          node.endpoint(),
          new Answer.Given<>(server, problem, List.of()),
          Delivery.UNKNOWN);
    } catch (JedisException e) {
      return (SentinelState) missing(node, e);
    } catch (RuntimeException e) { // an answer that no Sentinel gives
      return (SentinelState) missing(node, true, false, NO_SENTINEL);
    }
  }

  private static Map<String, Boolean> seen(List<Map<String, String>> nodes) {
    return nodes.stream()
        .collect(
            Collectors.toMap(
                node -> node.get("ip") + ":" + node.get("port"),
                node ->
                    Stream.of(node.get("flags").split(","))
                        .noneMatch(Set.of("s_down", "o_down", "disconnected")::contains)));
  }

  private static Optional<String> checkQuorum(Jedis jedis, String masterName) {
    try {
      jedis.sendCommand(Protocol.Command.SENTINEL, "CKQUORUM", masterName);
      return Optional.empty();
    } catch (JedisDataException e) {
      return Optional.of(e.getMessage());
    }
  }

  private static NodeState missing(Node node, JedisException e) {
    return missing(node, hasAnswered(e), isRefused(e), reason(e));
  }

  private static NodeState missing(Node node, boolean reached, boolean down, String why) {
    return NodeState.missing(node, reached, down, why, Delivery.UNKNOWN);
  }

  /** Nobody listens at the port: the one proof, from here, that a server does not run. */
  private static boolean isRefused(JedisException e) {
    for (Throwable cause = e; cause != null; cause = cause.getCause()) {
      for (Throwable each : cause.getSuppressed()) {
        if (each instanceof ConnectException) {
          return true;
        }
      }
      if (cause instanceof ConnectException) {
        return true;
      }
    }
    return false;
  }

  /** An error is an answer, too. */
  private static boolean hasAnswered(JedisException e) {
    return e instanceof JedisDataException || isRefused(e);
  }

  private static String reason(JedisException e) {
    String said = String.valueOf(e.getMessage());
    return STATES.entrySet().stream()
        .filter(state -> said.contains(state.getKey()))
        .map(Map.Entry::getValue)
        .findFirst()
        .orElseGet(
            () -> {
              if (isRefused(e)) {
                return "does not run";
              }
              return e instanceof JedisDataException ? "answers with an error: " + said : NO_ANSWER;
            });
  }

  private static Map<String, String> fields(String info) {
    return info.lines()
        .filter(line -> line.contains(":"))
        .map(line -> line.split(":", 2))
        .collect(Collectors.toMap(pair -> pair[0], pair -> pair[1].trim(), (a, b) -> b));
  }
}
