package stacks.operate;

import java.util.Map;
import java.util.Optional;

/**
 * A data node at one moment.
 *
 * @param answer what its server says of itself, or why it says nothing
 * @param lagBytes how far a replica's data is behind the master's
 * @param delivery what it says of its machine's documents
 * @param backup what it remembers of backups; empty where it takes none, or cannot be asked
 */
public record RedisState(
    String name,
    String endpoint,
    Answer<Server> answer,
    Optional<Long> lagBytes,
    Delivery delivery,
    Optional<BackupState> backup)
    implements NodeState {

  /**
   * What a Redis server says of itself.
   *
   * @param role {@code master} or {@code replica}
   * @param master the endpoint a replica follows; empty for a master
   * @param linkUp whether a replica is connected to its master; for a master, whether a replica is
   * @param takesWrites whether a master would take a write now, but for a full memory
   * @param offset how many bytes of the replication stream it has
   * @param usedMemory bytes that it has allocated
   * @param maxmemory bytes that its data may use, by the setting it runs with; 0 is no limit
   * @param settings the settings it has taken that need no restart; empty when it does not say
   * @param refusedSettings those that Redis does not take; empty when there are none
   */
  public record Server(
      String role,
      Optional<String> master,
      boolean linkUp,
      boolean takesWrites,
      long offset,
      Optional<Long> usedMemory,
      Optional<Long> maxmemory,
      Optional<Map<String, String>> settings,
      Optional<Map<String, String>> refusedSettings,
      Vitals vitals) {}

  /** {@code master} or {@code replica}; empty when the server did not answer. */
  public Optional<String> role() {
    return answer.said().map(Server::role);
  }

  /** The endpoint a replica follows; empty for a master. */
  public Optional<String> master() {
    return answer.said().flatMap(Server::master);
  }

  /** Whether a replica is connected to its master; for a master, whether a replica is. */
  public boolean linkUp() {
    return answer.said().filter(Server::linkUp).isPresent();
  }

  /** Bytes that the server has allocated. */
  public Optional<Long> usedMemory() {
    return answer.said().flatMap(Server::usedMemory);
  }

  /** Bytes that the server's data may use, by the setting it runs with; 0 is no limit. */
  public Optional<Long> maxmemory() {
    return answer.said().flatMap(Server::maxmemory);
  }

  /** The settings it has taken that need no restart; empty when it does not say. */
  public Optional<Map<String, String>> settings() {
    return answer.said().flatMap(Server::settings);
  }

  /** Those that Redis does not take; empty when there are none. */
  public Optional<Map<String, String>> refusedSettings() {
    return answer.said().flatMap(Server::refusedSettings);
  }

  @Override
  public Vitals vitals() {
    return answer.said().map(Server::vitals).orElse(Vitals.UNKNOWN);
  }

  /** Whether it takes itself for the master. */
  public boolean isMaster() {
    return role().equals(Optional.of("master"));
  }

  /** Whether it is a master that takes writes, but for a full memory. */
  public boolean takesWrites() {
    return answer.said().filter(Server::takesWrites).isPresent();
  }

  /** Whether it follows a master, is connected to it, and is fit. */
  public boolean isReplicaInSync() {
    return role().equals(Optional.of("replica")) && linkUp() && problem().isEmpty();
  }

  /** This, with how far a replica is behind a master that has got so far. */
  RedisState withLag(long masterOffset) {
    Optional<Long> lag =
        answer
            .said()
            .filter(server -> server.role().equals("replica"))
            .map(server -> Math.max(0, masterOffset - server.offset()));
    return new RedisState(name, endpoint, answer, lag, delivery, backup);
  }

  /** This, as if nothing were wrong with it. */
  RedisState withoutProblem() {
    return new RedisState(name, endpoint, answer.withoutProblem(), lagBytes, delivery, backup);
  }

  /** This, with what the node remembers of backups. */
  RedisState withBackup(Optional<BackupState> known) {
    return new RedisState(name, endpoint, answer, lagBytes, delivery, known);
  }
}
