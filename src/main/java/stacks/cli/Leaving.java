package stacks.cli;

import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import stacks.cluster.Cluster;
import stacks.cluster.Node;
import stacks.cluster.RedisNode;
import stacks.operate.Agents;
import stacks.operate.Gate;
import stacks.operate.Look;
import stacks.operate.RedisState;
import stacks.operate.Wait;
import stacks.platform.Platforms;
import stacks.review.Review;
import stacks.review.Verdict;
import stacks.values.Durations;

/**
 * A deploy of fewer nodes. Terraform destroys what its configuration no longer has at any time it
 * likes, so this is done in parts: those that stay change first, then the others leave, one at a
 * time, each behind a gate and forgotten before the next (docs/decisions/0024).
 */
final class Leaving {
  private static final String PART = "part.plan";
  private static final Duration FAILOVER = Duration.ofSeconds(90);

  /** What looks at the cluster as the file has it, and so comes when the others are gone. */
  private static final Set<String> LAST = Set.of("terraform_data.whole", "terraform_data.formed");

  private final Cluster cluster;
  private final List<String> names;
  private final Set<String> done = new TreeSet<>();

  private Leaving(Cluster cluster, List<String> names) {
    this.cluster = cluster;
    this.names = names;
  }

  /** Empty where no node leaves, or where the nodes are processes, which the last gate stops. */
  static Optional<Leaving> of(Cluster cluster, Review review) {
    List<String> names =
        review.nodes().stream()
            .map(node -> node.name())
            .filter(name -> cluster.node(name).isEmpty())
            .toList();
    return names.isEmpty() || cluster.isLocal() || !review.known().isLiving()
        ? Optional.empty()
        : Optional.of(new Leaving(cluster, names));
  }

  /** Carries out the plan that is kept, in parts. */
  Terraform.Applied apply(Terraform terraform, boolean withoutGates, Consumer<String> say) {
    List<String> stays =
        terraform.configured().stream().filter(address -> !LAST.contains(address)).toList();
    Terraform.Applied applied = part(terraform, targets(stays));
    Optional<Look> look = withoutGates ? Optional.empty() : Access.look(cluster);
    List<Node> left = inOrder();
    // Of the file as it is: who leaves is told nothing more.
    Map<String, String> documents = Access.documents(cluster);
    if (applied.code() == 0 && look.isPresent()) {
      emptyOfMaster(look.get(), say);
    }
    while (applied.code() == 0 && !left.isEmpty()) {
      Node node = left.remove(0);
      Cluster before = with(left, node);
      look.ifPresent(
          way ->
              await(
                  way,
                  Gate.before(before, node, names(before), documents),
                  node.name() + " leaves",
                  say));
      say.accept(node.name() + " leaves");
      applied = part(terraform, targets(addressesOf(node, terraform)));
      Cluster after = with(left, null);
      if (applied.code() == 0 && look.isPresent()) {
        await(look.get(), Gate.forgotten(after), "forgets " + node.name(), say);
      }
    }
    if (applied.code() != 0) {
      return applied;
    }
    Planner.Planned rest = new Planner(cluster, terraform, say).plan(PART, true);
    if (rest.review().verdict() != Verdict.GO) {
      throw Failure.no(
          "something else has changed meanwhile. What is done stays; look at the rest: ./rediform plan "
              + cluster.name());
    }
    return rest.changes() ? sum(terraform.apply(PART)) : applied;
  }

  private Terraform.Applied part(Terraform terraform, List<String> targets) {
    return terraform.plan(PART, targets)
        ? sum(terraform.apply(PART))
        : new Terraform.Applied(0, done, List.of());
  }

  private Terraform.Applied sum(Terraform.Applied part) {
    done.addAll(part.done());
    return new Terraform.Applied(part.code(), done, part.errors());
  }

  private static List<String> targets(List<String> addresses) {
    return addresses.stream().map(address -> "-target=" + address).toList();
  }

  private static List<String> addressesOf(Node node, Terraform terraform) {
    return terraform.state().stream()
        .filter(address -> address.matches("[a-z0-9_]+\\." + node.name() + "(-[a-z-]+)?"))
        .toList();
  }

  /** Sentinels first, and higher numbers first, as everywhere. */
  private List<Node> inOrder() {
    return new ArrayList<>(
        grown().rollingOrder().stream().filter(node -> names.contains(node.name())).toList());
  }

  /** The file's nodes and those that have not left yet. */
  private Cluster with(List<Node> left, Node node) {
    Set<String> there = new LinkedHashSet<>(names(cluster));
    left.forEach(each -> there.add(each.name()));
    if (node != null) {
      there.add(node.name());
    }
    return grown().only(there);
  }

  /** The file's nodes and all that leave. */
  private Cluster grown() {
    return cluster.grownBy(names, Platforms.addresses(cluster.environment()));
  }

  private static Set<String> names(Cluster cluster) {
    return cluster.nodes().stream().map(Node::name).collect(Collectors.toSet());
  }

  /** No node leaves as master: one that stays takes over before. */
  private void emptyOfMaster(Look look, Consumer<String> say) {
    Cluster all = grown();
    Optional<RedisState> master = look.at(all).master();
    if (master.isEmpty() || !names.contains(master.get().name())) {
      return;
    }
    Agents agents =
        Access.agents(cluster)
            .orElseThrow(
                () ->
                    Failure.missing(
                        "%s is master and leaves; it hands over by its agent, and the file has no network.shell"
                            .formatted(master.get().name())));
    RedisNode heir = cluster.redis().get(0);
    say.accept("%s hands over to %s".formatted(master.get().name(), heir.name()));
    Agents.Answer answer =
        agents.ask(
            all.node(master.get().name()).orElseThrow(),
            FAILOVER,
            "failover",
            "--to",
            heir.endpoint());
    if (answer.exitCode() != 0) {
      throw Failure.no(
          "%s did not hand over: %s. No node has left; to go on: ./rediform deploy %s"
              .formatted(master.get().name(), answer.out(), cluster.name()));
    }
  }

  private void await(Look look, Gate gate, String what, Consumer<String> say) {
    Wait.Outcome outcome =
        new Wait(look, Access.agents(cluster), line -> say.accept(what + ": " + line))
            .at(gate, timeout());
    if (!outcome.ready()) {
      throw Failure.no(
          "%s: gives up after %d s: %s. What is done stays; to go on: ./rediform deploy %s"
              .formatted(
                  what,
                  outcome.waited().toSeconds(),
                  Wait.brief(outcome.problems()),
                  cluster.name()));
    }
  }

  private static Duration timeout() {
    return Durations.parse(System.getenv().getOrDefault(WaitCommand.TIMEOUT, "15m"));
  }
}
