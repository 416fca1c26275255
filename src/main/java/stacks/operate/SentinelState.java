package stacks.operate;

import java.util.Map;
import java.util.Optional;

/**
 * A Sentinel at one moment.
 *
 * @param answer what it says, or why it says nothing
 * @param delivery what it says of its machine's documents
 */
public record SentinelState(String name, String endpoint, Answer<Server> answer, Delivery delivery)
    implements NodeState {

  /**
   * What a Sentinel says.
   *
   * @param master the endpoint it takes for the master
   * @param knows whether it ever saw a replica or a failover; one that is new has only its settings
   * @param seenReplicas the replicas it has in mind, by endpoint, and whether it sees them up
   * @param seenSentinels the other Sentinels it has in mind, and whether it sees them up
   * @param configEpoch number of the election that made its master; 0 before the first one. Failed
   *     elections count as well, so it is no number of failovers
   * @param masterSeconds since when it takes this node for the master, in seconds: since its own
   *     start at most, and since {@code SENTINEL RESET}
   */
  public record Server(
      String master,
      boolean knows,
      Map<String, Boolean> seenReplicas,
      Map<String, Boolean> seenSentinels,
      Optional<Long> configEpoch,
      Optional<Long> masterSeconds,
      Vitals vitals) {}

  /** The endpoint it takes for the master; empty when it did not answer. */
  public Optional<String> master() {
    return answer.said().map(Server::master);
  }

  /** Whether it ever saw a replica or a failover; one that is new has only its settings. */
  public boolean knows() {
    return answer.said().filter(Server::knows).isPresent();
  }

  /** The replicas it has in mind, by endpoint, and whether it sees them up. */
  public Map<String, Boolean> seenReplicas() {
    return answer.said().map(Server::seenReplicas).orElse(Map.of());
  }

  /** The other Sentinels it has in mind, and whether it sees them up. */
  public Map<String, Boolean> seenSentinels() {
    return answer.said().map(Server::seenSentinels).orElse(Map.of());
  }

  @Override
  public Vitals vitals() {
    return answer.said().map(Server::vitals).orElse(Vitals.UNKNOWN);
  }

  /** How many replicas it sees up. One that has left the cluster stays in its mind, as down. */
  public int replicas() {
    return (int) seenReplicas().values().stream().filter(up -> up).count();
  }

  /** How many Sentinels it knows, itself included. */
  public int sentinels() {
    return seenSentinels().size() + 1;
  }
}
