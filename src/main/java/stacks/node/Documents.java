package stacks.node;

import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import stacks.cluster.Cluster;
import stacks.cluster.Exporter;
import stacks.cluster.Node;
import stacks.cluster.RedisNode;
import stacks.cluster.SentinelNode;
import stacks.cluster.Subnet;
import stacks.environment.Environment;
import stacks.environment.Environment.Install;
import stacks.templates.Templates;
import stacks.values.Cidr;
import stacks.values.Endpoint;

/**
 * The documents that make bare Debian machines, or folders on this one, into the nodes of a
 * cluster: everything but what {@link UserData} carries. Pure: same cluster, same bytes.
 */
public final class Documents {
  private static final int SSH = 22;

  private Documents() {}

  /** The document of each node, by its name. */
  public static SortedMap<String, NodeDocument> of(Cluster cluster, Layout layout) {
    return cluster.nodes().parallelStream()
        .collect(
            Collectors.toMap(
                Node::name, node -> of(cluster, node, layout), (a, b) -> a, TreeMap::new));
  }

  private static NodeDocument of(Cluster cluster, Node node, Layout layout) {
    Environment environment = cluster.environment();
    boolean isMachine = layout == Layout.MACHINE;
    return new NodeDocument(
        AgentBundle.sha256(),
        layout,
        cluster.name(),
        node.name(),
        node.kind(),
        node.address(),
        node.port(),
        environment.sentinels().masterName(),
        cluster.firstMaster().endpoint(),
        texts(cluster.redisSeeds()),
        texts(cluster.sentinelSeeds()),
        environment.sentinels().downAfter().toMillis(),
        startup(cluster, node, layout),
        node instanceof RedisNode redis ? LiveSettings.of(cluster, redis) : new TreeMap<>(),
        isMachine ? allow(cluster, node) : List.of(),
        node instanceof RedisNode redis ? BackupSection.of(cluster, redis) : Optional.empty(),
        isMachine ? MetricsSection.of(cluster, node) : Optional.empty(),
        isMachine ? Optional.of(machine(cluster, node)) : Optional.empty());
  }

  private static Startup startup(Cluster cluster, Node node, Layout layout) {
    Environment.Redis redis = cluster.environment().redis();
    String version = redis.install() == Install.SOURCE ? redis.source().version() : "";
    if (node instanceof SentinelNode sentinel) {
      return new Startup(
          version,
          ServerConf.sentinel(cluster, sentinel, layout),
          users("sentinel"),
          ServerConf.monitor(cluster));
    }
    return new Startup(
        version,
        ServerConf.redis(cluster, (RedisNode) node, layout),
        users("redis"),
        new TreeMap<>());
  }

  /** Lines of an ACL file, {@code user NAME RULES}, by their names. */
  private static SortedMap<String, String> users(String kind) {
    return Templates.text(kind + "/users.acl")
        .lines()
        .map(line -> line.split(" ", 3))
        .collect(Collectors.toMap(words -> words[1], words -> words[2], (a, b) -> a, TreeMap::new));
  }

  private static MachineFacts machine(Cluster cluster, Node node) {
    Environment environment = cluster.environment();
    Environment.Source source = environment.redis().source();
    return new MachineFacts(
        node.size().disk().toString(),
        environment.network().keys(),
        environment.aws().region().orElse(""),
        secretName(cluster),
        environment.redis().install() == Install.SOURCE
            ? Optional.of(new MachineFacts.Source(source.url(), source.sha256()))
            : Optional.empty());
  }

  /** Name of the secret with the passwords of the cluster's nodes. */
  public static String secretName(Cluster cluster) {
    return "rediform/" + cluster.name() + "/nodes";
  }

  /**
   * Nodes and clients reach the server's port, operators SSH, Prometheus the exporters; nobody else
   * reaches anything.
   */
  private static List<Allow> allow(Cluster cluster, Node node) {
    Environment.Network network = cluster.environment().network();
    Stream<Allow> server =
        Stream.concat(cluster.subnets().stream().map(Subnet::cidr), network.clients().stream())
            .distinct()
            .map(block -> allow(block, node.port()));
    Stream<Allow> ssh = network.operators().stream().map(block -> allow(block, SSH));
    Stream<Allow> exporters =
        cluster.environment().metrics().networks().stream()
            .distinct()
            .flatMap(block -> Stream.of(Exporter.values()).map(each -> allow(block, each.port())));
    return Stream.of(server, ssh, exporters).flatMap(each -> each).toList();
  }

  private static Allow allow(Cidr from, int port) {
    return new Allow(from.toString().replaceFirst("/32$", ""), port);
  }

  private static List<String> texts(List<Endpoint> endpoints) {
    return endpoints.stream().map(Endpoint::toString).toList();
  }
}
