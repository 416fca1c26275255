package stacks.environment;

import java.util.List;
import java.util.Locale;

/**
 * One thing that is wrong, or worth a second look, in an environment file.
 *
 * @param severity an error stops; a warning is shown until the file accepts it
 * @param id stable name of the rule, such as {@code unequal-memory}
 * @param keys paths of the keys it is about, such as {@code replicas.maxmemory}; it is shown at the
 *     first that stands in the file. The empty path is the whole file
 * @param message what was found, what is allowed, what to do
 */
public record Problem(Severity severity, String id, List<String> keys, String message) {
  /** How much a problem weighs. */
  public enum Severity {
    /** Nothing is built. */
    ERROR,
    /** Shown at every run until {@code accepts:} names it. */
    WARNING;

    @Override
    public String toString() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /**
   * @throws IllegalArgumentException when there is no key
   */
  public Problem {
    keys = List.copyOf(keys);
    if (keys.isEmpty()) {
      throw new IllegalArgumentException("a problem needs a key, be it the empty one");
    }
  }

  /** The key it is about in the first place. */
  public String key() {
    return keys.get(0);
  }
}
