package stacks.operate.backup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import redis.clients.jedis.Jedis;
import redis.clients.jedis.Pipeline;
import redis.clients.jedis.StreamEntryID;
import redis.clients.jedis.params.SetParams;
import redis.clients.jedis.params.XAddParams;
import stacks.cluster.Cluster;
import stacks.operate.Agents;
import stacks.operate.NotPossible;
import stacks.testing.Environments;
import stacks.testing.Eventually;
import stacks.testing.RedisServer;
import stacks.testing.Run;

/** Backups that a real Redis wrote, restored by a real Redis, with real zstd and age. */
class BackupVerifyIT {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Path STAND_IN = Path.of("src/test/python/backup_stand_in.py");
  private static final String OLD = "20261128T070000Z-redis-3";
  private static final String PLAIN = "20261128T080000Z-redis-2";
  private static final String SECRET = "20261128T090000Z-redis-2";
  private static final Cluster CLUSTER = Environments.cluster("cache", "platform: local\n");

  @TempDir private static Path made;
  private static Path rdb;
  private static Path key;
  private static String recipient;
  private static Map<String, Long> keys;

  @TempDir private Path store;
  private final List<String> said = new ArrayList<>();

  @BeforeAll
  static void made() throws Exception {
    for (String program : List.of("zstd", "age")) {
      assumeThat(Run.isPossible(program, "--version"))
          .as("%s is missing; to get it: sudo apt-get install %s", program, program)
          .isTrue();
    }
    Programs programs;
    try {
      programs = Programs.find(made, true);
    } catch (Missing e) {
      assumeThat(e).as(e.getMessage()).isNull();
      throw e;
    }
    rdb = made.resolve("dump.rdb");
    Path config =
        Files.writeString(
            made.resolve("redis.conf"), "save \"\"\ndbfilename dump.rdb\nbind 127.0.0.1\n");
    try (RedisServer server = RedisServer.start(programs.server(), config);
        Jedis jedis = server.connect()) {
      fill(jedis);
      jedis.save();
      keys = new TreeMap<>();
      ScratchServer.keys(jedis).forEach((at, count) -> keys.put(String.valueOf(at), count));
    }
    assertThat(keys).containsOnlyKeys("0", "3", "15").containsEntry("15", 1L);
    assertThat(keys.values().stream().mapToLong(Long::longValue).sum()).isGreaterThan(10_000);
    key = made.resolve("key.txt");
    recipient = newKey(key);
  }

  /** All types, TTLs that end before and after the restore, and a function. */
  private static void fill(Jedis jedis) {
    jedis.functionLoad(
        "#!lua name=ours\nredis.register_function('one', function() return 1 end)\n");
    for (int database : List.of(0, 3)) {
      jedis.select(database);
      Pipeline pipeline = jedis.pipelined();
      for (int i = 0; i < 830; i++) {
        pipeline.set("string:" + i, "x".repeat(i % 300));
        pipeline.set("number:" + i, String.valueOf(i));
        pipeline.set("lives:" + i, "value", SetParams.setParams().ex(86_400));
        pipeline.hset("hash:" + i, Map.of("field", "value", "other", String.valueOf(i)));
        pipeline.rpush("list:" + i, "a", "b", String.valueOf(i));
        pipeline.sadd("set:" + i, "a", String.valueOf(i));
        pipeline.zadd("zset:" + i, Map.of("a", 1.0, "b", i / 7.0));
        pipeline.xadd("stream:" + i, XAddParams.xAddParams(), Map.of("field", "value" + i));
        // Gone when it is restored, and in the RDB all the same.
        pipeline.set("goes:" + i, "value", SetParams.setParams().px(4000));
      }
      pipeline.xgroupCreate("stream:0", "group", new StreamEntryID("0-0"), false);
      pipeline.sync();
    }
    jedis.select(15);
    jedis.set("one", "more");
  }

  private static String newKey(Path file) throws Exception {
    Run.of(made, Map.of(), "age-keygen", "-o", file.toString()).succeeded();
    return Run.of(made, Map.of(), "age-keygen", "-y", file.toString()).succeeded().out().strip();
  }

  @BeforeEach
  void stored() throws Exception {
    Path small = made.resolve("small.rdb");
    if (!Files.exists(small)) {
      // The start of a RDB is none; for the list it is good enough.
      Files.write(small, java.util.Arrays.copyOf(Files.readAllBytes(rdb), 5000));
    }
    put(OLD, small, false, manifest -> {});
    put(PLAIN, rdb, false, manifest -> {});
    put(SECRET, rdb, true, manifest -> {});
  }

  @AfterEach
  void nothing_is_left() throws IOException {
    assertThat(folders(ProcessHandle.current().pid())).isEmpty();
    assertThat(ProcessHandle.current().descendants().map(ProcessHandle::info))
        .noneMatch(info -> info.commandLine().orElse("").contains("rediform-restore"));
  }

  private static List<Path> folders(long pid) throws IOException {
    try (Stream<Path> all = Files.list(Path.of(System.getProperty("java.io.tmpdir")))) {
      return all.filter(
              each -> each.getFileName().toString().startsWith("rediform-restore-" + pid + "-"))
          .toList();
    }
  }

  /** Stores an RDB as the agent does. */
  private void put(String id, Path source, boolean encrypted, Consumer<ObjectNode> change)
      throws Exception {
    put(store, id, source, encrypted, change);
  }

  private static void put(
      Path store, String id, Path source, boolean encrypted, Consumer<ObjectNode> change)
      throws Exception {
    Path packed = store.resolve(id + ".rdb.zst");
    Run.of(made, Map.of(), "zstd", "-qf", source.toString(), "-o", packed.toString()).succeeded();
    Path object = packed;
    if (encrypted) {
      object = store.resolve(id + ".rdb.zst.age");
      Run.of(made, Map.of(), "age", "-r", recipient, "-o", object + "", packed + "").succeeded();
      Files.delete(packed);
    }
    ObjectNode manifest = JSON.createObjectNode();
    manifest.put("id", id).put("cluster", "cache").put("node", id.substring(17));
    manifest.put("role", "replica");
    manifest.put("started", "2026-11-28T08:00:00Z").put("ended", "2026-11-28T08:00:05Z");
    manifest.put("object", object.getFileName().toString()).put("bytes", Files.size(object));
    manifest.put("sha256", sha256(object));
    manifest.put("rdbBytes", Files.size(source)).put("rdbSha256", sha256(source));
    manifest.put("rdbVersion", 10).put("redisVersion", "7.0.15").put("later", "unknown");
    keys.forEach(manifest.putObject("keys")::put);
    if (encrypted) {
      manifest.putArray("recipients").add(recipient);
    }
    change.accept(manifest);
    Files.writeString(store.resolve(id + ".json"), manifest.toString());
  }

  private static String sha256(Path file) throws IOException {
    return Sha256.of(file, new Pace(line -> {}));
  }

  private Agents agents(String... variables) {
    return new Agents(
        (node, words) -> {
          List<String> command = new ArrayList<>(List.of("env"));
          command.addAll(List.of(variables));
          command.addAll(List.of("python3", "-B", STAND_IN.toString(), store + "", node.name()));
          command.addAll(words);
          return command;
        });
  }

  private BackupAgents backups(String... variables) {
    return new BackupAgents(CLUSTER, agents(variables));
  }

  private Backup.Proof verify(String id, Path identity, String... variables) throws Exception {
    return new Verification("cache", backups(variables), said::add)
        .run(Optional.ofNullable(id), Optional.ofNullable(identity));
  }

  private void refused(String id, Path identity, String... why) {
    assertThatThrownBy(() -> verify(id, identity))
        .isInstanceOf(NotPossible.class)
        .message()
        .startsWith(id)
        .contains(why);
    assertThat(store.resolve(id + ".proof.json")).doesNotExist();
  }

  @Test
  void a_good_backup_is_proven_and_says_so_in_the_store() throws Exception {
    Backup.Proof proof = verify(PLAIN, null);
    assertThat(proof.keys()).hasSize(3).containsEntry(0, keys.get("0")).containsEntry(15, 1L);
    assertThat(proof.digest()).matches("[0-9a-f]{64}");
    assertThat(backups().list().backups().find(PLAIN).orElseThrow().proof()).contains(proof);
    assertThat(said).anyMatch(line -> line.startsWith(PLAIN + ": reads "));
    // What was read is the data, and not how it was stored.
    assertThat(verify(SECRET, key).digest()).isEqualTo(proof.digest());
  }

  @Test
  void without_an_id_it_is_the_newest_and_that_is_encrypted() throws Exception {
    assertThat(verify(null, key).id()).isEqualTo(SECRET);
  }

  @Test
  void an_encrypted_one_needs_its_key() throws Exception {
    refused(SECRET, null, "is encrypted to " + recipient, "--identity FILE");
    Path other = store.resolve("other-key.txt");
    newKey(other);
    refused(SECRET, other, "the key in the file of --identity is not one of", recipient);
  }

  @Test
  void an_object_that_is_not_what_was_stored_is_refused_by_what_happened_to_it() throws Exception {
    Path object = store.resolve(PLAIN + ".rdb.zst");
    byte[] good = Files.readAllBytes(object);

    byte[] bad = good.clone();
    bad[bad.length / 2] ^= 1;
    Files.write(object, bad);
    refused(PLAIN, null, "is corrupted", "its manifest says " + sha(good));

    Files.write(object, java.util.Arrays.copyOf(good, good.length - 7));
    refused(PLAIN, null, "is cut off: it has %d bytes".formatted(good.length - 7));

    Files.write(object, java.util.Arrays.copyOf(good, good.length + 7));
    refused(PLAIN, null, "has %d bytes".formatted(good.length + 7), "it was changed");

    Files.copy(
        store.resolve(OLD + ".rdb.zst"), object, java.nio.file.StandardCopyOption.REPLACE_EXISTING);
    refused(PLAIN, null, "the data of another backup", OLD);
  }

  private static String sha(byte[] bytes) {
    return java.util.HexFormat.of().formatHex(Sha256.create().digest(bytes));
  }

  @Test
  void a_manifest_that_says_something_else_is_refused() throws Exception {
    put(PLAIN, rdb, false, manifest -> manifest.put("object", OLD + ".rdb.zst"));
    refused(PLAIN, null, "has the manifest of another backup", OLD);
    put(PLAIN, rdb, false, manifest -> manifest.put("cluster", "shop"));
    refused(PLAIN, null, "is a backup of shop, and not of cache");
    put(PLAIN, rdb, false, manifest -> manifest.put("rdbSha256", "0".repeat(64)));
    refused(PLAIN, null, "the RDB in it is another one");
    put(PLAIN, rdb, false, manifest -> ((ObjectNode) manifest.get("keys")).put("3", 5));
    refused(PLAIN, null, "database 3 has %d keys".formatted(keys.get("3")), "manifest says 5");
    put(PLAIN, rdb, false, manifest -> ((ObjectNode) manifest.get("keys")).put("1", 5));
    refused(PLAIN, null, "database 1 has 0 keys", "manifest says 5");
    put(PLAIN, rdb, false, manifest -> ((ObjectNode) manifest.get("keys")).remove("15"));
    refused(PLAIN, null, "database 15 has 1 keys", "manifest says 0");
  }

  @Test
  void what_no_redis_can_load_is_refused_before_it_is_loaded() throws Exception {
    byte[] good = Files.readAllBytes(rdb);
    Path other = store.resolve("other.rdb");

    Files.write(other, "hello, world".getBytes(StandardCharsets.US_ASCII));
    put(PLAIN, other, false, manifest -> {});
    refused(PLAIN, null, "is no RDB");

    byte[] bad = good.clone();
    bad[bad.length / 2] ^= 0x55;
    Files.write(other, bad);
    put(PLAIN, other, false, manifest -> {});
    refused(PLAIN, null, "redis-check-rdb finds its RDB broken: ");

    Files.write(other, java.util.Arrays.copyOf(good, good.length / 2));
    put(PLAIN, other, false, manifest -> {});
    refused(PLAIN, null, "redis-check-rdb finds its RDB broken: ");

    Files.write(store.resolve(PLAIN + ".rdb.zst"), good);
    put(PLAIN, rdb, false, manifest -> {});
    Path object = store.resolve(PLAIN + ".rdb.zst");
    Files.write(object, good);
    ObjectNode manifest = (ObjectNode) JSON.readTree(store.resolve(PLAIN + ".json").toFile());
    manifest.put("bytes", good.length).put("sha256", sha(good));
    Files.writeString(store.resolve(PLAIN + ".json"), manifest.toString());
    refused(PLAIN, null, "cannot be unpacked", "zstd: ");
  }

  @Test
  void an_rdb_of_a_newer_redis_is_refused_whatever_its_manifest_says() throws Exception {
    byte[] newer = Files.readAllBytes(rdb);
    System.arraycopy("0099".getBytes(StandardCharsets.US_ASCII), 0, newer, 5, 4);
    Path other = Files.write(store.resolve("other.rdb"), newer);
    for (int says : List.of(99, 10)) {
      put(PLAIN, other, false, manifest -> manifest.put("rdbVersion", says));
      assertThatThrownBy(() -> verify(PLAIN, null))
          .isInstanceOf(Missing.class)
          .message()
          .startsWith(PLAIN + " is not proven: its RDB has version 99")
          .contains("reads versions up to ", "on a machine with Redis ");
    }
  }

  @Test
  void more_than_this_machine_can_hold_is_refused_before_it_is_fetched() throws Exception {
    put(PLAIN, rdb, false, manifest -> manifest.put("rdbBytes", 1L << 50));
    assertThatThrownBy(() -> verify(PLAIN, null, "STAND_IN=cut"))
        .isInstanceOf(Missing.class)
        .message()
        .contains("takes about 3145728.0 GB of memory", "this machine has ", " GB available");
  }

  @Test
  void a_way_that_ends_in_the_middle_says_nothing_of_the_backup() throws Exception {
    assertThatThrownBy(() -> verify(SECRET, key, "STAND_IN=cut"))
        .isInstanceOf(Missing.class)
        .message()
        .contains("reading %s.rdb.zst.age ended after ".formatted(SECRET))
        .contains("closed by remote host");
  }

  @Test
  void a_backup_that_is_not_there_is_refused_with_the_way_to_the_list() {
    assertThatThrownBy(() -> verify("20200101T000000Z-redis-1", null))
        .isInstanceOf(NotPossible.class)
        .message()
        .contains("has no backup \"20200101T000000Z-redis-1\"", "./rediform backup cache list");
  }

  @Test
  void a_backup_is_taken_on_the_first_replica_and_counts_when_the_store_has_it() throws Exception {
    String id = "20261128T100000Z-redis-2";
    Path next = Files.createDirectory(store.resolve("next"));
    put(next, id, rdb, false, manifest -> {});
    BackupAgents.Taken taken = backups().now(said::add);
    assertThat(taken.backup().id()).isEqualTo(id);
    assertThat(taken.backup().totalKeys()).isGreaterThan(10_000);
    assertThat(taken.place()).isEqualTo(store.toString());
    assertThat(said).containsExactly("redis-2 takes a backup", "redis-2: dumps its data");
  }

  /** Runs in a process of its own, which the test kills. */
  static final class Restore {
    private Restore() {}

    /** Loads an RDB, says where, and waits. */
    public static void main(String[] args) throws Exception {
      Scratch scratch = Scratch.create();
      Files.copy(Path.of(args[0]), scratch.folder().resolve(ScratchServer.RDB));
      Programs programs = Programs.find(scratch.folder(), false);
      ScratchServer.start(scratch, programs, 16, new Pace(line -> {}));
      Files.writeString(Path.of(args[1]), "loaded");
      Thread.currentThread().join();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"INT", "TERM", "KILL"})
  void one_that_is_killed_leaves_neither_server_nor_data(String signal) throws Exception {
    Path loaded = store.resolve("loaded");
    ProcessBuilder builder =
        new ProcessBuilder(
            // What runs in the background of a shell ignores SIGINT, and so would this.
            "env",
            "--default-signal=INT",
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-cp",
            System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
            Restore.class.getName(),
            rdb.toString(),
            loaded.toString());
    builder.redirectErrorStream(true).redirectOutput(store.resolve("out").toFile());
    Process process = builder.start();
    List<ProcessHandle> children = new ArrayList<>();
    try {
      Eventually.within(Duration.ofSeconds(60), () -> assertThat(loaded).exists());
      assertThat(folders(process.pid())).hasSize(1);
      process.descendants().forEach(children::add);
      assertThat(children).hasSize(2); // the server and its guard
      Run.of(store, new HashMap<>(), "kill", "-" + signal, process.pid() + "").succeeded();
      Eventually.within(
          Duration.ofSeconds(20),
          () -> {
            assertThat(folders(process.pid())).isEmpty();
            assertThat(children).noneMatch(ProcessHandle::isAlive);
          });
    } finally {
      children.forEach(ProcessHandle::destroyForcibly);
      process.destroyForcibly().waitFor();
    }
  }
}
