package stacks.monitoring;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import stacks.testing.Environments;
import stacks.testing.Prometheus;
import stacks.testing.Run;

/** The rules, by Prometheus's own promtool: each alert with what makes it fire. */
class AlertRulesTest {
  private static final Pattern ALERT = Pattern.compile("- alert: (\\w+)");

  private static final SortedMap<String, String> RULES =
      Monitoring.rules(Environments.cluster("production"), Pace.NORMAL);

  private final PromTests fast = new PromTests(Environments.cluster("production"), "15s");
  private final PromTests slow = new PromTests(Environments.cluster("production"), "1h");
  private final Set<String> tested = new TreeSet<>();

  /** Names of all alerts. */
  static Set<String> alerts() {
    Set<String> names = new TreeSet<>();
    RULES.forEach(
        (file, text) ->
            ALERT.matcher(text).results().map(found -> found.group(1)).forEach(names::add));
    return names;
  }

  @Test
  void each_alert_fires_for_its_cause_names_it_and_resolves(@TempDir Path folder) throws Exception {
    fast.healthy();
    nodes();
    masters();
    replicas();
    limits();
    sentinels();
    machines();
    agents();
    backups();
    assertThat(tested).isEqualTo(alerts());
    promtool(folder, fast);
    promtool(folder, slow);
  }

  private void promtool(Path folder, PromTests tests) throws IOException, InterruptedException {
    for (Map.Entry<String, String> file : RULES.entrySet()) {
      Path path = folder.resolve(file.getKey());
      Files.createDirectories(path.getParent());
      Files.writeString(path, file.getValue());
    }
    Files.writeString(folder.resolve("tests.yml"), tests.text(new ArrayList<>(RULES.keySet())));
    String promtool = Prometheus.program("promtool");
    List<String> check = new ArrayList<>(List.of(promtool, "check", "rules"));
    check.addAll(RULES.keySet());
    Run.of(folder, Map.of(), check).succeeded();
    Run.of(folder, Map.of(), promtool, "test", "rules", "tests.yml").succeeded();
  }

  private void fires(String alert, String named, String at, Map<String, String> changed) {
    fires(alert, List.of(named), at, changed);
  }

  private void fires(String alert, List<String> named, String at, Map<String, String> changed) {
    tested.add(alert);
    fast.fault(alert, named, at, changed);
  }

  private static String node(String name) {
    return "node=\"" + name + "\"";
  }

  private void nodes() {
    Map<String, String> down = new HashMap<>();
    for (String job : List.of("redis", "node")) {
      down.putAll(fast.allOf(job, "redis-3", "_"));
      down.put(fast.series("up", job, "redis-3", ""), "0");
    }
    fires("RedisNodeDown", node("redis-3"), "9m", down);
    Map<String, String> server = new HashMap<>(fast.allOf("redis", "redis-2", "_"));
    server.put(fast.series("redis_up", "redis", "redis-2", ""), "0");
    fires("RedisServerDown", node("redis-2"), "7m", server);
    Map<String, String> exporter = new HashMap<>(fast.allOf("sentinel", "sentinel-1", "_"));
    exporter.put(fast.series("up", "sentinel", "sentinel-1", ""), "0");
    fires("RedisExporterDown", "job=\"sentinel\"," + node("sentinel-1"), "11m", exporter);
    fast.next();
  }

  private void masters() {
    Map<String, String> gone = new HashMap<>(fast.allOf("redis", "redis-1", "_"));
    gone.put(fast.series("redis_up", "redis", "redis-1", ""), "0");
    fires("RedisNoMaster", "cluster=\"production\"", "6m", gone);
    fast.next();
    String second = fast.series("redis_instance_info", "redis", "redis-2", "role=\"master\"");
    fires("RedisTwoMasters", List.of(node("redis-1"), node("redis-2")), "6m", Map.of(second, "1"));
    fast.next();
    fires(
        "RedisFailover",
        node("redis-2"),
        "6m",
        Map.of(second, "1", fast.found("redis_instance_info", "redis-1"), "_"));
    fast.next();
  }

  private void replicas() {
    String link = fast.found("redis_master_link_up", "redis-2");
    fires("RedisReplicaLost", node("redis-2"), "7m", Map.of(link, "0"));
    Map<String, String> late = new HashMap<>();
    Map<String, String> behind = new HashMap<>();
    for (String ip : List.of("10.60.16.10", "10.60.32.10")) {
      String slave = "slave_ip=\"%s\",slave_port=\"6379\",slave_state=\"online\"".formatted(ip);
      late.put(fast.series("redis_connected_slave_lag_seconds", "redis", "redis-1", slave), "5");
    }
    fires("RedisTooFewReplicas", node("redis-1"), "6m", late);
    behind.put(fast.found("redis_connected_slave_offset_bytes", "redis-1"), "4000000+1000");
    fires("RedisReplicationLag", node("redis-2"), "8m", behind);
    fires(
        "RedisResyncStorm",
        node("redis-1"),
        "15m",
        Map.of(fast.found("redis_replica_resyncs_full", "redis-1"), "2+1"));
  }

  private void limits() {
    one("RedisMemoryNearLimit", "redis_memory_used_bytes", "redis-2", "9500", "11m");
    one("RedisEvictions", "redis_evicted_keys_total", "redis-2", "0+5", "6m");
    one("RedisAofFailing", "redis_aof_last_write_status", "redis-2", "0", "6m");
    one("RedisAofRewriteFailing", "redis_aof_last_bgrewrite_status", "redis-2", "0", "7m");
    one("RedisRdbFailing", "redis_rdb_last_bgsave_status", "redis-2", "0", "7m");
    one("RedisConnectionsRejected", "redis_rejected_connections_total", "redis-2", "0+1", "6m");
    one("RedisClientsNearLimit", "redis_connected_clients", "redis-2", "9000", "7m");
    fires(
        "RedisPublishRefused",
        node("redis-2"),
        "6m",
        Map.of(
            fast.series(
                "redis_commands_rejected_calls_total", "redis", "redis-2", "cmd=\"publish\""),
            "1"));
  }

  private void one(String alert, String metric, String node, String value, String at) {
    fires(alert, node(node), at, Map.of(fast.found(metric, node), value));
  }

  private void sentinels() {
    Map<String, String> silent = new HashMap<>();
    for (String name : List.of("sentinel-1", "sentinel-2", "sentinel-3")) {
      silent.putAll(fast.allOf("sentinel", name, "_"));
      silent.put(fast.series("redis_up", "sentinel", name, ""), "0");
    }
    fires("SentinelQuorumLost", "cluster=\"production\"", "6m", silent);
    fast.next();
    one("SentinelQuorumLost", "redis_sentinel_master_ckquorum_status", "sentinel-2", "0", "6m");
    String own = fast.found("redis_sentinel_master_status", "sentinel-2");
    fires(
        "SentinelsDisagree",
        List.of(
            "master_address=\"10.60.0.10:6379\"," + node("sentinel-1"),
            "master_address=\"10.60.16.10:6379\"," + node("sentinel-2"),
            "master_address=\"10.60.0.10:6379\"," + node("sentinel-3")),
        "7m",
        Map.of(own, "_", own.replace("10.60.0.10", "10.60.16.10"), "1"));
    fast.next();
    one("SentinelMasterDown", "redis_sentinel_master_status", "sentinel-2", "0", "7m");
    one("SentinelGhost", "redis_sentinel_master_slaves", "sentinel-2", "3", "11m");
    one("SentinelKnowsTooFew", "redis_sentinel_master_sentinels", "sentinel-3", "2", "11m");
    fast.next();
    one("SentinelGhost", "redis_sentinel_master_sentinels", "sentinel-2", "4", "11m");
    one("SentinelKnowsTooFew", "redis_sentinel_master_slaves", "sentinel-3", "1", "11m");
    one("SentinelTilt", "redis_sentinel_tilt", "sentinel-2", "1", "6m");
    fast.next();
  }

  private void machines() {
    one("NodeDiskFilling", "node_filesystem_avail_bytes", "redis-2", "35000", "36m45s");
    one("NodeClockSkew", "node_time_seconds", "redis-2", "303+15", "11m");
  }

  private void agents() {
    one("RediformMetricsMissing", "rediform_node_info", "redis-2", "_", "16m");
    fast.next();
    one("NodeDiskFull", "node_filesystem_avail_bytes", "redis-3", "9000", "7m");
    one("RediformMetricsMissing", "node_textfile_mtime_seconds", "redis-3", "0", "11m");
    one("RediformNodeUnhealthy", "rediform_fit", "redis-2", "0", "9m");
    one("RediformDocumentRefused", "rediform_document_refused", "redis-2", "1", "6m");
    one("RediformHandoverFailed", "rediform_handover_failures_total", "redis-2", "1", "6m");
    one(
        "RediformConfigRewriteFailed",
        "rediform_config_rewrite_failures_total",
        "sentinel-2",
        "1",
        "6m");
    one("RediformBackupFailed", "rediform_backup_failures_total", "redis-2", "1", "6m");
    fast.next();
  }

  private void backups() {
    Map<String, String> old = new HashMap<>();
    Map<String, String> none = new HashMap<>();
    Map<String, String> unproven = new HashMap<>();
    Map<String, String> neverProven = new HashMap<>();
    for (String name : List.of("redis-1", "redis-2", "redis-3")) {
      old.put(slow.found("rediform_backup_last_timestamp_seconds", name), "14400");
      none.put(slow.found("rediform_backup_last_timestamp_seconds", name), "_");
      unproven.put(slow.found("rediform_restore_proven_timestamp_seconds", name), "14400");
      neverProven.put(slow.found("rediform_restore_proven_timestamp_seconds", name), "_");
    }
    late("RediformBackupOld", "7h", old);
    late("RediformRestoreUnproven", "174h", unproven);
    slow.next();
    late("RediformBackupMissing", "30h", none);
    late("RediformRestoreNeverProven", "174h", neverProven);
    slow.next();
  }

  /** One that comes after hours or days. */
  private void late(String alert, String at, Map<String, String> changed) {
    tested.add(alert);
    slow.fault(alert, List.of("cluster=\"production\""), at, changed);
  }

  @Test
  void each_alert_says_what_it_means_what_to_look_at_and_where_the_runbook_has_it()
      throws IOException {
    Set<String> anchors = new TreeSet<>();
    Pattern.compile("(?m)^#+ (.+)$")
        .matcher(Files.readString(Path.of("docs/runbook.md")))
        .results()
        .map(found -> found.group(1).toLowerCase(java.util.Locale.ROOT))
        .map(title -> title.replaceAll("[^a-z0-9 -]", "").replace(' ', '-'))
        .forEach(anchors::add);
    for (Map.Entry<String, String> file : RULES.entrySet()) {
      for (String alert : file.getValue().split("- alert: ")) {
        if (!alert.contains("severity:")) {
          continue;
        }
        String name = alert.lines().findFirst().orElseThrow();
        assertThat(alert).as(name).containsPattern("severity: (critical|warning|info)\n");
        assertThat(alert).as(name).contains("$labels.cluster", "First").contains("description:");
        MatchResult runbook =
            Pattern.compile("runbook: docs/runbook.md#(\\S+)")
                .matcher(alert)
                .results()
                .findFirst()
                .orElseThrow(() -> new AssertionError(name + " has no runbook"));
        assertThat(anchors).as(name).contains(runbook.group(1));
      }
    }
  }

  @Test
  void at_a_pace_every_duration_is_a_part_and_nothing_else_changes() {
    Pace five = new Pace(5);
    assertThat(five.of("    for: 30s\n    expr: increase(x[15m]) > 300\n"))
        .isEqualTo("    for: 6s\n    expr: increase(x[180s]) > 300\n");
    RULES.forEach(
        (file, text) ->
            assertThat(five.of(text).replaceAll("(for: |\\[)\\w+", "$1"))
                .isEqualTo(text.replaceAll("(for: |\\[)\\w+", "$1")));
  }
}
