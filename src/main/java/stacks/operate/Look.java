package stacks.operate;

import java.time.Duration;
import stacks.cluster.Cluster;

/** A way to see how the nodes of a running cluster are. */
public interface Look {
  /** Asks every node of the cluster, all at once. */
  ClusterStatus at(Cluster cluster);

  /**
   * The same, of nodes that are not fit: the answer may take a while, until they are.
   *
   * @param patience how long, at most
   */
  default ClusterStatus whenFit(Cluster cluster, Duration patience) {
    return at(cluster);
  }

  /** As an application does: by Redis's own protocol, with the password of user {@code app}. */
  static Look direct(Password appPassword) {
    return cluster -> DirectLook.at(cluster, appPassword);
  }

  /** Through the agent on each node, which knows the passwords itself. */
  static Look through(Agents agents) {
    return new AgentLook(agents, false);
  }

  /**
   * The same for a person who waits: a node that takes three times as long as half of the others,
   * and more than 2.4 s, counts as one that does not answer.
   */
  static Look briefly(Agents agents) {
    return new AgentLook(agents, true);
  }
}
