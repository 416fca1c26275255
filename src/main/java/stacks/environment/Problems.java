package stacks.environment;

import java.util.ArrayList;
import java.util.List;

/** Gathers everything that is wrong, so that a person hears it all in one run. */
public final class Problems {
  private final List<Problem> found = new ArrayList<>();

  /** Adds an error about one key. */
  public void error(String id, String key, String message) {
    add(new Problem(Problem.Severity.ERROR, id, List.of(key), message));
  }

  /** Adds a warning about one key. */
  public void warning(String id, String key, String message) {
    add(new Problem(Problem.Severity.WARNING, id, List.of(key), message));
  }

  /** Adds a problem. */
  public void add(Problem problem) {
    found.add(problem);
  }

  /** In the order in which they were found. */
  public List<Problem> all() {
    return List.copyOf(found);
  }

  /** Whether anything found stops the work. */
  public boolean hasErrors() {
    return found.stream().anyMatch(problem -> problem.severity() == Problem.Severity.ERROR);
  }
}
