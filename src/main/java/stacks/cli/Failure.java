package stacks.cli;

/** A known failure: a message for a person and an exit code, never a stack trace. */
final class Failure extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final int exitCode;

  private Failure(int exitCode, String message, Throwable cause) {
    super(message, cause);
    this.exitCode = exitCode;
  }

  /** The answer is no: an invalid file, an unhealthy cluster. */
  static Failure no(String message) {
    return new Failure(ExitCode.NO, message, null);
  }

  /** Something the tool needs is missing or failed; the message says what, and how to get it. */
  static Failure missing(String message) {
    return new Failure(ExitCode.MISSING, message, null);
  }

  /** As {@link #missing(String)}, with the cause for {@code --debug}. */
  static Failure missing(String message, Throwable cause) {
    return new Failure(ExitCode.MISSING, message, cause);
  }

  /** The command was used wrongly. */
  static Failure usage(String message) {
    return new Failure(ExitCode.USAGE, message, null);
  }

  int exitCode() {
    return exitCode;
  }
}
