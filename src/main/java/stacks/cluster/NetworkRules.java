package stacks.cluster;

import static stacks.cluster.Cluster.isLocal;
import static stacks.cluster.Rule.when;
import static stacks.environment.Problem.Severity.ERROR;
import static stacks.environment.Problem.Severity.WARNING;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import stacks.environment.Cidr;
import stacks.environment.Environment;
import stacks.environment.Environment.Existing;
import stacks.environment.Environment.ExistingSubnet;
import stacks.environment.Platform;

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
              List.of("network.zones", "network.existing"),
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
              env -> worldOpen(env.network().clients(), "clients")),
          new Rule(
              "world-open",
              ERROR,
              List.of("network.operators"),
              env -> worldOpen(env.network().operators(), "operators")),
          new Rule(
              "no-way-in",
              WARNING,
              List.of("network.keys", "network.operators", "network.shell", "network", "platform"),
              NetworkRules::noWayIn));

  private NetworkRules() {}

  private static Optional<String> portsOverlap(Environment env) {
    int redis = env.redis().port();
    int sentinel = env.sentinels().port();
    return when(
        redis <= lastSentinelPort(env) && sentinel <= lastRedisPort(env),
        isLocal(env)
            ? "Redis takes ports %d to %d and the Sentinels %d to %d; keep them apart"
                .formatted(redis, lastRedisPort(env), sentinel, lastSentinelPort(env))
            : "Redis and the Sentinels both have port %d; keep them apart".formatted(redis));
  }

  private static Optional<String> portExhausted(Environment env) {
    int last = Math.max(lastRedisPort(env), lastSentinelPort(env));
    return when(
        last > LAST_PORT,
        "the last node would have port %d, and ports end at %d; start lower"
            .formatted(last, LAST_PORT));
  }

  /** On the local platform each data node has a port; so has each seed, there or not yet. */
  private static int lastRedisPort(Environment env) {
    int nodes = Math.max(1 + env.replicas().count(), Cluster.SEEDS);
    return env.redis().port() + (isLocal(env) ? nodes - 1 : 0);
  }

  private static int lastSentinelPort(Environment env) {
    int nodes = Math.max(env.sentinels().count(), Cluster.SEEDS);
    return env.sentinels().port() + (isLocal(env) ? nodes - 1 : 0);
  }

  private static Optional<String> missingRegion(Environment env) {
    return when(
        env.platform() == Platform.AWS && env.aws().region().isEmpty(),
        "platform aws needs a region; add aws.region, such as eu-central-1");
  }

  private static Optional<String> unknownZone(Environment env) {
    String region = env.aws().region().orElse("");
    String strangers =
        zones(env)
            .filter(zone -> !zone.matches(Pattern.quote(region) + "[a-z]"))
            .collect(Collectors.joining(", "));
    return when(
        env.platform() == Platform.AWS && !region.isEmpty() && !strangers.isEmpty(),
        "not in region %s: %s; a zone is the region and a letter, such as %sa"
            .formatted(region, strangers, region));
  }

  private static Optional<String> duplicateZone(Environment env) {
    Set<String> seen = new HashSet<>();
    String twice = zones(env).filter(zone -> !seen.add(zone)).collect(Collectors.joining(", "));
    return when(!twice.isEmpty(), "named more than once: " + twice + "; each zone has one subnet");
  }

  private static Optional<String> unusedZones(Environment env) {
    return when(
        env.network().existing().isPresent() && !env.network().zones().isEmpty(),
        "an existing network has the zones of its subnets; remove network.zones");
  }

  /** Zones that the file names, in the place that counts. */
  private static Stream<String> zones(Environment env) {
    return env.network()
        .existing()
        .map(existing -> existing.subnets().stream().map(ExistingSubnet::zone))
        .orElseGet(() -> env.network().zones().stream());
  }

  private static Optional<String> tooManyZones(Environment env) {
    int count = env.network().zones().size();
    return when(
        env.network().existing().isEmpty() && count > AddressPlan.MOST_ZONES,
        "%d zones; a new network has room for %d of them".formatted(count, AddressPlan.MOST_ZONES));
  }

  private static Optional<String> missingSubnets(Environment env) {
    return when(
        env.network().existing().map(Existing::subnets).map(List::isEmpty).orElse(false),
        "an existing VPC needs at least one subnet; give its id, zone and cidr");
  }

  private static Optional<String> duplicateSubnet(Environment env) {
    Set<String> seen = new HashSet<>();
    String twice =
        existingSubnets(env)
            .map(ExistingSubnet::id)
            .filter(id -> !seen.add(id))
            .collect(Collectors.joining(", "));
    return when(!twice.isEmpty(), "named more than once: " + twice + "; name each subnet once");
  }

  private static Stream<ExistingSubnet> existingSubnets(Environment env) {
    return env.network().existing().stream().map(Existing::subnets).flatMap(List::stream);
  }

  private static Optional<String> subnetsOverlap(Environment env) {
    List<Cidr> blocks = existingSubnets(env).map(ExistingSubnet::cidr).toList();
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

  private static Optional<String> singleZone(Environment env) {
    List<Subnet> subnets = new AddressPlan(env).subnets();
    return when(
        !isLocal(env) && subnets.size() == 1,
        "all nodes are in one zone and are lost with it; take three zones");
  }

  private static Optional<String> addressExhausted(Environment env) {
    AddressPlan plan = new AddressPlan(env);
    return when(
        !plan.subnets().isEmpty() && !plan.fits(),
        "%d data nodes and %d Sentinels from place %d on do not fit into %s; take larger blocks"
            .formatted(
                1 + env.replicas().count(),
                env.sentinels().count(),
                env.network().firstHost(),
                plan.subnets().stream()
                    .map(subnet -> subnet.cidr().toString())
                    .collect(Collectors.joining(", "))));
  }

  private static Optional<String> worldOpen(List<Cidr> blocks, String who) {
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
  private static Optional<String> noWayIn(Environment env) {
    Environment.Network network = env.network();
    if (isLocal(env) || !network.shell().isEmpty()) {
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
