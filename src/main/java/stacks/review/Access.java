package stacks.review;

import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.stream.Stream;
import stacks.cluster.Cluster;
import stacks.cluster.Exporter;
import stacks.values.Cidr;

/** Who may connect to what, as rules of security groups say it. */
final class Access {
  /** The largest private block is a /8; whatever is larger holds addresses of strangers. */
  private static final int WIDEST_PREFIX = 8;

  private static final int SSH = 22;

  private Access() {}

  /** A block of addresses; empty where it is none, or an IPv6 one. */
  static Optional<Cidr> cidr(String text) {
    try {
      return Optional.of(Cidr.parse(text));
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }

  /** Whether a block holds addresses of strangers, or is none that can be judged. */
  static boolean isWorld(String block) {
    return cidr(block).map(cidr -> cidr.prefix() < WIDEST_PREFIX).orElse(true);
  }

  /**
   * Whether a rule for a group lets in by more than the one port of Redis, Sentinel, SSH or an
   * exporter.
   */
  static boolean isWide(ResourceChange rule, Cluster cluster) {
    Set<Long> ports = ports(cluster);
    OptionalLong from = rule.numberAfter("/from_port");
    OptionalLong to = rule.numberAfter("/to_port");
    return !rule.after("/ip_protocol").equals(Optional.of("tcp"))
        || from.isEmpty()
        || !from.equals(to)
        || !ports.contains(from.getAsLong());
  }

  private static Set<Long> ports(Cluster cluster) {
    Set<Long> ports =
        new HashSet<>(
            List.of(
                (long) cluster.environment().redis().port(),
                (long) cluster.environment().sentinels().port(),
                (long) SSH));
    if (cluster.hasExporters()) {
      Stream.of(Exporter.values()).forEach(each -> ports.add((long) each.port()));
    }
    return ports;
  }

  /** Whether an update of a rule lets in nobody who could not come in before. */
  static boolean isNarrower(ResourceChange rule) {
    if (!Set.of("cidr_ipv4", "description").containsAll(rule.changed())) {
      return false;
    }
    Optional<Cidr> before = rule.before("/cidr_ipv4").flatMap(Access::cidr);
    Optional<Cidr> after = rule.after("/cidr_ipv4").flatMap(Access::cidr);
    return before.isPresent()
        && after.isPresent()
        && before.get().overlaps(after.get())
        && before.get().prefix() <= after.get().prefix();
  }
}
