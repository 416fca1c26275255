package stacks.cluster;

import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import stacks.environment.Cidr;
import stacks.environment.Environment;
import stacks.environment.Environment.Master;
import stacks.environment.Environment.Replicas;
import stacks.environment.Memory;
import stacks.environment.Platform;

/**
 * The cluster that an environment describes: its nodes with names, addresses and sizes.
 *
 * @param name name of the environment, and of its Terraform stack
 * @param environment what the file says, for settings that need no computing
 * @param subnets one per zone, in the order of the zones
 * @param redis data nodes; the first is the first master
 * @param sentinels the Sentinels
 * @param quorum how many Sentinels must agree that the master is down
 */
public record Cluster(
    String name,
    Environment environment,
    List<Subnet> subnets,
    List<RedisNode> redis,
    List<SentinelNode> sentinels,
    int quorum) {

  /**
   * How many of the first data nodes and Sentinels each node is told of, whether or not they exist
   * yet. The others are learned from these, so that adding a node changes no other node's files.
   */
  static final int SEEDS = 3;

  /** Share of RAM for the data: the rest is for fork, output buffers and the system. */
  static final int MAXMEMORY_PERCENT = 75;

  /** Whether the networks have a place for every node, as {@link #of} needs it. */
  public static boolean hasRoom(Environment environment) {
    AddressPlan plan = new AddressPlan(environment);
    return !plan.subnets().isEmpty() && plan.fits();
  }

  /**
   * Computes the cluster of an environment in which {@link Rules} found no error.
   *
   * @param name name of the environment
   */
  public static Cluster of(String name, Environment environment) {
    AddressPlan plan = new AddressPlan(environment);
    return new Cluster(
        name,
        environment,
        plan.subnets(),
        IntStream.rangeClosed(1, 1 + environment.replicas().count())
            .mapToObj(number -> redis(number, environment, plan))
            .toList(),
        IntStream.rangeClosed(1, environment.sentinels().count())
            .mapToObj(number -> sentinel(number, environment, plan))
            .toList(),
        quorum(environment));
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
    return new Cluster(
        name,
        environment,
        subnets,
        redis.stream().filter(node -> names.contains(node.name())).toList(),
        sentinels.stream().filter(node -> names.contains(node.name())).toList(),
        quorum);
  }

  /** The same cluster with the nodes of these names as well, each where its number places it. */
  public Cluster grownBy(Collection<String> names) {
    AddressPlan plan = new AddressPlan(environment);
    int mostRedis = Math.max(redis.size(), number("redis-", names));
    int mostSentinels = Math.max(sentinels.size(), number("sentinel-", names));
    return new Cluster(
            name,
            environment,
            subnets,
            IntStream.rangeClosed(1, mostRedis)
                .mapToObj(number -> redis(number, environment, plan))
                .toList(),
            IntStream.rangeClosed(1, mostSentinels)
                .mapToObj(number -> sentinel(number, environment, plan))
                .toList(),
            quorum)
        .only(
            Stream.concat(nodes().stream().map(Node::name), names.stream())
                .collect(Collectors.toSet()));
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
    return new Cluster(name, environment.unprotected(), subnets, redis, sentinels, quorum);
  }

  /** The node of that name, if there is one. */
  public Optional<Node> node(String nodeName) {
    return nodes().stream().filter(node -> node.name().equals(nodeName)).findFirst();
  }

  /** The data node that is master when the cluster is formed. */
  public RedisNode firstMaster() {
    return redis.get(0);
  }

  /** Endpoints of the data nodes that every node is told of. */
  public List<String> redisSeeds() {
    AddressPlan plan = new AddressPlan(environment);
    return IntStream.rangeClosed(1, SEEDS)
        .mapToObj(number -> plan.redisAddress(number) + ":" + plan.redisPort(number))
        .toList();
  }

  /** Endpoints of the Sentinels that every node is told of. */
  public List<String> sentinelSeeds() {
    AddressPlan plan = new AddressPlan(environment);
    return IntStream.rangeClosed(1, SEEDS)
        .mapToObj(number -> plan.sentinelAddress(number) + ":" + plan.sentinelPort(number))
        .toList();
  }

  /** The block of a new network that is left for its public side. */
  public Cidr gatewayBlock() {
    return AddressPlan.gatewayBlock(environment.network().cidr());
  }

  static boolean isLocal(Environment environment) {
    return environment.platform() == Platform.LOCAL;
  }

  /** The smallest number of Sentinels that is more than half of them. */
  static int majority(int sentinels) {
    return sentinels / 2 + 1;
  }

  static int quorum(Environment environment) {
    return environment.sentinels().quorum().orElse(majority(environment.sentinels().count()));
  }

  static Size masterSize(Environment environment) {
    Master master = environment.master();
    return new Size(master.cpu(), master.memory(), master.disk());
  }

  static Size replicaSize(Environment environment) {
    Replicas replicas = environment.replicas();
    Size master = masterSize(environment);
    return new Size(
        replicas.cpu().orElse(master.cpu()),
        replicas.memory().orElse(master.memory()),
        replicas.disk().orElse(master.disk()));
  }

  static Memory masterMaxmemory(Environment environment) {
    Master master = environment.master();
    return master.maxmemory().orElse(master.memory().percent(MAXMEMORY_PERCENT));
  }

  static Memory replicaMaxmemory(Environment environment) {
    Memory memory = replicaSize(environment).memory();
    Memory derived =
        memory.equals(environment.master().memory())
            ? masterMaxmemory(environment)
            : memory.percent(MAXMEMORY_PERCENT);
    return environment.replicas().maxmemory().orElse(derived);
  }

  private static RedisNode redis(int number, Environment environment, AddressPlan plan) {
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
    return new RedisNode(
        "redis-" + number,
        plan.redisAddress(number),
        plan.redisPort(number),
        plan.subnet(number),
        size,
        first ? environment.master().instanceType() : replicaType,
        first ? masterMaxmemory(environment) : replicaMaxmemory(environment));
  }

  private static SentinelNode sentinel(int number, Environment environment, AddressPlan plan) {
    Environment.Sentinels sentinels = environment.sentinels();
    return new SentinelNode(
        "sentinel-" + number,
        plan.sentinelAddress(number),
        plan.sentinelPort(number),
        plan.subnet(number),
        new Size(sentinels.cpu(), sentinels.memory(), sentinels.disk()),
        sentinels.instanceType());
  }
}
