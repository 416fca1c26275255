package stacks.operate.backup;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import stacks.cluster.Cluster;
import stacks.cluster.Node;
import stacks.cluster.RedisNode;
import stacks.operate.Agents;
import stacks.operate.ClusterStatus;
import stacks.operate.Gate;
import stacks.operate.Look;
import stacks.operate.NotPossible;
import stacks.operate.Wait;

/**
 * Replaces all data of a cluster by that of a backup. The master's agent does it; here is what goes
 * before and after, and the way of a dump that no node can read by itself.
 */
public final class Restore {
  /** What a restore that did not end is to a node's health; it must not keep the next one away. */
  private static final String UNENDED = "is not fit: a restore of ";

  private static final Duration ASK = Duration.ofSeconds(30);

  /** A server that drops and loads its data says nothing meanwhile. */
  private static final Duration SILENCE = Duration.ofMinutes(10);

  /** For each of so many bytes of the RDB it may be one second more; the agent has the same. */
  private static final long SLOWEST = 5 << 20;

  /** How long all nodes may take to have the same number of keys, while clients write. */
  private static final Duration SETTLE = Duration.ofSeconds(15);

  private static final Duration POLL = Duration.ofMillis(500);

  /** Of the second that an undo goes back to, as the IDs of backups have it. */
  private static final DateTimeFormatter WORD =
      DateTimeFormatter.ofPattern("uuuuMMdd'T'HHmmss'Z'", Locale.ROOT).withZone(ZoneOffset.UTC);

  private final Cluster cluster;
  private final Agents agents;
  private final BackupAgents backups;
  private final BackupAgents from;
  private final Consumer<String> say;

  /** Where the data comes from. */
  public sealed interface Source {
    /**
     * The store of the cluster, or of the one that the restore was made with.
     *
     * @param id of the backup; empty for the newest
     * @param identity file with the age key that decrypts it
     */
    record Store(Optional<String> id, Optional<Path> identity) implements Source {}

    /** An RDB file on this machine, of whatever server. */
    record Dump(Path file) implements Source {}

    /** The history that the nodes keep: the data at the end of that second. */
    record Moment(Instant at) implements Source {}
  }

  /**
   * What is asked of a restore.
   *
   * @param replace what the cluster holds may go
   * @param keep what it holds is kept in a backup first
   * @param timeout how long the cluster may take to be whole again
   */
  public record Order(Source source, boolean replace, boolean keep, Duration timeout) {}

  /** Asked once more before something changes. */
  public interface Question {
    /** Ends the command where the answer is no. */
    void ask(String id, SortedMap<Integer, Long> replaced);
  }

  /**
   * What came of it.
   *
   * @param keys by database, when the servers had loaded them
   * @param replaced keys by database that were there before
   * @param saved the backup that has those; empty when there were none, or none was wanted
   * @param differing nodes that have another number of keys than the master
   */
  public record Report(
      String id,
      String master,
      SortedMap<Integer, Long> keys,
      SortedMap<Integer, Long> replaced,
      Optional<BackupAgents.Taken> saved,
      Map<String, Long> differing,
      double seconds) {}

  /** A restore of this cluster, from its own store. */
  public Restore(Cluster cluster, Agents agents, Consumer<String> say) {
    this(cluster, agents, new BackupAgents(cluster, agents), Optional.empty(), say);
  }

  /**
   * A restore of this cluster from the store of another one, whose agents read the backup. Nothing
   * of the other one changes.
   */
  public Restore(Cluster cluster, Agents agents, BackupAgents other, Consumer<String> say) {
    this(cluster, agents, new BackupAgents(cluster, agents), Optional.of(other), say);
  }

  private Restore(
      Cluster cluster,
      Agents agents,
      BackupAgents own,
      Optional<BackupAgents> other,
      Consumer<String> say) {
    this.cluster = cluster;
    this.agents = agents;
    this.backups = own;
    this.from = other.orElse(own);
    this.say = say;
  }

  /**
   * Restores, and waits until the cluster is whole.
   *
   * @throws NotPossible when it is refused, or did not work, with what is the case then
   * @throws Missing when a node does not answer, or a program is missing on this machine
   */
  public Report run(Order order, Question question) throws NotPossible, Missing, IOException {
    long began = System.nanoTime();
    Node master = master();
    if (order.source() instanceof Source.Dump dump) {
      return fromFile(order, question, master, Wanted.of(dump.file()), dump.file(), began);
    }
    if (order.source() instanceof Source.Moment moment) {
      try (Scratch scratch = Scratch.create()) {
        Path rdb = new Undo(cluster, agents, backups, say).rdb(moment.at(), master, scratch);
        Wanted wanted = Wanted.of("undo-" + WORD.format(moment.at()), rdb);
        return fromFile(order, question, master, wanted, rdb, began);
      }
    }
    Source.Store store = (Source.Store) order.source();
    BackupAgents.Listing listing = from.list();
    Backup backup = Verification.wanted(from.cluster(), listing.backups(), store.id());
    // A cluster that has lost its data soon has a backup of that, too.
    if (store.id().isEmpty() && backup.totalKeys() == 0) {
      throw new NotPossible(
          "the latest backup, %s, has no key; nothing was done. Give the ID of the one that you want; those that are there: ./rediform backup %s list"
              .formatted(backup.id(), from.cluster()));
    }
    if (backup.isEncrypted() && store.identity().isEmpty()) {
      throw new NotPossible(
          "%s is encrypted to %s; nothing was done. Give the file with the key: --identity FILE"
              .formatted(backup.id(), String.join(", ", backup.recipients())));
    }
    Wanted wanted = Wanted.of(backup);
    SortedMap<Integer, Long> replaced = check(master, wanted, order.replace());
    question.ask(backup.id(), replaced);
    if (!backup.isEncrypted() && from == backups) {
      Optional<BackupAgents.Taken> saved = keep(order, replaced);
      JsonNode done = restore(master, wanted, order.replace(), Optional.empty());
      return ended(order, master, backup.id(), done, replaced, saved, began);
    }
    try (Scratch scratch = Scratch.create()) {
      Path rdb = unpacked(listing, backup, store.identity(), scratch);
      Optional<BackupAgents.Taken> saved = keep(order, replaced);
      JsonNode done = restore(master, wanted, order.replace(), Optional.of(rdb.toFile()));
      return ended(order, master, backup.id(), done, replaced, saved, began);
    }
  }

  private Report fromFile(
      Order order, Question question, Node master, Wanted wanted, Path rdb, long began)
      throws NotPossible, Missing {
    SortedMap<Integer, Long> replaced = check(master, wanted, order.replace());
    question.ask(wanted.id(), replaced);
    Optional<BackupAgents.Taken> saved = keep(order, replaced);
    JsonNode done = restore(master, wanted, order.replace(), Optional.of(rdb.toFile()));
    return ended(order, master, wanted.id(), done, replaced, saved, began);
  }

  // ------------------------------------------------------------------ before

  private Node master() throws NotPossible, Missing {
    ClusterStatus status = Look.through(agents).at(cluster);
    if (status.isUnreached()) {
      throw new Missing(
          "no node of %s can be reached: %s"
              .formatted(cluster.name(), String.join("; ", status.problems())));
    }
    List<String> problems =
        status.problems().stream().filter(problem -> !problem.contains(UNENDED)).toList();
    if (!problems.isEmpty()) {
      throw new NotPossible(
          "a restore starts from a whole cluster; this one is not: " + String.join("; ", problems));
    }
    if (status.master().isEmpty()) {
      throw new NotPossible(
          "%s; nothing was done. Wait until it has ended, or its node has put itself right: ./rediform status %s"
              .formatted(String.join("; ", status.problems()), cluster.name()));
    }
    return cluster.node(status.master().get().name()).orElseThrow();
  }

  /** Refused as the restore would be; otherwise the keys that it would replace. */
  private SortedMap<Integer, Long> check(Node master, Wanted wanted, boolean replace)
      throws NotPossible, Missing {
    List<String> words = words(wanted.words(), replace);
    words.add("--check");
    return Backup.keys(ask(master, words).path("keys"));
  }

  private static List<String> words(List<String> wanted, boolean replace) {
    List<String> words = new ArrayList<>(List.of("restore"));
    words.addAll(wanted);
    if (replace) {
      words.add("--replace-data");
    }
    return words;
  }

  private JsonNode ask(Node node, List<String> words) throws NotPossible, Missing {
    Agents.Answer answer = agents.ask(node, ASK, words.toArray(String[]::new));
    if (answer.exitCode() != 0) {
      throw failure(node, answer);
    }
    return read(node, answer.out());
  }

  /** An agent that says no; one that does not say it is missing. */
  private NotPossible failure(Node node, Agents.Answer answer) throws Missing {
    String reason = "%s: %s".formatted(node.name(), backups.reason(node, answer));
    if (!answer.reached()) {
      throw new Missing(reason);
    }
    return new NotPossible(reason);
  }

  private static JsonNode read(Node node, String text) throws Missing {
    try {
      JsonNode said = Backups.JSON.readTree(text);
      if (said != null && said.isObject()) {
        return said;
      }
    } catch (JsonProcessingException e) {
      // Something on the way has answered, and not the agent.
    }
    throw new Missing(
        "%s answered with something else than a report: %s".formatted(node.name(), text));
  }

  /** A backup of what is about to go. */
  private Optional<BackupAgents.Taken> keep(Order order, SortedMap<Integer, Long> replaced)
      throws NotPossible, Missing {
    if (replaced.isEmpty() || !order.keep()) {
      return Optional.empty();
    }
    try {
      BackupAgents.Taken taken = backups.now(say);
      say.accept(
          "what %s holds is in backup %s on %s"
              .formatted(cluster.name(), taken.backup().id(), taken.place()));
      return Optional.of(taken);
    } catch (NotPossible e) {
      throw new NotPossible(
          "%s; nothing was restored, since what %s holds would be lost. If it may be: --no-safety-backup"
              .formatted(e.getMessage(), cluster.name()));
    }
  }

  /** The RDB of a backup that no node of the cluster can read by itself. */
  private Path unpacked(
      BackupAgents.Listing listing, Backup backup, Optional<Path> identity, Scratch scratch)
      throws NotPossible, Missing, IOException {
    Pace pace = new Pace(line -> say.accept(backup.id() + ": " + line));
    Programs programs = Programs.find(scratch.folder(), backup.isEncrypted());
    Path rdb = scratch.folder().resolve(ScratchServer.RDB);
    new Unpacking(listing.backups(), backup, programs, scratch.folder(), pace)
        .to(rdb, reader -> from.object(listing.node(), backup.id(), reader), identity);
    return rdb;
  }

  // ------------------------------------------------------------------ the restore

  /** The agent's report, which is its last line. */
  private JsonNode restore(Node master, Wanted wanted, boolean replace, Optional<File> rdb)
      throws NotPossible, Missing {
    List<String> words =
        words(rdb.isPresent() ? wanted.words() : List.of("--id", wanted.id()), replace);
    Duration silence = SILENCE.plusSeconds(wanted.bytes() / SLOWEST);
    String[] last = {""};
    Agents.Reader reader = out -> last[0] = lines(out);
    Agents.Answer answer =
        rdb.isPresent()
            ? agents.stream(master, silence, rdb.get(), reader, words.toArray(String[]::new))
            : agents.stream(master, silence, reader, words.toArray(String[]::new));
    if (answer.exitCode() == 0) {
      return read(master, last[0]);
    }
    if (answer.reached()) {
      throw failure(master, answer);
    }
    throw new Missing(
        "%s did not say what became of the restore: %s. It ends by itself, or puts the node right; then see ./rediform status %s, and run the same command again"
            .formatted(master.name(), answer.out(), cluster.name()));
  }

  /** Says each line but the last, which is returned. */
  private String lines(InputStream out) throws IOException {
    BufferedReader lines = new BufferedReader(new InputStreamReader(out, StandardCharsets.UTF_8));
    String last = "";
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      if (line.startsWith("{")) {
        last = line;
      } else if (!line.isBlank()) {
        say.accept(line);
      }
    }
    return last;
  }

  // ------------------------------------------------------------------ after

  private Report ended(
      Order order,
      Node master,
      String id,
      JsonNode done,
      SortedMap<Integer, Long> replaced,
      Optional<BackupAgents.Taken> saved,
      long began)
      throws NotPossible, Missing {
    if (!done.path("late").isEmpty()) {
      say.accept("not all replicas have the data yet: " + done.path("late"));
    }
    for (RedisNode node : cluster.redis()) {
      counted(node); // removes what an earlier restore has noted on a node that is no master now
    }
    Wait.Outcome outcome =
        new Wait(Look.through(agents), Optional.of(agents), say)
            .at(Gate.whole(cluster, Map.of()), order.timeout());
    if (!outcome.ready()) {
      throw new NotPossible(
          "%s has the data of %s, and the cluster is not whole after %d s: %s"
              .formatted(
                  master.name(), id, outcome.waited().toSeconds(), Wait.brief(outcome.problems())));
    }
    return new Report(
        id,
        master.name(),
        Backup.keys(done.path("keys")),
        replaced,
        saved,
        differing(master),
        (System.nanoTime() - began) / 1e9);
  }

  private SortedMap<Integer, Long> counted(Node node) throws NotPossible, Missing {
    return Backup.keys(ask(node, List.of("restore", "--ended")).path("keys"));
  }

  /** Nodes whose number of keys is not the master's, also when asked several times. */
  private Map<String, Long> differing(Node master) throws NotPossible, Missing {
    long deadline = System.nanoTime() + SETTLE.toNanos();
    while (true) {
      SortedMap<Integer, Long> all = counted(master);
      Map<String, Long> differing = new TreeMap<>();
      for (RedisNode node : cluster.redis()) {
        SortedMap<Integer, Long> here = counted(node);
        if (!here.equals(all)) {
          differing.put(node.name(), here.values().stream().mapToLong(Long::longValue).sum());
        }
      }
      if (differing.isEmpty() || System.nanoTime() > deadline) {
        return differing;
      }
      LockSupport.parkNanos(POLL.toNanos());
    }
  }
}
