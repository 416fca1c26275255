package stacks.operate.backup;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.Stream;
import redis.clients.jedis.Jedis;
import redis.clients.jedis.exceptions.JedisException;
import stacks.cluster.Cluster;
import stacks.cluster.Node;
import stacks.operate.Agents;
import stacks.operate.NotPossible;

/**
 * The data as it was at the end of a second, from the history that a data node keeps of its AOF, as
 * an RDB file on this machine: docs/decisions/0031.
 */
final class Undo {
  /** The agent waits some seconds for what was just written. */
  private static final Duration ASK = Duration.ofSeconds(45);

  /** What is read comes without longer pauses. */
  private static final Duration PAUSE = Duration.ofMinutes(1);

  private static final String FOLDER = "appendonlydir";
  private static final String MANIFEST = "appendonly.aof.manifest";

  /** As Redis names them; a name is part of a path here. */
  private static final String NAME = "[A-Za-z0-9_-][A-Za-z0-9._-]{0,200}";

  private static final int LONGEST_HEAD = 1 << 20;
  private static final int BUFFER = 1 << 16;
  private static final int DATABASES = 16;
  private static final long LOOK_MILLIS = 100;

  private final Cluster cluster;
  private final Agents agents;
  private final BackupAgents backups;
  private final Consumer<String> say;

  /** A file of the history, in the words of Redis's manifest. */
  private record Part(String file, long seq, String type, long bytes) {
    String line() {
      return "file %s seq %d type %s\n".formatted(file, seq, type);
    }
  }

  Undo(Cluster cluster, Agents agents, BackupAgents backups, Consumer<String> say) {
    this.cluster = cluster;
    this.agents = agents;
    this.backups = backups;
    this.say = say;
  }

  /**
   * Fetches and replays it.
   *
   * @param at the second that is the last one to be there
   * @param master asked first: what replicas have is somewhat later by their clocks
   * @return an RDB file in the folder of scratch
   * @throws NotPossible where no node has that second, or what it has cannot be replayed
   * @throws Missing where a program or memory is missing on this machine, or the way to the node
   *     ended
   */
  Path rdb(Instant at, Node master, Scratch scratch) throws NotPossible, Missing, IOException {
    Programs.Replay programs = Programs.Replay.find(scratch.folder());
    Node node = having(at, master);
    Pace pace = new Pace(line -> say.accept(node.name() + ": " + line));
    Path folder = Files.createDirectory(scratch.folder().resolve(FOLDER));
    List<Part> parts = parts(node, at, true, (head, in) -> {});
    fits(parts, scratch);
    pace.now("has it; reads " + Size.of(bytes(parts)));
    parts = parts(node, at, false, (all, in) -> receive(all, in, folder, pace));
    readable(folder.resolve(parts.get(0).file()), programs);
    cut(parts, folder, at, programs, pace);
    try (ScratchServer server =
            ScratchServer.startFromAof(scratch, programs.server(), databases(), pace);
        Jedis jedis = server.connect()) {
      pace.now("the Redis of this machine has replayed it");
      jedis.save();
    } catch (JedisException e) {
      throw new NotPossible(
          "the Redis of this machine could not save what it replayed: " + e.getMessage());
    }
    return scratch.folder().resolve(ScratchServer.RDB);
  }

  // ------------------------------------------------------------------ fetch

  private Node having(Instant at, Node master) throws NotPossible, Missing {
    List<Node> nodes =
        Stream.concat(
                Stream.of(master), cluster.redis().stream().filter(node -> !node.equals(master)))
            .map(Node.class::cast)
            .toList();
    List<String> reasons = new ArrayList<>();
    boolean reached = false;
    for (Node node : nodes) {
      Agents.Answer answer = agents.ask(node, ASK, words(at, true));
      if (answer.reached() && answer.exitCode() == 0) {
        return node;
      }
      reached |= answer.reached();
      reasons.add(node.name() + ": " + backups.reason(node, answer));
    }
    String all = String.join("; ", reasons);
    if (!reached) {
      throw new Missing("no data node of " + cluster.name() + " can be asked: " + all);
    }
    throw new NotPossible(
        "no node can put the data back to %s, so nothing was done: %s. Take a moment that a node has, or a backup: ./rediform backup %s list"
            .formatted(at, all, cluster.name()));
  }

  private static String[] words(Instant at, boolean check) {
    List<String> words =
        new ArrayList<>(List.of("history", "--at", String.valueOf(at.getEpochSecond())));
    if (check) {
      words.add("--check");
    }
    return words.toArray(String[]::new);
  }

  /** Takes what comes after the line that names the files. */
  private interface Receiver {
    void take(List<Part> parts, InputStream in) throws IOException;
  }

  private List<Part> parts(Node node, Instant at, boolean check, Receiver receiver)
      throws NotPossible, Missing {
    List<Part> parts = new ArrayList<>();
    Agents.Answer answer =
        agents.stream(
            node,
            PAUSE,
            in -> {
              parts.addAll(head(in));
              receiver.take(parts, in);
            },
            words(at, check));
    if (answer.exitCode() == 0 && !parts.isEmpty()) {
      return List.copyOf(parts);
    }
    String reason =
        "%s did not send its history of %s: %s"
            .formatted(node.name(), at, backups.reason(node, answer));
    if (answer.reached()) {
      throw new NotPossible(reason);
    }
    throw new Missing(reason);
  }

  /** Nothing where the agent had nothing to say here. */
  private static List<Part> head(InputStream in) throws IOException {
    ByteArrayOutputStream line = new ByteArrayOutputStream();
    for (int next = in.read(); next >= 0 && next != '\n'; next = in.read()) {
      if (line.size() == LONGEST_HEAD) {
        throw new IOException("it begins with something else than the names of its files");
      }
      line.write(next);
    }
    if (line.size() == 0) {
      return List.of();
    }
    List<Part> parts = new ArrayList<>();
    try {
      for (JsonNode each :
          Backups.JSON.readTree(line.toString(StandardCharsets.UTF_8)).path("files")) {
        Part part =
            new Part(
                each.path("file").asText(),
                each.path("seq").asLong(),
                each.path("type").asText(),
                each.path("bytes").asLong(-1));
        String type = parts.isEmpty() ? "b" : "i";
        if (!part.file().matches(NAME) || !part.type().equals(type) || part.bytes() < 0) {
          throw new IOException("it names something else than files of an AOF: " + each);
        }
        parts.add(part);
      }
    } catch (JsonProcessingException e) {
      throw new IOException("it begins with something else than the names of its files", e);
    }
    return parts;
  }

  private static long bytes(List<Part> parts) {
    return parts.stream().mapToLong(Part::bytes).sum();
  }

  private static void receive(List<Part> parts, InputStream in, Path folder, Pace pace)
      throws IOException {
    byte[] buffer = new byte[BUFFER];
    long all = bytes(parts);
    long[] done = {0};
    for (Part part : parts) {
      try (OutputStream out = Files.newOutputStream(folder.resolve(part.file()))) {
        for (long left = part.bytes(); left > 0; ) {
          int count = in.read(buffer, 0, (int) Math.min(buffer.length, left));
          if (count < 0) {
            throw new EOFException("it ended after %d of %d bytes".formatted(done[0], all));
          }
          out.write(buffer, 0, count);
          left -= count;
          done[0] += count;
          pace.say(() -> "reads %s of %s".formatted(Size.of(done[0]), Size.of(all)));
        }
      }
    }
  }

  // ------------------------------------------------------------------ replay

  private void fits(List<Part> parts, Scratch scratch) throws Missing, IOException {
    long base = parts.get(0).bytes();
    Verification.fits(
        new Verification.Need(
            "the history of that moment", base, bytes(parts) - base, "Run the command"),
        Verification.available(),
        scratch.folder().toFile().getUsableSpace());
  }

  private static void readable(Path base, Programs.Replay programs)
      throws IOException, NotPossible, Missing {
    if (!AofFile.isRdb(base)) {
      return;
    }
    int version = Verification.version(base);
    if (version > programs.version().newestRdb()) {
      throw new Missing(
          "the history has RDB version %d; the Redis of this machine is %s and reads versions up to %d. Run the command on a machine with Redis %s"
              .formatted(
                  version,
                  programs.version(),
                  programs.version().newestRdb(),
                  Programs.RedisVersion.reading(version)));
    }
  }

  /** SELECT of a database that a server does not have ends its start. */
  private int databases() {
    String set = cluster.environment().redis().config().getOrDefault("databases", "");
    return set.matches("[0-9]{1,9}") ? Math.max(DATABASES, Integer.parseInt(set)) : DATABASES;
  }

  /**
   * Leaves what was written up to that second. redis-check-aof does it, which only cuts in the last
   * file: so what comes after the cut is removed before, and both must come to the same place.
   */
  private void cut(List<Part> parts, Path folder, Instant at, Programs.Replay programs, Pace pace)
      throws IOException, NotPossible, Missing {
    List<Part> kept = new ArrayList<>();
    long end = 0;
    for (Part part : parts) {
      Path file = folder.resolve(part.file());
      OptionalLong later =
          AofFile.isRdb(file) ? OptionalLong.empty() : AofFile.end(file, at.getEpochSecond());
      if (later.isPresent() && later.getAsLong() == 0) {
        break;
      }
      kept.add(part);
      end = later.orElse(part.bytes());
      if (later.isPresent()) {
        break;
      }
    }
    if (kept.isEmpty()) {
      throw new NotPossible(
          "what the node sent has nothing before %s; nothing was done".formatted(at));
    }
    for (Part part : parts.subList(kept.size(), parts.size())) {
      Files.delete(folder.resolve(part.file()));
    }
    Path manifest = folder.resolve(MANIFEST);
    StringBuilder lines = new StringBuilder();
    kept.stream()
        .sorted(Comparator.comparing(Part::type).thenComparing(Part::seq))
        .forEach(part -> lines.append(part.line()));
    Files.writeString(manifest, lines);
    String said = check(programs, at, manifest, pace);
    long left = Files.size(folder.resolve(kept.get(kept.size() - 1).file()));
    if (left != end) {
      throw new NotPossible(
          "redis-check-aof has left %d bytes of %s, and %d are from before the end of %s; nothing was done. It said: %s"
              .formatted(left, kept.get(kept.size() - 1).file(), end, at, said));
    }
  }

  private static String check(Programs.Replay programs, Instant at, Path manifest, Pace pace)
      throws IOException, NotPossible, Missing {
    Path output = manifest.resolveSibling("check.txt");
    Process process =
        new ProcessBuilder(
                programs.check().toString(),
                "--truncate-to-timestamp",
                String.valueOf(at.getEpochSecond()),
                manifest.toString())
            .redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
            .redirectErrorStream(true)
            .redirectOutput(output.toFile())
            .start();
    try {
      while (!process.waitFor(LOOK_MILLIS, TimeUnit.MILLISECONDS)) {
        pace.say(() -> "redis-check-aof reads it");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new Missing("interrupted");
    } finally {
      process.destroyForcibly();
    }
    String last =
        Files.readString(output, StandardCharsets.ISO_8859_1)
            .lines()
            .filter(line -> !line.isBlank())
            .reduce("it ended with code " + process.exitValue(), (before, line) -> line);
    Files.delete(output);
    if (process.exitValue() != 0) {
      throw new NotPossible("redis-check-aof refuses the history, so nothing was done: " + last);
    }
    return last;
  }
}
