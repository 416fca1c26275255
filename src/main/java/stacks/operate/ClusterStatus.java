package stacks.operate;

import java.util.ArrayList;
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

/**
 * A running cluster as its nodes describe it at one moment: who is master, who follows how closely,
 * and what each Sentinel thinks.
 *
 * @param environment name of the environment
 * @param redis the data nodes
 * @param sentinels the Sentinels
 * @param problems what keeps the cluster from being whole, in words; empty when nothing does
 */
public record ClusterStatus(
    String environment, List<Redis> redis, List<Sentinel> sentinels, List<String> problems) {

  /**
   * A data node.
   *
   * @param role {@code master} or {@code replica}; empty when the node did not answer
   * @param master the endpoint a replica follows; empty for a master
   * @param linkUp whether a replica is connected to its master
   * @param lagBytes how far a replica's data is behind the master's
   * @param usedMemory in Redis's own short form, such as {@code 1.42M}
   * @param problem why the node did not answer, or what is wrong with it; empty when it is fit
   */
  public record Redis(
      String name,
      String endpoint,
      Optional<String> role,
      Optional<String> master,
      boolean linkUp,
      Optional<Long> lagBytes,
      Optional<String> usedMemory,
      Optional<String> problem,
      long offset) {

    private Redis withLag(long masterOffset) {
      return new Redis(
          name,
          endpoint,
          role,
          master,
          linkUp,
          Optional.of(Math.max(0, masterOffset - offset)),
          usedMemory,
          problem,
          offset);
    }

    boolean isMaster() {
      return role.equals(Optional.of("master"));
    }
  }

  /**
   * A Sentinel.
   *
   * @param master the endpoint it takes for the master; empty when the Sentinel did not answer
   * @param replicas how many replicas it sees up
   * @param sentinels how many Sentinels it knows, itself included
   * @param problem why it did not answer, or what its quorum check says; empty when it is fit
   */
  public record Sentinel(
      String name,
      String endpoint,
      Optional<String> master,
      int replicas,
      int sentinels,
      Optional<String> problem) {}

  /** Whether the cluster is whole: all nodes fit, one master, all Sentinels of one mind. */
  public boolean isWhole() {
    return problems.isEmpty();
  }

  /** Asks every node of the cluster. */
  public static ClusterStatus read(Cluster cluster, Password appPassword) {
    List<Redis> redis =
        withLags(cluster.redis().parallelStream().map(node -> redis(node, appPassword)).toList());
    List<Sentinel> sentinels =
        cluster.sentinels().parallelStream()
            .map(node -> sentinel(node, cluster.environment().sentinels().masterName()))
            .toList();
    return of(cluster, redis, sentinels);
  }

  static ClusterStatus of(Cluster cluster, List<Redis> redis, List<Sentinel> sentinels) {
    return new ClusterStatus(cluster.name(), redis, sentinels, problems(cluster, redis, sentinels));
  }

  private static Redis redis(RedisNode node, Password password) {
    try (Jedis jedis = Connections.redis(node.endpoint(), password)) {
      Map<String, String> info = fields(jedis.info("replication"));
      info.putAll(fields(jedis.info("memory")));
      info.putAll(fields(jedis.info("persistence")));
      boolean replica = info.get("role").equals("slave");
      boolean linkUp = !replica || info.get("master_link_status").equals("up");
      Optional<String> master =
          replica
              ? Optional.of(info.get("master_host") + ":" + info.get("master_port"))
              : Optional.empty();
      Optional<String> problem = Optional.empty();
      if ("1".equals(info.get("loading"))) {
        problem = Optional.of("still loads its data");
      } else if (!linkUp) {
        problem = Optional.of("no link to its master " + master.get());
      } else if (!replica && "0".equals(info.get("min_slaves_good_slaves"))) {
        problem = Optional.of("refuses writes: no replica is in sync (min-replicas-to-write)");
      }
      return new Redis(
          node.name(),
          node.endpoint(),
          Optional.of(replica ? "replica" : "master"),
          master,
          linkUp,
          Optional.empty(),
          Optional.ofNullable(info.get("used_memory_human")),
          problem,
          Long.parseLong(info.get("master_repl_offset")));
    } catch (JedisException e) {
      return new Redis(
          node.name(),
          node.endpoint(),
          Optional.empty(),
          Optional.empty(),
          false,
          Optional.empty(),
          Optional.empty(),
          Optional.of(reason(e)),
          0);
    }
  }

  private static List<Redis> withLags(List<Redis> redis) {
    Optional<Redis> master = redis.stream().filter(Redis::isMaster).findFirst();
    return redis.stream()
        .map(
            node ->
                master.isPresent() && node.role().equals(Optional.of("replica"))
                    ? node.withLag(master.get().offset())
                    : node)
        .toList();
  }

  private static Sentinel sentinel(SentinelNode node, String masterName) {
    try (Jedis jedis = Connections.sentinel(node.endpoint())) {
      Map<String, String> master = jedis.sentinelMaster(masterName);
      Optional<String> problem = Optional.empty();
      if (master.get("flags").contains("down")) {
        problem = Optional.of("sees the master as down (" + master.get("flags") + ")");
      } else {
        problem = checkQuorum(jedis, masterName);
      }
      return new Sentinel(
          node.name(),
          node.endpoint(),
          Optional.of(master.get("ip") + ":" + master.get("port")),
          (int) jedis.sentinelReplicas(masterName).stream().filter(ClusterStatus::isUp).count(),
          Integer.parseInt(master.get("num-other-sentinels")) + 1,
          problem);
    } catch (JedisException e) {
      return new Sentinel(
          node.name(), node.endpoint(), Optional.empty(), 0, 0, Optional.of(reason(e)));
    }
  }

  /** A Sentinel keeps a replica that has left the cluster in mind, as one that is down. */
  private static boolean isUp(Map<String, String> replica) {
    return Stream.of(replica.get("flags").split(","))
        .noneMatch(Set.of("s_down", "o_down", "disconnected")::contains);
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

  private static List<String> problems(
      Cluster cluster, List<Redis> redis, List<Sentinel> sentinels) {
    List<String> problems = new ArrayList<>();
    redis.forEach(node -> node.problem().ifPresent(text -> problems.add(node.name() + " " + text)));
    sentinels.forEach(
        node -> node.problem().ifPresent(text -> problems.add(node.name() + " " + text)));
    List<Redis> masters = redis.stream().filter(Redis::isMaster).toList();
    if (masters.size() != 1) {
      problems.add(
          masters.isEmpty()
              ? "no node is master"
              : "more than one node is master: "
                  + masters.stream().map(Redis::name).collect(Collectors.joining(", ")));
    } else {
      String master = masters.get(0).endpoint();
      redis.forEach(node -> other(node.master(), master, node.name() + " follows", problems));
      sentinels.forEach(
          node -> other(node.master(), master, node.name() + " takes for master", problems));
    }
    for (Sentinel node : sentinels) {
      if (node.master().isPresent() && node.replicas() != cluster.redis().size() - 1) {
        problems.add(
            "%s sees %d replicas, the file has %d"
                .formatted(node.name(), node.replicas(), cluster.redis().size() - 1));
      }
      if (node.master().isPresent() && node.sentinels() != cluster.sentinels().size()) {
        problems.add(
            "%s knows %d Sentinels, the file has %d"
                .formatted(node.name(), node.sentinels(), cluster.sentinels().size()));
      }
    }
    return problems;
  }

  private static void other(
      Optional<String> found, String master, String who, List<String> problems) {
    found
        .filter(endpoint -> !endpoint.equals(master))
        .ifPresent(endpoint -> problems.add(who + " " + endpoint + ", and master is " + master));
  }
}
