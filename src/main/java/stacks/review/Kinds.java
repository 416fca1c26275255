package stacks.review;

import static java.util.stream.Collectors.groupingBy;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import stacks.platform.Platforms;
import stacks.platform.ResourceKind;

/** Which of the platforms' kinds a resource is of. */
final class Kinds {
  private static final Map<String, List<ResourceKind>> ALL =
      Platforms.kinds().stream().collect(groupingBy(ResourceKind::type));

  /** All that may still be done to what earlier releases made. */
  private static final Set<Action> ENDING = Set.of(Action.NOTHING, Action.READ, Action.DELETE);

  private Kinds() {}

  /** Whether it is of a kind that earlier releases made, and is cleared away. */
  static boolean isFormer(ResourceChange resource) {
    return of(resource).filter(Kinds::isFormer).isPresent();
  }

  /**
   * The same of a resource as a plan or a state has it: former ones held no secret of anybody's.
   */
  static boolean isFormer(JsonNode resource) {
    return resource.path("mode").asText().equals("managed")
        && ALL.getOrDefault(resource.path("type").asText(), List.of()).stream()
            .filter(Kinds::isFormer)
            .anyMatch(
                kind ->
                    resource
                            .path("address")
                            .asText()
                            .equals(kind.type() + "." + resource.path("name").asText())
                        && kind.names().matcher(resource.path("name").asText()).matches());
  }

  /** Whether it outlives the cluster: it may be forgotten, and one that is there taken over. */
  static boolean lasts(ResourceChange resource) {
    return of(resource).filter(ResourceKind::lasts).isPresent();
  }

  /** Nothing is lost with it. */
  private static boolean isFormer(ResourceKind kind) {
    return kind.loss().isEmpty();
  }

  /** The kind of a resource that is one of ours by its type and name. */
  static Optional<ResourceKind> of(ResourceChange resource) {
    return ALL.getOrDefault(resource.type(), List.of()).stream()
        .filter(kind -> resource.isPlain())
        .filter(kind -> kind.names().matcher(resource.name()).matches())
        .filter(kind -> !isFormer(kind) || ENDING.contains(resource.action()))
        .findFirst();
  }
}
