package stacks.rules;

import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import stacks.cluster.Cluster;
import stacks.environment.Problem;

/**
 * One rule between the values of an environment, read from the cluster that they make.
 *
 * @param id stable name, which {@code accepts:} refers to
 * @param keys all keys it looks at; a violation is shown at the first that stands in the file. A
 *     rule is silent where one of them holds a wrong value, because that is said already
 * @param check what is wrong, or empty
 */
public record Rule(
    String id,
    Problem.Severity severity,
    List<String> keys,
    Function<Cluster, Optional<String>> check) {

  /** What a check has to say when its rule is violated. */
  static Optional<String> when(boolean violated, String message) {
    return violated ? Optional.of(message) : Optional.empty();
  }
}
