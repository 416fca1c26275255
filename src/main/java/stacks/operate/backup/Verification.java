package stacks.operate.backup;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Consumer;
import redis.clients.jedis.Jedis;
import redis.clients.jedis.exceptions.JedisException;
import stacks.operate.NotPossible;

/**
 * Proves that a backup can be restored, by doing it: a Redis on this machine loads it and must have
 * the keys that were written. Nothing of the cluster changes but the proof in the store.
 */
public final class Verification {
  /** Redis needs several times the memory that compact encodings take in an RDB. */
  private static final int MEMORY_PER_RDB = 3;

  private static final Path MEMORY = Path.of("/proc/meminfo");

  private final String cluster;
  private final BackupAgents agents;
  private final Consumer<String> say;

  /**
   * A verification.
   *
   * @param cluster name of the environment
   * @param say gets the progress, a line each
   */
  public Verification(String cluster, BackupAgents agents, Consumer<String> say) {
    this.cluster = cluster;
    this.agents = agents;
    this.say = say;
  }

  /**
   * Restores a backup on this machine and stores the proof.
   *
   * @param id of the backup; empty for the newest
   * @param identity file with the age key that decrypts it
   * @throws NotPossible when the backup is not good, or there is none, with the reason
   * @throws Missing when no node answers, or a program or memory is missing on this machine
   */
  public Backup.Proof run(Optional<String> id, Optional<Path> identity)
      throws NotPossible, Missing, IOException {
    BackupAgents.Listing listing = agents.list();
    Backup backup = wanted(cluster, listing.backups(), id);
    Backup.Proof proof;
    try {
      proof = restored(listing, backup, identity);
    } catch (NotPossible e) {
      throw new NotPossible(notProven(backup, e));
    } catch (Missing e) {
      throw new Missing(notProven(backup, e));
    } catch (JedisException e) {
      throw new NotPossible(notProven(backup, e));
    }
    agents.prove(listing.node(), proof);
    return proof;
  }

  private static String notProven(Backup backup, Exception reason) {
    return "%s is not proven: %s".formatted(backup.id(), reason.getMessage());
  }

  /** The backup of that ID, or the newest. */
  static Backup wanted(String cluster, Backups backups, Optional<String> id) throws NotPossible {
    Backup backup;
    if (id.isPresent()) {
      backup =
          backups
              .find(id.get())
              .orElseThrow(
                  () ->
                      new NotPossible(
                          "%s has no backup \"%s\"; those that are there: ./rediform backup %s list"
                              .formatted(backups.place(), id.get(), cluster)));
    } else {
      backup =
          backups
              .newest()
              .orElseThrow(
                  () ->
                      new NotPossible(
                          "%s has no backup yet; to take one: ./rediform backup %s now"
                              .formatted(backups.place(), cluster)));
    }
    if (!backup.cluster().equals(cluster)) {
      throw new NotPossible(
          "%s is a backup of %s, and not of %s; its manifest does not belong in %s"
              .formatted(backup.id(), backup.cluster(), cluster, backups.place()));
    }
    if (!backup.object().equals(backup.id() + ".rdb.zst")
        && !backup.object().equals(backup.id() + ".rdb.zst.age")) {
      throw new NotPossible(
          "%s has the manifest of another backup: it names the object %s"
              .formatted(backup.id(), backup.object()));
    }
    return backup;
  }

  private Backup.Proof restored(
      BackupAgents.Listing listing, Backup backup, Optional<Path> identity)
      throws NotPossible, Missing, IOException {
    if (backup.isEncrypted() && identity.isEmpty()) {
      throw new NotPossible(
          "it is encrypted to %s; give the file with the key: --identity FILE"
              .formatted(String.join(", ", backup.recipients())));
    }
    long began = System.nanoTime();
    Pace pace = new Pace(line -> say.accept(backup.id() + ": " + line));
    try (Scratch scratch = Scratch.create()) {
      Programs programs = Programs.find(scratch.folder(), backup.isEncrypted());
      readable(backup.rdbVersion(), backup.redisVersion(), programs.version());
      fits(backup, available(), scratch.folder().toFile().getUsableSpace());
      pace.now(
          "reads %s from %s through %s"
              .formatted(
                  Size.of(backup.bytes()), listing.backups().place(), listing.node().name()));
      Path rdb = scratch.folder().resolve(ScratchServer.RDB);
      new Unpacking(listing.backups(), backup, programs, scratch.folder(), pace)
          .to(rdb, reader -> agents.object(listing.node(), backup.id(), reader), identity);
      readable(version(rdb), backup.redisVersion(), programs.version());
      try (RdbCheck check = RdbCheck.start(rdb, programs, scratch.folder());
          ScratchServer server = loaded(backup, scratch, programs, check, pace);
          Jedis jedis = server.connect()) {
        check.passed(pace);
        SortedMap<Integer, Long> keys = ScratchServer.keys(jedis);
        sameKeys(backup.keys(), keys);
        String digest = Sample.of(jedis, keys, pace);
        return new Backup.Proof(
            backup.id(),
            Optional.of(Instant.now().truncatedTo(ChronoUnit.SECONDS)),
            Duration.ofNanos(System.nanoTime() - began).toMillis() / 1000.0,
            keys,
            digest,
            programs.version().toString(),
            host());
      }
    }
  }

  /** What cannot be loaded is explained best by the program that checks it. */
  private static ScratchServer loaded(
      Backup backup, Scratch scratch, Programs programs, RdbCheck check, Pace pace)
      throws IOException, NotPossible, Missing {
    int databases = backup.keys().isEmpty() ? 1 : backup.keys().lastKey() + 1;
    try {
      return ScratchServer.start(scratch, programs, databases, pace);
    } catch (NotPossible e) {
      check.passed(pace);
      throw e;
    }
  }

  /** Refuses a format that the Redis of this machine cannot read. */
  static void readable(int rdb, String writer, Programs.RedisVersion here) throws Missing {
    if (rdb > here.newestRdb()) {
      throw new Missing(
          "its RDB has version %d, written by Redis %s; the Redis of this machine is %s and reads versions up to %d. Verify it on a machine with Redis %s or newer"
              .formatted(rdb, writer, here, here.newestRdb(), Programs.RedisVersion.reading(rdb)));
    }
  }

  /**
   * Refuses what would fill this machine.
   *
   * @param memory bytes that are available; empty where the system does not say
   * @param disk bytes that the temporary folder has left
   */
  static void fits(Backup backup, Optional<Long> memory, long disk) throws Missing {
    fits(new Need("its RDB", backup.rdbBytes(), 0, "Verify it"), memory, disk);
  }

  /**
   * What is to be loaded.
   *
   * @param what its name in a message
   * @param rdb bytes of its RDB
   * @param commands bytes of what was written since, as Redis's protocol has it
   * @param advice what to do on another machine
   */
  record Need(String what, long rdb, long commands, String advice) {}

  /** The same for what is not only an RDB. */
  static void fits(Need need, Optional<Long> memory, long disk) throws Missing {
    long needed = need.rdb() * MEMORY_PER_RDB + need.commands();
    if (memory.isPresent() && needed > memory.get()) {
      throw new Missing(
          "%s of %s takes about %s of memory (%d times as much as an RDB), and this machine has %s available. %s on a machine with more memory"
              .formatted(
                  need.what(),
                  Size.of(need.rdb() + need.commands()),
                  Size.of(needed),
                  MEMORY_PER_RDB,
                  Size.of(memory.get()),
                  need.advice()));
    }
    // What commands were is in the RDB that is written once they are replayed.
    long room = need.commands() == 0 ? need.rdb() : 2 * (need.rdb() + need.commands());
    if (room > disk) {
      throw new Missing(
          "%s needs %s of disk, and the temporary folder %s has only %s left; make room there"
              .formatted(
                  need.what(), Size.of(room), System.getProperty("java.io.tmpdir"), Size.of(disk)));
    }
  }

  static Optional<Long> available() throws IOException {
    if (!Files.isReadable(MEMORY)) {
      return Optional.empty();
    }
    return Files.readAllLines(MEMORY).stream()
        .filter(line -> line.startsWith("MemAvailable:"))
        .map(line -> Long.parseLong(line.replaceAll("[^0-9]", "")) << 10)
        .findFirst();
  }

  /** The format's version by the file itself: it begins with REDIS and four digits. */
  static int version(Path rdb) throws IOException, NotPossible {
    try (InputStream in = Files.newInputStream(rdb)) {
      String magic = new String(in.readNBytes(9), StandardCharsets.ISO_8859_1);
      if (!magic.matches("REDIS[0-9]{4}")) {
        throw new NotPossible("what is in its object is no RDB");
      }
      return Integer.parseInt(magic.substring(5));
    }
  }

  /** Database by database; no key may be missing, and none too many. */
  static void sameKeys(SortedMap<Integer, Long> written, SortedMap<Integer, Long> loaded)
      throws NotPossible {
    SortedMap<Integer, Long> all = new TreeMap<>(written);
    loaded.keySet().forEach(database -> all.putIfAbsent(database, 0L));
    for (int database : all.keySet()) {
      long found = loaded.getOrDefault(database, 0L);
      if (found != all.get(database)) {
        throw new NotPossible(
            "database %d has %d keys when it is loaded, and its manifest says %d"
                .formatted(database, found, all.get(database)));
      }
    }
  }

  private static String host() {
    try {
      return InetAddress.getLocalHost().getHostName();
    } catch (UnknownHostException e) {
      return "unknown";
    }
  }
}
