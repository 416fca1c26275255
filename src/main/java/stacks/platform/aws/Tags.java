package stacks.platform.aws;

import java.util.Map;
import java.util.TreeMap;
import stacks.cluster.Cluster;
import stacks.cluster.Node;
import stacks.node.NodeDocument;
import stacks.platform.Literal;

/** Tags, by which a person finds the cluster's resources in the AWS console. */
final class Tags {
  private Tags() {}

  /** Tags of every resource: the file's own, and {@code rediform} with the environment's name. */
  static Map<String, String> ofAll(Cluster cluster) {
    Map<String, String> tags = new TreeMap<>();
    cluster
        .environment()
        .aws()
        .tags()
        .forEach((tag, value) -> tags.put(Literal.of(tag), Literal.of(value)));
    tags.put("rediform", cluster.name());
    return tags;
  }

  /** Tags of a machine's root disk, which takes no others. */
  static Map<String, String> ofRoot(Cluster cluster, Node node) {
    Map<String, String> tags = new TreeMap<>(ofAll(cluster));
    tags.put("Name", nameOf(cluster, node.name() + "-root"));
    return tags;
  }

  /** The name that the console shows, such as {@code production-redis-1}. */
  static Map<String, String> name(Cluster cluster, String part) {
    return Map.of("Name", nameOf(cluster, part));
  }

  /** Tags of a node's machine: its name, and the document that it shall have. */
  static Map<String, String> ofMachine(Cluster cluster, Node node, NodeDocument document) {
    Map<String, String> tags = new TreeMap<>(name(cluster, node.name()));
    tags.put(Delivery.TAG, document.sha256());
    return tags;
  }

  /** A name that is unique in the account as long as environments have names of their own. */
  static String nameOf(Cluster cluster, String part) {
    return cluster.name() + "-" + part;
  }
}
