package stacks.monitoring;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import stacks.cluster.Cluster;
import stacks.cluster.Node;
import stacks.cluster.RedisNode;

/**
 * Unit tests for {@code promtool test rules}: a healthy cluster as its exporters show it, and what
 * a fault changes. Each has 5 minutes of health, 32 of the fault, and health again; one of hours
 * has 5 hours of health and then the fault.
 */
final class PromTests {
  /** Samples of health before a fault, of the fault, and of health again. */
  private static final int BEFORE = 20;

  private static final int FAULT = 128;
  private static final int AFTER = 92;

  /** Those of a test of hours: it ends with the fault. */
  private static final int SLOW = 200;

  private final Cluster cluster;
  private final String step;
  private final Map<String, String> healthy = new LinkedHashMap<>();
  private final List<String> tests = new ArrayList<>();
  private final Map<String, String> changed = new TreeMap<>();
  private final List<String> expected = new ArrayList<>();

  /**
   * Tests of rules.
   *
   * @param step time between two samples, and between two evaluations
   */
  PromTests(Cluster cluster, String step) {
    this.cluster = cluster;
    this.step = step;
    cluster.redis().forEach(this::redis);
    cluster.sentinels().forEach(node -> sentinel(labels("sentinel", node)));
    cluster.nodes().forEach(this::machine);
  }

  /** The labels of a node in a job, as they stand between braces. */
  static String labels(String job, Node node) {
    return "cluster=\"production\",job=\"%s\",kind=\"%s\",node=\"%s\""
        .formatted(job, node.kind(), node.name());
  }

  private Node node(String name) {
    return cluster.node(name).orElseThrow();
  }

  private void is(String metric, String labels, String value) {
    healthy.put(metric + "{" + labels + "}", value);
  }

  private void redis(RedisNode node) {
    String labels = labels("redis", node);
    boolean master = node.equals(cluster.firstMaster());
    is("up", labels, "1");
    is("redis_up", labels, "1");
    is("redis_instance_info", labels + ",role=\"" + (master ? "master" : "slave") + "\"", "1");
    is("redis_memory_used_bytes", labels, "1000");
    is("redis_memory_max_bytes", labels, "10000");
    is("redis_evicted_keys_total", labels, "0");
    is("redis_aof_last_write_status", labels, "1");
    is("redis_aof_last_bgrewrite_status", labels, "1");
    is("redis_rdb_last_bgsave_status", labels, "1");
    // As on any cluster with an AOF that never saves: public rules take it for a backup that is
    // old.
    is("redis_rdb_last_save_timestamp_seconds", labels, "1");
    is("redis_rejected_connections_total", labels, "0");
    is("redis_connected_clients", labels, "20");
    is("redis_replication_backlog_bytes", labels, "1000000");
    // The exporter may not CONFIG GET, and asks at every scrape.
    is("redis_commands_rejected_calls_total", labels + ",cmd=\"config|get\"", "0+1");
    is("redis_commands_rejected_calls_total", labels + ",cmd=\"publish\"", "0");
    // A deploy that restarts every node.
    is("redis_replica_resyncs_full", labels, "2");
    if (master) {
      is("redis_master_repl_offset", labels, "5000000+1000");
      for (RedisNode other : cluster.redis().subList(1, cluster.redis().size())) {
        is("redis_connected_slave_offset_bytes", slave(labels, other), "4999000+1000");
        is("redis_connected_slave_lag_seconds", slave(labels, other), "1");
      }
    } else {
      String of = labels + ",master_host=\"" + cluster.firstMaster().address() + "\"";
      is("redis_master_link_up", of, "1");
      is("redis_master_sync_in_progress", of, "0");
    }
  }

  private static String slave(String labels, RedisNode node) {
    return "%s,slave_ip=\"%s\",slave_port=\"%s\",slave_state=\"online\""
        .formatted(labels, node.address(), node.port());
  }

  private void sentinel(String labels) {
    String of = labels + ",master_address=\"" + cluster.firstMaster().endpoint() + "\"";
    is("up", labels, "1");
    is("redis_up", labels, "1");
    is("redis_rejected_connections_total", labels, "0");
    is("redis_sentinel_tilt", labels, "0");
    is("redis_sentinel_master_status", of + ",master_status=\"ok\"", "1");
    is("redis_sentinel_master_ckquorum_status", labels + ",message=\"OK\"", "1");
    is("redis_sentinel_master_slaves", of, "2");
    is("redis_sentinel_master_sentinels", of, "3");
  }

  private void machine(Node node) {
    String labels = labels("node", node);
    is("up", labels, "1");
    for (String type : List.of("ext4", "tmpfs")) {
      String disk = labels + ",fstype=\"" + type + "\",mountpoint=\"/" + type + "\"";
      is("node_filesystem_size_bytes", disk, "100000");
      is("node_filesystem_avail_bytes", disk, type.equals("ext4") ? "50000" : "0");
    }
    // 0, 15, 30 … as the time of a test is.
    is("node_time_seconds", labels, "0+" + seconds());
    is("node_textfile_mtime_seconds", labels + ",file=\"/x/rediform.prom\"", "0+" + seconds());
    is("rediform_node_info", labels + ",release=\"a\",document=\"b\"", "1");
    is("rediform_fit", labels, "1");
    is("rediform_document_refused", labels, "0");
    is("rediform_gate_refusals_total", labels, "0");
    is("rediform_config_rewrite_failures_total", labels, "0");
    if (node instanceof RedisNode) {
      is("rediform_handovers_total", labels, "1");
      is("rediform_handover_failures_total", labels, "0");
      is("rediform_backup_every_seconds", labels, "3600");
      is("rediform_backup_last_timestamp_seconds", labels, "0+" + seconds());
      is("rediform_backup_failures_total", labels, "0");
      is("rediform_restore_proof_every_seconds", labels, "604800");
      is("rediform_restore_proven_timestamp_seconds", labels, "0+" + seconds());
    }
  }

  private int seconds() {
    return isFast() ? 15 : 3600;
  }

  /** A series of a job's metric on a node that a fault changes, with further labels. */
  String series(String metric, String job, String node, String more) {
    return metric + "{" + labels(job, node(node)) + (more.isEmpty() ? "" : "," + more) + "}";
  }

  /** What all series of a node in a job are during a fault. */
  Map<String, String> allOf(String job, String node, String value) {
    Map<String, String> changed = new TreeMap<>();
    healthy.keySet().stream()
        .filter(series -> series.contains(labels(job, node(node))))
        .filter(series -> !series.startsWith("up{"))
        .forEach(series -> changed.put(series, value));
    return changed;
  }

  /** The series of a metric on a node, with every label. */
  String found(String metric, String node) {
    return healthy.keySet().stream()
        .filter(series -> series.startsWith(metric + "{"))
        .filter(series -> series.contains("node=\"" + node + "\""))
        .findFirst()
        .orElseThrow(() -> new IllegalArgumentException(metric + " of " + node));
  }

  private boolean isFast() {
    return step.equals("15s");
  }

  /** Two hours of health: no alert. */
  void healthy() {
    expect("2h", "count_over_time(ALERTS{alertstate=\"firing\"}[2h])", List.of());
    next();
  }

  /**
   * A fault: the alert fires while it lasts, with these labels, and neither before nor afterwards.
   * It is in one test with those before it, up to the last {@link #next}.
   *
   * @param named the labels of each one that fires, which must name what is wrong
   * @param at a time at which it fires, from the start of the test
   * @param series what they are meanwhile, in promtool's words for the first value and its step
   */
  void fault(String alert, List<String> named, String at, Map<String, String> series) {
    series.forEach(
        (name, value) -> {
          if (changed.put(name, value) != null) {
            throw new IllegalArgumentException("another fault in this test changes " + name);
          }
        });
    String firing =
        "group by (%s) (ALERTS{alertname=\"%s\",alertstate=\"firing\"})"
            .formatted(named.get(0).replaceAll("=\"[^\"]*\"", ""), alert);
    expect(at, firing, named);
    expect(isFast() ? "4m45s" : "4h", firing, List.of());
    if (isFast()) {
      expect("59m", firing, List.of());
    }
  }

  private void expect(String at, String expression, List<String> series) {
    StringBuilder text = new StringBuilder("      - expr: '" + expression + "'\n");
    text.append("        eval_time: ").append(at).append('\n');
    text.append("        exp_samples:").append(series.isEmpty() ? " []\n" : "\n");
    for (String labels : series) {
      text.append("          - labels: '{").append(labels).append("}'\n            value: 1\n");
    }
    expected.add(text.toString());
  }

  /** Ends a test; faults that come now are in another one. */
  void next() {
    Map<String, String> all = new LinkedHashMap<>();
    healthy.forEach((series, value) -> all.put(series, times(value, isFast() ? 480 : SLOW)));
    changed.forEach(
        (series, value) -> all.put(series, faulty(healthy.getOrDefault(series, "_"), value)));
    StringBuilder text = new StringBuilder("  - interval: " + step + "\n    input_series:\n");
    all.forEach(
        (series, values) ->
            text.append("      - series: '")
                .append(series)
                .append("'\n")
                .append("        values: '")
                .append(values)
                .append("'\n"));
    text.append("    promql_expr_test:\n");
    expected.forEach(text::append);
    tests.add(text.toString());
    changed.clear();
    expected.clear();
  }

  private String faulty(String before, String meanwhile) {
    return isFast()
        ? times(before, BEFORE) + " " + times(meanwhile, FAULT) + " " + times(again(before), AFTER)
        : times(before, 5) + " " + times(meanwhile, SLOW - 5);
  }

  /** A series that grows goes on where it would be without the fault. */
  private static String again(String before) {
    String[] parts = before.split("\\+");
    return parts.length < 2
        ? before
        : Long.parseLong(parts[0]) + (BEFORE + FAULT) * Long.parseLong(parts[1]) + "+" + parts[1];
  }

  /** So many samples; {@code _} is a series that ends, as Prometheus marks it, or has not begun. */
  private static String times(String value, int count) {
    if (value.equals("_")) {
      return "stale _x" + (count - 1);
    }
    return (value.contains("+") ? value : value + "+0") + "x" + (count - 1);
  }

  /** The file for promtool. */
  String text(List<String> rules) {
    return "rule_files: [%s]\nevaluation_interval: %s\ntests:\n%s"
        .formatted(String.join(", ", rules), step, String.join("", tests));
  }
}
