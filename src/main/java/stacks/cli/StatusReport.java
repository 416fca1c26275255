package stacks.cli;

import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import stacks.cluster.Cluster;
import stacks.cluster.Node;
import stacks.operate.BackupState;
import stacks.operate.ClusterStatus;
import stacks.operate.Differences;
import stacks.operate.Differences.Difference;
import stacks.operate.LastFailover;
import stacks.operate.NodeState;
import stacks.operate.Outlook;

/**
 * All that {@code status} says, whether as text, JSON or a page.
 *
 * @param at when it was looked
 * @param backups what the data nodes know of backups; empty where none of them says anything
 */
record StatusReport(
    Cluster cluster,
    ClusterStatus status,
    Instant at,
    Outlook outlook,
    LastFailover failover,
    List<Difference> differences,
    List<NextSteps.Step> steps,
    Optional<BackupState> backups) {
  /** On the local platform there are no zones. */
  private static final String NO_ZONE = "local";

  /**
   * What a look means.
   *
   * @param documents checksum of each node's document, by its name, as the file has it
   */
  static StatusReport of(
      Cluster cluster, ClusterStatus status, Map<String, String> documents, Instant at) {
    List<Difference> differences = Differences.of(cluster, status, documents);
    return new StatusReport(
        cluster,
        status,
        at,
        Outlook.of(cluster, status),
        LastFailover.of(status),
        differences,
        NextSteps.of(cluster, status, differences),
        BackupState.of(status));
  }

  /** The zone of a node; empty where there are none. */
  Optional<String> zone(NodeState node) {
    return cluster
        .node(node.name())
        .map(Node::subnet)
        .map(subnet -> subnet.zone())
        .filter(zone -> !zone.equals(NO_ZONE));
  }

  /** The name of the node at an endpoint; the endpoint itself where the file has none there. */
  String nameOf(String endpoint) {
    return cluster.nodes().stream()
        .filter(node -> node.endpoint().equals(endpoint))
        .map(Node::name)
        .findFirst()
        .orElse(endpoint);
  }

  /** What is known of the last change of master, in a line for a person. */
  String master() {
    String who = status.master().map(NodeState::name).orElse("unknown");
    if (failover.epoch().isEmpty()) {
      return who + "; no Sentinel says since when";
    }
    if (failover.epoch().get() == 0) {
      return who + "; there was no failover yet";
    }
    String when =
        failover
            .secondsAgo()
            .map(
                ago ->
                    "%s%s ago (%s)"
                        .formatted(
                            failover.exact() ? "" : "at least ",
                            BackupLines.span(java.time.Duration.ofSeconds(ago)),
                            BackupLines.second(at.minusSeconds(ago))))
            .orElse("not known when");
    return "%s; last failover %s, election %d%s"
        .formatted(
            who,
            when,
            failover.epoch().get(),
            failover.evidence().isEmpty() ? "" : ": " + String.join(", ", failover.evidence()));
  }
}
