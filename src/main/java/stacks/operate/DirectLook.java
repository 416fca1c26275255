package stacks.operate;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import redis.clients.jedis.Jedis;
import redis.clients.jedis.Protocol;
import redis.clients.jedis.exceptions.JedisAccessControlException;
import redis.clients.jedis.exceptions.JedisDataException;
import redis.clients.jedis.exceptions.JedisException;
import stacks.cluster.Cluster;
import stacks.cluster.RedisNode;
import stacks.cluster.SentinelNode;

/** A look at the nodes by Redis's own protocol, with no more rights than an application has. */
final class DirectLook {
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
      if ("1".equals(info.get("loading"))) {
        problem = Optional.of("still loads its data");
      } else if (replica && !linkUp) {
        problem = Optional.of("has no link to its master " + master.get());
      } else if (!replica && "0".equals(info.get("min_slaves_good_slaves"))) {
        problem = Optional.of("refuses writes: no replica is in sync (min-replicas-to-write)");
      }
      return new ClusterStatus.Redis(
          node.name(),
          node.endpoint(),
          true,
          Optional.of(replica ? "replica" : "master"),
          master,
          linkUp,
          Long.parseLong(info.get("master_repl_offset")),
          Optional.empty(),
          Optional.of(Long.valueOf(info.get("used_memory"))),
          Optional.of(Long.valueOf(info.get("maxmemory"))),
          Optional.empty(),
          Optional.empty(),
          problem);
    } catch (JedisException e) {
      return ClusterStatus.Redis.silent(node.name(), node.endpoint(), false, reason(e));
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
          Optional.of(master.get("ip") + ":" + master.get("port")),
          !replicas.isEmpty() || !"0".equals(master.get("config-epoch")),
          replicas,
          seen(jedis.sentinelSentinels(masterName)),
          problem);
    } catch (JedisException e) {
      return ClusterStatus.Sentinel.silent(node.name(), node.endpoint(), false, reason(e));
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

  private static String reason(JedisException e) {
    if (e instanceof JedisAccessControlException) {
      return "does not accept the password of user app";
    }
    return "does not answer";
  }

  private static Map<String, String> fields(String info) {
    return info.lines()
        .filter(line -> line.contains(":"))
        .map(line -> line.split(":", 2))
        .collect(Collectors.toMap(pair -> pair[0], pair -> pair[1].trim(), (a, b) -> b));
  }
}
