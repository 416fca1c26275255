package stacks.platform.local;

import java.util.List;
import java.util.Optional;
import stacks.cluster.Addresses;
import stacks.cluster.Subnet;
import stacks.environment.Environment;
import stacks.values.Cidr;
import stacks.values.Endpoint;

/** All nodes on this machine, told apart by their ports. */
record LocalAddresses(Environment environment) implements Addresses {
  private static final Subnet LOCAL =
      new Subnet("local", Cidr.parse("127.0.0.0/8"), Optional.empty());

  private static final String ADDRESS = "127.0.0.1";

  @Override
  public List<Subnet> subnets() {
    return List.of(LOCAL);
  }

  @Override
  public Subnet subnet(int number) {
    return LOCAL;
  }

  @Override
  public Endpoint redis(int number) {
    return new Endpoint(ADDRESS, environment.redis().port() + number - 1);
  }

  @Override
  public Endpoint sentinel(int number) {
    return new Endpoint(ADDRESS, environment.sentinels().port() + number - 1);
  }

  @Override
  public boolean fits() {
    return true;
  }
}
