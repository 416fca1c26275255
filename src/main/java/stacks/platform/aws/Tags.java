package stacks.platform.aws;

import java.util.Map;
import java.util.TreeMap;
import stacks.cluster.Cluster;

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
        .forEach((tag, value) -> tags.put(literally(tag), literally(value)));
    tags.put("rediform", cluster.name());
    return tags;
  }

  /** Terraform reads every text as a template, a map's keys too; the file's words are none. */
  private static String literally(String text) {
    return text.replace("${", "$${").replace("%{", "%%{");
  }

  /** The name that the console shows, such as {@code production-redis-1}. */
  static Map<String, String> name(Cluster cluster, String part) {
    return Map.of("Name", nameOf(cluster, part));
  }

  /** A name that is unique in the account as long as environments have names of their own. */
  static String nameOf(Cluster cluster, String part) {
    return cluster.name() + "-" + part;
  }
}
