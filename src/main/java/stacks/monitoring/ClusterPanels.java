package stacks.monitoring;

import static stacks.monitoring.Dashboards.NODE;
import static stacks.monitoring.Dashboards.graph;
import static stacks.monitoring.Panel.Kind.FIGURE;
import static stacks.monitoring.Panel.Kind.NAME;
import static stacks.monitoring.Panel.Kind.STATE;

import java.util.List;

/** The data nodes: who is master, who follows, what they hold and do. */
final class ClusterPanels {
  static final List<Panel> ALL =
      List.of(
          new Panel(
              FIGURE,
              "Firing alerts",
              "none",
              "Alerts that need somebody. 0 is well; for what they are, ask Prometheus or"
                  + " ./rediform status.",
              "count(ALERTS{cluster=\"$cluster\", alertstate=\"firing\", severity!=\"info\"}) or"
                  + " vector(0)",
              "alerts"),
          new Panel(
              NAME,
              "Master",
              "none",
              "The node that takes writes. None, or more than one, is an alert.",
              "rediform:master{cluster=\"$cluster\"}",
              NODE),
          new Panel(
              FIGURE,
              "Replicas in sync",
              "none",
              "Replicas that acknowledge in time. With fewer than min-replicas-to-write the master"
                  + " refuses writes.",
              "max(rediform:good_replicas{cluster=\"$cluster\"})",
              "replicas"),
          new Panel(
              FIGURE,
              "Sentinels that see a quorum",
              "none",
              "Sentinels by which a failover is possible. With fewer than a majority nothing"
                  + " replaces a lost master.",
              "sum(min by (node)"
                  + " (redis_sentinel_master_ckquorum_status{cluster=\"$cluster\"}))",
              "Sentinels"),
          new Panel(
              STATE,
              "Master over time",
              "none",
              "1 where a node was master. A change is a failover or a handover.",
              "max by (node) (redis_instance_info{cluster=\"$cluster\", job=\"redis\","
                  + " role=\"master\"}) or 0 * max by (node) (redis_up{cluster=\"$cluster\","
                  + " job=\"redis\"})",
              NODE),
          new Panel(
              STATE,
              "Servers that answer",
              "none",
              "0 where a node's Redis or Sentinel did not answer its exporter.",
              "max by (node) (redis_up{cluster=\"$cluster\"})",
              NODE),
          graph(
              "Replication lag",
              "bytes",
              "What a replica has not acknowledged of the master's stream, by offsets. It is what a"
                  + " failover to it would lose.",
              "max by (node) (rediform:replication_lag_bytes{cluster=\"$cluster\"})"),
          graph(
              "Replication lag of the backlog",
              "percentunit",
              "Beyond 100 % a replica that loses its link needs a full copy.",
              "max by (node) (rediform:replication_lag_ratio{cluster=\"$cluster\"})"),
          graph(
              "Full copies",
              "none",
              "Copies of the whole data set that a node has sent to replicas, in an hour. Restarts"
                  + " cost one each; many are a storm.",
              "max by (node) (increase(redis_replica_resyncs_full{cluster=\"$cluster\","
                  + " job=\"redis\"}[1h]))"),
          graph(
              "Memory of maxmemory",
              "percentunit",
              "At 100 % Redis evicts keys, or refuses writes.",
              "max by (node) (rediform:memory_used_ratio{cluster=\"$cluster\"})"),
          graph(
              "Memory used",
              "bytes",
              "INFO's used_memory: data, buffers and Redis's own tables.",
              "max by (node) (redis_memory_used_bytes{cluster=\"$cluster\", job=\"redis\"})"),
          graph(
              "Memory fragmentation",
              "none",
              "Resident memory for each byte in use. Far above 1.5 with much data, memory is"
                  + " wasted; below 1 the machine swaps.",
              "max by (node) (redis_mem_fragmentation_ratio{cluster=\"$cluster\","
                  + " job=\"redis\"})"),
          graph(
              "Commands per second",
              "ops",
              "Commands that each node has processed; on replicas the master's stream counts, too.",
              "max by (node) (rate(redis_commands_processed_total{cluster=\"$cluster\","
                  + " job=\"redis\"}[$__rate_interval]))"),
          graph(
              "Hit rate",
              "percentunit",
              "Reads that found their key. Nothing is drawn while nobody reads.",
              "sum by (node) (rate(redis_keyspace_hits_total{cluster=\"$cluster\","
                  + " job=\"redis\"}[$__rate_interval])) / (sum by (node)"
                  + " (rate(redis_keyspace_hits_total{cluster=\"$cluster\","
                  + " job=\"redis\"}[$__rate_interval])) + sum by (node)"
                  + " (rate(redis_keyspace_misses_total{cluster=\"$cluster\","
                  + " job=\"redis\"}[$__rate_interval])))"),
          graph(
              "Time per command",
              "s",
              "Mean time in the server, without the network. One slow command delays all others.",
              "sum by (node) (rate(redis_commands_duration_seconds_total{cluster=\"$cluster\","
                  + " job=\"redis\"}[$__rate_interval])) / sum by (node)"
                  + " (rate(redis_commands_total{cluster=\"$cluster\","
                  + " job=\"redis\"}[$__rate_interval]))"),
          graph(
              "Clients",
              "none",
              "Connections of applications, Sentinels and administration. At maxclients new ones"
                  + " are rejected.",
              "max by (node) (redis_connected_clients{cluster=\"$cluster\", job=\"redis\"})"),
          graph(
              "Rejected connections",
              "none",
              "Connections in an hour that found maxclients reached.",
              "max by (node) (increase(redis_rejected_connections_total{cluster=\"$cluster\","
                  + " job=\"redis\"}[1h]))"),
          graph(
              "Evicted keys per second",
              "ops",
              "Keys that Redis has deleted because maxmemory was reached.",
              "max by (node) (rate(redis_evicted_keys_total{cluster=\"$cluster\","
                  + " job=\"redis\"}[$__rate_interval]))"),
          graph(
              "Keys",
              "none",
              "Keys of all databases.",
              "sum by (node) (redis_db_keys{cluster=\"$cluster\", job=\"redis\"})"),
          graph(
              "Network out",
              "Bps",
              "What each node sends to clients and replicas.",
              "max by (node) (rate(redis_net_output_bytes_total{cluster=\"$cluster\","
                  + " job=\"redis\"}[$__rate_interval]))"),
          graph(
              "Up since",
              "dtdurations",
              "Time since the server's start.",
              "max by (node) (redis_uptime_in_seconds{cluster=\"$cluster\"})"));

  private ClusterPanels() {}
}
