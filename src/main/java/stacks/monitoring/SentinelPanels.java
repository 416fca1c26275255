package stacks.monitoring;

import static stacks.monitoring.Dashboards.NODE;
import static stacks.monitoring.Dashboards.graph;
import static stacks.monitoring.Panel.Kind.FIGURE;
import static stacks.monitoring.Panel.Kind.NAME;
import static stacks.monitoring.Panel.Kind.STATE;

import java.util.List;

/** The Sentinels: whom they name, whom they know, whether they could do a failover. */
final class SentinelPanels {
  static final List<Panel> ALL =
      List.of(
          new Panel(
              FIGURE,
              "Addresses named as master",
              "none",
              "1 is well. With more, clients are sent to different masters, depending on whom they"
                  + " ask.",
              "count(count by (master_address) (rediform:sentinel_master{cluster=\"$cluster\"}))",
              "addresses"),
          new Panel(
              NAME,
              "Master by the Sentinels",
              "none",
              "The address that clients are told.",
              "count by (master_address) (rediform:sentinel_master{cluster=\"$cluster\"})",
              "{{master_address}}"),
          new Panel(
              FIGURE,
              "Sentinels that answer",
              "none",
              "Of those in the environment file.",
              "sum(redis_up{cluster=\"$cluster\", job=\"sentinel\"})",
              "Sentinels"),
          new Panel(
              FIGURE,
              "Sentinels in TILT",
              "none",
              "A Sentinel whose process stood still only watches for 30 seconds.",
              "sum(redis_sentinel_tilt{cluster=\"$cluster\"})",
              "Sentinels"),
          new Panel(
              STATE,
              "Quorum",
              "none",
              "0 where a Sentinel says that it reaches too few others for a failover.",
              "min by (node) (redis_sentinel_master_ckquorum_status{cluster=\"$cluster\"})",
              NODE),
          new Panel(
              STATE,
              "Master is up",
              "none",
              "0 where a Sentinel takes the master for down.",
              "min by (node) (redis_sentinel_master_status{cluster=\"$cluster\"})",
              NODE),
          graph(
              "Replicas known",
              "none",
              "More than the file has: one that was removed is still remembered.",
              "max by (node) (redis_sentinel_master_slaves{cluster=\"$cluster\"})"),
          graph(
              "Replicas usable",
              "none",
              "Replicas that a Sentinel takes for up.",
              "max by (node) (redis_sentinel_master_ok_slaves{cluster=\"$cluster\"})"),
          graph(
              "Sentinels known",
              "none",
              "Itself included. One too many raises the majority that a failover needs.",
              "max by (node) (redis_sentinel_master_sentinels{cluster=\"$cluster\"})"),
          graph(
              "Sentinels usable",
              "none",
              "Sentinels that a Sentinel reaches, itself included.",
              "max by (node) (redis_sentinel_master_ok_sentinels{cluster=\"$cluster\"})"),
          graph(
              "Clients",
              "none",
              "Connections of applications and of other Sentinels.",
              "max by (node) (redis_connected_clients{cluster=\"$cluster\", job=\"sentinel\"})"),
          graph(
              "Up since",
              "dtdurations",
              "Time since the Sentinel's start.",
              "max by (node) (redis_uptime_in_seconds{cluster=\"$cluster\", job=\"sentinel\"})"));

  private SentinelPanels() {}
}
