package stacks.review;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.InputStream;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import stacks.cluster.Cluster;
import stacks.cluster.Node;
import stacks.platform.Effect;
import stacks.values.Quote;

/** Reads a plan of an environment and says what it does to the cluster, and what is dangerous. */
public final class Reviewer {
  /** Tells the plan, the comparisons and the rules what is read. */
  private final PlanParts parts =
      new PlanParts() {
        @Override
        public void see(ResourceChange resource) {
          Reviewer.this.see(resource);
        }

        @Override
        public void see(Output output) {
          plan.see(output);
        }

        @Override
        public void prior(JsonNode resource) {
          plan.prior(resource);
        }

        @Override
        public void configured(String address, Map<String, Long> expressions) {
          comparisons.forEach(comparison -> comparison.configured(address, expressions));
        }

        @Override
        public void unknown(String place, String message) {
          plan.others().unknown(place, message);
        }

        @Override
        public void failed(String place, String message) {
          plan.others().failed(place, message);
        }

        @Override
        public void secret(String place) {
          plan.others().secret(place);
        }

        @Override
        public void incomplete(String reason) {
          plan.others().incomplete(reason);
        }
      };

  private final Cluster cluster;
  private final Plan plan;
  private final Classifier classifier;
  private final Policy policy;
  private final List<Comparison> comparisons;
  private final List<Finding> findings = new ArrayList<>();

  private Reviewer(Cluster cluster, LocalDate today, List<Expected> expected) {
    this.comparisons = expected.stream().map(Comparison::new).toList();
    this.cluster = cluster;
    this.plan = new Plan(cluster);
    this.classifier = new Classifier(cluster);
    this.policy = new Policy(cluster.environment(), today);
  }

  /**
   * Reviews a plan.
   *
   * @param json what {@code terraform show -json PLAN} printed
   * @param cluster the cluster as the environment's file has it
   * @param today the day on which acceptances hold or have expired
   * @param approved whether somebody has approved of the plan
   * @throws UnreadablePlan when it is no plan of this environment, or none that can be judged
   * @throws IOException when it cannot be read at all
   */
  public static Review review(InputStream json, Cluster cluster, LocalDate today, boolean approved)
      throws IOException {
    return review(json, cluster, today, approved, Optional::empty, List.of());
  }

  /**
   * The same, with what the living cluster says of its backups, and what the plan must have been
   * made of.
   *
   * @param backups asked where the plan endangers data; empty where it is not known
   * @param expected what the plan must have been made of; then, if there is one, what one of a
   *     first deploy may have been made of. Empty: that is not looked at
   */
  public static Review review(
      InputStream json,
      Cluster cluster,
      LocalDate today,
      boolean approved,
      Supplier<Optional<BackupAge>> backups,
      List<Expected> expected)
      throws IOException {
    return new Reviewer(cluster, today, expected).read(json).result(approved, backups);
  }

  private Reviewer read(InputStream json) throws IOException {
    PlanReader.read(json, parts);
    Set<String> environments = plan.environments();
    if (environments.isEmpty()) {
      throw new UnreadablePlan(
          "nothing in this plan bears the name of an environment, so it is not one of rediform's; make one with: ./rediform plan "
              + cluster.name());
    }
    if (!environments.equals(Set.of(cluster.name()))) {
      throw new UnreadablePlan(
          "this is a plan of %s, not of %s"
              .formatted(
                  environments.stream()
                      .filter(name -> !name.equals(cluster.name()))
                      .limit(3)
                      .map(name -> Quote.shorten(name, 60))
                      .collect(Collectors.joining(", ")),
                  cluster.name()));
    }
    compare();
    return this;
  }

  /** In what a first deploy is made of no node waits for another: of no other plan may it be. */
  private void compare() {
    List<Comparison> allowed =
        plan.isOfExistingCluster()
            ? comparisons.subList(0, Math.min(1, comparisons.size()))
            : comparisons;
    allowed.stream()
        .map(Comparison::differences)
        .min(Comparator.comparing(Map::size))
        .ifPresent(plan::differs);
  }

  private void see(ResourceChange resource) {
    plan.see(resource);
    comparisons.forEach(comparison -> comparison.see(resource));
    if (resource.isData()
        || resource.action() == Action.NOTHING
        || resource.action() == Action.READ) {
      return;
    }
    for (Check check : ReviewRules.CHECKS) {
      (resource.isDrift() ? check.drift() : check.change())
          .apply(resource, classifier)
          .ifPresent(message -> add(check, resource.address(), message));
    }
  }

  private void add(Check check, String place, String message) {
    findings.add(policy.weigh(check.rule(), place, message));
  }

  private void add(BackupAge age) {
    age.late().ifPresent(message -> add(BackupRules.TOO_OLD, Change.SHARED, message));
    age.unproven().ifPresent(message -> add(BackupRules.UNVERIFIED, Change.SHARED, message));
  }

  private List<Place> places(List<NodeReview> nodes) {
    Map<String, NodeReview> changes =
        nodes.stream().collect(Collectors.toMap(NodeReview::name, Function.identity()));
    List<Place> places = new ArrayList<>();
    for (Node node : cluster.nodes()) {
      places.add(
          new Place(
              node.name(),
              cluster.isLocal() ? "" : node.subnet().zone(),
              node.equals(cluster.firstMaster()),
              node.size().cpu() + " CPU, " + node.size().memory() + ", disk " + node.size().disk(),
              Optional.ofNullable(changes.remove(node.name()))));
    }
    changes.values().stream()
        .sorted(Comparator.comparing(NodeReview::turn))
        .forEach(
            node -> places.add(new Place(node.name(), Place.LEAVES, false, "", Optional.of(node))));
    return List.copyOf(places);
  }

  private Review result(boolean approved, Supplier<Optional<BackupAge>> backups) {
    for (Check check : ReviewRules.CHECKS) {
      check.plan().apply(plan).forEach((place, message) -> add(check, place, message));
      if (!check.everywhere() && !plan.isOfExistingCluster()) {
        findings.removeIf(finding -> finding.rule().equals(check.rule()));
      }
    }
    removeWhatIsSaidBetter();
    if (findings.stream().anyMatch(BackupRules::endangersData)) {
      backups.get().ifPresent(this::add);
    }
    findings.sort(
        Comparator.comparing((Finding finding) -> !finding.counts())
            .thenComparing(Finding::severity)
            .thenComparing(finding -> ReviewRules.ALL.indexOf(finding.rule())));
    List<NodeReview> nodes = nodes();
    return new Review(
        cluster.name(),
        verdict(approved),
        approved,
        Costs.of(plan),
        nodes,
        places(nodes),
        List.copyOf(findings),
        List.copyOf(plan.changes()),
        cluster.isLocal()
            ? List.of()
            : nodes.stream()
                .map(NodeReview::name)
                .filter(name -> plan.node(name).orElseThrow().isTouchedWithoutGate())
                .toList(),
        plan.known(),
        plan.outputs().stream()
            .filter(output -> output.action() != Action.NOTHING)
            .map(output -> Quote.shorten(output.name(), 40))
            .sorted()
            .toList(),
        List.of());
  }

  /** That more may connect, or that something is gone, is no news where it is said what that is. */
  private void removeWhatIsSaidBetter() {
    remove("access-widened", id -> !id.equals("access-widened"));
    remove("drift", "nodes-gone"::equals);
  }

  private void remove(String rule, Predicate<String> better) {
    Set<String> said =
        findings.stream()
            .filter(finding -> better.test(finding.rule().id()))
            .map(Finding::place)
            .collect(Collectors.toSet());
    findings.removeIf(
        finding -> finding.rule().id().equals(rule) && said.contains(finding.place()));
  }

  private Verdict verdict(boolean approved) {
    Set<Severity> severities =
        findings.stream()
            .filter(Finding::counts)
            .map(Finding::severity)
            .collect(Collectors.toSet());
    if (severities.contains(Severity.BLOCK)) {
      return Verdict.BLOCKED;
    }
    return severities.contains(Severity.APPROVAL) && !approved ? Verdict.APPROVAL : Verdict.GO;
  }

  /** As the deploy takes them: by their gates, and last those that go. */
  private List<NodeReview> nodes() {
    Set<String> order = new LinkedHashSet<>();
    cluster.rollingOrder().stream().map(Node::name).forEach(order::add);
    plan.nodes().map(NodePlan::name).forEach(order::add);
    List<NodeReview> nodes = new ArrayList<>();
    for (String name : order) {
      plan.node(name)
          .filter(node -> node.effect() != Effect.NOTHING)
          .ifPresent(
              node ->
                  nodes.add(
                      NodeReview.of(
                          node, nodes.size() + 1, plan.gone().nodes().contains(node.name()))));
    }
    return List.copyOf(nodes);
  }
}
