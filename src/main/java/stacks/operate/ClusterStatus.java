package stacks.operate;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import stacks.cluster.Cluster;
import stacks.values.Plural;

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
    String environment,
    List<RedisState> redis,
    List<SentinelState> sentinels,
    List<String> problems) {

  /** The nodes of both kinds. */
  public Stream<NodeState> nodes() {
    return Stream.concat(redis.stream(), sentinels.stream());
  }

  /** Whether nothing answered at all, on no node. */
  public boolean isUnreached() {
    return nodes().noneMatch(NodeState::reached);
  }

  /**
   * Whether every data node was reached, and none of them accepts the password that it was given.
   */
  public boolean isPasswordWrong() {
    return redis.stream()
        .allMatch(node -> node.problem().filter(DirectLook.NO_ACCESS::contains).isPresent());
  }

  /** Whether the cluster is whole: all nodes fit, one master, all Sentinels of one mind. */
  public boolean isWhole() {
    return problems.isEmpty();
  }

  /** The data node that takes writes, if there is just one. */
  public Optional<RedisState> master() {
    List<RedisState> masters = redis.stream().filter(RedisState::isMaster).toList();
    return masters.size() == 1 ? Optional.of(masters.get(0)) : Optional.empty();
  }

  /** Names of the nodes that did not answer, or that are not fit. */
  Set<String> unfit() {
    return nodes()
        .filter(node -> node.problem().isPresent())
        .map(NodeState::name)
        .collect(Collectors.toSet());
  }

  /** This, with what a later look at some of the nodes saw in place of what was. */
  ClusterStatus with(ClusterStatus later, Cluster cluster) {
    Map<String, RedisState> newRedis =
        later.redis.stream().collect(Collectors.toMap(RedisState::name, Function.identity()));
    Map<String, SentinelState> newSentinels =
        later.sentinels.stream()
            .collect(Collectors.toMap(SentinelState::name, Function.identity()));
    return of(
        cluster,
        redis.stream().map(node -> newRedis.getOrDefault(node.name(), node)).toList(),
        sentinels.stream().map(node -> newSentinels.getOrDefault(node.name(), node)).toList());
  }

  /** What nodes of both kinds have said. */
  static ClusterStatus of(Cluster cluster, List<NodeState> nodes) {
    return of(cluster, ofKind(nodes, RedisState.class), ofKind(nodes, SentinelState.class));
  }

  private static <T> List<T> ofKind(List<NodeState> nodes, Class<T> kind) {
    return nodes.stream().filter(kind::isInstance).map(kind::cast).toList();
  }

  static ClusterStatus of(Cluster cluster, List<RedisState> redis, List<SentinelState> sentinels) {
    return new ClusterStatus(
        cluster.name(), withLags(redis), sentinels, problems(cluster, redis, sentinels));
  }

  private static List<RedisState> withLags(List<RedisState> redis) {
    Optional<RedisState> master = redis.stream().filter(RedisState::isMaster).findFirst();
    return master
        .map(
            found ->
                redis.stream()
                    .map(node -> node.withLag(found.answer().said().orElseThrow().offset()))
                    .toList())
        .orElse(redis);
  }

  private static List<String> problems(
      Cluster cluster, List<RedisState> redis, List<SentinelState> sentinels) {
    List<String> problems = disagreements(redis, sentinels, Optional.empty());
    for (SentinelState node : sentinels) {
      if (node.master().isPresent() && node.replicas() != cluster.redis().size() - 1) {
        problems.add(
            "%s sees %s, the file has %d"
                .formatted(
                    node.name(),
                    Plural.of(node.replicas(), "replica"),
                    cluster.redis().size() - 1));
      }
      if (node.master().isPresent() && node.sentinels() != cluster.sentinels().size()) {
        problems.add(
            "%s knows %s, the file has %d"
                .formatted(
                    node.name(),
                    Plural.of(node.sentinels(), "Sentinel"),
                    cluster.sentinels().size()));
      }
    }
    return problems;
  }

  /**
   * What is wrong with nodes, and where they are not of one mind about the master.
   *
   * @param elsewhere endpoint of a master that is not among these nodes, if there is one
   */
  static List<String> disagreements(
      List<RedisState> redis, List<SentinelState> sentinels, Optional<String> elsewhere) {
    List<String> problems = new ArrayList<>();
    redis.forEach(node -> node.problem().ifPresent(text -> problems.add(node.name() + " " + text)));
    sentinels.forEach(
        node -> node.problem().ifPresent(text -> problems.add(node.name() + " " + text)));
    List<RedisState> masters = redis.stream().filter(RedisState::isMaster).toList();
    if (masters.isEmpty() && elsewhere.isPresent()) {
      followers(redis, sentinels, elsewhere.get(), problems);
    } else if (masters.size() != 1) {
      problems.add(
          masters.isEmpty()
              ? "no node is master"
              : "more than one node is master: "
                  + masters.stream().map(RedisState::name).collect(Collectors.joining(", ")));
    } else {
      followers(redis, sentinels, masters.get(0).endpoint(), problems);
    }
    return problems;
  }

  private static void followers(
      List<RedisState> redis, List<SentinelState> sentinels, String master, List<String> problems) {
    redis.forEach(node -> other(node.master(), master, node.name() + " follows", problems));
    sentinels.forEach(
        node -> other(node.master(), master, node.name() + " takes for master", problems));
  }

  private static void other(
      Optional<String> found, String master, String who, List<String> problems) {
    found
        .filter(endpoint -> !endpoint.equals(master))
        .ifPresent(endpoint -> problems.add(who + " " + endpoint + ", and master is " + master));
  }
}
