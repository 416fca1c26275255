package stacks.cluster;

import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import stacks.environment.Cidr;
import stacks.environment.Environment;

/**
 * Gives each node its subnet, address and port.
 *
 * <p>The place of a node follows from its own number alone, so adding nodes moves none: node
 * <i>n</i> is in zone <i>(n-1) mod zones</i>, and within a zone data nodes and Sentinels take turns
 * from {@code network.firstHost} on.
 */
final class AddressPlan {
  /**
   * A new network is cut into this many blocks; each zone takes one, the last is for the gateway.
   */
  private static final int BLOCK_BITS = 4;

  /** How many zones a new network has room for. */
  static final int MOST_ZONES = (1 << BLOCK_BITS) - 1;

  private final Environment environment;
  private final List<Subnet> subnets;

  AddressPlan(Environment environment) {
    this.environment = environment;
    this.subnets = subnets(environment);
  }

  List<Subnet> subnets() {
    return subnets;
  }

  /** The block that is left for the public side of a new network. */
  static Cidr gatewayBlock(Cidr network) {
    return network.subnet(network.prefix() + BLOCK_BITS, MOST_ZONES);
  }

  Subnet subnet(int number) {
    return subnets.get((number - 1) % subnets.size());
  }

  /** Address of data node {@code number}, counted from 1. */
  String redisAddress(int number) {
    return address(number, 0);
  }

  /** Address of Sentinel {@code number}, counted from 1. */
  String sentinelAddress(int number) {
    return address(number, 1);
  }

  int redisPort(int number) {
    return environment.redis().port() + portOffset(number);
  }

  int sentinelPort(int number) {
    return environment.sentinels().port() + portOffset(number);
  }

  /**
   * Whether every node's address lies within its subnet. The last address of a subnet is reserved.
   */
  boolean fits() {
    return IntStream.rangeClosed(1, 1 + environment.replicas().count()).allMatch(n -> fits(n, 0))
        && IntStream.rangeClosed(1, environment.sentinels().count()).allMatch(n -> fits(n, 1));
  }

  private boolean fits(int number, int turn) {
    return Cluster.isLocal(environment) || host(number, turn) < subnet(number).cidr().size() - 1;
  }

  private String address(int number, int turn) {
    return Cluster.isLocal(environment)
        ? "127.0.0.1"
        : subnet(number).cidr().address(host(number, turn));
  }

  private int host(int number, int turn) {
    return environment.network().firstHost() + 2 * ((number - 1) / subnets.size()) + turn;
  }

  private int portOffset(int number) {
    return Cluster.isLocal(environment) ? number - 1 : 0;
  }

  private static List<Subnet> subnets(Environment environment) {
    Environment.Network network = environment.network();
    if (Cluster.isLocal(environment)) {
      return List.of(new Subnet("local", Cidr.parse("127.0.0.0/8"), Optional.empty()));
    }
    if (network.existing().isPresent()) {
      return network.existing().get().subnets().stream()
          .map(subnet -> new Subnet(subnet.zone(), subnet.cidr(), Optional.of(subnet.id())))
          .toList();
    }
    List<String> zones = zones(environment);
    return IntStream.range(0, zones.size())
        .mapToObj(
            i ->
                new Subnet(
                    zones.get(i),
                    network.cidr().subnet(network.cidr().prefix() + BLOCK_BITS, i),
                    Optional.empty()))
        .toList();
  }

  /** The zones of a new network: the file's as far as there is room, or the region's a, b, c. */
  private static List<String> zones(Environment environment) {
    if (!environment.network().zones().isEmpty()) {
      return environment.network().zones().stream().limit(MOST_ZONES).toList();
    }
    String region = environment.aws().region().orElse("");
    return List.of(region + "a", region + "b", region + "c");
  }
}
