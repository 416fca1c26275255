package stacks.environment;

/**
 * A place in an environment file.
 *
 * @param line from 1
 * @param column from 1
 */
public record Location(int line, int column) {
  /** Where a problem of the file as a whole is shown. */
  static final Location START = new Location(1, 1);
}
