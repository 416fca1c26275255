package stacks.platform.aws;

import static java.nio.charset.StandardCharsets.UTF_8;
import static stacks.environment.Problem.Severity.ERROR;
import static stacks.environment.Problem.Severity.WARNING;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import stacks.cluster.Cluster;
import stacks.cluster.Directives;
import stacks.cluster.Rule;
import stacks.cluster.Size;
import stacks.environment.Environment;
import stacks.environment.Environment.Master;
import stacks.environment.Environment.Replicas;
import stacks.environment.Environment.Sentinels;
import stacks.environment.Platform;
import stacks.environment.Problem.Severity;
import stacks.render.LiveSettings;
import stacks.render.UserData;

/** Rules that hold on AWS only. They start no Node process, so {@code check} stays fast. */
public final class AwsRules {
  /** Inbound rules that one security group may have (Amazon VPC quotas, the default). */
  private static final int MOST_RULES = 60;

  /** Rules of a group that the nodes themselves take: from data nodes, and from Sentinels. */
  private static final int OWN_RULES = 2;

  /** Tags that one resource may have (AWS, "Tag naming limits and requirements"). */
  private static final int MOST_TAGS = 50;

  /**
   * {@code Name} and {@code rediform}, which every resource gets, and a machine's for maxmemory,
   * maxmemory-policy and repl-backlog-size.
   */
  private static final int OWN_TAGS = 5;

  /**
   * What the name of a tag may be that a machine can read of itself: no spaces or slashes, and none
   * of three names of the metadata service's own (EC2, "Tag restrictions", "Access to tags in the
   * instance metadata").
   */
  private static final Pattern READABLE =
      Pattern.compile("(?!(?:\\.|\\.\\.|_index)$)[A-Za-z0-9+=.,_:@-]+");

  /**
   * Bytes that a packed document may have. The nodes that are not looked at have other names and
   * addresses, which pack a little better or worse; 64 bytes are more than these hold in all.
   */
  private static final int MOST_USER_DATA = UserData.LARGEST - 64;

  /**
   * Bytes of its own with which a document fits in any case, as {@code AwsRulesTest} holds; packing
   * would take a quarter of the time of {@code check}.
   */
  static final int SURELY_FITS = 500;

  /** Bytes that a network comes to at most, packed: one line of the firewall. */
  private static final int NETWORK = 20;

  /** Stands in for the environment's name: as long as one can be, and hard to pack. */
  private static final String LONGEST_NAME = "q7-x0w3z-9k1vj5y-8b2u6g-f4hmdtc";

  private static final Section MASTER = new Section("master", List.of(), AwsRules::master);

  /** Where replicas name no size, they have the master's. */
  private static final Section REPLICAS =
      new Section("replicas", List.of("master"), AwsRules::replicas);

  private static final Section SENTINELS = new Section("sentinels", List.of(), AwsRules::sentinels);

  public static final List<Rule> ALL =
      List.of(
          MASTER.rule("no-such-size", ERROR, "cpu", AwsRules::noSuchSize),
          REPLICAS.rule("no-such-size", ERROR, "cpu", AwsRules::noSuchSize),
          SENTINELS.rule("no-such-size", ERROR, "cpu", AwsRules::noSuchSize),
          MASTER.rule("instance-too-small", ERROR, "instanceType", AwsRules::instanceTooSmall),
          REPLICAS.rule("instance-too-small", ERROR, "instanceType", AwsRules::instanceTooSmall),
          SENTINELS.rule("instance-too-small", ERROR, "instanceType", AwsRules::instanceTooSmall),
          MASTER.rule(
              "unknown-instance-type", WARNING, "instanceType", AwsRules::unknownInstanceType),
          REPLICAS.rule(
              "unknown-instance-type", WARNING, "instanceType", AwsRules::unknownInstanceType),
          SENTINELS.rule(
              "unknown-instance-type", WARNING, "instanceType", AwsRules::unknownInstanceType),
          MASTER.rule("wrong-architecture", ERROR, "instanceType", AwsRules::wrongArchitecture),
          REPLICAS.rule("wrong-architecture", ERROR, "instanceType", AwsRules::wrongArchitecture),
          SENTINELS.rule("wrong-architecture", ERROR, "instanceType", AwsRules::wrongArchitecture),
          MASTER.rule("burstable-data-node", WARNING, "instanceType", AwsRules::burstableDataNode),
          REPLICAS.rule(
              "burstable-data-node", WARNING, "instanceType", AwsRules::burstableDataNode),
          aws(
              "too-many-networks",
              ERROR,
              List.of("network.clients", "network.operators", "platform"),
              AwsRules::tooManyNetworks),
          aws(
              "user-data-too-large",
              ERROR,
              List.of("redis.config", "sentinels.config", "network", "platform"),
              AwsRules::userDataTooLarge),
          aws("reserved-tag", ERROR, List.of("aws.tags", "platform"), AwsRules::reservedTag),
          aws("tag-name", ERROR, List.of("aws.tags", "platform"), AwsRules::tagName),
          aws(
              "too-many-tags",
              ERROR,
              List.of("aws.tags", "redis.config", "platform"),
              AwsRules::tooManyTags));

  private AwsRules() {}

  /**
   * What an environment asks for one kind of node.
   *
   * @param pinned the instance type that the file names, if it does
   * @param smallest the type that is taken where none is named, if there is one
   */
  private record Wish(Size size, Optional<String> pinned, Optional<InstanceType> smallest) {
    Optional<InstanceType> pinnedType() {
      return pinned.flatMap(InstanceTypes::named);
    }
  }

  /**
   * A section of the file that describes one kind of node.
   *
   * @param others further sections that its values follow from
   */
  private record Section(String name, List<String> others, Function<Environment, Wish> wish) {
    Rule rule(
        String id, Severity severity, String shownAt, Function<Wish, Optional<String>> check) {
      List<String> keys = new ArrayList<>(List.of(name + "." + shownAt, name, "platform"));
      keys.addAll(others);
      return aws(id, severity, keys, env -> check.apply(wish.apply(env)));
    }
  }

  private static Wish master(Environment env) {
    Master master = env.master();
    Size size = new Size(master.cpu(), master.memory(), master.disk());
    return new Wish(size, master.instanceType(), InstanceTypes.forRedis(size));
  }

  private static Wish replicas(Environment env) {
    Master master = env.master();
    Replicas replicas = env.replicas();
    Size size =
        new Size(
            replicas.cpu().orElse(master.cpu()),
            replicas.memory().orElse(master.memory()),
            replicas.disk().orElse(master.disk()));
    return new Wish(size, replicas.instanceType(), InstanceTypes.forRedis(size));
  }

  private static Wish sentinels(Environment env) {
    Sentinels sentinels = env.sentinels();
    Size size = new Size(sentinels.cpu(), sentinels.memory(), sentinels.disk());
    return new Wish(size, sentinels.instanceType(), InstanceTypes.forSentinel(size));
  }

  private static Optional<String> noSuchSize(Wish wish) {
    return when(
        wish.pinned().isEmpty() && wish.smallest().isEmpty(),
        "no type of the families c7i, m7i and r7i has %d CPU and %s; pin one with instanceType"
            .formatted(wish.size().cpu(), wish.size().memory()));
  }

  private static Optional<String> instanceTooSmall(Wish wish) {
    return wish.pinnedType()
        .filter(type -> !type.fits(wish.size()))
        .map(
            type ->
                "%s is smaller than the %d CPU and %s asked for; leave it out, or take a larger one"
                    .formatted(type, wish.size().cpu(), wish.size().memory()));
  }

  private static Optional<String> unknownInstanceType(Wish wish) {
    return wish.pinned()
        .filter(name -> InstanceTypes.named(name).isEmpty())
        .map(
            name ->
                "%s is not in the list of types; see yourself that it has %d CPU, %s and x86_64"
                    .formatted(name, wish.size().cpu(), wish.size().memory()));
  }

  private static Optional<String> wrongArchitecture(Wish wish) {
    return wish.pinnedType()
        .filter(type -> !type.runsTheImage())
        .map(
            type ->
                "%s is %s; the nodes' image is for x86_64"
                    .formatted(type.name(), type.architecture()));
  }

  private static Optional<String> burstableDataNode(Wish wish) {
    return wish.pinnedType()
        .filter(InstanceType::burstable)
        .map(
            type ->
                "%s is throttled once its CPU credits are used up, and then looks dead to Sentinels"
                    .formatted(type.name()));
  }

  private static Optional<String> tooManyNetworks(Environment env) {
    long rules =
        OWN_RULES
            + env.network().clients().stream().distinct().count()
            + env.network().operators().stream().distinct().count();
    return when(
        rules > MOST_RULES,
        "%d inbound rules; a security group holds %d, %d of them for the nodes; join some blocks"
            .formatted(rules, MOST_RULES, OWN_RULES));
  }

  /** Packs what the first and the last node of each kind get: nothing shorter says its size. */
  private static Optional<String> userDataTooLarge(Environment env) {
    // Where a node has no place, another rule says so, and there is no cluster to pack.
    if (ownBytes(env) <= SURELY_FITS || !Cluster.hasRoom(env)) {
      return Optional.empty();
    }
    Cluster cluster = Cluster.of(LONGEST_NAME, env);
    UserData userData = new UserData(cluster);
    int largest =
        Stream.of(cluster.redis(), cluster.sentinels())
            .flatMap(nodes -> Stream.of(nodes.get(0), nodes.get(nodes.size() - 1)))
            .mapToInt(userData::packedSize)
            .max()
            .orElseThrow();
    return when(
        largest > MOST_USER_DATA,
        "a machine's user data would have %d bytes packed, with room for %d; leave out directives"
                .formatted(largest, MOST_USER_DATA)
            + " that are default, join client networks, and prefer short keys such as ssh-ed25519");
  }

  /** What a file adds to the documents, at most, before they are packed. */
  private static int ownBytes(Environment env) {
    int networks = env.network().clients().size() + env.network().operators().size();
    int subnets = env.network().existing().map(existing -> existing.subnets().size()).orElse(0);
    int keys = env.network().keys().stream().mapToInt(String::length).sum();
    return Math.max(bytes(env.redis().config()), bytes(env.sentinels().config()))
        + NETWORK * (networks + subnets)
        + keys;
  }

  private static int bytes(Map<String, String> config) {
    return config.entrySet().stream()
        .mapToInt(entry -> (entry.getKey() + entry.getValue()).getBytes(UTF_8).length)
        .sum();
  }

  private static Optional<String> reservedTag(Environment env) {
    String reserved =
        env.aws().tags().keySet().stream()
            .filter(
                tag ->
                    tag.startsWith("aws:")
                        || tag.startsWith(LiveSettings.TAG)
                        || tag.equals("rediform"))
            .sorted()
            .collect(Collectors.joining(", "));
    return when(!reserved.isEmpty(), "not yours to set: " + reserved);
  }

  /** A machine reads its settings from its tags, and could read none if one had such a name. */
  private static Optional<String> tagName(Environment env) {
    String wrong =
        env.aws().tags().keySet().stream()
            .filter(tag -> !READABLE.matcher(tag).matches())
            .sorted()
            .collect(Collectors.joining("\", \""));
    return when(
        !wrong.isEmpty(),
        "\"%s\": a tag's name is made of letters, digits and +-=.,_:@ here, such as cost-center, and is"
            + " none of . .. and _index".formatted(wrong));
  }

  private static Optional<String> tooManyTags(Environment env) {
    int count = env.aws().tags().size();
    int settings =
        (int) env.redis().config().keySet().stream().filter(Directives::isLive).count() + OWN_TAGS;
    return when(
        count + settings > MOST_TAGS,
        "%d tags; AWS allows %d on a machine, and %d of them are ours: each directive of redis.config"
                .formatted(count, MOST_TAGS, settings)
            + " is one");
  }

  private static Rule aws(
      String id,
      Severity severity,
      List<String> keys,
      Function<Environment, Optional<String>> check) {
    return new Rule(
        id,
        severity,
        keys,
        env -> env.platform() == Platform.AWS ? check.apply(env) : Optional.empty());
  }

  private static Optional<String> when(boolean violated, String message) {
    return violated ? Optional.of(message) : Optional.empty();
  }
}
