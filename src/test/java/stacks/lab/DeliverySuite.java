package stacks.lab;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Map;
import java.util.SortedMap;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import stacks.node.Checksum;
import stacks.node.NodeDocument;
import stacks.testing.Limits;

/** Agents, good ones and broken ones, given to a cluster of real hosts. */
class DeliverySuite extends DeliveryHosts {
  /** A rule that is gone as soon as the firewall is taken down and up again. */
  private static final String FIREWALL = "ufw-user-input -p udp --dport 9 -j RETURN";

  /** Long enough for a check on a busy machine. */
  private static final Map<String, Integer> IMPATIENT =
      Map.of("probation", 10, "look", 2, "check", 10);

  // ---------------------------------------------------------------- releases

  @Test
  @Order(1)
  void a_new_agent_on_every_host_restarts_nothing_and_starts_every_server_afterwards()
      throws Exception {
    byte[] agent = OtherAgent.named("two");
    SortedMap<String, String> machines = machines();
    SortedMap<String, String> servers = servers();
    for (Host host : cluster.hosts()) {
      host.shell("iptables -A " + FIREWALL).succeeded();
    }
    under(
        "a new release of the agent on every host in turn",
        Limits::planned,
        first -> {
          upload(agent);
          for (Host host : cluster.hosts()) {
            take(host, with(agent, cluster.plannedDocument(host)));
          }
        });
    assertThat(servers()).isEqualTo(servers);
    for (Host host : cluster.hosts()) {
      host.shell("iptables -C " + FIREWALL).succeeded();
    }
    for (Host host : cluster.redis()) {
      assertThat(
              host.shell(
                      "tr '\\0' ' ' < /proc/$(systemctl show --value -p MainPID rediform-attend)/cmdline")
                  .out())
          .contains(Checksum.of(agent));
    }
    under(
        "then every server restarted in turn, by the new agent",
        Limits::planned,
        first -> {
          for (Host host : cluster.hosts()) {
            host.run("systemctl", "restart", unit(host)).succeeded();
            cluster.awaitWhole(SOON);
          }
        });
    assertThat(servers().values()).doesNotContainAnyElementsOf(servers.values());
    assertThat(machines()).isEqualTo(machines);
  }

  @Test
  @Order(2)
  void a_roll_that_stopped_is_finished_by_another_release_and_the_old_one_is_a_way_back()
      throws Exception {
    byte[] three = OtherAgent.named("three");
    byte[] four = OtherAgent.named("four");
    SortedMap<String, String> machines = machines();
    SortedMap<String, String> servers = servers();
    under(
        "a roll stopped after half of the hosts, and another release on all",
        Limits::planned,
        first -> {
          upload(three);
          for (Host host : cluster.hosts().subList(0, 3)) {
            take(host, with(three, cluster.plannedDocument(host)));
          }
          upload(four);
          for (Host host : cluster.hosts()) {
            take(host, with(four, cluster.plannedDocument(host)));
          }
        });
    under(
        "the old release again, on every host in turn",
        Limits::planned,
        first -> {
          cluster.objectsAsPlanned();
          for (Host host : cluster.hosts()) {
            take(host, cluster.plannedDocument(host));
          }
        });
    assertThat(servers()).isEqualTo(servers);
    assertThat(machines()).isEqualTo(machines);
  }

  // ---------------------------------------------------------------- broken agents

  @Test
  @Order(3)
  void a_broken_agent_is_taken_back_and_the_next_good_one_is_taken() throws Exception {
    under(
        "broken agents on a replica, ten of them",
        Limits::planned,
        master -> brokenAgents(replica(master), true));
  }

  @Test
  @Order(4)
  void a_broken_agent_on_the_master_is_taken_back() throws Exception {
    under(
        "broken agents on the master, eight of them",
        Limits::planned,
        master -> {
          brokenAgents(master, false);
          refuses(
              master,
              OtherAgent.broken("handover.py", "hand_over", "raise TypeError('no heir')"),
              "check of document ",
              "no heir");
        });
  }

  @Test
  @Order(5)
  void a_broken_agent_on_a_sentinel_is_taken_back() throws Exception {
    under(
        "broken agents on a Sentinel, three of them",
        Limits::planned,
        master -> {
          Host sentinel = cluster.host("sentinel-2");
          refuses(
              sentinel,
              OtherAgent.broken("start.py", "sentinel_gate", "raise TypeError('no gate')"),
              "check of document ",
              "no gate");
          refuses(sentinel, killedInInstall(), "install of document ", "signal 9");
          refuses(sentinel, worseAfterAWhile(), "the node was healthy before the switch", "worse");
        });
  }

  private void brokenAgents(Host host, boolean all) throws Exception {
    if (all) {
      refuses(
          host,
          OtherAgent.broken(
              "check.py",
              "check",
              "from rediform.errors import Failed",
              "raise Failed('broken on purpose')"),
          "check of document ",
          "exit code 1: broken on purpose");
      tune(host, IMPATIENT);
      refuses(
          host,
          OtherAgent.broken("check.py", "check", "import time", "time.sleep(600)"),
          "check of document ",
          "no end within 10 seconds");
      tune(host, TUNED);
      doesNotFetchAnother(host);
    }
    refuses(host, killedInInstall(), "install of document ", "signal 9");
    refuses(
        host,
        OtherAgent.broken("install.py", "install", "raise TypeError('no installation')"),
        "install of document ",
        "TypeError: no installation");
    refuses(host, worseAfterAWhile(), "the node was healthy before the switch", "worse");
    for (String[] broken :
        new String[][] {
          {"start.py", "redis_gate"},
          {"__main__.py", "start_gate"},
          {"handover.py", "handover"},
          {"machine/volume.py", "bring"},
        }) {
      refuses(
          host,
          OtherAgent.broken(broken[0], broken[1], "raise TypeError('broken " + broken[1] + "')"),
          "check of document ",
          "broken " + broken[1]);
    }
  }

  /** Half of the set-up has run then. */
  private static byte[] killedInInstall() throws Exception {
    return OtherAgent.edited(
        "rediform/machine/setup.py",
        "    kernel.apply()\n",
        "    __import__('os').kill(__import__('os').getpid(), 9)\n");
  }

  /** Its health is good at first. */
  private static byte[] worseAfterAWhile() throws Exception {
    return OtherAgent.broken(
        "health.py",
        "of_document",
        "import sys, time",
        "current = os.lstat(os.path.join(document.place, 'current'))",
        "if document.link('current') == document.sha and time.time() - current.st_mtime > 4:",
        "    print('worse')",
        "    sys.exit(1)");
  }

  /** The bucket has something else than the document names. */
  private void doesNotFetchAnother(Host host) throws Exception {
    NodeDocument document = with(OtherAgent.named("named"), cluster.plannedDocument(host));
    byte[] found = OtherAgent.named("found");
    String good = good(host);
    String server = server(host);
    cluster.upload(host, found, document);
    cluster.tag(host, document);
    assertThat(host.look().exitCode()).isPositive();
    JsonNode health = cluster.health(host);
    assertThat(health.path("fit").asBoolean()).as("%s", health).isTrue();
    assertThat(health.path("looked").path("document").asText()).isEqualTo(document.sha256());
    assertThat(health.path("looked").path("reason").asText())
        .contains("program.pyz", "has checksum " + Checksum.of(found), document.agent());
    assertThat(health.has("refusedDocument")).as("%s", health).isFalse();
    assertHas(host, good);
    assertThat(server(host)).isEqualTo(server);
    takesAnother(host);
  }
}
