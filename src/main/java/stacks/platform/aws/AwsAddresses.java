package stacks.platform.aws;

import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import stacks.cluster.Addresses;
import stacks.cluster.Subnet;
import stacks.environment.Environment;
import stacks.values.Cidr;
import stacks.values.Endpoint;

/**
 * Each node in a subnet of its zone: node <i>n</i> is in zone <i>(n-1) mod zones</i>, and within a
 * zone data nodes and Sentinels take turns from {@code network.firstHost} on.
 */
final class AwsAddresses implements Addresses {
  /**
   * A new network is cut into this many blocks; each zone takes one, the last is for the gateway.
   */
  private static final int BLOCK_BITS = 4;

  /** How many zones a new network has room for. */
  static final int MOST_ZONES = (1 << BLOCK_BITS) - 1;

  /** Stands in where an existing network is named without any subnet, which a rule refuses. */
  private static final Subnet NONE = new Subnet("", new Cidr(0, 0), Optional.empty());

  private final Environment environment;
  private final List<Subnet> subnets;

  AwsAddresses(Environment environment) {
    this.environment = environment;
    this.subnets = subnets(environment);
  }

  /** The block that is left for the public side of a new network. */
  static Cidr gatewayBlock(Cidr network) {
    return network.subnet(network.prefix() + BLOCK_BITS, MOST_ZONES);
  }

  @Override
  public List<Subnet> subnets() {
    return subnets;
  }

  @Override
  public Subnet subnet(int number) {
    return subnets.isEmpty() ? NONE : subnets.get((number - 1) % subnets.size());
  }

  @Override
  public Endpoint redis(int number) {
    return new Endpoint(address(number, 0), environment.redis().port());
  }

  @Override
  public Endpoint sentinel(int number) {
    return new Endpoint(address(number, 1), environment.sentinels().port());
  }

  /** The last address of a subnet is reserved (Amazon VPC, "Subnet sizing"). */
  @Override
  public boolean fits() {
    return !subnets.isEmpty()
        && IntStream.rangeClosed(1, 1 + environment.replicas().count()).allMatch(n -> fits(n, 0))
        && IntStream.rangeClosed(1, environment.sentinels().count()).allMatch(n -> fits(n, 1));
  }

  private boolean fits(int number, int turn) {
    return host(number, turn) < subnet(number).cidr().size() - 1;
  }

  private String address(int number, int turn) {
    Cidr block = subnet(number).cidr();
    return block.address((int) Math.min(host(number, turn), block.size() - 1));
  }

  private int host(int number, int turn) {
    int zones = Math.max(1, subnets.size());
    return environment.network().firstHost() + 2 * ((number - 1) / zones) + turn;
  }

  private static List<Subnet> subnets(Environment environment) {
    Environment.Network network = environment.network();
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
