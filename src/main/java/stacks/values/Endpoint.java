package stacks.values;

import java.util.Arrays;
import java.util.Comparator;

/**
 * Where a server is reached.
 *
 * @param address IPv4 address in dotted form
 * @param port TCP port, 1 to 65535
 */
public record Endpoint(String address, int port) {
  /**
   * The order of {@code address:port} by address, and then by port: the same as the agents' ({@code
   * rediform/backup/turn.py}).
   */
  public static final Comparator<String> BY_ADDRESS =
      Comparator.comparing(Endpoint::numbers, Arrays::compare);

  private static int[] numbers(String endpoint) {
    return Arrays.stream(endpoint.split("[.:]")).mapToInt(Integer::parseInt).toArray();
  }

  /** {@code address:port}, as Redis and Sentinel write it. */
  @Override
  public String toString() {
    return address + ":" + port;
  }
}
