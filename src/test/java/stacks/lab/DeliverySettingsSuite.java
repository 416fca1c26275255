package stacks.lab;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.SortedMap;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import stacks.node.AgentBundle;
import stacks.node.NodeDocument;
import stacks.testing.EditedDocument;
import stacks.testing.Limits;

/**
 * Documents with other settings, good ones and those that Redis refuses, given to a cluster of real
 * hosts.
 */
class DeliverySettingsSuite extends DeliveryHosts {
  /** Data nodes get another directive, and all hosts another firewall. */
  @Test
  @Order(1)
  void a_live_setting_is_on_every_host_within_20_seconds_and_restarts_nothing() throws Exception {
    SortedMap<String, String> machines = machines();
    SortedMap<String, String> servers = servers();
    cluster.environment(
        "delivery",
        YAML.replace("databases: 16", "databases: 16, hz: 20")
            .replace("clients: [", "clients: [10.97.0.0/24, "));
    Duration took =
        under(
            "a live setting and a network of clients, on every host in turn",
            Limits::planned,
            first -> {
              for (Host host : cluster.hosts()) {
                cluster.tag(host, cluster.plannedDocument(host));
                assertThat(host.look().exitCode()).as(host.name()).isZero();
              }
            });
    for (Host host : cluster.hosts()) {
      assertHas(host, cluster.plannedDocument(host).sha256());
      assertThat(host.run("ufw", "status").out()).contains("10.97.0.0/24");
    }
    for (Host host : cluster.redis()) {
      assertThat(cluster.redisCli(host, "config", "get", "hz").out()).contains("20");
    }
    assertThat(took).isLessThan(Limits.TAKEN_BY_SIX);
    assertThat(servers()).isEqualTo(servers);
    assertThat(machines()).isEqualTo(machines);
  }

  @Test
  @Order(2)
  void a_setting_of_the_start_is_changed_on_every_host_without_a_reboot() throws Exception {
    SortedMap<String, String> machines = machines();
    SortedMap<String, String> servers = servers();
    under(
        "a setting that Redis reads at its start, on every host in turn",
        Limits::planned,
        first -> {
          cluster.environment("delivery", YAML.replace("databases: 16", "databases: 32"));
          for (Host host : cluster.hosts()) {
            take(host, cluster.plannedDocument(host));
          }
        });
    for (Host host : cluster.redis()) {
      assertThat(cluster.redisCli(host, "config", "get", "databases").out()).contains("32");
      assertThat(server(host)).isNotEqualTo(servers.get(host.name()));
    }
    for (Host host : cluster.sentinels()) {
      assertThat(server(host)).isEqualTo(servers.get(host.name()));
    }
    assertThat(machines()).isEqualTo(machines);
  }

  @Test
  @Order(3)
  void what_redis_refuses_is_taken_back_with_its_words() throws Exception {
    under(
        "settings that Redis refuses, on a replica and on the master",
        Limits::planned,
        master -> {
          for (Host host : List.of(replica(master), master)) {
            refuses(host, live(host, "hz", "often"), "CONFIG SET failed", "hz");
            // Another server has room for it: only the one with the data does not.
            refuses(host, live(host, "maxmemory", "1mb"), "install of ", "more than maxmemory 1mb");
            refuses(host, startup(host, "io-threads", "many"), "'io-threads many'");
          }
        });
  }

  /** Nobody can know before: the port is another server's, or the address is not this machine's. */
  @Test
  @Order(4)
  void a_server_that_does_not_start_with_the_new_settings_starts_with_the_old_ones()
      throws Exception {
    under(
        "a setting with which Redis does not start, on a replica",
        Limits::planned,
        master -> {
          Host host = replica(master);
          String good = good(host);
          NodeDocument document = startup(host, "bind", "10.1.2.3");
          offer(host, AgentBundle.bytes(), document);
          assertThat(host.look().exitCode()).isPositive();
          assertRefused(
              host,
              document,
              "its server does not start with the new settings",
              "Failed listening on port");
          assertHas(host, good);
          cluster.awaitWhole(SOON);
          takesAnother(host);
        });
  }

  private NodeDocument live(Host host, String directive, String value) {
    return EditedDocument.of(
        cluster.plannedDocument(host), json -> json.withObject("/live").put(directive, value));
  }

  private NodeDocument startup(Host host, String directive, String value) {
    return EditedDocument.of(
        cluster.plannedDocument(host),
        json -> json.withObject("/startup/directives").put(directive, value));
  }
}
