package stacks.lab;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Duration;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import stacks.node.NodeDocument;
import stacks.testing.Eventually;
import stacks.testing.Limits;

/** Hosts and their deliveries while the bucket, a disk or the power is away. */
class DeliveryOutageSuite extends DeliveryHosts {
  private static final Duration BOOT = Duration.ofMinutes(4);
  private static final String LOG = "/var/log/cloud-init-output.log";

  // ---------------------------------------------------------------- the bucket is away

  @Test
  @Order(1)
  void a_host_boots_with_its_good_document_while_the_bucket_is_away() throws Exception {
    cluster.objectsAsPlanned();
    under(
        "every host rebooted in turn while the bucket is away",
        Limits::planned,
        master -> {
          cluster.bucket("down");
          for (Host host : cluster.hosts()) {
            String good = good(host);
            host.reboot();
            assertThat(host.run("cloud-init", "status").all()).contains("status: done");
            cluster.awaitWhole(SOON);
            assertHas(host, good);
          }
          cluster.bucket("");
        });
  }

  @Test
  @Order(2)
  void a_first_boot_waits_for_the_bucket_and_says_so() throws Exception {
    under(
        "a replica replaced while the bucket is away",
        Limits::planned,
        master -> {
          Host host = replica(master);
          host.powerOff();
          cluster.replace(host);
          cluster.bucket("down");
          host.powerOn();
          String reason =
              "object nodes/%s.json in bucket rediform-delivery-".formatted(host.name());
          saysAtItsFirstBoot(host, reason, "curl: (");
          cluster.bucket("");
          startsWith(host, cluster.plannedDocument(host));
        });
  }

  @Test
  @Order(3)
  void a_root_disk_that_is_lost_while_a_release_rolls_waits_for_its_turn() throws Exception {
    byte[] agent = OtherAgent.named("five");
    under(
        "a replica's root disk lost while a release rolls",
        Limits::planned,
        master -> {
          Host host = replica(master);
          cluster.tell(host); // its tag is the old one; everything in the bucket is new
          upload(agent);
          for (Host sentinel : cluster.sentinels()) {
            take(sentinel, with(agent, cluster.plannedDocument(sentinel)));
          }
          host.powerLoss();
          cluster.replace(host);
          host.powerOn();
          saysAtItsFirstBoot(
              host, "During a deploy this node waits for its turn", cluster.document(host));
          NodeDocument document = with(agent, cluster.plannedDocument(host));
          cluster.tag(host, document);
          startsWith(host, document);
          for (Host other : cluster.redis()) {
            take(other, with(agent, cluster.plannedDocument(other)));
          }
        });
  }

  private void saysAtItsFirstBoot(Host host, String... reasons) {
    Eventually.within(
        BOOT,
        () ->
            assertThat(host.run("cat", LOG).out().lines().toList())
                .anySatisfy(line -> assertThat(line).contains(reasons)));
    Eventually.within(
        SOON,
        () ->
            assertThat(host.run("rediform-node", "health").all())
                .contains("this machine has no agent yet: ")
                .contains(reasons));
  }

  private void startsWith(Host host, NodeDocument document) throws Exception {
    host.awaitBoot();
    assertThat(host.run("cloud-init", "status").all()).contains("status: done");
    cluster.awaitWhole(SOON);
    assertHas(host, document.sha256());
  }

  // ---------------------------------------------------------------- disk and power

  @Test
  @Order(4)
  void a_full_disk_keeps_the_old_document_and_says_so() throws Exception {
    under(
        "a disk full in the middle of a fetch",
        Limits::planned,
        master -> {
          Host host = replica(master);
          byte[] agent = OtherAgent.named("six");
          NodeDocument document = with(agent, cluster.plannedDocument(host));
          String good = good(host);
          String server = server(host);
          host.shell(
                  """
                  set -e
                  mkdir /root/agent
                  cp -a %1$s. /root/agent/
                  mount -t tmpfs -o size=1m tmpfs %1$s
                  cp -a /root/agent/. %1$s
                  head -c $(($(df --output=avail -B1 %1$s | tail -n 1) - 40960)) /dev/zero > %1$sfiller
                  """
                      .formatted(PLACE))
              .succeeded();
          offer(host, agent, document);
          assertThat(host.look().exitCode()).isPositive();
          assertThat(cluster.health(host).path("looked").path("reason").asText())
              .contains("object program.pyz in bucket ", "curl: (23)");
          // To the last byte: there is no room for the reason but in the journal.
          host.shell("cat /dev/zero > " + PLACE + "filler2");
          host.run("journalctl", "--rotate");
          assertThat(host.look().exitCode()).isPositive();
          assertThat(journal(host)).contains("curl: (23)");
          JsonNode health = cluster.health(host);
          assertThat(health.path("fit").asBoolean()).as("%s", health).isTrue();
          assertHas(host, good);
          assertThat(server(host)).isEqualTo(server);
          host.shell("rm %1$sfiller %1$sfiller2".formatted(PLACE)).succeeded();
          take(host, document);
          host.shell(
                  """
                  set -e
                  rm -r /root/agent
                  cp -a %1$s. /root/agent
                  umount --lazy %1$s
                  rm -r %1$s*
                  cp -a /root/agent/. %1$s
                  """
                      .formatted(PLACE))
              .succeeded();
          assertHas(host, document.sha256());
        });
  }

  @Test
  @Order(5)
  void a_power_cut_in_the_middle_of_a_switch_leaves_the_good_document() throws Exception {
    under(
        "power of a replica cut in the middle of a switch",
        Limits::planned,
        master -> {
          Host host = replica(master);
          String good = good(host);
          NodeDocument document = hangsInInstall(host, "power");
          host.powerLoss();
          host.powerOn();
          host.awaitBoot();
          cluster.awaitWhole(SOON);
          assertHas(host, good);
          assertRefused(host, document, "its trial did not end: the machine went down");
          takesAnother(host);
        });
  }

  @Test
  @Order(6)
  void a_reboot_in_the_middle_of_a_switch_is_no_fault_of_the_document() throws Exception {
    under(
        "reboot of a replica in the middle of a switch",
        Limits::planned,
        master -> {
          Host host = replica(master);
          String good = good(host);
          hangsInInstall(host, "reboot");
          host.reboot();
          cluster.awaitWhole(SOON);
          assertHas(host, good);
          assertThat(cluster.health(host).has("refusedDocument")).isFalse();
          takesAnother(host);
        });
  }

  /** Brings a host into the installation of a new document, where it stays. */
  private NodeDocument hangsInInstall(Host host, String release) throws Exception {
    byte[] agent =
        OtherAgent.edited(
            "rediform/machine/setup.py",
            "    kernel.apply()\n",
            "    __import__('time').sleep(600) # " + release + "\n");
    NodeDocument document = with(agent, cluster.plannedDocument(host));
    offer(host, agent, document);
    host.run("systemctl", "start", "--no-block", "rediform-look.service").succeeded();
    Eventually.within(
        SOON,
        () -> {
          assertThat(link(host, "current")).isEqualTo(document.sha256());
          host.run("pgrep", "-f", "install --document " + PLACE + document.sha256()).succeeded();
        });
    return document;
  }
}
