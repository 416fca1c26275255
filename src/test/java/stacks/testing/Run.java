package stacks.testing;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** A program that ran to its end. Standard output and error are kept apart and never mixed up. */
public record Run(int exitCode, String out, String err) {
  static final Duration LONGEST = Duration.ofMinutes(10);

  /** Everything the program printed. */
  public String all() {
    return out + err;
  }

  public Run succeeded() {
    assertThat(exitCode).as("exit code; it printed:%n%s", all()).isZero();
    return this;
  }

  public Run ended(int code) {
    assertThat(exitCode).as("exit code; it printed:%n%s", all()).isEqualTo(code);
    return this;
  }

  public static Run of(Path folder, Map<String, String> environment, String... command)
      throws IOException, InterruptedException {
    return of(folder, environment, List.of(command));
  }

  /** Runs a program in a folder, with variables added to this process's own; an empty one goes. */
  public static Run of(Path folder, Map<String, String> environment, List<String> command)
      throws IOException, InterruptedException {
    return of(folder, environment, command, LONGEST);
  }

  static Run of(
      Path folder, Map<String, String> environment, List<String> command, Duration longest)
      throws IOException, InterruptedException {
    Path out = Files.createTempFile("out", ".txt");
    Path err = Files.createTempFile("err", ".txt");
    try {
      ProcessBuilder builder =
          new ProcessBuilder(command)
              .directory(folder.toFile())
              .redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
              .redirectOutput(out.toFile())
              .redirectError(err.toFile());
      environment(builder.environment(), environment);
      Process process = builder.start();
      endWithThisProcess(process);
      if (!process.waitFor(longest.toSeconds(), TimeUnit.SECONDS)) {
        process.destroyForcibly();
        throw new AssertionError(
            command + " did not end in " + longest + ":\n" + read(out) + read(err));
      }
      return new Run(process.exitValue(), read(out), read(err));
    } finally {
      Files.delete(out);
      Files.delete(err);
    }
  }

  /** Whether a program is there and ends well. */
  public static boolean isPossible(String... command) throws InterruptedException {
    try {
      return of(Path.of("."), Map.of(), command).exitCode() == 0;
    } catch (IOException e) {
      return false;
    }
  }

  /** What an interrupted test run started shall not go on without it. */
  private static void endWithThisProcess(Process process) {
    Thread end = new Thread(process::destroy);
    Runtime.getRuntime().addShutdownHook(end);
    process.onExit().thenRun(() -> forget(end));
  }

  private static void forget(Thread hook) {
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException e) {
      // The hooks are running already, this one among them.
    }
  }

  /** What every child process gets: no version check, no CLI config that is not there. */
  public static void environment(Map<String, String> target, Map<String, String> added) {
    target.put("CHECKPOINT_DISABLE", "1");
    String config = target.get("TF_CLI_CONFIG_FILE");
    if (config != null && !Files.exists(Path.of(config))) {
      target.remove("TF_CLI_CONFIG_FILE");
    }
    added.forEach(
        (name, value) -> {
          if (value.isEmpty()) {
            target.remove(name);
          } else {
            target.put(name, value);
          }
        });
  }

  private static String read(Path file) throws IOException {
    return Files.readString(file, java.nio.charset.StandardCharsets.ISO_8859_1);
  }
}
