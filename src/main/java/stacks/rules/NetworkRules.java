package stacks.rules;

import static stacks.environment.Problem.Severity.ERROR;
import static stacks.environment.Problem.Severity.WARNING;
import static stacks.rules.Rule.when;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import stacks.cluster.Cluster;
import stacks.cluster.Node;
import stacks.environment.Environment;
import stacks.environment.Environment.Existing;
import stacks.environment.Environment.ExistingSubnet;
import stacks.environment.Platform;
import stacks.values.Cidr;
import stacks.values.Endpoint;

/** Where the nodes are, and who may reach them. */
final class NetworkRules {
  private static final int LAST_PORT = 65535;

  /** The largest private block is a /8; whatever is larger holds addresses of strangers. */
  private static final int WIDEST_PREFIX = 8;

  /** Keys that say which ports there are. */
  private static final List<String> PORTS =
      List.of("redis.port", "sentinels.port", "platform", "replicas.count", "sentinels.count");

  static final List<Rule> ALL =
      List.of(
          new Rule("ports-overlap", ERROR, PORTS, NetworkRules::portsOverlap),
          new Rule("port-exhausted", ERROR, PORTS, NetworkRules::portExhausted),
          new Rule(
              "missing-region",
              ERROR,
              List.of("aws.region", "platform"),
              NetworkRules::missingRegion),
          new Rule(
              "unknown-zone",
              ERROR,
              List.of("network.zones", "network.existing", "aws.region", "platform"),
              NetworkRules::unknownZone),
          new Rule(
              "duplicate-zone",
              ERROR,
              List.of("network.zones", "network.existing"),
              NetworkRules::duplicateZone),
          new Rule(
              "unused-zones",
              ERROR,
              List.of("network.zones", "network.existing"),
              NetworkRules::unusedZones),
          new Rule(
              "too-many-zones",
              ERROR,
              List.of("network.zones", "network.existing", "platform"),
              NetworkRules::tooManyZones),
          new Rule(
              "missing-subnets",
              ERROR,
              List.of("network.existing.subnets"),
              NetworkRules::missingSubnets),
          new Rule(
              "duplicate-subnet",
              ERROR,
              List.of("network.existing.subnets"),
              NetworkRules::duplicateSubnet),
          new Rule(
              "subnets-overlap",
              ERROR,
              List.of("network.existing.subnets"),
              NetworkRules::subnetsOverlap),
          new Rule(
              "single-zone",
              WARNING,
              List.of("network.zones", "network.existing", "platform", "aws.region"),
              NetworkRules::singleZone),
          new Rule(
              "address-exhausted",
              ERROR,
              List.of(
                  "network.cidr",
                  "network.existing",
                  "network.firstHost",
                  "replicas.count",
                  "sentinels.count",
                  "network.zones",
                  "platform",
                  "aws.region"),
              NetworkRules::addressExhausted),
          new Rule(
              "world-open",
              ERROR,
              List.of("network.clients"),
              cluster -> worldOpen(cluster.environment().network().clients(), "clients")),
          new Rule(
              "world-open",
              ERROR,
              List.of("network.operators"),
              cluster -> worldOpen(cluster.environment().network().operators(), "operators")),
          new Rule(
              "no-way-in",
              WARNING,
              List.of("network.keys", "network.operators", "network.shell", "network", "platform"),
              NetworkRules::noWayIn));

  private NetworkRules() {}

  private static Optional<String> portsOverlap(Cluster cluster) {
    int redis = cluster.environment().redis().port();
    int sentinel = cluster.environment().sentinels().port();
    int lastRedis = last(cluster.redis(), cluster.redisSeeds());
    int lastSentinel = last(cluster.sentinels(), cluster.sentinelSeeds());
    return when(
        redis <= lastSentinel && sentinel <= lastRedis,
        cluster.isLocal()
            ? "Redis takes ports %d to %d and the Sentinels %d to %d; keep them apart"
                .formatted(redis, lastRedis, sentinel, lastSentinel)
            : "Redis and the Sentinels both have port %d; keep them apart".formatted(redis));
  }

  private static Optional<String> portExhausted(Cluster cluster) {
    int last =
        Math.max(
            last(cluster.redis(), cluster.redisSeeds()),
            last(cluster.sentinels(), cluster.sentinelSeeds()));
    return when(
        last > LAST_PORT,
        "the last node would have port %d, and ports end at %d; start lower"
            .formatted(last, LAST_PORT));
  }

  /** The highest port of a kind of nodes, and of its seeds, there or not yet. */
  private static int last(List<? extends Node> nodes, List<Endpoint> seeds) {
    return IntStream.concat(
            nodes.stream().mapToInt(Node::port), seeds.stream().mapToInt(Endpoint::port))
        .max()
        .orElseThrow();
  }

  private static Optional<String> missingRegion(Cluster cluster) {
    return when(
        cluster.environment().platform() == Platform.AWS
            && cluster.environment().aws().region().isEmpty(),
        "platform aws needs a region; add aws.region, such as eu-central-1");
  }

  private static Optional<String> unknownZone(Cluster cluster) {
    String region = cluster.environment().aws().region().orElse("");
    String strangers =
        zones(cluster)
            .filter(zone -> !zone.matches(Pattern.quote(region) + "[a-z]"))
            .collect(Collectors.joining(", "));
    return when(
        cluster.environment().platform() == Platform.AWS
            && !region.isEmpty()
            && !strangers.isEmpty(),
        "not in region %s: %s; a zone is the region and a letter, such as %sa"
            .formatted(region, strangers, region));
  }

  private static Optional<String> duplicateZone(Cluster cluster) {
    Set<String> seen = new HashSet<>();
    String twice = zones(cluster).filter(zone -> !seen.add(zone)).collect(Collectors.joining(", "));
    return when(!twice.isEmpty(), "named more than once: " + twice + "; each zone has one subnet");
  }

  private static Optional<String> unusedZones(Cluster cluster) {
    return when(
        cluster.environment().network().existing().isPresent()
            && !cluster.environment().network().zones().isEmpty(),
        "an existing network has the zones of its subnets; remove network.zones");
  }

  /** Zones that the file names, in the place that counts. */
  private static Stream<String> zones(Cluster cluster) {
    return cluster
        .environment()
        .network()
        .existing()
        .map(existing -> existing.subnets().stream().map(ExistingSubnet::zone))
        .orElseGet(() -> cluster.environment().network().zones().stream());
  }

  private static Optional<String> tooManyZones(Cluster cluster) {
    int count = cluster.environment().network().zones().size();
    int room = cluster.subnets().size();
    return when(
        !cluster.isLocal() && cluster.environment().network().existing().isEmpty() && count > room,
        "%d zones; a new network has room for %d of them".formatted(count, room));
  }

  private static Optional<String> missingSubnets(Cluster cluster) {
    return when(
        cluster
            .environment()
            .network()
            .existing()
            .map(Existing::subnets)
            .map(List::isEmpty)
            .orElse(false),
        "an existing VPC needs at least one subnet; give its id, zone and cidr");
  }

  private static Optional<String> duplicateSubnet(Cluster cluster) {
    Set<String> seen = new HashSet<>();
    String twice =
        existingSubnets(cluster)
            .map(ExistingSubnet::id)
            .filter(id -> !seen.add(id))
            .collect(Collectors.joining(", "));
    return when(!twice.isEmpty(), "named more than once: " + twice + "; name each subnet once");
  }

  private static Stream<ExistingSubnet> existingSubnets(Cluster cluster) {
    return cluster.environment().network().existing().stream()
        .map(Existing::subnets)
        .flatMap(List::stream);
  }

  private static Optional<String> subnetsOverlap(Cluster cluster) {
    List<Cidr> blocks = existingSubnets(cluster).map(ExistingSubnet::cidr).toList();
    List<String> overlapping = new ArrayList<>();
    for (int i = 0; i < blocks.size(); i++) {
      for (int j = i + 1; j < blocks.size(); j++) {
        if (blocks.get(i).overlaps(blocks.get(j))) {
          overlapping.add(blocks.get(i) + " and " + blocks.get(j));
        }
      }
    }
    return when(
        !overlapping.isEmpty(),
        "these overlap: " + String.join(", ", overlapping) + "; correct the wrong one");
  }

  private static Optional<String> singleZone(Cluster cluster) {
    return when(
        !cluster.isLocal() && cluster.subnets().size() == 1,
        "all nodes are in one zone and are lost with it; take three zones");
  }

  private static Optional<String> addressExhausted(Cluster cluster) {
    return when(
        !cluster.subnets().isEmpty() && !cluster.fits(),
        "%d data nodes and %d Sentinels from place %d on do not fit into %s; take larger blocks"
            .formatted(
                cluster.redis().size(),
                cluster.sentinels().size(),
                cluster.environment().network().firstHost(),
                cluster.subnets().stream()
                    .map(subnet -> subnet.cidr().toString())
                    .collect(Collectors.joining(", "))));
  }

  static Optional<String> worldOpen(List<Cidr> blocks, String who) {
    String open =
        blocks.stream()
            .filter(block -> block.prefix() < WIDEST_PREFIX)
            .map(Cidr::toString)
            .collect(Collectors.joining(", "));
    return when(
        !open.isEmpty(),
        "%s lets strangers in; name the networks of your %s, /%d at the widest"
            .formatted(open, who, WIDEST_PREFIX));
  }

  /** EC2 gives a machine no key by itself, and Debian's image has neither a password nor SSM. */
  private static Optional<String> noWayIn(Cluster cluster) {
    Environment.Network network = cluster.environment().network();
    if (cluster.isLocal() || !network.shell().isEmpty()) {
      return Optional.empty();
    }
    return network.keys().isEmpty()
        ? Optional.of(
            "nobody can log in to these machines, not even after a fault; add network.keys and"
                + " network.operators, or network.shell if there is another way")
        : when(
            network.operators().isEmpty(),
            "network.keys open SSH, but no network may reach it; add network.operators");
  }
}
