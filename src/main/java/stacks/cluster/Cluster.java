package stacks.cluster;

import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import stacks.environment.Environment;
import stacks.environment.Environment.Master;
import stacks.environment.Environment.Replicas;
import stacks.environment.Platform;
import stacks.rules.Rules;
import stacks.values.Endpoint;
import stacks.values.Memory;

/**
 * The cluster that an environment describes: its nodes with names, addresses and sizes, and with
 * every default filled in.
 *
 * @param name name of the environment, and of its Terraform stack
 * @param environment what the file says, for settings that need no computing
 * @param subnets one per zone, in the order of the zones
 * @param redis data nodes; the first is the first master
 * @param sentinels the Sentinels
 * @param redisSeeds the data nodes that every node is told of: the first three, whether or not they
 *     exist yet. The others are learned from these, so that adding a node changes no other node's
 *     files
 * @param sentinelSeeds the same of the Sentinels
 * @param quorum how many Sentinels must agree that the master is down
 * @param fits whether the networks have a place for every node; where not, addresses mean nothing
 */
public record Cluster(
    String name,
    Environment environment,
    List<Subnet> subnets,
    List<RedisNode> redis,
    List<SentinelNode> sentinels,
    List<Endpoint> redisSeeds,
    List<Endpoint> sentinelSeeds,
    int quorum,
    boolean fits) {

  /** How many nodes of each kind are seeds. */
  private static final int SEEDS = 3;

  /** Share of RAM for the data: the rest is for fork, output buffers and the system. */
  public static final int MAXMEMORY_PERCENT = 75;

  /** AOF rewrite and full resync each write the data set anew beside the old one. */
  public static final int DISK_PER_MAXMEMORY = 5;

  /**
   * Computes the cluster of an environment. It is made of any file that was read, even of one in
   * which {@link Rules} finds errors, because the rules read the cluster.
   *
   * @param name name of the environment
   * @param addresses where its platform places the nodes
   */
  public static Cluster of(String name, Environment environment, Addresses addresses) {
    return of(
        name,
        environment,
        addresses,
        1 + environment.replicas().count(),
        environment.sentinels().count());
  }

  private static Cluster of(
      String name, Environment environment, Addresses addresses, int redis, int sentinels) {
    return new Cluster(
        name,
        environment,
        addresses.subnets(),
        IntStream.rangeClosed(1, redis)
            .mapToObj(number -> redis(number, environment, addresses))
            .toList(),
        IntStream.rangeClosed(1, sentinels)
            .mapToObj(number -> sentinel(number, environment, addresses))
            .toList(),
        IntStream.rangeClosed(1, SEEDS).mapToObj(addresses::redis).toList(),
        IntStream.rangeClosed(1, SEEDS).mapToObj(addresses::sentinel).toList(),
        environment.sentinels().quorum().orElseGet(() -> majority(environment.sentinels().count())),
        addresses.fits());
  }

  /** All nodes, data nodes first. */
  public List<Node> nodes() {
    return Stream.<Node>concat(redis.stream(), sentinels.stream()).toList();
  }

  /**
   * The order in which nodes are changed. Sentinels first, and the first master last: as few
   * changes of master as can be. Higher numbers first, so that a node that is new is there before
   * one that was there is touched.
   */
  public List<Node> rollingOrder() {
    return Stream.<List<? extends Node>>of(sentinels, redis)
        .flatMap(
            kind ->
                IntStream.rangeClosed(1, kind.size())
                    .mapToObj(back -> (Node) kind.get(kind.size() - back)))
        .toList();
  }

  /** The same cluster with none but the nodes of these names. */
  public Cluster only(Set<String> names) {
    return with(
        redis.stream().filter(node -> names.contains(node.name())).toList(),
        sentinels.stream().filter(node -> names.contains(node.name())).toList());
  }

  /**
   * The same cluster with the nodes of these names as well, each where its number places it.
   *
   * @param addresses where the platform places them
   */
  public Cluster grownBy(Collection<String> names, Addresses addresses) {
    Cluster all =
        of(
            name,
            environment,
            addresses,
            Math.max(redis.size(), number("redis-", names)),
            Math.max(sentinels.size(), number("sentinel-", names)));
    return with(all.redis, all.sentinels)
        .only(
            Stream.concat(nodes().stream().map(Node::name), names.stream())
                .collect(Collectors.toSet()));
  }

  private Cluster with(List<RedisNode> otherRedis, List<SentinelNode> otherSentinels) {
    return new Cluster(
        name,
        environment,
        subnets,
        otherRedis,
        otherSentinels,
        redisSeeds,
        sentinelSeeds,
        quorum,
        fits);
  }

  /** The highest number of a kind. */
  private static int number(String kind, Collection<String> names) {
    return names.stream()
        .filter(name -> name.startsWith(kind))
        .mapToInt(name -> Integer.parseInt(name.substring(kind.length())))
        .max()
        .orElse(0);
  }

  /** The same cluster without the guards of {@code aws.protect}. */
  public Cluster unprotected() {
    return as(name, environment.unprotected());
  }

  /** The same cluster under another name. */
  public Cluster named(String other) {
    return as(other, environment);
  }

  private Cluster as(String otherName, Environment otherEnvironment) {
    return new Cluster(
        otherName,
        otherEnvironment,
        subnets,
        redis,
        sentinels,
        redisSeeds,
        sentinelSeeds,
        quorum,
        fits);
  }

  /** The node of that name, if there is one. */
  public Optional<Node> node(String nodeName) {
    return nodes().stream().filter(node -> node.name().equals(nodeName)).findFirst();
  }

  /** The data node that is master when the cluster is formed. */
  public RedisNode firstMaster() {
    return redis.get(0);
  }

  /** The first of the replicas, which are all alike; there is at least one. */
  public RedisNode firstReplica() {
    return redis.get(1);
  }

  /** Whether all nodes are processes on this machine. */
  public boolean isLocal() {
    return environment.platform() == Platform.LOCAL;
  }

  /** Whether each node has the two exporters: docs/decisions/0032. */
  public boolean hasExporters() {
    return !isLocal() && !environment.metrics().networks().isEmpty();
  }

  /** Whether data nodes keep the history of their AOF: where there are backups and an AOF. */
  public boolean keepsHistory() {
    Environment.Backup backup = environment.backup();
    return backup.enabled()
        && !backup.undo().isZero()
        && !"no".equalsIgnoreCase(environment.redis().config().get("appendonly"));
  }

  /** The smallest number of Sentinels that is more than half of them. */
  public static int majority(int sentinels) {
    return sentinels / 2 + 1;
  }

  private static Size masterSize(Environment environment) {
    Master master = environment.master();
    return new Size(master.cpu(), master.memory(), master.disk());
  }

  private static Size replicaSize(Environment environment) {
    Replicas replicas = environment.replicas();
    Size master = masterSize(environment);
    return new Size(
        replicas.cpu().orElse(master.cpu()),
        replicas.memory().orElse(master.memory()),
        replicas.disk().orElse(master.disk()));
  }

  private static Memory masterMaxmemory(Environment environment) {
    Master master = environment.master();
    return master.maxmemory().orElse(master.memory().percent(MAXMEMORY_PERCENT));
  }

  private static Memory replicaMaxmemory(Environment environment) {
    Memory memory = replicaSize(environment).memory();
    Memory derived =
        memory.equals(environment.master().memory())
            ? masterMaxmemory(environment)
            : memory.percent(MAXMEMORY_PERCENT);
    return environment.replicas().maxmemory().orElse(derived);
  }

  private static RedisNode redis(int number, Environment environment, Addresses addresses) {
    boolean first = number == 1;
    Size size = first ? masterSize(environment) : replicaSize(environment);
    Optional<String> replicaType =
        environment
            .replicas()
            .instanceType()
            .or(
                () ->
                    size.equals(masterSize(environment))
                        ? environment.master().instanceType()
                        : Optional.empty());
    Endpoint endpoint = addresses.redis(number);
    return new RedisNode(
        "redis-" + number,
        endpoint.address(),
        endpoint.port(),
        addresses.subnet(number),
        size,
        first ? environment.master().instanceType() : replicaType,
        first ? masterMaxmemory(environment) : replicaMaxmemory(environment));
  }

  private static SentinelNode sentinel(int number, Environment environment, Addresses addresses) {
    Environment.Sentinels sentinels = environment.sentinels();
    Endpoint endpoint = addresses.sentinel(number);
    return new SentinelNode(
        "sentinel-" + number,
        endpoint.address(),
        endpoint.port(),
        addresses.subnet(number),
        new Size(sentinels.cpu(), sentinels.memory(), sentinels.disk()),
        sentinels.instanceType());
  }
}
