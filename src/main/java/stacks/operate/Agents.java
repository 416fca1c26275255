package stacks.operate;

import java.io.File;
import java.io.FilterInputStream;
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

  /** How often it is seen to that something comes. */
  private static final Duration LOOK = Duration.ofSeconds(1);

  /** How long a command may take for its end when all that it printed was read. */
  private static final Duration LAST_WORDS = Duration.ofSeconds(30);

  private static final long NOT_WAITING = 0;

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
    Process process = null;
    try {
      process =
          new ProcessBuilder(command).redirectInput(ProcessBuilder.Redirect.from(NOTHING)).start();
      CompletableFuture<String> out = text(process.getInputStream());
      CompletableFuture<String> err = text(process.getErrorStream());
      if (!process.waitFor(patience.toMillis(), TimeUnit.MILLISECONDS)) {
        kill(process);
        return new Answer(false, -1, "no answer in " + patience.toSeconds() + " s");
      }
      int code = process.exitValue();
      // The agent itself ends with 0, 1, or 3; ssh with 255, a shell that finds no program with
      // 127.
      boolean reached = code == 0 || code == 1;
      if (reached) {
        return new Answer(true, code, (out.join().isBlank() ? err.join() : out.join()).strip());
      }
      // A way in with a terminal has but one stream.
      return new Answer(false, code, lastLine(err.join().isBlank() ? out.join() : err.join()));
    } catch (IOException e) {
      return new Answer(false, -1, e.getMessage());
    } catch (InterruptedException e) {
      kill(process);
      Thread.currentThread().interrupt();
      return new Answer(false, -1, "interrupted");
    }
  }

  /** What takes the output of a verb while it comes. */
  public interface Reader {
    /** Reads it, to its end. */
    void read(InputStream out) throws IOException;
  }

  /**
   * Runs a verb on a node whose output is too long to keep, or is wanted while it comes.
   *
   * @param silence how long nothing may come; then it counts as not reached
   * @return its {@code out} is what came on standard error, or the reason why it was not reached
   */
  public Answer stream(Node node, Duration silence, Reader reader, String... words) {
    return stream(node, silence, NOTHING, reader, words);
  }

  /**
   * The same for a verb that reads.
   *
   * @param input what it reads
   */
  public Answer stream(Node node, Duration silence, File input, Reader reader, String... words) {
    try {
      Process process =
          new ProcessBuilder(commands.apply(node, List.of(words)))
              .redirectInput(ProcessBuilder.Redirect.from(input))
              .start();
      CompletableFuture<String> err = text(process.getErrorStream());
      Watched out = new Watched(process, silence);
      try (out) {
        reader.read(out);
      } finally {
        end(process); // where all was read it has ended by itself, or is about to
      }
      if (out.fellSilent()) {
        return new Answer(false, -1, "nothing came for " + silence.toSeconds() + " s");
      }
      int code = process.exitValue();
      return new Answer(code == 0 || code == 1, code, lastLine(err.join()));
    } catch (IOException e) {
      return new Answer(false, -1, e.getMessage());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return new Answer(false, -1, "interrupted");
    }
  }

  private static void end(Process process) throws InterruptedException {
    if (!process.waitFor(LAST_WORDS.toMillis(), TimeUnit.MILLISECONDS)) {
      kill(process);
      process.waitFor();
    }
  }

  private static void kill(Process process) {
    process.descendants().forEach(ProcessHandle::destroyForcibly);
    process.destroyForcibly();
  }

  /** The output of a process that is killed when a read waits for too long. */
  private static final class Watched extends FilterInputStream {
    private final Thread watch;
    private final Process process;
    private final Duration silence;
    private volatile long waitsSince = NOT_WAITING;
    private volatile boolean silent;

    Watched(Process process, Duration silence) {
      super(process.getInputStream());
      this.process = process;
      this.silence = silence;
      watch = new Thread(this::watch, "agent-silence");
      watch.setDaemon(true);
      watch.start();
    }

    private void watch() {
      try {
        while (!process.waitFor(LOOK.toMillis(), TimeUnit.MILLISECONDS)) {
          long since = waitsSince;
          if (since != NOT_WAITING && System.nanoTime() - since > silence.toNanos()) {
            silent = true;
            kill(process);
          }
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }

    boolean fellSilent() {
      return silent;
    }

    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] bytes, int from, int count) throws IOException {
      waitsSince = System.nanoTime() | 1; // never 0, which is no time
      try {
        return super.read(bytes, from, count);
      } finally {
        waitsSince = NOT_WAITING;
      }
    }

    @Override
    public void close() throws IOException {
      watch.interrupt();
      super.close();
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
