package stacks.testing;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * A program of {@code src/test/clients/} that writes all the time through what {@code rediform
 * client} printed. It says {@code ok KEY} for each acknowledged write and {@code failed REASON} for
 * each other.
 */
public final class ClientProgram implements AutoCloseable {
  /** One acknowledged write. */
  private record Write(String key, long nanos) {}

  private final String name;
  private final Path folder;
  private final Process process;
  private final Thread reader;
  private final List<Write> writes = new ArrayList<>();
  private final List<String> others = new ArrayList<>();

  private ClientProgram(String name, Path folder, Process process) {
    this.name = name;
    this.folder = folder;
    this.process = process;
    this.reader = new Thread(this::read, "client-" + name);
    reader.setDaemon(true);
    reader.start();
  }

  /** Starts a program in a folder; it ends once there is a file {@code stop}. */
  public static ClientProgram start(
      String name, Path folder, Map<String, String> environment, List<String> command)
      throws IOException {
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .directory(folder.toFile())
            .redirectError(folder.resolve(name + ".err").toFile());
    builder.environment().putAll(environment);
    return new ClientProgram(name, folder, builder.start());
  }

  private void read() {
    try (BufferedReader lines = process.inputReader()) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        long now = System.nanoTime();
        synchronized (this) {
          if (line.startsWith("ok ")) {
            writes.add(new Write(line.substring("ok ".length()), now));
          } else {
            others.add(line);
          }
        }
      }
    } catch (IOException e) {
      synchronized (this) {
        others.add("its output cannot be read: " + e.getMessage());
      }
    }
  }

  public String name() {
    return name;
  }

  /** The keys of the writes acknowledged so far, in their order. */
  public synchronized List<String> acknowledged() {
    return writes.stream().map(Write::key).toList();
  }

  /** How many writes were acknowledged from that moment on. */
  public synchronized long acknowledgedSince(long nanos) {
    return writes.stream().filter(write -> write.nanos() >= nanos).count();
  }

  /** The longest time without an acknowledged write that ended after that moment. */
  public synchronized Duration longestGapSince(long nanos) {
    long longest = 0;
    for (int i = 1; i < writes.size(); i++) {
      if (writes.get(i).nanos() >= nanos) {
        longest = Math.max(longest, writes.get(i).nanos() - writes.get(i - 1).nanos());
      }
    }
    return Duration.ofNanos(longest);
  }

  /** How many writes failed, or were not understood, so far. */
  public synchronized int failures() {
    return others.size();
  }

  /** What it said last beside its writes, and its standard error. */
  public synchronized String said() throws IOException {
    String err = Files.readString(folder.resolve(name + ".err"));
    return name
        + ": "
        + others.subList(Math.max(0, others.size() - 5), others.size())
        + " "
        + err.substring(Math.max(0, err.length() - 1000));
  }

  /** Waits for its end; its last line. */
  public String end(Duration limit) throws InterruptedException, IOException {
    if (!process.waitFor(limit.toSeconds(), TimeUnit.SECONDS)) {
      throw new AssertionError(name + " did not end in " + limit + ": " + said());
    }
    reader.join();
    synchronized (this) {
      return others.isEmpty() ? "" : others.get(others.size() - 1);
    }
  }

  @Override
  public void close() {
    process.descendants().forEach(ProcessHandle::destroyForcibly);
    process.destroyForcibly();
  }
}
