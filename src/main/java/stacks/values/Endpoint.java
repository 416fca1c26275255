package stacks.values;

/**
 * Where a server is reached.
 *
 * @param address IPv4 address in dotted form
 * @param port TCP port, 1 to 65535
 */
public record Endpoint(String address, int port) {
  /** {@code address:port}, as Redis and Sentinel write it. */
  @Override
  public String toString() {
    return address + ":" + port;
  }
}
