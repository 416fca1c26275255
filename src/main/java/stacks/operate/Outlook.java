package stacks.operate;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import stacks.cluster.Cluster;
import stacks.cluster.Node;

/**
 * What a status means: whether the cluster takes writes now, and whether it still would after one
 * more loss.
 *
 * @param writes whether it takes writes now
 * @param why why it takes none, or why that is not known; empty where it takes them
 * @param stoppedBy nodes whose loss, each alone, would stop writes; empty where none would, and
 *     where it takes none now
 * @param stoppedByZone the same of zones, where a zone has more than one node
 * @param sentence all of it, for a person
 */
public record Outlook(
    Writes writes,
    Optional<String> why,
    List<String> stoppedBy,
    List<String> stoppedByZone,
    String sentence) {
  /** Whether a cluster takes writes. */
  public enum Writes {
    YES,
    NO,
    UNKNOWN
  }

  /** Unless the file says otherwise: docs/decisions/0006. */
  private static final String MIN_REPLICAS = "min-replicas-to-write";

  private static final int DEFAULT_MIN_REPLICAS = 1;

  /** What a status means. */
  public static Outlook of(Cluster cluster, ClusterStatus status) {
    Votes votes = Votes.of(cluster, status);
    Optional<RedisState> writer = writer(status, votes);
    if (writer.isPresent()) {
      List<String> single =
          cluster.nodes().stream()
              .map(Node::name)
              .filter(name -> stops(cluster, status, votes, writer.get(), Set.of(name)))
              .toList();
      List<String> zones =
          zones(cluster).entrySet().stream()
              .filter(zone -> stops(cluster, status, votes, writer.get(), zone.getValue()))
              .map(Map.Entry::getKey)
              .toList();
      return new Outlook(
          Writes.YES,
          Optional.empty(),
          single,
          zones,
          verdict(status)
              + ": it takes writes on "
              + writer.get().name()
              + loss(zones(cluster).size() > 1, single, zones));
    }
    Optional<String> unknown = unknown(cluster, status, votes);
    String why = unknown.orElseGet(() -> refusal(status, votes));
    return new Outlook(
        unknown.isPresent() ? Writes.UNKNOWN : Writes.NO,
        Optional.of(why),
        List.of(),
        List.of(),
        verdict(status)
            + (unknown.isPresent() ? ": whether it takes writes is unknown: " : ": no writes: ")
            + why);
  }

  /** Whether it would take writes after the loss of any one node; empty where it takes none now. */
  public Optional<Boolean> survivesOneLoss() {
    return writes == Writes.YES ? Optional.of(stoppedBy.isEmpty()) : Optional.empty();
  }

  private static String verdict(ClusterStatus status) {
    return status.environment() + (status.isWhole() ? " is whole" : " is not whole");
  }

  private static String loss(boolean hasZones, List<String> single, List<String> zones) {
    if (single.isEmpty()) {
      return hasZones && zones.isEmpty()
          ? ", and goes on after the loss of any one node or zone"
          : ", and goes on after the loss of any one node"
              + (zones.isEmpty() ? "" : ", but not of zone " + or(zones));
    }
    return "; the loss of " + or(single) + " would stop them";
  }

  private static String or(List<String> names) {
    return names.size() == 1
        ? names.get(0)
        : String.join(", ", names.subList(0, names.size() - 1))
            + " or "
            + names.get(names.size() - 1);
  }

  /** The master that takes writes; of several, the one that a majority of Sentinels names. */
  private static Optional<RedisState> writer(ClusterStatus status, Votes votes) {
    return status.redis().stream()
        .filter(RedisState::takesWrites)
        .filter(node -> status.master().isPresent() || votes.elected(node.endpoint()))
        .findFirst();
  }

  /**
   * Nodes by zone; of zones with one node only its loss is told, and the local platform's is none.
   */
  private static TreeMap<String, Set<String>> zones(Cluster cluster) {
    TreeMap<String, Set<String>> zones =
        cluster.nodes().stream()
            .collect(
                Collectors.groupingBy(
                    node -> node.subnet().zone(),
                    TreeMap::new,
                    Collectors.mapping(Node::name, Collectors.toCollection(TreeSet::new))));
    return zones.size() > 1 ? zones : new TreeMap<>();
  }

  /** Whether writes would stop for good, or until a person acts, without these nodes. */
  private static boolean stops(
      Cluster cluster, ClusterStatus status, Votes votes, RedisState writer, Set<String> lost) {
    List<RedisState> left =
        status.redis().stream()
            .filter(node -> !lost.contains(node.name()))
            .filter(RedisState::isReplicaInSync)
            .toList();
    int needed = minReplicas(cluster);
    return lost.contains(writer.name())
        ? left.size() - 1 < needed || votes.watching(writer.endpoint(), lost) < votes.needed()
        : left.size() < needed;
  }

  private static int minReplicas(Cluster cluster) {
    return Optional.ofNullable(cluster.environment().redis().config().get(MIN_REPLICAS))
        .map(Integer::valueOf)
        .orElse(DEFAULT_MIN_REPLICAS);
  }

  /** Why it cannot be known from here; empty where it can. */
  private static Optional<String> unknown(Cluster cluster, ClusterStatus status, Votes votes) {
    if (status.isUnreached()) {
      return Optional.of("no node answers");
    }
    if (status.redis().stream().anyMatch(RedisState::isMaster)) {
      return Optional.empty();
    }
    return status.redis().stream()
        .filter(node -> node.role().isEmpty() && !node.down())
        .filter(node -> !votes.seeDown())
        .filter(node -> votes.elected(node.endpoint()) || votes.all().isEmpty())
        .findFirst()
        .map(
            node ->
                (votes.all().isEmpty() ? "" : "the Sentinels name " + node.name() + ", and ")
                    + node.name()
                    + " "
                    + node.problem().orElse(""));
  }

  private static String refusal(ClusterStatus status, Votes votes) {
    List<RedisState> masters = status.redis().stream().filter(RedisState::isMaster).toList();
    if (masters.size() == 1) {
      return masters.get(0).name() + " " + masters.get(0).problem().orElse("refuses them");
    }
    if (masters.size() > 1) {
      return "more than one node is master, and no majority of Sentinels names one of them";
    }
    boolean candidate = status.redis().stream().anyMatch(node -> node.role().isPresent());
    List<String> words = new ArrayList<>(List.of("no node is master"));
    if (votes.able().size() < votes.needed()) {
      words.add(
          "%d of %d Sentinels are able to vote, and a failover needs %d"
              .formatted(votes.able().size(), votes.known(), votes.needed()));
    } else if (!candidate) {
      words.add("there is no replica to promote");
    } else {
      words.add("the Sentinels are able to promote a replica");
    }
    return String.join("; ", words);
  }

  /**
   * What the Sentinels that answer are able to do.
   *
   * @param all those that answer, by name, with the master that each names
   * @param able names of those that reach a quorum
   * @param known how many there are, by what the one says that knows most: those that are gone
   *     count in every majority
   * @param needed how many must agree for a failover
   * @param seeDown whether one of them sees the master as down
   */
  private record Votes(
      Map<String, String> all, Set<String> able, int known, int needed, boolean seeDown) {
    /** In what a Sentinel says of itself. */
    private static final String NO_QUORUM = "NOQUORUM";

    private static final String DOWN = "sees the master as down";

    static Votes of(Cluster cluster, ClusterStatus status) {
      List<SentinelState> answer =
          status.sentinels().stream().filter(node -> node.master().isPresent()).toList();
      int known =
          answer.stream()
              .map(SentinelState::sentinels)
              .reduce(cluster.sentinels().size(), Math::max);
      return new Votes(
          answer.stream()
              .collect(
                  Collectors.toMap(
                      SentinelState::name,
                      node -> node.master().orElseThrow(),
                      (one, other) -> one,
                      TreeMap::new)),
          answer.stream()
              .filter(node -> node.problem().filter(text -> text.contains(NO_QUORUM)).isEmpty())
              .map(SentinelState::name)
              .collect(Collectors.toSet()),
          known,
          Math.max(cluster.quorum(), known / 2 + 1),
          answer.stream()
              .anyMatch(node -> node.problem().filter(text -> text.contains(DOWN)).isPresent()));
    }

    /** Whether most of those that answer name this endpoint. */
    boolean elected(String endpoint) {
      long named = all.values().stream().filter(endpoint::equals).count();
      return named * 2 > all.size();
    }

    /** How many of those that are able watch this master, without these. */
    long watching(String endpoint, Set<String> lost) {
      return able.stream()
          .filter(name -> !lost.contains(name))
          .filter(name -> all.get(name).equals(endpoint))
          .count();
    }
  }
}
