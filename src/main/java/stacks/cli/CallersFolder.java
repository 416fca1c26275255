package stacks.cli;

import java.nio.file.Path;

/**
 * The folder in which rediform was called. The launcher works in the project's own, and says in a
 * variable from where.
 */
final class CallersFolder {
  private CallersFolder() {}

  /** A path as the caller wrote it. Unchanged where rediform was called in the project's folder. */
  static Path path(String text) {
    return path(System.getenv("REDIFORM_FROM"), Path.of("").toAbsolutePath(), text);
  }

  static Path path(String from, Path project, String text) {
    Path path = Path.of(text);
    return from == null || path.isAbsolute() || Path.of(from).equals(project)
        ? path
        : Path.of(from).resolve(path).normalize();
  }
}
