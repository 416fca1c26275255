package stacks.operate;

import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import stacks.cluster.Cluster;
import stacks.cluster.Node;
import stacks.cluster.RedisNode;

/** A planned change of the master: the old one hands over and goes on as a replica. */
public final class Failover {
  /** The agent waits for the Sentinels' next look, replicas, promotion and the demoted node. */
  private static final Duration PATIENCE = Duration.ofSeconds(90);

  private final Cluster cluster;
  private final Agents agents;
  private final Consumer<String> say;

  /**
   * Who was master, and who is.
   *
   * @param changed false when the wanted node was master already
   */
  public record Report(String masterBefore, String masterAfter, boolean changed) {}

  public Failover(Cluster cluster, Agents agents, Consumer<String> say) {
    this.cluster = cluster;
    this.agents = agents;
    this.say = say;
  }

  /**
   * Hands over, and waits until the cluster is whole again.
   *
   * @param name the node that shall be master; null for the one that Sentinel chooses
   * @throws NotPossible when the cluster is not whole, the master refuses, or Sentinel chose
   *     another node than the wanted one
   */
  public Report to(String name, Duration timeout) throws NotPossible {
    if (name != null && !(cluster.node(name).orElse(null) instanceof RedisNode)) {
      throw new NotPossible(
          "\"%s\" is no data node of %s; those are %s"
              .formatted(
                  name,
                  cluster.name(),
                  String.join(", ", cluster.redis().stream().map(Node::name).toList())));
    }
    ClusterStatus before = Look.through(agents).at(cluster);
    if (!before.isWhole()) {
      throw new NotPossible(
          "a failover starts from a whole cluster; this one is not: "
              + String.join("; ", before.problems()));
    }
    String master = before.master().orElseThrow().name();
    if (master.equals(name)) {
      return new Report(master, master, false);
    }
    say.accept(master + " hands over" + (name == null ? "" : " to " + name));
    String[] words =
        name == null
            ? new String[] {"failover"}
            : new String[] {"failover", "--to", cluster.node(name).orElseThrow().endpoint()};
    Agents.Answer answer = agents.ask(cluster.node(master).orElseThrow(), PATIENCE, words);
    if (answer.exitCode() != 0) {
      throw new NotPossible(
          answer.reached()
              ? "%s did not hand over, and is master as before: %s".formatted(master, answer.out())
              : "%s could not be told, or did not say what came of it: %s. Who is master now: ./rediform status %s"
                  .formatted(master, answer.out(), cluster.name()));
    }
    Wait.Outcome outcome =
        new Wait(Look.through(agents), Optional.of(agents), say)
            .at(Gate.whole(cluster, Map.of()), timeout);
    if (!outcome.ready()) {
      throw new NotPossible(
          "%s handed over, and the cluster is not whole after %d s: %s"
              .formatted(master, outcome.waited().toSeconds(), Wait.brief(outcome.problems())));
    }
    String now = Look.through(agents).at(cluster).master().orElseThrow().name();
    return promoted(cluster, name, new Report(master, now, true));
  }

  /** A preference is all that Sentinel can be given: what it made of it is compared. */
  static Report promoted(Cluster cluster, String wanted, Report report) throws NotPossible {
    if (wanted != null && !report.masterAfter().equals(wanted)) {
      throw new NotPossible(
          "%s is master now, and not %s: Sentinel chose it. %s is whole; to try again: ./rediform failover %s --to %s"
              .formatted(report.masterAfter(), wanted, cluster.name(), cluster.name(), wanted));
    }
    return report;
  }
}
