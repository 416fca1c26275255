package stacks.cluster;

/**
 * What answers Prometheus on each node that has metrics switched on: Debian's two exporters, on the
 * ports that Prometheus's list of default port allocations gives them.
 */
public enum Exporter {
  /** {@code prometheus-redis-exporter}: asks the node's own Redis or Sentinel. */
  REDIS(9121),

  /** {@code prometheus-node-exporter}: the machine, and the textfile that the agent writes. */
  NODE(9100);

  private final int port;

  Exporter(int port) {
    this.port = port;
  }

  /** The TCP port that it listens on. */
  public int port() {
    return port;
  }
}
