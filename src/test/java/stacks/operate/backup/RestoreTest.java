package stacks.operate.backup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import stacks.cluster.Cluster;
import stacks.cluster.Node;
import stacks.cluster.RedisNode;
import stacks.node.LiveSettings;
import stacks.operate.Agents;
import stacks.operate.NotPossible;
import stacks.testing.Environments;
import stacks.testing.Run;

/** What a restore asks of agents, which here are a shell that prints what it is told to. */
class RestoreTest {
  private static final String ID = "20261128T135200Z-redis-2";
  private static final String DONE =
      "{\"id\": \"x\", \"keys\": {\"0\": 2}, \"late\": [], \"replaced\": {\"0\": 1}}";
  private static final String HAS_ONE = "{\"node\": \"redis-1\", \"keys\": {\"0\": 1}}";

  @TempDir private Path folder;

  private final Cluster cluster = Environments.cluster("test", "platform: local\n");
  private final List<String> asked = new ArrayList<>();
  private final List<String> said = new ArrayList<>();

  /** What a node's agent does: a piece of shell, by the node's name and its first words. */
  private final Map<String, String> answers = new HashMap<>();

  @BeforeEach
  void whole() {
    String master = cluster.redis().get(0).endpoint();
    cluster.redis().forEach(node -> health(node, redis(node, master, true, "")));
    cluster.sentinels().forEach(node -> health(node, sentinel(node, master)));
    answers.put("redis-1 restore --stdin", "cat > '%s/got'; echo '%s'".formatted(folder, DONE));
    answers.put("redis-1 restore --id", "echo 'redis-1: loads'; echo '" + DONE + "'");
    answers.put("redis-1 backups", "echo '" + backups("") + "'");
    for (Node node : cluster.redis()) {
      answers.put(
          node.name() + " restore --ended",
          "echo '{\"node\": \"%s\", \"keys\": {\"0\": 2}}'".formatted(node.name()));
    }
    check("echo '{\"node\": \"redis-1\", \"keys\": {}}'");
  }

  private void check(String answer) {
    answers.put("check", answer);
  }

  private void health(Node node, String report) {
    answers.put(node.name() + " health", "echo '" + report + "'");
  }

  private String redis(Node node, String master, boolean fit, String reason) {
    StringBuilder settings = new StringBuilder();
    LiveSettings.of(cluster, (RedisNode) node)
        .forEach((name, value) -> settings.append(", \"%s\": \"%s\"".formatted(name, value)));
    boolean isMaster = node.endpoint().equals(master);
    return """
        {"node": "%s", "kind": "redis", "fit": %s, "state": "up", "reason": "%s", "role": "%s", "master": "%s", "link": "up", "replicas": 2, "loading": false, "offset": 1, "usedMemory": 1, "maxmemory": 2, "settings": {%s}, "notes": []}"""
        .formatted(
            node.name(),
            fit,
            reason,
            isMaster ? "master" : "replica",
            master,
            settings.substring(2));
  }

  private String sentinel(Node node, String master) {
    StringBuilder replicas = new StringBuilder();
    StringBuilder others = new StringBuilder();
    cluster.redis().stream()
        .filter(each -> !each.endpoint().equals(master))
        .forEach(each -> replicas.append(", \"%s\": true".formatted(each.endpoint())));
    cluster.sentinels().stream()
        .filter(each -> !each.equals(node))
        .forEach(each -> others.append(", \"%s\": true".formatted(each.endpoint())));
    return """
        {"node": "%s", "kind": "sentinel", "fit": true, "state": "up", "master": "%s", "flags": "master", "knows": true, "seenReplicas": {%s}, "seenSentinels": {%s}}"""
        .formatted(node.name(), master, replicas.substring(2), others.substring(2));
  }

  private static String backups(String recipients) {
    return """
        {"place": "there", "backups": [{"id": "%s", "cluster": "test", "node": "redis-2", "object": "%s.rdb.zst", "bytes": 1, "rdbBytes": 100, "rdbSha256": "abc", "rdbVersion": 10, "keys": {"0": 2, "3": 1}, "recipients": [%s]}], "failure": null}"""
        .formatted(ID, ID, recipients);
  }

  private Restore.Report restore(Restore.Source source, boolean replace, boolean keep)
      throws NotPossible, Missing, IOException {
    return restore(
        new Restore(cluster, new Agents(this::command), said::add), source, replace, keep);
  }

  private Restore.Report restore(
      Restore restore, Restore.Source source, boolean replace, boolean keep)
      throws NotPossible, Missing, IOException {
    return restore.run(
        new Restore.Order(source, replace, keep, Duration.ofSeconds(5)),
        (id, replaced) -> asked.add("question " + id + " " + replaced));
  }

  private List<String> command(Node node, List<String> words) {
    String call = node.name() + " " + String.join(" ", words);
    asked.add(call);
    if (call.contains("restore") && call.contains("--check")) {
      return List.of("sh", "-c", answers.get("check"));
    }
    String answer =
        answers.entrySet().stream()
            .filter(each -> call.startsWith(each.getKey()))
            .map(Map.Entry::getValue)
            .findFirst()
            .orElse("echo unexpected >&2; exit 1");
    return List.of("sh", "-c", answer);
  }

  private List<String> calls(String word) {
    return asked.stream().filter(call -> call.contains(word)).toList();
  }

  private static Restore.Source latest() {
    return new Restore.Source.Store(Optional.empty(), Optional.empty());
  }

  private Path dump(String head) throws IOException {
    return Files.writeString(folder.resolve("my dump.rdb"), head + "x", StandardCharsets.US_ASCII);
  }

  @Test
  void the_latest_is_refused_when_it_has_no_key_and_by_its_id_it_is_not() throws Exception {
    answers.put(
        "redis-1 backups", "echo '" + backups("").replace("{\"0\": 2, \"3\": 1}", "{}") + "'");
    assertThatThrownBy(() -> restore(latest(), true, false))
        .isInstanceOf(NotPossible.class)
        .hasMessageContaining("the latest backup, " + ID + ", has no key; nothing was done")
        .hasMessageContaining("./rediform backup test list");
    assertThat(calls("restore")).isEmpty();
    restore(new Restore.Source.Store(Optional.of(ID), Optional.empty()), true, false);
    assertThat(calls("restore --id " + ID)).isNotEmpty();
  }

  @Test
  void a_backup_is_checked_by_the_master_before_it_reads_it_from_the_store() throws Exception {
    Restore.Report report = restore(latest(), false, true);
    assertThat(report.id()).isEqualTo(ID);
    assertThat(report.keys()).isEqualTo(Map.of(0, 2L));
    assertThat(report.saved()).isEmpty();
    assertThat(report.differing()).isEmpty();
    assertThat(calls("restore"))
        .startsWith(
            "redis-1 restore --stdin --id %s --bytes 100 --rdb-version 10 --sha256 abc --keys 0:2,3:1 --check"
                .formatted(ID),
            "redis-1 restore --id " + ID,
            "redis-1 restore --ended");
    assertThat(said).contains("redis-1: loads");
    assertThat(calls("question")).containsExactly("question %s {}".formatted(ID));
  }

  @Test
  void a_file_goes_to_the_master_by_standard_input_with_a_name_that_no_shell_changes()
      throws Exception {
    restore(new Restore.Source.Dump(dump("REDIS0010")), false, true);
    assertThat(folder.resolve("got")).hasContent("REDIS0010x");
    assertThat(calls("--id my_dump.rdb --bytes 10 --rdb-version 10 --sha256")).hasSize(2);
  }

  @Test
  void a_file_that_is_no_rdb_is_refused_before_a_node_hears_of_it() throws Exception {
    Path file = dump("packed by zstd");
    assertThatThrownBy(() -> restore(new Restore.Source.Dump(file), false, true))
        .isInstanceOf(NotPossible.class)
        .hasMessageContaining("is no RDB file")
        .hasMessageContaining("nothing was done");
    assertThat(calls("restore")).isEmpty();
  }

  @Test
  void what_the_master_refuses_is_told_and_nothing_is_done() {
    check("echo 'redis-1: the cluster holds 1 keys: add --replace-data' >&2; exit 1");
    assertThatThrownBy(() -> restore(latest(), false, true))
        .isInstanceOf(NotPossible.class)
        .hasMessage("redis-1: the cluster holds 1 keys: add --replace-data");
    assertThat(calls("restore")).hasSize(1);
    assertThat(calls("question")).isEmpty();
  }

  @Test
  void without_a_backup_of_what_is_there_nothing_is_restored() {
    check("echo '" + HAS_ONE + "'");
    answers.put("redis-2 backup --now", "echo 'redis-2: backups are off' >&2; exit 1");
    assertThatThrownBy(() -> restore(latest(), true, true))
        .isInstanceOf(NotPossible.class)
        .hasMessageContaining("backups are off")
        .hasMessageContaining("--no-safety-backup");
    assertThat(calls("restore")).hasSize(1);
  }

  @Test
  void what_is_there_is_kept_after_the_question_and_before_the_restore() throws Exception {
    check("echo '" + HAS_ONE + "'");
    answers.put("redis-2 backup --now", "echo 'backup %s: 1 keys, 1 bytes'".formatted(ID));
    answers.put("redis-2 backups", answers.get("redis-1 backups"));
    Restore.Report report = restore(latest(), true, true);
    assertThat(report.saved().orElseThrow().backup().id()).isEqualTo(ID);
    assertThat(report.replaced()).isEqualTo(Map.of(0, 1L));
    List<String> order = asked.stream().filter(call -> !call.contains("health")).toList();
    assertThat(order.get(1)).endsWith("--replace-data --check");
    assertThat(order.get(2)).isEqualTo("question %s {0=1}".formatted(ID));
    assertThat(order.get(3)).isEqualTo("redis-2 backup --now");
    assertThat(order.get(5)).isEqualTo("redis-1 restore --id %s --replace-data".formatted(ID));
  }

  @Test
  void it_may_be_lost_where_that_is_said() throws Exception {
    check("echo '" + HAS_ONE + "'");
    assertThat(restore(latest(), true, false).saved()).isEmpty();
    assertThat(calls("backup --now")).isEmpty();
  }

  @Test
  void an_encrypted_backup_wants_its_key() {
    answers.put("redis-1 backups", "echo '" + backups("\"age1xyz\"") + "'");
    assertThatThrownBy(() -> restore(latest(), false, true))
        .isInstanceOf(NotPossible.class)
        .hasMessageContaining("is encrypted to age1xyz")
        .hasMessageContaining("--identity FILE");
  }

  @Test
  void a_cluster_that_is_not_whole_is_left_alone() {
    Node third = cluster.redis().get(2);
    String master = cluster.redis().get(0).endpoint();
    health(third, redis(third, master, false, "cannot write to its disk"));
    assertThatThrownBy(() -> restore(latest(), false, true))
        .isInstanceOf(NotPossible.class)
        .hasMessageContaining("redis-3 is not fit: cannot write to its disk");
    assertThat(calls("restore")).isEmpty();
  }

  @Test
  void a_restore_that_did_not_end_does_not_keep_the_next_one_away() {
    Node first = cluster.redis().get(0);
    health(
        first, redis(first, first.endpoint(), false, "a restore of X did not end; run it again"));
    // Its note stays here for ever, so that the gate at the end stays shut.
    assertThatThrownBy(() -> restore(latest(), false, true))
        .isInstanceOf(NotPossible.class)
        .hasMessageContaining("redis-1 has the data of " + ID)
        .hasMessageContaining("not whole after");
    assertThat(calls("restore --ended")).hasSize(3);
  }

  @Test
  void an_agent_that_falls_silent_is_no_success() {
    answers.put("redis-1 restore --id", "echo 'redis-1: loads'; exit 255");
    assertThatThrownBy(() -> restore(latest(), false, true))
        .isInstanceOf(Missing.class)
        .hasMessageContaining("did not say what became of the restore")
        .hasMessageContaining("run the same command again");
  }

  /** Agents of a cluster named other, whose store has one backup, packed by the real zstd. */
  private BackupAgents other(List<String> calls) throws Exception {
    Path rdb = Files.writeString(folder.resolve("rdb"), "REDIS0010 and what follows");
    Path packed = folder.resolve("rdb.zst");
    assertThat(new ProcessBuilder("zstd", "-q", rdb.toString()).start().waitFor()).isZero();
    String manifest =
        """
        {"id": "%s", "cluster": "other", "node": "redis-2", "object": "%s.rdb.zst", "bytes": %d, "sha256": "%s", "rdbBytes": %d, "rdbSha256": "%s", "rdbVersion": 10, "keys": {"0": 2}, "recipients": []}"""
            .formatted(
                ID,
                ID,
                Files.size(packed),
                Sha256.of(packed, new Pace(line -> {})),
                Files.size(rdb),
                Sha256.of(rdb, new Pace(line -> {})));
    return new BackupAgents(
        Environments.cluster("other", "platform: local\n"),
        new Agents(
            (node, words) -> {
              calls.add(String.join(" ", words));
              return words.get(0).equals("object")
                  ? List.of("cat", packed.toString())
                  : List.of(
                      "echo",
                      "{\"place\": \"there\", \"backups\": [%s], \"failure\": null}"
                          .formatted(manifest));
            }));
  }

  @Test
  void the_backup_of_another_cluster_goes_through_this_machine_and_that_one_is_only_read()
      throws Exception {
    List<String> calls = new ArrayList<>();
    Restore restore = new Restore(cluster, new Agents(this::command), other(calls), said::add);
    check("echo '" + HAS_ONE + "'");
    answers.put("redis-2 backup --now", "echo 'backup %s: 1 keys, 1 bytes'".formatted(ID));
    answers.put("redis-2 backups", answers.get("redis-1 backups"));
    Restore.Report report = restore(restore, latest(), true, true);
    assertThat(folder.resolve("got")).hasContent("REDIS0010 and what follows");
    assertThat(calls).containsExactly("backups", "object --id " + ID);
    assertThat(report.saved().orElseThrow().backup().id()).isEqualTo(ID);
    assertThat(calls("redis-2 backup --now")).as("the new cluster's own").hasSize(1);
    assertThat(calls("restore --stdin")).hasSize(2).first().asString().endsWith("--check");
  }

  @Test
  void a_refusal_of_the_new_cluster_reads_no_data_of_the_other_one() throws Exception {
    List<String> calls = new ArrayList<>();
    Restore restore = new Restore(cluster, new Agents(this::command), other(calls), said::add);
    check("echo 'redis-1: the cluster holds 1 keys: add --replace-data' >&2; exit 1");
    assertThatThrownBy(() -> restore(restore, latest(), false, true))
        .hasMessage("redis-1: the cluster holds 1 keys: add --replace-data");
    assertThatThrownBy(
            () ->
                restore(
                    restore,
                    new Restore.Source.Store(Optional.of("none"), Optional.empty()),
                    true,
                    true))
        .hasMessageContaining("has no backup \"none\"")
        .hasMessageContaining("./rediform backup other list");
    assertThat(calls).containsOnly("backups");
  }

  @Test
  void another_number_of_keys_on_a_node_is_told() throws Exception {
    answers.put("redis-3 restore --ended", "echo '{\"keys\": {\"0\": 1}}'");
    assertThat(restore(latest(), false, true).differing()).isEqualTo(Map.of("redis-3", 1L));
  }

  // ------------------------------------------------------------------ a moment

  private static final Instant MOMENT = Instant.ofEpochSecond(1_795_873_920);

  private static String set(String key) {
    return "*3\r\n$3\r\nSET\r\n$%d\r\n%s\r\n$1\r\nx\r\n".formatted(key.length(), key);
  }

  private static String at(long seconds) {
    return "#TS:" + (MOMENT.getEpochSecond() + seconds) + "\r\n";
  }

  /** What a node has of that moment: a base, and what was written since, in two files. */
  private void history(String node, String... files) throws IOException {
    StringBuilder head = new StringBuilder();
    StringBuilder rest = new StringBuilder();
    for (int i = 0; i < files.length; i++) {
      head.append(
          ", {\"file\": \"aof.%d\", \"seq\": %d, \"type\": \"%s\", \"bytes\": %d}"
              .formatted(i, Math.max(1, i), i == 0 ? "b" : "i", files[i].length()));
      rest.append(files[i]);
    }
    Path stream = folder.resolve(node);
    Files.writeString(stream, "{\"files\": [" + head.substring(2) + "]}\n" + rest);
    answers.put(node + " history", "cat '" + stream + "'");
  }

  private void noHistory(String node) {
    answers.put(
        node + " history", "echo '%s: it has no history of that' >&2; exit 1".formatted(node));
  }

  private Restore.Report undo() throws Exception {
    return restore(new Restore.Source.Moment(MOMENT), true, false);
  }

  private void undoIsRefused(String words) {
    assertThatThrownBy(this::undo).isInstanceOf(NotPossible.class).hasMessageContaining(words);
    assertThat(calls("restore")).isEmpty();
    assertThat(calls("question")).isEmpty();
  }

  private static void needsRedis() throws Exception {
    assumeThat(Run.isPossible("redis-cli", "--version"))
        .as("Redis is missing; to get it: sudo apt-get install redis-tools")
        .isTrue();
  }

  @Test
  void a_moment_that_no_node_has_is_refused_and_each_says_why() {
    cluster.redis().forEach(node -> noHistory(node.name()));
    undoIsRefused(
        "redis-1: it has no history of that; redis-2: it has no history of that; redis-3: it has no history of that");
    answers.put("redis-1 history", "exit 2");
    undoIsRefused("redis-1: its agent is of an older release");
  }

  @Test
  void what_was_written_up_to_a_moment_is_restored_and_nothing_later() throws Exception {
    needsRedis();
    noHistory("redis-1");
    history(
        "redis-2",
        at(-9) + set("base"),
        at(-2) + set("before") + at(0) + set("within") + at(1) + set("after"),
        at(2) + set("later"));
    assertThat(undo().id()).isEqualTo("undo-20261128T135200Z");
    String rdb = Files.readString(folder.resolve("got"), StandardCharsets.ISO_8859_1);
    assertThat(rdb)
        .startsWith("REDIS")
        .contains("base", "before", "within")
        .doesNotContain("after", "later");
    assertThat(calls("redis-3 history")).isEmpty();
  }

  @Test
  void what_redis_check_aof_refuses_is_never_started() throws Exception {
    needsRedis();
    history("redis-1", at(-9) + set("base"), at(-2) + "*1\r\n$5\r\nMULTI\r\n" + set("a"));
    undoIsRefused("redis-check-aof refuses the history, so nothing was done");
    history("redis-1", at(3) + set("base"), at(4) + set("a"));
    undoIsRefused("has nothing before");
  }

  @Test
  void a_history_that_is_cut_off_or_names_other_files_is_no_history() throws Exception {
    needsRedis();
    history("redis-1", at(-9) + set("base"), at(-2) + set("a"));
    String whole = Files.readString(folder.resolve("redis-1"));
    Files.writeString(folder.resolve("redis-1"), whole.substring(0, whole.length() - 3));
    assertThatThrownBy(this::undo)
        .isInstanceOf(Missing.class)
        .hasMessageContaining("redis-1 did not send its history")
        .hasMessageContaining("it ended after");
    Files.writeString(folder.resolve("redis-1"), whole.replace("aof.1", "../aof"));
    assertThatThrownBy(this::undo)
        .isInstanceOf(Missing.class)
        .hasMessageContaining("names something else than files of an AOF");
    assertThat(calls("restore")).isEmpty();
  }
}
