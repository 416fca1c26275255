package stacks.cluster;

import java.util.List;
import stacks.values.Endpoint;

/**
 * Where a platform places the nodes of one environment.
 *
 * <p>The place of a node follows from its own number alone, so adding nodes moves none. Nothing
 * here throws, whatever the file says: where there is no room, a node has any address, and {@link
 * #fits} says so.
 */
public interface Addresses {
  /** One for each zone, in the order of the zones; none where the file names none. */
  List<Subnet> subnets();

  /** The subnet of the nodes {@code redis-NUMBER} and {@code sentinel-NUMBER}, from 1 on. */
  Subnet subnet(int number);

  /** Where {@code redis-NUMBER} is reached, from 1 on. */
  Endpoint redis(int number);

  /** Where {@code sentinel-NUMBER} is reached, from 1 on. */
  Endpoint sentinel(int number);

  /** Whether all nodes of the file have a place of their own. */
  boolean fits();
}
