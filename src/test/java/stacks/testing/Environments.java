package stacks.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import stacks.cluster.Cluster;
import stacks.environment.EnvironmentFile;
import stacks.platform.Platforms;

/** Environments for tests: the repository's own files, and files that exist only in a test. */
public final class Environments {
  private Environments() {}

  /** The text of {@code environments/NAME.yaml}. */
  public static String text(String name) {
    try {
      return Files.readString(Path.of("environments", name + ".yaml"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The cluster of {@code environments/NAME.yaml}. */
  public static Cluster cluster(String name) {
    return cluster(name, text(name));
  }

  /** The cluster of a file with that text. */
  public static Cluster cluster(String name, String yaml) {
    return Platforms.cluster(name, read(name, yaml).environment());
  }

  /** A file with that text, as it is read. */
  public static EnvironmentFile read(String name, String yaml) {
    try {
      Path folder = Files.createTempDirectory("environments");
      Path file = folder.resolve(name + ".yaml");
      try {
        Files.writeString(file, yaml);
        return EnvironmentFile.read(file);
      } finally {
        Files.deleteIfExists(file);
        Files.delete(folder);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
