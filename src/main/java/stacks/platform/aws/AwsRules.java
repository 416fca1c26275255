package stacks.platform.aws;

import static stacks.environment.Problem.Severity.ERROR;
import static stacks.environment.Problem.Severity.WARNING;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import stacks.cluster.Cluster;
import stacks.cluster.Exporter;
import stacks.cluster.RedisNode;
import stacks.cluster.SentinelNode;
import stacks.cluster.Size;
import stacks.environment.Environment;
import stacks.environment.Platform;
import stacks.environment.Problem.Severity;
import stacks.rules.Rule;

/** Rules that hold on AWS only. They start no Node process, so {@code check} stays fast. */
public final class AwsRules {
  /** Inbound rules that one security group may have (Amazon VPC quotas, the default). */
  private static final int MOST_RULES = 60;

  /** Rules of a group that the nodes themselves take: from data nodes, and from Sentinels. */
  private static final int OWN_RULES = 2;

  /** Tags that one resource may have (AWS, "Tag naming limits and requirements"). */
  private static final int MOST_TAGS = 50;

  /** Of a machine: {@code Name}, {@code rediform} and {@code rediform.document}. */
  private static final int OWN_TAGS = 3;

  /**
   * What the name of a tag may be that a machine can read of itself: no spaces or slashes, and none
   * of three names of the metadata service's own (EC2, "Tag restrictions", "Access to tags in the
   * instance metadata").
   */
  private static final Pattern READABLE =
      Pattern.compile("(?!(?:\\.|\\.\\.|_index)$)[A-Za-z0-9+=.,_:@-]+");

  private static final Section MASTER =
      new Section(
          "master",
          List.of(),
          cluster ->
              new Wish(cluster.firstMaster(), cluster.environment().master().instanceType()));

  /** Where replicas name no size, they have the master's. */
  private static final Section REPLICAS =
      new Section(
          "replicas",
          List.of("master"),
          cluster ->
              new Wish(cluster.firstReplica(), cluster.environment().replicas().instanceType()));

  private static final Section SENTINELS =
      new Section("sentinels", List.of(), cluster -> new Wish(cluster.sentinels().get(0)));

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
              List.of("network.clients", "network.operators", "metrics.networks", "platform"),
              AwsRules::tooManyNetworks),
          aws("reserved-tag", ERROR, List.of("aws.tags", "platform"), AwsRules::reservedTag),
          aws("tag-name", ERROR, List.of("aws.tags", "platform"), AwsRules::tagName),
          aws("too-many-tags", ERROR, List.of("aws.tags", "platform"), AwsRules::tooManyTags));

  private AwsRules() {}

  /**
   * What a cluster asks for one kind of node.
   *
   * @param size what its machine must have
   * @param type the instance type that the file pins for it, its own or the master's
   * @param named the instance type that its own section of the file names
   * @param smallest the type that is taken where none is pinned, if there is one
   */
  private record Wish(
      Size size, Optional<String> type, Optional<String> named, Optional<InstanceType> smallest) {
    Wish(RedisNode node, Optional<String> named) {
      this(node.size(), node.instanceType(), named, InstanceTypes.forRedis(node.size()));
    }

    Wish(SentinelNode node) {
      this(
          node.size(),
          node.instanceType(),
          node.instanceType(),
          InstanceTypes.forSentinel(node.size()));
    }

    Optional<InstanceType> namedType() {
      return named.flatMap(InstanceTypes::named);
    }
  }

  /**
   * A section of the file that describes one kind of node.
   *
   * @param others further sections that its values follow from
   */
  private record Section(String name, List<String> others, Function<Cluster, Wish> wish) {
    Rule rule(
        String id, Severity severity, String shownAt, Function<Wish, Optional<String>> check) {
      List<String> keys = new ArrayList<>(List.of(name + "." + shownAt, name, "platform"));
      keys.addAll(others);
      return aws(id, severity, keys, cluster -> check.apply(wish.apply(cluster)));
    }
  }

  private static Optional<String> noSuchSize(Wish wish) {
    return when(
        wish.type().isEmpty() && wish.smallest().isEmpty(),
        "no type of the families c7i, m7i and r7i has %d CPU and %s; pin one with instanceType"
            .formatted(wish.size().cpu(), wish.size().memory()));
  }

  private static Optional<String> instanceTooSmall(Wish wish) {
    return wish.namedType()
        .filter(type -> !type.fits(wish.size()))
        .map(
            type ->
                "%s is smaller than the %d CPU and %s asked for; leave it out, or take a larger one"
                    .formatted(type, wish.size().cpu(), wish.size().memory()));
  }

  private static Optional<String> unknownInstanceType(Wish wish) {
    return wish.named()
        .filter(name -> InstanceTypes.named(name).isEmpty())
        .map(
            name ->
                "%s is not in the list of types; see yourself that it has %d CPU, %s and x86_64"
                    .formatted(name, wish.size().cpu(), wish.size().memory()));
  }

  private static Optional<String> wrongArchitecture(Wish wish) {
    return wish.namedType()
        .filter(type -> !type.runsTheImage())
        .map(
            type ->
                "%s is %s; the nodes' image is for x86_64"
                    .formatted(type.name(), type.architecture()));
  }

  private static Optional<String> burstableDataNode(Wish wish) {
    return wish.namedType()
        .filter(InstanceType::burstable)
        .map(
            type ->
                "%s is throttled once its CPU credits are used up, and then looks dead to Sentinels"
                    .formatted(type.name()));
  }

  private static Optional<String> tooManyNetworks(Cluster cluster) {
    Environment.Network network = cluster.environment().network();
    long rules =
        OWN_RULES
            + network.clients().stream().distinct().count()
            + network.operators().stream().distinct().count()
            + Exporter.values().length
                * cluster.environment().metrics().networks().stream().distinct().count();
    return when(
        rules > MOST_RULES,
        "%d inbound rules; a security group holds %d, %d of them for the nodes; join some blocks"
            .formatted(rules, MOST_RULES, OWN_RULES));
  }

  private static Optional<String> reservedTag(Cluster cluster) {
    String reserved =
        cluster.environment().aws().tags().keySet().stream()
            .filter(
                tag ->
                    tag.startsWith("aws:") || tag.equals("rediform") || tag.startsWith("rediform."))
            .sorted()
            .collect(Collectors.joining(", "));
    return when(!reserved.isEmpty(), "not yours to set: " + reserved);
  }

  /** A machine reads one of its tags, and could read none if one had such a name. */
  private static Optional<String> tagName(Cluster cluster) {
    String wrong =
        cluster.environment().aws().tags().keySet().stream()
            .filter(tag -> !READABLE.matcher(tag).matches())
            .sorted()
            .collect(Collectors.joining("\", \""));
    return when(
        !wrong.isEmpty(),
        "\"%s\": a tag's name is made of letters, digits and +-=.,_:@ here, such as cost-center, and is"
            + " none of . .. and _index".formatted(wrong));
  }

  private static Optional<String> tooManyTags(Cluster cluster) {
    int count = cluster.environment().aws().tags().size();
    return when(
        count > MOST_TAGS - OWN_TAGS,
        "%d tags; AWS allows %d on a machine, and %d of them are ours"
            .formatted(count, MOST_TAGS, OWN_TAGS));
  }

  private static Rule aws(
      String id, Severity severity, List<String> keys, Function<Cluster, Optional<String>> check) {
    return new Rule(
        id,
        severity,
        keys,
        cluster ->
            cluster.environment().platform() == Platform.AWS
                ? check.apply(cluster)
                : Optional.empty());
  }

  private static Optional<String> when(boolean violated, String message) {
    return violated ? Optional.of(message) : Optional.empty();
  }
}
