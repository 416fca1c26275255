package stacks.operate.backup;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import stacks.operate.NotPossible;

/** {@code redis-check-rdb}, which reads an RDB while a server loads it. */
final class RdbCheck implements AutoCloseable {
  private static final long LOOK_MILLIS = 100;

  private final Process process;
  private final Path said;

  private RdbCheck(Process process, Path said) {
    this.process = process;
    this.said = said;
  }

  /**
   * Begins.
   *
   * @param folder for what it says
   */
  static RdbCheck start(Path rdb, Programs programs, Path folder) throws IOException {
    Path said = folder.resolve("check.txt");
    return new RdbCheck(
        new ProcessBuilder(programs.check().toString(), rdb.toString())
            .redirectErrorStream(true)
            .redirectOutput(said.toFile())
            .start(),
        said);
  }

  /**
   * Waits for its end.
   *
   * @throws NotPossible when it finds the RDB broken
   */
  void passed(Pace pace) throws IOException, NotPossible, Missing {
    try {
      while (!process.waitFor(LOOK_MILLIS, TimeUnit.MILLISECONDS)) {
        pace.say(() -> "redis-check-rdb reads it");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new Missing("interrupted");
    }
    if (process.exitValue() != 0) {
      throw new NotPossible("redis-check-rdb finds its RDB broken: " + reason());
    }
  }

  private String reason() throws IOException {
    return Files.readString(said, StandardCharsets.ISO_8859_1)
        .lines()
        .filter(line -> line.startsWith("--- RDB ERROR") || line.contains("] "))
        .reduce((before, line) -> line)
        .orElse("it ended with code " + process.exitValue());
  }

  @Override
  public void close() {
    process.destroyForcibly();
  }
}
