package stacks.cli;

/** Exit codes; other tools and CI rely on them. */
final class ExitCode {
  /** All is well. */
  static final int FINE = 0;

  /** The answer is no: an invalid file, a blocked plan, an unhealthy cluster. */
  static final int NO = 1;

  /** The command was used wrongly. */
  static final int USAGE = 2;

  /** Something the tool needs is missing or failed. */
  static final int MISSING = 3;

  private ExitCode() {}
}
