package stacks.operate.backup;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A temporary folder for data in plain text, and the server that reads it. A process beside this
 * one ends the server and removes the folder as soon as this process closes it, or is gone: also
 * when it was killed and can do nothing more.
 */
final class Scratch implements AutoCloseable {
  /**
   * Its input ends when this process does, however that happens. Ctrl-C reaches the whole process
   * group, so it must not end by that.
   */
  private static final String GUARD =
      """
      trap '' INT HUP TERM
      server=
      while read -r line; do server=$line; done
      if [ -n "$server" ]; then kill -9 "$server" 2> /dev/null; fi
      rm -rf -- "$1"
      """;

  private final Path folder;
  private final Process guard;
  private final OutputStream toGuard;

  private Scratch(Path folder, Process guard) {
    this.folder = folder;
    this.guard = guard;
    this.toGuard = guard.getOutputStream();
  }

  /** A new one, that only this user may read. */
  static Scratch create() throws IOException {
    Path folder =
        Files.createTempDirectory("rediform-restore-" + ProcessHandle.current().pid() + "-")
            .toAbsolutePath();
    try {
      Process guard =
          new ProcessBuilder("/bin/sh", "-c", GUARD, "rediform-guard", folder.toString())
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .redirectError(ProcessBuilder.Redirect.DISCARD)
              .start();
      return new Scratch(folder, guard);
    } catch (IOException e) {
      Files.delete(folder);
      throw e;
    }
  }

  Path folder() {
    return folder;
  }

  /** From now on that process ends with this one. */
  void guard(Process server) throws IOException {
    tell(String.valueOf(server.pid()));
    // Its number may be another's soon.
    server
        .onExit()
        .thenRun(
            () -> {
              try {
                tell("");
              } catch (IOException e) {
                // The guard is at its work.
              }
            });
  }

  private synchronized void tell(String line) throws IOException {
    toGuard.write((line + "\n").getBytes(StandardCharsets.US_ASCII));
    toGuard.flush();
  }

  @Override
  public void close() {
    try {
      toGuard.close();
      guard.waitFor();
    } catch (IOException e) {
      // It is gone already.
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
