package stacks.review;

import static java.util.stream.Collectors.groupingBy;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import stacks.platform.Platforms;
import stacks.platform.ResourceKind;
import stacks.platform.aws.Program;

/** Which of the platforms' kinds a resource is of. */
final class Kinds {
  private static final Map<String, List<ResourceKind>> ALL =
      Platforms.kinds().stream().collect(groupingBy(ResourceKind::type));

  private Kinds() {}

  /** Whether a secret, or its value, carries the nodes' program and nothing that must be hidden. */
  static boolean isProgram(ResourceChange resource) {
    return resource.isPlain() && resource.name().matches("program(-value)?");
  }

  /**
   * Whether the program's value is made anew only because there is another program. The provider
   * does not change a value in place; what it deletes stays readable until the new one is there.
   */
  static boolean isNewProgram(ResourceChange resource) {
    return resource.type().equals("aws_secretsmanager_secret_version")
        && isProgram(resource)
        && resource.action() == Action.REPLACE
        && resource.replacing().equals(Set.of(Program.VERSION))
        && resource.changed().stream()
            .allMatch(name -> name.equals(Program.VERSION) || resource.isUnknown("/" + name));
  }

  /** The kind of a resource that is one of ours by its type and name. */
  static Optional<ResourceKind> of(ResourceChange resource) {
    return ALL.getOrDefault(resource.type(), List.of()).stream()
        .filter(kind -> resource.isPlain())
        .filter(kind -> kind.names().matcher(resource.name()).matches())
        .findFirst();
  }
}
