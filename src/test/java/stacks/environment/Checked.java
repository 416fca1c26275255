package stacks.environment;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.List;
import java.util.Set;
import stacks.platform.Platforms;
import stacks.rules.Rules;

/** An environment file that was read and checked as {@code rediform check} does it. */
public record Checked(EnvironmentFile file) {
  private static final LocalDate TODAY = LocalDate.of(2027, 3, 31);

  /** Writes and checks a file called {@code test.yaml}. */
  public static Checked text(Path folder, String text) {
    return bytes(folder, "test.yaml", text.getBytes(StandardCharsets.UTF_8));
  }

  static Checked bytes(Path folder, String name, byte[] content) {
    try {
      return path(Files.write(folder.resolve(name), content));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Checks one of the environments of this repository. */
  public static Checked ours(String name) {
    return path(Path.of("environments", name + ".yaml"));
  }

  private static Checked path(Path path) {
    try {
      EnvironmentFile file = EnvironmentFile.read(path);
      Rules.check(
          Platforms.cluster(file.name(), file.environment()),
          Rules.ALL,
          Set.of("drift", "node-removed"),
          TODAY,
          file.problems());
      return new Checked(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** What the file says. */
  public Environment environment() {
    return file.environment();
  }

  /** Problems as {@code check} prints them, without the path: {@code 1:1: error id: message}. */
  public List<String> lines() {
    return file.inOrder(file.problems()).stream()
        .map(problem -> file.describe(problem).substring((file.path() + ":").length()))
        .toList();
  }

  /** Each problem as its severity, id and first key: {@code error ports-overlap redis.port}. */
  public List<String> ids() {
    return file.problems().all().stream()
        .map(problem -> problem.severity() + " " + problem.id() + " " + problem.key())
        .toList();
  }
}
