package stacks.node;

import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import stacks.cluster.Cluster;
import stacks.cluster.RedisNode;
import stacks.cluster.SentinelNode;
import stacks.environment.Environment;
import stacks.environment.Environment.MaxmemoryPolicy;
import stacks.redis.Directives;

/**
 * The static part of redis.conf and sentinel.conf: our defaults, over them the environment file's
 * {@code config:}, over that what must be. What depends on the running cluster, and every secret,
 * is added on the node by the agent.
 */
final class ServerConf {
  /** I/O threads by vCPUs: they pay off from four on, and must leave some for fork and system. */
  private static final int FEWEST_CPUS_FOR_IO_THREADS = 4;

  /** Directive with a limit for each class of clients. */
  static final String OUTPUT_LIMITS = "client-output-buffer-limit";

  /** Twice what Redis gives replicas: above the backlog, see {@link LiveSettings}. */
  static final String REPLICA_OUTPUT = "replica 512mb 256mb 60";

  private static final String MASTER_NAME = "master-name";

  private ServerConf() {}

  static SortedMap<String, String> redis(Cluster cluster, RedisNode node, Layout layout) {
    Environment.Redis redis = cluster.environment().redis();
    SortedMap<String, String> lines = new TreeMap<>(redisDefaults(cluster, node));
    // The others of the file's are live: see LiveSettings. Ours stay here as what those go back to.
    redis
        .config()
        .forEach(
            (name, value) -> {
              if (!Directives.REDIS.isLive(name)) {
                lines.put(name, value);
              }
            });
    lines.put("bind", layout.bind());
    lines.put("daemonize", "no");
    lines.put("logfile", "");
    lines.put("port", String.valueOf(node.port()));
    lines.put("protected-mode", "yes");
    lines.put("replica-read-only", "yes");
    lines.put("supervised", layout.supervised());
    return written(lines);
  }

  static SortedMap<String, String> sentinel(Cluster cluster, SentinelNode node, Layout layout) {
    SortedMap<String, String> lines = new TreeMap<>(Map.of("loglevel", "notice"));
    lines.putAll(cluster.environment().sentinels().config());
    lines.keySet().removeAll(monitor(cluster).keySet());
    lines.put("bind", layout.bind());
    lines.put("daemonize", "no");
    lines.put("logfile", "");
    lines.put("port", String.valueOf(node.port()));
    // Clients ask without a password; the ACL lets them do no more than ask.
    lines.put("protected-mode", "no");
    lines.put("sentinel deny-scripts-reconfig", "yes");
    lines.put("supervised", layout.supervised());
    return written(lines);
  }

  /** The master's name, and what Sentinel keeps of it in its own words; times in milliseconds. */
  static SortedMap<String, String> monitor(Cluster cluster) {
    Environment.Sentinels sentinels = cluster.environment().sentinels();
    SortedMap<String, String> settings = new TreeMap<>();
    settings.put(MASTER_NAME, sentinels.masterName());
    settings.put("quorum", String.valueOf(cluster.quorum()));
    settings.put("down-after-milliseconds", String.valueOf(sentinels.downAfter().toMillis()));
    settings.put("failover-timeout", String.valueOf(sentinels.failoverTimeout().toMillis()));
    settings.put("parallel-syncs", String.valueOf(sentinels.parallelSyncs()));
    // A master that still loads its data answers -LOADING, which counts as alive without this.
    settings.put(
        "master-reboot-down-after-period",
        sentinels
            .config()
            .getOrDefault(
                "master-reboot-down-after-period",
                String.valueOf(sentinels.downAfter().toMillis())));
    return settings;
  }

  private static Map<String, String> redisDefaults(Cluster cluster, RedisNode node) {
    Map<String, String> lines = new TreeMap<>();
    lines.put("appendfilename", "appendonly.aof");
    lines.put("appendfsync", "everysec");
    lines.put("appendonly", "yes");
    lines.put(OUTPUT_LIMITS, REPLICA_OUTPUT);
    // Bounds what a master that is cut off can take and lose: docs/decisions/0006.
    lines.put("min-replicas-max-lag", String.valueOf(maxLag(cluster)));
    lines.put("min-replicas-to-write", "1");
    // A master without a replica in sync takes no writes: every second of waiting for a second one
    // to share the transfer would be a second of outage.
    lines.put("repl-diskless-sync-delay", "0");
    lines.put("save", "3600 1");
    // A stop is a stop: with a full disk Redis would refuse to, until systemd kills it.
    lines.put("shutdown-on-sigterm", "force");
    // With an AOF a dump is a second copy: that it failed is told, and no reason to stop.
    if (!"no".equals(cluster.environment().redis().config().get("appendonly"))) {
      lines.put("stop-writes-on-bgsave-error", "no");
    }
    int cpu = node.size().cpu();
    if (cpu >= FEWEST_CPUS_FOR_IO_THREADS) {
      lines.put("io-threads", String.valueOf(cpu >= 8 ? 6 : cpu - 1));
    }
    return lines;
  }

  /**
   * Seconds after which a master that hears of no replica takes no writes. It must have stopped
   * before another is promoted: replicas report once a second and Redis looks once a second, hence
   * two less than down-after. Two at least, or an ordinary hiccup would stop writes.
   */
  private static long maxLag(Cluster cluster) {
    return Math.max(2, cluster.environment().sentinels().downAfter().toSeconds() - 2);
  }

  static String name(MaxmemoryPolicy policy) {
    return policy.name().toLowerCase(java.util.Locale.ROOT).replace('_', '-');
  }

  /** Values as they stand in the file, where an empty one would be none. */
  private static SortedMap<String, String> written(SortedMap<String, String> lines) {
    lines.replaceAll((name, value) -> value.isEmpty() ? "\"\"" : value);
    return lines;
  }
}
