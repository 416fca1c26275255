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
    String environment, List<Redis> redis, List<Sentinel> sentinels, List<String> problems) {

  /** What a look finds of a node of either kind. */
  public sealed interface Found {
    String name();

    boolean reached();

    boolean down();

    Optional<String> problem();

    Delivery delivery();
  }

  /**
   * What is known of a node of either kind whose server did not answer.
   *
   * @param problem why it did not
   */
  record Silent(
      String name,
      String endpoint,
      boolean reached,
      boolean down,
      String problem,
      Delivery delivery) {
    Redis redis() {
      return new Redis(
          name,
          endpoint,
          reached,
          down,
          Optional.empty(),
          Optional.empty(),
          false,
          0,
          Optional.empty(),
          Optional.empty(),
          Optional.empty(),
          Optional.empty(),
          Optional.empty(),
          Optional.of(problem),
          List.of(),
          delivery,
          Optional.empty());
    }

    Sentinel sentinel() {
      return new Sentinel(
          name,
          endpoint,
          reached,
          down,
          Optional.empty(),
          false,
          Map.of(),
          Map.of(),
          Optional.of(problem),
          delivery);
    }
  }

  /**
   * A data node.
   *
   * @param reached whether something on the node answered, be it only that its server is down
   * @param down whether it is proven that the server does not run: nobody listens at its port. An
   *     answer that is an error, or none in time, is no such proof
   * @param role {@code master} or {@code replica}; empty when the server did not answer
   * @param master the endpoint a replica follows; empty for a master
   * @param linkUp whether a replica is connected to its master; for a master, whether a replica is
   * @param offset how many bytes of the replication stream it has
   * @param lagBytes how far a replica's data is behind the master's
   * @param usedMemory bytes that the server has allocated
   * @param maxmemory bytes that the server's data may use, by the setting it runs with
   * @param settings the settings it has taken that need no restart; empty when it does not say
   * @param refusedSettings those that Redis does not take; empty when there are none
   * @param problem why the node did not answer, or what is wrong with it; empty when it is fit
   * @param notes what keeps nothing from working, and yet is for a person to know
   * @param delivery what it says of its machine's documents
   * @param backup what it remembers of backups; empty where it takes none, or cannot be asked
   */
  public record Redis(
      String name,
      String endpoint,
      boolean reached,
      boolean down,
      Optional<String> role,
      Optional<String> master,
      boolean linkUp,
      long offset,
      Optional<Long> lagBytes,
      Optional<Long> usedMemory,
      Optional<Long> maxmemory,
      Optional<Map<String, String>> settings,
      Optional<Map<String, String>> refusedSettings,
      Optional<String> problem,
      List<String> notes,
      Delivery delivery,
      Optional<BackupState> backup)
      implements Found {

    private Redis withLag(long masterOffset) {
      return new Redis(
          name,
          endpoint,
          reached,
          down,
          role,
          master,
          linkUp,
          offset,
          Optional.of(Math.max(0, masterOffset - offset)),
          usedMemory,
          maxmemory,
          settings,
          refusedSettings,
          problem,
          notes,
          delivery,
          backup);
    }

    /** This, as if nothing were wrong with it. */
    Redis withoutProblem() {
      return new Redis(
          name,
          endpoint,
          reached,
          down,
          role,
          master,
          linkUp,
          offset,
          lagBytes,
          usedMemory,
          maxmemory,
          settings,
          refusedSettings,
          Optional.empty(),
          notes,
          delivery,
          backup);
    }

    /** This, with what the node remembers of backups. */
    Redis withBackup(Optional<BackupState> known) {
      return new Redis(
          name,
          endpoint,
          reached,
          down,
          role,
          master,
          linkUp,
          offset,
          lagBytes,
          usedMemory,
          maxmemory,
          settings,
          refusedSettings,
          problem,
          notes,
          delivery,
          known);
    }

    boolean isMaster() {
      return role.equals(Optional.of("master"));
    }
  }

  /**
   * A Sentinel.
   *
   * @param reached whether something on the node answered, be it only that its server is down
   * @param down whether it is proven that the server does not run, as for a data node
   * @param master the endpoint it takes for the master; empty when the Sentinel did not answer
   * @param knows whether it ever saw a replica or a failover; one that is new has only its settings
   * @param seenReplicas the replicas it has in mind, by endpoint, and whether it sees them up
   * @param seenSentinels the other Sentinels it has in mind, and whether it sees them up
   * @param problem why it did not answer, or what its quorum check says; empty when it is fit
   * @param delivery what it says of its machine's documents
   */
  public record Sentinel(
      String name,
      String endpoint,
      boolean reached,
      boolean down,
      Optional<String> master,
      boolean knows,
      Map<String, Boolean> seenReplicas,
      Map<String, Boolean> seenSentinels,
      Optional<String> problem,
      Delivery delivery)
      implements Found {

    /** How many replicas it sees up. One that has left the cluster stays in its mind, as down. */
    public int replicas() {
      return (int) seenReplicas.values().stream().filter(up -> up).count();
    }

    /** How many Sentinels it knows, itself included. */
    public int sentinels() {
      return seenSentinels.size() + 1;
    }
  }

  /** The nodes of both kinds. */
  Stream<Found> nodes() {
    return Stream.concat(redis.stream(), sentinels.stream());
  }

  /** Whether nothing answered at all, on no node. */
  public boolean isUnreached() {
    return nodes().noneMatch(Found::reached);
  }

  /** Whether the cluster is whole: all nodes fit, one master, all Sentinels of one mind. */
  public boolean isWhole() {
    return problems.isEmpty();
  }

  /** The data node that takes writes, if there is just one. */
  public Optional<Redis> master() {
    List<Redis> masters = redis.stream().filter(Redis::isMaster).toList();
    return masters.size() == 1 ? Optional.of(masters.get(0)) : Optional.empty();
  }

  /** Names of the nodes that did not answer, or that are not fit. */
  Set<String> unfit() {
    return nodes()
        .filter(node -> node.problem().isPresent())
        .map(Found::name)
        .collect(Collectors.toSet());
  }

  /** This, with what a later look at some of the nodes saw in place of what was. */
  ClusterStatus with(ClusterStatus later, Cluster cluster) {
    Map<String, Redis> newRedis =
        later.redis.stream().collect(Collectors.toMap(Redis::name, Function.identity()));
    Map<String, Sentinel> newSentinels =
        later.sentinels.stream().collect(Collectors.toMap(Sentinel::name, Function.identity()));
    return of(
        cluster,
        redis.stream().map(node -> newRedis.getOrDefault(node.name(), node)).toList(),
        sentinels.stream().map(node -> newSentinels.getOrDefault(node.name(), node)).toList());
  }

  static ClusterStatus of(Cluster cluster, List<Redis> redis, List<Sentinel> sentinels) {
    return new ClusterStatus(
        cluster.name(), withLags(redis), sentinels, problems(cluster, redis, sentinels));
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

  private static List<String> problems(
      Cluster cluster, List<Redis> redis, List<Sentinel> sentinels) {
    List<String> problems = disagreements(redis, sentinels, Optional.empty());
    for (Sentinel node : sentinels) {
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
      List<Redis> redis, List<Sentinel> sentinels, Optional<String> elsewhere) {
    List<String> problems = new ArrayList<>();
    redis.forEach(node -> node.problem().ifPresent(text -> problems.add(node.name() + " " + text)));
    sentinels.forEach(
        node -> node.problem().ifPresent(text -> problems.add(node.name() + " " + text)));
    List<Redis> masters = redis.stream().filter(Redis::isMaster).toList();
    if (masters.isEmpty() && elsewhere.isPresent()) {
      followers(redis, sentinels, elsewhere.get(), problems);
    } else if (masters.size() != 1) {
      problems.add(
          masters.isEmpty()
              ? "no node is master"
              : "more than one node is master: "
                  + masters.stream().map(Redis::name).collect(Collectors.joining(", ")));
    } else {
      followers(redis, sentinels, masters.get(0).endpoint(), problems);
    }
    return problems;
  }

  private static void followers(
      List<Redis> redis, List<Sentinel> sentinels, String master, List<String> problems) {
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
