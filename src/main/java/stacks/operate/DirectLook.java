package stacks.operate;

import java.net.ConnectException;
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
import stacks.cluster.RedisNode;
import stacks.cluster.SentinelNode;

/** A look at the nodes by Redis's own protocol, with no more rights than an application has. */
final class DirectLook {
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

  private DirectLook() {}

  static ClusterStatus at(Cluster cluster, Password appPassword) {
    String masterName = cluster.environment().sentinels().masterName();
    return ClusterStatus.of(
        cluster,
        cluster.redis().parallelStream().map(node -> redis(node, appPassword)).toList(),
        cluster.sentinels().parallelStream().map(node -> sentinel(node, masterName)).toList());
  }

  private static ClusterStatus.Redis redis(RedisNode node, Password password) {
    try (Jedis jedis = Connections.redis(node.endpoint(), password)) {
      Map<String, String> info = fields(jedis.info("replication"));
      info.putAll(fields(jedis.info("memory")));
      info.putAll(fields(jedis.info("persistence")));
      boolean replica = info.get("role").equals("slave");
      boolean linkUp =
          replica
              ? info.get("master_link_status").equals("up")
              : !"0".equals(info.get("connected_slaves"));
      Optional<String> master =
          replica
              ? Optional.of(info.get("master_host") + ":" + info.get("master_port"))
              : Optional.empty();
      Optional<String> problem = Optional.empty();
      List<String> notes = new ArrayList<>();
      boolean dumpFailed = "err".equals(info.get("rdb_last_bgsave_status"));
      if ("1".equals(info.get("loading"))) {
        problem = Optional.of("still loads its data");
      } else if (replica && !linkUp) {
        problem = Optional.of("has no link to its master " + master.get());
      } else if (!replica && "0".equals(info.get("min_slaves_good_slaves"))) {
        problem = Optional.of("refuses writes: no replica is in sync (min-replicas-to-write)");
      } else if ("err".equals(info.get("aof_last_write_status"))) {
        problem = Optional.of("cannot write to its disk");
      } else if (dumpFailed && "0".equals(info.get("aof_enabled"))) {
        problem = Optional.of("cannot save what it is told: its last BGSAVE failed");
      } else if (dumpFailed) {
        notes.add("its last BGSAVE failed; why: its log");
      }
      if ("err".equals(info.get("aof_last_bgrewrite_status"))) {
        notes.add("its last rewrite of the AOF failed; why: its log");
      }
      return new ClusterStatus.Redis(
          node.name(),
          node.endpoint(),
          true,
          false,
          Optional.of(replica ? "replica" : "master"),
          master,
          linkUp,
          Long.parseLong(info.get("master_repl_offset")),
          Optional.empty(),
          Optional.of(Long.valueOf(info.get("used_memory"))),
          Optional.of(Long.valueOf(info.get("maxmemory"))),
          Optional.empty(),
          Optional.empty(),
          problem,
          notes,
          Delivery.UNKNOWN,
          Optional.empty());
    } catch (JedisException e) {
      return silent(node, e).redis();
    }
  }

  private static ClusterStatus.Sentinel sentinel(SentinelNode node, String masterName) {
    try (Jedis jedis = Connections.sentinel(node.endpoint())) {
      Map<String, String> master = jedis.sentinelMaster(masterName);
      Map<String, Boolean> replicas = seen(jedis.sentinelReplicas(masterName));
      Optional<String> problem =
          master.get("flags").contains("down")
              ? Optional.of("sees the master as down (" + master.get("flags") + ")")
              : checkQuorum(jedis, masterName);
      return new ClusterStatus.Sentinel(
          node.name(),
          node.endpoint(),
          true,
          false,
          Optional.of(master.get("ip") + ":" + master.get("port")),
          !replicas.isEmpty() || !"0".equals(master.get("config-epoch")),
          replicas,
          seen(jedis.sentinelSentinels(masterName)),
          problem,
          Delivery.UNKNOWN);
    } catch (JedisException e) {
      return silent(node, e).sentinel();
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

  private static ClusterStatus.Silent silent(Node node, JedisException e) {
    return new ClusterStatus.Silent(
        node.name(), node.endpoint(), hasAnswered(e), isRefused(e), reason(e), Delivery.UNKNOWN);
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
              return e instanceof JedisDataException
                  ? "answers with an error: " + said
                  : "does not answer";
            });
  }

  private static Map<String, String> fields(String info) {
    return info.lines()
        .filter(line -> line.contains(":"))
        .map(line -> line.split(":", 2))
        .collect(Collectors.toMap(pair -> pair[0], pair -> pair[1].trim(), (a, b) -> b));
  }
}
