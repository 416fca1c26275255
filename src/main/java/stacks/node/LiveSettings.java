package stacks.node;

import java.util.SortedMap;
import java.util.TreeMap;
import stacks.cluster.Cluster;
import stacks.cluster.RedisNode;
import stacks.redis.Directives;
import stacks.values.Memory;

/**
 * The settings that Redis takes while it runs ({@code CONFIG SET}). A document has them apart from
 * its files, because the agent tells them to the running server: docs/decisions/0018.
 */
public final class LiveSettings {
  /** Upper bound of the replication backlog: write rate × restart time, for about 10 MB/s. */
  private static final Memory LARGEST_BACKLOG = Memory.parse("256mb");

  /** Share of maxmemory for the backlog where that is less. */
  private static final int BACKLOG_PERCENT = 6;

  private LiveSettings() {}

  /** Directives of redis.conf with their values, as a node shall have them now. */
  public static SortedMap<String, String> of(Cluster cluster, RedisNode node) {
    SortedMap<String, String> settings = new TreeMap<>();
    settings.put("repl-backlog-size", backlog(node));
    cluster
        .environment()
        .redis()
        .config()
        .forEach(
            (name, value) -> {
              if (Directives.REDIS.isLive(name)) {
                settings.put(name, value.isEmpty() ? "\"\"" : whole(name, value));
              }
            });
    if (cluster.keepsHistory()) {
      settings.put("aof-timestamp-enabled", "yes");
    }
    settings.put("maxmemory", node.maxmemory().toString());
    settings.put(
        "maxmemory-policy", ServerConf.name(cluster.environment().redis().maxmemoryPolicy()));
    return settings;
  }

  /**
   * Redis takes a new limit of one class of clients and keeps the others, but at its next start
   * those are what the line says, or else the built-in ones (redis#11534): the replicas' would be
   * halved. So the line has both.
   */
  private static String whole(String name, String value) {
    boolean lacksReplicas =
        name.equals(ServerConf.OUTPUT_LIMITS) && !value.matches("(?i).*\\b(replica|slave)\\b.*");
    return lacksReplicas ? ServerConf.REPLICA_OUTPUT + " " + value : value;
  }

  private static String backlog(RedisNode node) {
    Memory share = node.maxmemory().percent(BACKLOG_PERCENT);
    Memory backlog = share.compareTo(LARGEST_BACKLOG) < 0 ? share : LARGEST_BACKLOG;
    return backlog.bytes() == 0 ? "1mb" : backlog.toString();
  }
}
