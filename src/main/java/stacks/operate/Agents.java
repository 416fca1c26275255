package stacks.operate;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.BiFunction;
import stacks.cluster.Node;

/**
 * The agents of a cluster's nodes, each reached by a command of its own.
 *
 * @param commands the command that runs an agent's verb on a node
 */
public record Agents(BiFunction<Node, List<String>, List<String>> commands) {
  /** What a command reads: it must not wait for an answer that nobody gives. */
  private static final File NOTHING = new File("/dev/null");

  /**
   * What an agent answered.
   *
   * @param reached whether it was the agent that answered, and not the way to it that failed
   * @param out what it printed, or the reason why it was not reached
   */
  public record Answer(boolean reached, int exitCode, String out) {}

  /**
   * Runs a verb on a node.
   *
   * @param patience how long it may take; then it counts as not reached
   */
  public Answer ask(Node node, Duration patience, String... words) {
    List<String> command = commands.apply(node, List.of(words));
    try {
      Process process =
          new ProcessBuilder(command).redirectInput(ProcessBuilder.Redirect.from(NOTHING)).start();
      CompletableFuture<String> out = text(process.getInputStream());
      CompletableFuture<String> err = text(process.getErrorStream());
      if (!process.waitFor(patience.toMillis(), TimeUnit.MILLISECONDS)) {
        process.descendants().forEach(ProcessHandle::destroyForcibly);
        process.destroyForcibly();
        return new Answer(false, -1, "no answer in " + patience.toSeconds() + " s");
      }
      int code = process.exitValue();
      // The agent itself ends with 0, 1, or 3; ssh with 255, a shell that finds no program with
      // 127.
      boolean reached = code == 0 || code == 1;
      String said = out.join().isBlank() ? err.join() : out.join();
      return new Answer(reached, code, reached ? said.strip() : lastLine(err.join()));
    } catch (IOException e) {
      return new Answer(false, -1, e.getMessage());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return new Answer(false, -1, "interrupted");
    }
  }

  private static CompletableFuture<String> text(InputStream stream) {
    return CompletableFuture.supplyAsync(
        () -> {
          try (stream) {
            return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
          } catch (IOException e) {
            throw new UncheckedIOException(e);
          }
        },
        task -> {
          Thread thread = new Thread(task, "agent-output");
          thread.setDaemon(true);
          thread.start();
        });
  }

  private static String lastLine(String text) {
    return text.lines().reduce("", (before, line) -> line.isBlank() ? before : line.strip());
  }
}
