package stacks.operate.backup;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * What a node's agent says of the backups in the store.
 *
 * @param place where they are
 * @param all oldest first
 * @param failure the last attempt of that node, if it failed
 */
public record Backups(String place, List<Backup> all, Optional<Failure> failure) {
  static final ObjectMapper JSON = new ObjectMapper();

  /** Copies what it is given. */
  public Backups {
    all = List.copyOf(all);
  }

  /** An attempt that failed. */
  public record Failure(Optional<Instant> at, String reason) {}

  /** Reads the answer of the agent's verb {@code backups}; empty where it is none. */
  static Optional<Backups> read(String answer) {
    JsonNode said;
    try {
      said = JSON.readTree(answer);
    } catch (JsonProcessingException e) {
      return Optional.empty(); // Something on the way has answered, and not the agent.
    }
    if (!said.path("backups").isArray()) {
      return Optional.empty();
    }
    List<Backup> all = new ArrayList<>();
    said.path("backups").forEach(each -> all.add(Backup.read(each)));
    // An ID begins with the time.
    all.sort(Comparator.comparing(Backup::id));
    return Optional.of(
        new Backups(said.path("place").asText(), all, failure(said.path("failure"))));
  }

  private static Optional<Failure> failure(JsonNode said) {
    return said.isObject()
        ? Optional.of(new Failure(Backup.instant(said.path("at")), said.path("reason").asText()))
        : Optional.empty();
  }

  /** The same by another name of the place. */
  Backups at(String name) {
    return new Backups(name, all, failure);
  }

  /** The one of that ID. */
  public Optional<Backup> find(String id) {
    return all.stream().filter(each -> each.id().equals(id)).findFirst();
  }

  /** The newest one. */
  public Optional<Backup> newest() {
    return all.isEmpty() ? Optional.empty() : Optional.of(all.get(all.size() - 1));
  }
}
