package stacks.monitoring;

import static stacks.monitoring.Dashboards.NODE;
import static stacks.monitoring.Dashboards.graph;
import static stacks.monitoring.Panel.Kind.FIGURE;
import static stacks.monitoring.Panel.Kind.GRAPH;
import static stacks.monitoring.Panel.Kind.STATE;

import java.util.List;

/** The machines, and what the agent says of backups, documents and itself. */
final class NodePanels {
  static final List<Panel> ALL =
      List.of(
          new Panel(
              FIGURE,
              "Newest backup",
              "dtdurations",
              "Its age. Twice backup.every and 15 minutes is an alert.",
              "time() - max(rediform_backup_last_timestamp_seconds{cluster=\"$cluster\"})",
              "age"),
          new Panel(
              FIGURE,
              "Newest proven restore",
              "dtdurations",
              "Time since a backup was last restored to prove it.",
              "time() - max(rediform_restore_proven_timestamp_seconds{cluster=\"$cluster\"})",
              "age"),
          new Panel(
              FIGURE,
              "Agents",
              "none",
              "Releases of the agent that run: one, but for the time of a deploy.",
              "count(count by (release) (rediform_node_info{cluster=\"$cluster\"}))",
              "releases"),
          new Panel(
              FIGURE,
              "Documents refused",
              "none",
              "Nodes that run on with an older document.",
              "sum(rediform_document_refused{cluster=\"$cluster\"}) or vector(0)",
              "nodes"),
          new Panel(
              STATE,
              "Healthy",
              "none",
              "The agent's own verdict, the one that gates wait for.",
              "max by (node) (rediform_fit{cluster=\"$cluster\"})",
              NODE),
          new Panel(
              STATE,
              "Machines that answer",
              "none",
              "0 where the node exporter was not reached.",
              "max by (node) (up{cluster=\"$cluster\", job=\"node\"})",
              NODE),
          graph(
              "Processor in use",
              "percentunit",
              "Of all its virtual CPUs. Redis itself uses one; I/O threads and rewrites the others.",
              "1 - avg by (node) (rate(node_cpu_seconds_total{cluster=\"$cluster\","
                  + " mode=\"idle\"}[$__rate_interval]))"),
          graph(
              "Memory available",
              "bytes",
              "A rewrite or a full copy needs up to what the data changes meanwhile.",
              "max by (node) (node_memory_MemAvailable_bytes{cluster=\"$cluster\"})"),
          new Panel(
              GRAPH,
              "Disk left",
              "percentunit",
              "Of each file system. Below 10 % is an alert.",
              "max by (node, mountpoint) (node_filesystem_avail_bytes{cluster=\"$cluster\","
                  + " fstype!~\"tmpfs|ramfs|overlay|squashfs|vfat\"} /"
                  + " node_filesystem_size_bytes{cluster=\"$cluster\","
                  + " fstype!~\"tmpfs|ramfs|overlay|squashfs|vfat\"})",
              "{{node}} {{mountpoint}}"),
          graph(
              "Disk writes",
              "Bps",
              "AOF, dumps and copies.",
              "sum by (node)"
                  + " (rate(node_disk_written_bytes_total{cluster=\"$cluster\"}[$__rate_interval]))"),
          graph(
              "Network in",
              "Bps",
              "All interfaces but the loopback.",
              "sum by (node) (rate(node_network_receive_bytes_total{cluster=\"$cluster\","
                  + " device!=\"lo\"}[$__rate_interval]))"),
          graph(
              "Clock against Prometheus",
              "s",
              "More than two seconds is an alert; of all nodes at once, it is Prometheus's clock.",
              "max by (node) (abs(node_time_seconds{cluster=\"$cluster\"} -"
                  + " timestamp(node_time_seconds{cluster=\"$cluster\"})))"),
          graph(
              "Handovers",
              "none",
              "Planned changes of master that a node began, in a day.",
              "max by (node) (increase(rediform_handovers_total{cluster=\"$cluster\"}[1d]))"),
          graph(
              "Backups that failed",
              "none",
              "In a day.",
              "max by (node) (increase(rediform_backup_failures_total{cluster=\"$cluster\"}[1d]))"),
          graph(
              "Documents taken back or refused",
              "none",
              "In a day.",
              "max by (node) (increase(rediform_gate_refusals_total{cluster=\"$cluster\"}[1d]))"));

  private NodePanels() {}
}
