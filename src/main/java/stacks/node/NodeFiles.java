package stacks.node;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import stacks.cluster.Cluster;
import stacks.cluster.Node;
import stacks.cluster.RedisNode;
import stacks.cluster.SentinelNode;
import stacks.templates.Templates;
import stacks.values.Endpoint;

/**
 * What the agent needs to know of its node: settings, the static part of the server's config, and
 * the ACL without its passwords. Pure: same cluster, same bytes.
 */
public final class NodeFiles {
  /** Name of the agent's program. */
  public static final String AGENT = "rediform-node";

  private NodeFiles() {}

  /** File contents by name, in the agent's home folder (or {@code static/} below it). */
  public static Map<String, String> of(Cluster cluster, Node node, Layout layout) {
    Map<String, String> files = new TreeMap<>();
    files.put("node.json", Templates.fill("agent/node.json", settings(cluster, node, layout)));
    if (node instanceof RedisNode redis) {
      files.put("redis.conf", ServerConf.redis(cluster, redis, layout));
      files.put("users.acl", Templates.text("redis/users.acl"));
    } else if (node instanceof SentinelNode sentinel) {
      files.put("sentinel.conf", ServerConf.sentinel(cluster, sentinel, layout));
      files.put("users.acl", Templates.text("sentinel/users.acl"));
    }
    return files;
  }

  /** The agent itself, the same for all nodes, with its comments. */
  public static String agent() {
    return Templates.text("agent/" + AGENT);
  }

  /** The stand-in for systemd on the local platform. */
  public static String localSupervisor() {
    return Templates.text("local/rediform-local");
  }

  private static Map<String, Object> settings(Cluster cluster, Node node, Layout layout) {
    Map<String, Object> settings = new LinkedHashMap<>();
    settings.put("cluster", cluster.name());
    settings.put("node", node.name());
    settings.put("kind", node.kind());
    settings.put("address", node.address());
    settings.put("port", node.port());
    settings.put("user", layout.user());
    settings.put("volume", layout == Layout.MACHINE && node instanceof RedisNode);
    // The agent reads the disk itself. That its size is here makes a larger one a change of user
    // data: the machine starts anew, and its file system grows.
    settings.put("disk", node.size().disk().toString());
    settings.put("masterName", cluster.environment().sentinels().masterName());
    settings.put("firstMaster", cluster.firstMaster().endpoint());
    settings.put("redisSeeds", texts(cluster.redisSeeds()));
    settings.put("sentinelSeeds", texts(cluster.sentinelSeeds()));
    settings.put("downAfterMilliseconds", cluster.environment().sentinels().downAfter().toMillis());
    boolean sentinel = node instanceof SentinelNode;
    settings.put("quorum", sentinel ? cluster.quorum() : 0);
    settings.put("monitor", Templates.pairs(sentinel ? ServerConf.monitor(cluster) : Map.of()));
    settings.put("paths", Templates.pairs(layout.paths(node)));
    return settings;
  }

  private static List<String> texts(List<Endpoint> endpoints) {
    return endpoints.stream().map(Endpoint::toString).toList();
  }
}
