package stacks.review;

import static java.util.stream.Collectors.toCollection;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import stacks.cluster.Cluster;
import stacks.platform.Effect;
import stacks.values.Quote;

/** A plan that has been read: what is kept of it for the rules that look at it as a whole. */
final class Plan {
  /** Where a node's files are on this machine, from where Terraform runs. */
  private static final Pattern FOLDER =
      Pattern.compile("(?:\\.\\./)*+\\.rediform/([a-z0-9-]+)(?:/.*)?");

  /** Longer than that of any attribute. */
  private static final int LONGEST_NAME = 80;

  /** Every resource bears it, and gates find the machines by it. */
  private static final String TAG = "/tags_all/rediform";

  private static final Pattern DATA = Pattern.compile("(module\\.[^.]+\\.)*data\\.");

  /** What was looked up: machines that bear the environment's name, and those that run. */
  private static final String EXISTING = "data.aws_instances.existing";

  private static final String RUNNING = "data.aws_instances.running";

  /** What clients and programs are told of the cluster. */
  private static final Set<String> OUTPUTS = Set.of("master_name", "sentinels", "nodes");

  private final Cluster cluster;
  private final Classifier classifier;
  private final Map<String, NodePlan> nodes = new TreeMap<>();
  private final List<Change> changes = new ArrayList<>();
  private final Set<String> environments = new TreeSet<>();
  private final ByHand byHand = new ByHand();
  private final Gone gone;
  private final List<String> untagged = new ArrayList<>();
  private final List<PlanParts.Output> outputs = new ArrayList<>();
  private final Map<String, String> differences = new TreeMap<>();
  private final OtherParts others = new OtherParts();
  private boolean newPasswords;
  private Optional<String> program = Optional.empty();
  private boolean identity;
  private boolean formed;
  private boolean running = true;
  private final Set<String> machines = new HashSet<>();
  private final Set<String> there = new TreeSet<>();
  private boolean lookedUp;

  Plan(Cluster cluster) {
    this.cluster = cluster;
    this.classifier = new Classifier(cluster);
    this.gone = new Gone(classifier);
  }

  /** Takes in where it is not what the environment's file makes, by place. */
  void differs(Map<String, String> places) {
    differences.putAll(places);
  }

  /** Where it is not what the environment's file makes. */
  Map<String, String> differences() {
    return differences;
  }

  /** Takes in one resource. */
  void see(ResourceChange resource) {
    others(resource);
    if (resource.isData()) {
      return;
    }
    environment(resource).ifPresent(environments::add);
    byHand.see(resource);
    if (resource.isDrift()) {
      gone.see(resource);
      return;
    }
    newPasswords |=
        resource.address().equals("aws_secretsmanager_secret_version.passwords-value")
            && resource.action() == Action.CREATE;
    if (resource.address().equals(Delivery.PROGRAM)) {
      program = Delivery.program(resource);
    }
    if (resource.existed()) {
      identity |= resource.address().equals("terraform_data.identity");
      formed |= resource.address().equals("terraform_data.formed");
      if (resource.type().equals("aws_instance")) {
        resource.before("/id").ifPresent(machines::add);
      }
    }
    Optional<String> node = Classifier.node(resource);
    Effect effect = effect(resource, node);
    node.ifPresent(
        name -> nodes.computeIfAbsent(name, NodePlan::new).see(resource, effect, classifier));
    Optional<String> tag = resource.before(TAG);
    if (classifier.isNode(resource)
        && resource.remains()
        && tag.isPresent()
        && !tag.equals(resource.after(TAG))) {
      untagged.add(resource.address());
    }
    if (resource.action() != Action.NOTHING) {
      changes.add(
          new Change(
              resource.address(),
              node.orElse(Change.SHARED),
              resource.action().toString(),
              effect,
              shown(
                  resource.action() == Action.UPDATE ? resource.changed() : resource.replacing())));
    }
  }

  /** What there is to say of any resource, be it one of ours or not, changing or not. */
  private void others(ResourceChange resource) {
    String address = resource.address();
    if (resource.holdsSecret()) {
      others.secret(address);
    }
    resource
        .previousAddress()
        .ifPresent(
            previous ->
                others.unknown(address, "takes the place of " + previous + " in the state"));
    resource
        .unknownWords()
        .forEach(word -> others.unknown(address, "has " + word + ", which is not known"));
    if (resource.isDeposed()) {
      others.unknown(address, "what a replacement left behind that has not ended is still there");
    }
    if (resource.hasGeneratedConfiguration()) {
      others.unknown(address, "is imported with a configuration that Terraform has made up");
    }
    if (!resource.isDrift()) {
      others.planned(address, resource.existed() && !resource.isData() && !resource.isImported());
    }
    if (!allowed(resource).contains(resource.action())
        || resource.isData() && !DATA.matcher(address).lookingAt()) {
      others.unknown(address, "something happens, or has happened, to it that is not known");
    }
  }

  /** What Terraform may say of a data source, and of what has happened outside of it. */
  private static Set<Action> allowed(ResourceChange resource) {
    if (resource.isData()) {
      return EnumSet.of(Action.NOTHING, Action.READ);
    }
    return resource.isDrift()
        ? EnumSet.of(Action.NOTHING, Action.UPDATE, Action.DELETE)
        : EnumSet.allOf(Action.class); // its own rules say which
  }

  /** Settings of a node that is there are missing only where a deploy has ended before its turn. */
  private Effect effect(ResourceChange resource, Optional<String> node) {
    boolean again =
        resource.action() == Action.CREATE
            && resource.name().endsWith("-settings")
            && node.map(nodes::get).filter(NodePlan::existed).isPresent();
    return again ? Effect.SERVER_RESTART : classifier.effect(resource);
  }

  private static Set<String> shown(Set<String> attributes) {
    return attributes.stream()
        .map(name -> Quote.shorten(name, LONGEST_NAME))
        .collect(toCollection(TreeSet::new));
  }

  void see(PlanParts.Output output) {
    outputs.add(output);
    String place = "output." + output.name();
    boolean differs = output.action() == Action.NOTHING && !output.before().equals(output.after());
    if (output.action() == Action.UNKNOWN || differs) {
      others.unknown(place, "something happens to it that is not known");
    } else if (!OUTPUTS.contains(output.name()) && output.action() != Action.DELETE) {
      others.unknown(place, "is no output that this rediform makes");
    }
  }

  /** Takes in what the state has, and what was looked up before the plan was made. */
  void prior(JsonNode resource) {
    if (!resource.path("mode").asText().equals("data")) {
      String address =
          Quote.shorten(resource.path("address").asText(), ResourceChange.LONGEST_ADDRESS);
      others.prior(address);
      gone.prior(address);
      byHand.prior(resource);
    } else if (resource.path("address").asText().equals(EXISTING)) {
      lookedUp = true;
      resource.at("/values/ids").forEach(id -> there.add(id.asText()));
    } else if (resource.path("address").asText().equals(RUNNING)) {
      running = !resource.at("/values/ids").isEmpty();
    }
  }

  /** What it holds besides changes and outputs. */
  OtherParts others() {
    return others;
  }

  /** Whether it was not looked up which machines there are. */
  boolean isBlind() {
    return isComplete() && !cluster.isLocal() && !lookedUp;
  }

  /** Machines that bear the environment's name, and of which the state does not know. */
  Set<String> strangeMachines() {
    if (!isComplete()) {
      return Set.of(); // a part of a plan speaks of a part of the machines only
    }
    Set<String> strange = new TreeSet<>(there);
    strange.removeAll(machines);
    return strange;
  }

  /** Whether it makes passwords where the state has none. */
  boolean makesPasswords() {
    return newPasswords;
  }

  /** Checksum of the program that nodes will find; empty where nobody can see it. */
  Optional<String> program() {
    return program;
  }

  /** What the state knows of the cluster. */
  Review.Known known() {
    return new Review.Known(!machines.isEmpty(), identity, formed, running);
  }

  /** Resources bear the environment's name: a tag on AWS, their folder on this machine. */
  private static Optional<String> environment(ResourceChange resource) {
    Optional<String> tag = resource.before(TAG).or(() -> resource.after(TAG));
    if (tag.isPresent() || !resource.type().equals("terraform_data")) {
      return tag;
    }
    return resource
        .before("/input")
        .or(() -> resource.after("/input"))
        .map(FOLDER::matcher)
        .filter(Matcher::matches)
        .map(folder -> folder.group(1));
  }

  Cluster cluster() {
    return cluster;
  }

  /** All nodes that the plan speaks of. */
  Stream<NodePlan> nodes() {
    return nodes.values().stream();
  }

  Stream<NodePlan> redis() {
    return nodes().filter(NodePlan::isRedis);
  }

  Stream<NodePlan> sentinels() {
    return nodes().filter(node -> !node.isRedis());
  }

  Optional<NodePlan> node(String name) {
    return Optional.ofNullable(nodes.get(name));
  }

  /** Whether there are nodes already, or were until something outside of Terraform took them. */
  boolean isOfExistingCluster() {
    return nodes().anyMatch(NodePlan::existed) || !gone.nodes().isEmpty();
  }

  /** Resources that change, in the order of the plan. */
  List<Change> changes() {
    return changes;
  }

  /** Names of the environments whose resources the plan holds. */
  Set<String> environments() {
    return environments;
  }

  /** Machines that gates will not find any more. */
  List<String> untagged() {
    return untagged;
  }

  List<PlanParts.Output> outputs() {
    return outputs;
  }

  /** Whether it brings everything to what the configuration says. */
  boolean isComplete() {
    return others.lacks().isEmpty();
  }

  /** What is there besides what the plan's own resources make. */
  ByHand byHand() {
    return byHand;
  }

  /** What the state knows and is not found any more. */
  Gone gone() {
    return gone;
  }
}
