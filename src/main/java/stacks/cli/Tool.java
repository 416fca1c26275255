package stacks.cli;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import java.util.function.Function;

/** Programs that do part of the work, Terraform above all. */
final class Tool {
  /** Exit code of what Ctrl-C has ended, as shells have it. */
  static final int INTERRUPTED = 130;

  private final List<String> command;
  private final Path folder;
  private final Map<String, String> variables = new HashMap<>();

  private Tool(Path folder, List<String> command) {
    this.folder = folder;
    this.command = command;
  }

  /** Terraform in the folder of a synthesized stack. */
  static Tool terraform(Path folder, String... arguments) {
    List<String> command = new ArrayList<>(List.of("terraform"));
    command.addAll(List.of(arguments));
    return new Tool(folder, command);
  }

  /** Adds variables to its environment. */
  Tool with(Map<String, String> added) {
    variables.putAll(added);
    return this;
  }

  static Tool of(Path folder, String... command) {
    return new Tool(folder, List.of(command));
  }

  /**
   * Runs it on this terminal.
   *
   * @return its exit code
   */
  int run() {
    ProcessBuilder builder = new ProcessBuilder(command).inheritIO();
    prepare(builder);
    return untilItEnds(start(builder), process -> {});
  }

  /**
   * Runs it and hands on each line that it prints, as it comes.
   *
   * @return its exit code
   */
  int lines(Consumer<String> line) {
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    prepare(builder);
    return untilItEnds(
        start(builder),
        process -> {
          try (BufferedReader out = process.inputReader(StandardCharsets.UTF_8)) {
            out.lines().forEach(line);
          } catch (IOException e) {
            throw new UncheckedIOException(e);
          }
        });
  }

  /**
   * Ctrl-C reaches the whole process group: the tool ends by itself, in its own order, and
   * Terraform releases its lock. Were we gone first, the terminal would show nothing of that.
   */
  private static int untilItEnds(Process process, Consumer<Process> meanwhile) {
    Termination.notice();
    Thread waiter =
        new Thread(
            () -> {
              if (Termination.came()) {
                // The process itself would close what we read of it, and Terraform dies of that.
                process.toHandle().destroy();
              }
              waitFor(process);
            });
    Runtime.getRuntime().addShutdownHook(waiter);
    meanwhile.accept(process);
    int code = waitFor(process);
    try {
      Runtime.getRuntime().removeShutdownHook(waiter);
    } catch (IllegalStateException e) {
      // Ctrl-C reached this process too: it is on its way out.
      return INTERRUPTED;
    }
    return code;
  }

  /**
   * What a program printed.
   *
   * @param out standard output, as it came
   * @param err standard error as text
   */
  record Output(int exitCode, byte[] out, String err) {}

  /**
   * Runs it quietly and hands on what it prints while it does: it may be more than there is memory.
   *
   * @throws Failure with the program's own reason when it failed
   */
  <T> T stream(Function<InputStream, T> reader) {
    Process process = startQuietly();
    CompletableFuture<String> err = errors(process);
    try (InputStream out = process.getInputStream()) {
      T result = reader.apply(out);
      failed(waitFor(process), err);
      return result;
    } catch (Failure e) {
      process.destroy();
      failed(waitFor(process), err);
      throw e;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A program that failed says why better than whoever misses the end of what it printed. */
  private void failed(int code, CompletableFuture<String> err) {
    // 141 and 143: it was told to stop, or nobody listened any more.
    if (code != 0 && code != 141 && code != 143) {
      throw Failure.missing(
          "%s ended with code %d:%n%s"
              .formatted(String.join(" ", command.subList(0, 2)), code, err.join().strip()));
    }
  }

  /** Runs it quietly and gives what it printed. */
  Output read() {
    Process process = startQuietly();
    CompletableFuture<String> err = errors(process);
    byte[] out = allOf(process.getInputStream());
    return new Output(waitFor(process), out, err.join());
  }

  private Process startQuietly() {
    ProcessBuilder builder = new ProcessBuilder(command);
    prepare(builder);
    return start(builder);
  }

  /** Read beside the output: a program waits when nobody takes what it prints. */
  private static CompletableFuture<String> errors(Process process) {
    return CompletableFuture.supplyAsync(
        () -> new String(allOf(process.getErrorStream()), StandardCharsets.UTF_8));
  }

  private static byte[] allOf(InputStream stream) {
    try (stream) {
      return stream.readAllBytes();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private Process start(ProcessBuilder builder) {
    try {
      return builder.start();
    } catch (IOException e) {
      throw Failure.missing(command.get(0) + " cannot be started: " + e.getMessage(), e);
    }
  }

  private void prepare(ProcessBuilder builder) {
    if (!folder.toString().isEmpty()) {
      builder.directory(folder.toFile());
    }
    Map<String, String> env = builder.environment();
    env.put("CHECKPOINT_DISABLE", "1");
    env.putAll(variables);
    // What the launcher put there is for jsii's Node alone.
    env.remove("NODE_OPTIONS");
    // Terraform warns at every call about a CLI config that is not there.
    String config = env.get("TF_CLI_CONFIG_FILE");
    if (config != null && !Files.exists(Path.of(config))) {
      env.remove("TF_CLI_CONFIG_FILE");
    }
  }

  private static int waitFor(Process process) {
    try {
      return process.waitFor();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return INTERRUPTED;
    }
  }
}
