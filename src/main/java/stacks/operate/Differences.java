package stacks.operate;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import stacks.cluster.Cluster;
import stacks.cluster.Node;
import stacks.cluster.RedisNode;
import stacks.node.LiveSettings;
import stacks.values.Memory;

/** Where a running cluster is not what its file says, although it may be whole. */
public final class Differences {
  private final Cluster cluster;
  private final Map<String, String> documents;
  private final List<Difference> found = new ArrayList<>();

  /**
   * One difference.
   *
   * @param kind what differs
   * @param node whose it is: a node's name; an endpoint where the file has no such node
   * @param words for a person
   */
  public record Difference(Kind kind, String node, String words) {}

  /** What differs. */
  public enum Kind {
    /** A node that the file does not have, and that runs. */
    RUNS("unknown-node"),
    /** One that Sentinels have in mind, and that is gone. */
    GHOST("ghost"),
    /** The document in effect on a machine. */
    DOCUMENT("document"),
    /** What Redis runs with. */
    SETTING("setting");

    private final String id;

    Kind(String id) {
      this.id = id;
    }

    /** For programs. */
    @Override
    public String toString() {
      return id;
    }
  }

  private Differences(Cluster cluster, Map<String, String> documents) {
    this.cluster = cluster;
    this.documents = documents;
  }

  /**
   * Finds them.
   *
   * @param documents checksum of the document that the file gives to each node, by its name; empty
   *     where nodes are not told by document, or only their agents could say which one they have
   */
  public static List<Difference> of(
      Cluster cluster, ClusterStatus status, Map<String, String> documents) {
    Differences differences = new Differences(cluster, documents);
    status.nodes().forEach(differences::compare);
    differences.strangers(status);
    return differences.found;
  }

  private void compare(NodeState node) {
    String wanted = documents.get(node.name());
    if (wanted != null
        && node.delivery().document().filter(now -> !now.equals(wanted)).isPresent()) {
      String now = Delivery.brief(node.delivery().document().get());
      add(
          Kind.DOCUMENT,
          node.name(),
          "%s runs with document %s, the file's is %s"
              .formatted(node.name(), now, Delivery.brief(wanted)));
    } else if (node instanceof RedisState redis) {
      settings(redis, (RedisNode) cluster.node(redis.name()).orElseThrow());
    }
  }

  /** Of a node that has its document: what it has taken of it, and what a person changed since. */
  private void settings(RedisState redis, RedisNode node) {
    redis
        .settings()
        .filter(now -> !now.isEmpty())
        .map(now -> different(now, LiveSettings.of(cluster, node)))
        .filter(names -> !names.isEmpty())
        .ifPresent(
            names ->
                add(
                    Kind.SETTING,
                    redis.name(),
                    redis.name() + " has not taken the file's " + String.join(", ", names)));
    redis
        .maxmemory()
        .filter(bytes -> bytes != node.maxmemory().bytes())
        .ifPresent(
            bytes ->
                add(
                    Kind.SETTING,
                    redis.name(),
                    "%s runs with maxmemory %s, the file has %s"
                        .formatted(redis.name(), size(bytes), node.maxmemory())));
  }

  private static String size(long bytes) {
    return bytes % (1 << 20) == 0 ? new Memory(bytes).toString() : bytes + " bytes";
  }

  private static Set<String> different(Map<String, String> now, Map<String, String> wanted) {
    return Stream.concat(now.keySet().stream(), wanted.keySet().stream())
        .filter(name -> !Objects.equals(now.get(name), wanted.get(name)))
        .collect(Collectors.toCollection(TreeSet::new));
  }

  /** Who is in a Sentinel's mind, and not in the file. */
  private void strangers(ClusterStatus status) {
    Set<String> ours = cluster.nodes().stream().map(Node::endpoint).collect(Collectors.toSet());
    Map<String, Set<String>> minds = new TreeMap<>();
    Set<String> up = new TreeSet<>();
    for (SentinelState sentinel : status.sentinels()) {
      Stream.of(sentinel.seenReplicas(), sentinel.seenSentinels())
          .flatMap(seen -> seen.entrySet().stream())
          .filter(seen -> !ours.contains(seen.getKey()))
          .forEach(
              seen -> {
                minds.computeIfAbsent(seen.getKey(), it -> new TreeSet<>()).add(sentinel.name());
                if (seen.getValue()) {
                  up.add(seen.getKey());
                }
              });
    }
    minds.forEach(
        (endpoint, who) ->
            add(
                up.contains(endpoint) ? Kind.RUNS : Kind.GHOST,
                endpoint,
                "%s is not in the file; %s %s it, %s"
                    .formatted(
                        endpoint,
                        String.join(", ", who),
                        who.size() == 1 ? "knows" : "know",
                        up.contains(endpoint) ? "and it runs" : "and it is gone")));
  }

  private void add(Kind kind, String node, String words) {
    found.add(new Difference(kind, node, words));
  }
}
