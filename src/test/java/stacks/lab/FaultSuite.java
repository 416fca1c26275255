package stacks.lab;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.extension.ExtendWith;
import stacks.cluster.Node;
import stacks.testing.Eventually;
import stacks.testing.Evidence;
import stacks.testing.Limits;
import stacks.testing.Load.Seen;
import stacks.testing.Project;
import stacks.testing.Run;

/**
 * Every fault that we can make on a cluster of real hosts, under continuous writes.
 *
 * <p>{@code -Dlab.rounds=20} repeats those that are measured; what was measured is printed, and
 * with {@code -Devidence.update=true} written to docs/evidence/faults.md.
 */
@ExtendWith(StopAtFailure.class)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class FaultSuite {
  private static final int ROUNDS = Integer.getInteger("lab.rounds", 3);
  private static final Duration SOON = Faults.SOON;

  private static final String YAML =
      """
      platform: aws
      master: {cpu: 2, memory: 4GB, disk: 20GB, maxmemory: 100mb}
      sentinels: {failoverTimeout: 60s}
      network:
        cidr: 10.77.0.0/16
        clients: [10.99.0.0/24, 10.98.0.0/24]
        operators: [10.98.0.0/24]
        keys: ["{operators-key}"]
      aws: {region: eu-central-1, protect: false}
      """;

  private static final Evidence EVIDENCE = new Evidence("faults.md", "faults");

  private static LabCluster cluster;
  private static Faults faults;
  private static Duration downAfter;
  private static String redisVersion = "not known";

  @BeforeAll
  static void hosts() throws Exception {
    Lab.assumePossible();
    cluster = LabCluster.of("faults", "trixie", YAML);
    faults = new Faults(cluster);
    downAfter = Limits.downAfter(cluster.cluster());
  }

  @AfterAll
  static void end() throws Exception {
    if (cluster != null) {
      try {
        EVIDENCE.save(
            "Debian 13", "Redis " + redisVersion, "down-after " + downAfter.toSeconds() + " s");
      } finally {
        cluster.close();
      }
    }
  }

  @Test
  @Order(1)
  void hosts_form_a_cluster_in_any_order_and_a_late_one_joins() throws Exception {
    long start = System.nanoTime();
    for (String name : List.of("sentinel-3", "redis-3", "redis-1", "sentinel-1", "sentinel-2")) {
      cluster.host(name).powerOn();
    }
    for (Host host : cluster.hosts()) {
      if (host.isOn()) {
        host.awaitBoot();
        assertThat(host.run("cloud-init", "status").all()).contains("status: done");
      }
    }
    Host master = cluster.host("redis-1");
    Eventually.within(
        SOON, () -> assertThat(cluster.health(master).path("replicas").asInt()).isEqualTo(1));
    EVIDENCE.time("first boot to a cluster, five hosts", seconds(start));
    assertThat(cluster.redisCli(master, "set", "before", "late").out()).contains("OK");
    cluster.host("redis-2").powerOn();
    assertThat(cluster.awaitWhole(SOON)).isSameAs(master);
    assertThat(
            cluster.redisCli(cluster.host("sentinel-1"), "sentinel", "ckquorum", "mymaster").out())
        .startsWith("OK 3 usable Sentinels");
    assertThat(cluster.redisCli(cluster.host("redis-2"), "get", "before").out()).contains("late");
    redisVersion =
        master.shell("redis-server --version").out().replaceFirst("(?s).* v=(\\S+) .*", "$1");
  }

  @Test
  @Order(2)
  void servers_run_with_little_more_than_they_need() throws Exception {
    for (Host host : List.of(cluster.host("redis-1"), cluster.host("sentinel-1"))) {
      String unit = host.name().split("-")[0] + ".service";
      String overall =
          host.shell("systemd-analyze security --no-pager " + unit + " | tail -n 1").out();
      assertThat(Double.parseDouble(overall.replaceAll(".*: ([0-9.]+) .*", "$1").strip()))
          .as(overall)
          .isLessThanOrEqualTo(3.0);
      assertThat(host.run("systemctl", "--failed", "--no-legend", "--plain").out()).isBlank();
      // The lab's kernel is its machine's: a host must not set this, and says so.
      assertThat(cluster.health(host).path("refused").toString()).contains("overcommit_memory");
    }
  }

  @Test
  @Order(3)
  void an_outsider_reaches_nothing_and_others_only_what_is_theirs() throws Exception {
    Map<String, List<String>> nothing = new TreeMap<>();
    Map<String, List<String>> service = new TreeMap<>();
    Map<String, List<String>> ssh = new TreeMap<>();
    for (Node node : cluster.cluster().nodes()) {
      nothing.put(node.name(), List.of());
      service.put(node.name(), List.of(String.valueOf(node.port())));
      ssh.put(node.name(), List.of("22", String.valueOf(node.port())));
    }
    assertThat(cluster.openPorts(Lab.Place.OUTSIDER)).isEqualTo(nothing);
    assertThat(cluster.openPorts(Lab.Place.CLIENT)).isEqualTo(service);
    assertThat(cluster.openPorts(Lab.Place.OPERATOR)).isEqualTo(ssh);
  }

  @Test
  @Order(4)
  void no_password_is_where_others_could_read_it() throws Exception {
    for (Host host : cluster.hosts()) {
      host.shell(
              "umask 077; printf '%s\\n' "
                  + String.join(" ", LabCluster.PASSWORDS.values())
                  + " > /root/passwords")
          .succeeded();
      Run found =
          host.shell(
              """
              { ps axww -o args; ps axwwe; } | grep -cFf /root/passwords
              journalctl --no-pager | grep -cFf /root/passwords
              cloud-init query userdata | grep -cFf /root/passwords
              find / -xdev -type f -perm /0077 -not -path '/proc/*' -not -path '/sys/*' -size -20M \
                -newer /etc/machine-id -exec grep -lFf /root/passwords {} + | wc -l
              find /var/lib/rediform /etc/redis /var/redis -type f -exec grep -lFf /root/passwords {} + | wc -l
              """);
      List<String> counts = List.of(found.out().strip().split("\\s+"));
      assertThat(counts.subList(0, 4))
          .as("%s: processes, journal, user-data, readable files", host.name())
          .containsOnly("0");
      assertThat(counts.get(4)).as("where they are, the search finds them").isNotEqualTo("0");
    }
  }

  @Test
  @Order(5)
  void after_a_power_loss_another_takes_the_writes_and_the_old_master_follows() throws Exception {
    for (int round = 0; round < ROUNDS; round++) {
      Seen seen = faults.powerLoss();
      EVIDENCE.fault("power loss of the master", each -> Limits.crash(each, downAfter), seen);
    }
  }

  @Test
  @Order(6)
  void a_master_that_reboots_hands_over_and_loses_nothing() throws Exception {
    for (int round = 0; round < ROUNDS; round++) {
      Seen seen = faults.under(Host::reboot);
      EVIDENCE.fault("reboot of the master", Limits::planned, seen);
    }
  }

  /** Its connection to the master stays for as long as TCP tries; it must not count. */
  @Test
  @Order(7)
  void a_replica_that_lost_its_power_does_not_hold_up_a_handover() throws Exception {
    Seen away =
        faults.under(
            master -> {
              Host lost = replica(master);
              lost.powerLoss();
              master.run("rediform-node", "failover").succeeded();
              lost.powerOn();
            });
    Seen back =
        faults.under(
            master -> {
              Host lost = replica(master);
              lost.powerLoss();
              Eventually.within(SOON, () -> assertThat(isSeen(lost)).isFalse());
              lost.powerOn();
              cluster.awaitWhole(SOON);
              master.reboot();
            });
    // Planned changes both; the replica that lost its power is away besides.
    EVIDENCE.fault(
        "failover right after a replica has lost its power", each -> Limits.planned(each, 1), away);
    EVIDENCE.fault(
        "reboot of the master, a replica just back after a power loss",
        each -> Limits.planned(each, 1),
        back);
  }

  private static boolean isSeen(Host replica) throws Exception {
    return cluster
        .health(cluster.host("sentinel-1"))
        .path("seenReplicas")
        .path(replica.address() + ":6379")
        .asBoolean(true);
  }

  @Test
  @Order(8)
  void every_host_reboots_in_turn_and_nothing_is_lost() throws Exception {
    Seen seen =
        faults.under(
            master -> {
              for (Host host : cluster.hosts()) {
                host.reboot();
                cluster.awaitWhole(SOON);
              }
            });
    EVIDENCE.fault("every host rebooted in turn", Limits::planned, seen);
  }

  @Test
  @Order(9)
  void an_empty_disk_in_the_masters_place_loses_nothing() throws Exception {
    Faults.Replaced replaced = faults.emptyDisk();
    EVIDENCE.fault(
        held("master replaced, empty disk"),
        each -> Limits.replacedAfterCrash(each, replaced.boot()),
        replaced.seen());
  }

  /** The Sentinels are held back for that long. */
  private static String held(String what) {
    return what + ", down-after %d s".formatted(Faults.PATIENCE.toSeconds());
  }

  @Test
  @Order(10)
  void an_old_disk_in_the_masters_place_loses_nothing() throws Exception {
    Faults.Replaced replaced = faults.oldDisk();
    EVIDENCE.fault(
        held("master replaced, old disk"),
        each -> Limits.replacedAfterCrash(each, replaced.boot()),
        replaced.seen());
  }

  @Test
  @Order(11)
  void another_document_is_how_a_setting_changes() throws Exception {
    String id = sentinelId(cluster.host("sentinel-1"));
    Seen seen =
        faults.under(
            first -> {
              cluster.environment(
                  "faults",
                  YAML.replace("maxmemory: 100mb", "maxmemory: 120mb")
                      .replace("failoverTimeout: 60s", "failoverTimeout: 50s")
                      .replace("[10.99.0.0/24,", "[10.97.0.0/24, 10.99.0.0/24,"));
              for (Host host : cluster.hosts()) {
                cluster.tell(host);
                host.look().succeeded();
                cluster.awaitWhole(SOON);
              }
            });
    EVIDENCE.fault(
        "maxmemory, a timeout and the firewall changed on every host in turn",
        Limits::planned,
        seen);
    for (Host host : cluster.redis()) {
      assertThat(cluster.redisCli(host, "config", "get", "maxmemory").out()).contains("125829120");
      assertThat(host.run("ufw", "status").out()).contains("10.97.0.0/24").contains("10.99.0.0/24");
    }
    assertThat(sentinelId(cluster.host("sentinel-1"))).isEqualTo(id);
    assertThat(cluster.redisCli(cluster.host("sentinel-1"), "sentinel", "master", "mymaster").out())
        .containsPattern("failover-timeout\\s+50000");
    assertThat(cluster.openPorts(Lab.Place.OUTSIDER).values()).containsOnly(List.of());
  }

  private static String sentinelId(Host host) throws Exception {
    return cluster.redisCli(host, "sentinel", "myid").succeeded().out().strip();
  }

  @Test
  @Order(12)
  void all_hosts_powered_off_and_on_have_all_data_and_one_master() throws Exception {
    for (boolean inOrder : new boolean[] {true, false}) {
      cluster.awaitWhole(SOON);
      cluster.redisCli(cluster.master(), "set", "everything", String.valueOf(inOrder)).succeeded();
      cluster.redisCli(cluster.master(), "wait", "2", "5000").succeeded();
      // An AOF reaches the disk within a second (appendfsync everysec).
      Eventually.within(
          SOON,
          () ->
              assertThat(cluster.redisCli(cluster.master(), "info", "persistence").out())
                  .contains("aof_pending_bio_fsync:0"));
      all(inOrder ? Host::powerOff : Host::powerLoss);
      long start = System.nanoTime();
      all(Host::powerOn);
      Host master = cluster.awaitWhole(SOON);
      EVIDENCE.time(
          inOrder ? "all powered off in order and on again" : "power lost everywhere and back",
          seconds(start));
      assertThat(cluster.redisCli(master, "get", "everything").out())
          .contains(String.valueOf(inOrder));
    }
  }

  /** Does the same to every host at the same time. */
  private static void all(Faults.Fault fault) throws Exception {
    try (Together together = new Together()) {
      for (Host host : cluster.hosts()) {
        together.run(
            () -> {
              fault.strike(host);
              return null;
            });
      }
    }
  }

  @Test
  @Order(13)
  void a_sentinel_replaced_at_its_address_leaves_no_ghost() throws Exception {
    Seen seen =
        faults.under(
            master -> {
              Host sentinel = cluster.host("sentinel-2");
              String id = sentinelId(sentinel);
              sentinel.powerLoss();
              cluster.replace(sentinel);
              sentinel.powerOn();
              sentinel.awaitBoot();
              cluster.awaitWhole(SOON);
              assertThat(sentinelId(sentinel)).isNotEqualTo(id);
            });
    EVIDENCE.fault("a Sentinel replaced at its address", Limits::planned, seen);
    for (Host sentinel : cluster.sentinels()) {
      assertThat(cluster.redisCli(sentinel, "sentinel", "ckquorum", "mymaster").out())
          .startsWith("OK 3 usable Sentinels");
    }
  }

  @Test
  @Order(14)
  void all_sentinels_replaced_and_the_master_emptied_lose_nothing() throws Exception {
    for (boolean atOnce : new boolean[] {false, true}) {
      Seen seen =
          faults.under(
              first -> {
                for (Host sentinel : cluster.sentinels()) {
                  sentinel.powerLoss();
                  cluster.replace(sentinel);
                }
                if (!atOnce) {
                  for (Host sentinel : cluster.sentinels()) {
                    sentinel.powerOn();
                  }
                  cluster.awaitWhole(SOON);
                }
                Host master = atOnce ? first : cluster.master();
                master.powerLoss();
                master.newVolume(LabCluster.VOLUME_MIB);
                cluster.replace(master);
                master.powerOn();
                for (Host sentinel : cluster.sentinels()) {
                  if (!sentinel.isOn()) {
                    sentinel.powerOn();
                  }
                }
                Eventually.within(SOON, () -> assertThat(cluster.master()).isNotSameAs(master));
              });
      EVIDENCE.fault(
          atOnce
              ? "all Sentinels and the master replaced at once, all disks empty"
              : "all Sentinels replaced, then the master with an empty disk",
          Limits::crashes,
          seen);
    }
  }

  @Test
  @Order(15)
  void a_master_cut_off_with_a_minority_stops_taking_writes_and_heals() throws Exception {
    Seen seen =
        faults.under(
            master -> {
              List<String> here = List.of(master.name(), "sentinel-1");
              List<String> there =
                  cluster.hosts().stream().map(Host::name).filter(n -> !here.contains(n)).toList();
              cluster.lab().cut(here, there);
              Eventually.within(
                  SOON,
                  () ->
                      assertThat(cluster.health(cluster.host("sentinel-2")).path("master").asText())
                          .doesNotStartWith(master.address() + ":"));
              Eventually.within(
                  SOON,
                  () ->
                      assertThat(cluster.redisCli(master, "set", "cut", "off").out())
                          .contains("NOREPLICAS"));
              cluster.lab().mend();
            });
    Duration maxLag = maxLag(cluster.master());
    System.out.printf(
        "  a master that is cut off takes writes until it notices, and those are lost: %d here, at"
            + " most %d with min-replicas-max-lag %d%n",
        seen.lost(), Limits.mostLostCutOff(maxLag), maxLag.toSeconds());
    EVIDENCE.fault(
        "master cut off with one Sentinel, a client on both sides",
        each -> Limits.cutOff(each, downAfter, maxLag),
        seen);
  }

  private static Duration maxLag(Host host) throws Exception {
    String told = cluster.redisCli(host, "config", "get", "min-replicas-max-lag").out().strip();
    return Duration.ofSeconds(Long.parseLong(told.substring(told.lastIndexOf('\n') + 1)));
  }

  @Test
  @Order(16)
  void a_link_that_loses_packets_loses_no_write() throws Exception {
    Seen seen =
        faults.under(
            master -> {
              Host replica = replica(master);
              cluster.lab().lose(replica.name(), 10);
              master.reboot();
              cluster.awaitWhole(SOON);
              cluster.lab().mend();
            });
    EVIDENCE.fault(
        "handover while a replica's link loses 10 % of its packets",
        Limits::plannedOverLossyLink, seen);
  }

  @Test
  @Order(17)
  void a_full_disk_is_said_and_a_larger_one_heals_it() throws Exception {
    Host master = cluster.awaitWhole(SOON);
    cluster.redisCli(master, "set", "before", "full").succeeded();
    master.shell("dd if=/dev/zero of=/var/redis/6379/filler bs=1M; sync");
    Eventually.within(
        SOON,
        () -> {
          cluster.redisCli(master, "set", "some", "x".repeat(500));
          assertThat(cluster.health(master).path("reason").asText())
              .contains("cannot write to its disk, 0 MB are free");
        });
    assertThat(cluster.redisCli(master, "get", "before").out()).contains("full");
    master.powerOff();
    master.resizeVolume(2 * LabCluster.VOLUME_MIB);
    master.powerOn();
    cluster.awaitWhole(SOON);
    String size = master.shell("df --output=size -m /var/redis/6379 | tail -n 1").out().strip();
    assertThat(Integer.parseInt(size)).isGreaterThan(LabCluster.VOLUME_MIB + 100);
    assertThat(cluster.redisCli(master, "get", "before").out()).contains("full");
    master.run("rm", "/var/redis/6379/filler").succeeded();
  }

  @Test
  @Order(18)
  void a_torn_tail_of_the_aof_costs_nothing() throws Exception {
    Seen seen =
        faults.under(
            master -> {
              master.powerLoss();
              master.onVolume("truncate -s -3 $(ls appendonlydir/*.incr.aof | tail -n 1)");
              master.powerOn();
            });
    EVIDENCE.fault(
        "power loss of the master, and its AOF torn", each -> Limits.crash(each, downAfter), seen);
  }

  @Test
  @Order(19)
  void a_server_that_cannot_start_is_said_and_its_data_stays() throws Exception {
    Host replica = replica(cluster.awaitWhole(SOON));
    replica.powerOff();
    replica.onVolume(
        "printf 'no command at all\\r\\n%.0s' 1 2 3 > torn; for f in appendonlydir/*.incr.aof; do"
            + " { cat torn $f torn; } > new; cat new > $f; done; rm new torn;"
            + " cat appendonlydir/* | md5sum > before.md5");
    replica.powerOn();
    replica.awaitBoot();
    Eventually.within(
        SOON,
        () -> {
          JsonNode health = cluster.health(replica);
          assertThat(health.path("fit").asBoolean()).isFalse();
          assertThat(health.path("unit").path("NRestarts").asInt()).as("%s", health).isPositive();
          assertThat(health.path("unit").path("lastLine").asText()).contains("AOF");
        });
    replica
        .shell("cd /var/redis/6379 && cat appendonlydir/* | md5sum | diff - before.md5")
        .succeeded();
    // As docs/runbook.md says: the data goes aside, and the node comes back empty, as a replica.
    replica
        .shell(
            "systemctl stop redis && mv /var/redis/6379/appendonlydir /var/redis/6379/aside"
                + " && systemctl --no-block start redis")
        .succeeded();
    cluster.awaitWhole(SOON);
  }

  private static Host replica(Host master) {
    return cluster.redis().stream().filter(host -> host != master).findFirst().orElseThrow();
  }

  @Test
  @Order(20)
  void a_secret_that_may_not_be_read_is_said_and_a_known_one_still_serves() throws Exception {
    cluster.awaitWhole(SOON);
    Host known = replica(cluster.master());
    Host fresh = cluster.host("sentinel-3");
    cluster.mayRead(false);
    fresh.powerLoss();
    cluster.replace(fresh);
    fresh.powerOn();
    known.reboot();
    Eventually.within(
        SOON,
        () -> {
          assertThat(cluster.health(known).path("fit").asBoolean()).isTrue();
          assertThat(cluster.health(fresh).path("reason").asText()).contains("no passwords yet");
          assertThat(fresh.run("tail", "-n", "3", "/var/log/cloud-init-output.log").out())
              .contains("/nodes: AccessDeniedException", "secretsmanager:GetSecretValue");
        });
    cluster.mayRead(true);
    cluster.awaitWhole(SOON);
  }

  @Test
  @Order(21)
  void a_volume_that_comes_after_its_machine_is_waited_for() throws Exception {
    Host replica = replica(cluster.awaitWhole(SOON));
    replica.powerOff();
    replica.detachVolume();
    replica.powerOn();
    replica.awaitBoot();
    Eventually.within(
        SOON,
        () ->
            assertThat(cluster.health(replica).path("reason").asText())
                .contains("no volume is mounted at /var/redis/6379"));
    assertThat(replica.run("ls", "/var/redis/6379").out()).isBlank();
    replica.attachVolume();
    cluster.awaitWhole(SOON);
    replica.reboot(); // the volume stays attached, as it does on EC2
    cluster.awaitWhole(SOON);
  }

  @Test
  @Order(22)
  void a_drill_crashes_and_restarts_the_master_over_ssh_and_reports() throws Exception {
    cluster.awaitWhole(SOON);
    try (Project project = Project.create()) {
      String ssh =
          "ssh, -i, %s, -o, StrictHostKeyChecking=no, -o, UserKnownHostsFile=/dev/null, -o, LogLevel=ERROR"
              .formatted(cluster.sshKey());
      project.environment(
          "faults",
          cluster
              .withKey(YAML)
              .replace(
                  "operators:", "shell: [%s, \"admin@{address}\"]\n  operators:".formatted(ssh)));
      Run drill =
          cluster
              .lab()
              .at(
                  Lab.Place.OPERATOR,
                  project.folder(),
                  Map.of("REDIS_PASSWORD", LabCluster.PASSWORDS.get("app")),
                  "./rediform",
                  "drill",
                  "faults");
      System.out.print(drill.succeeded().out());
      assertThat(drill.out())
          .containsPattern("crash of redis-\\d: no writes for \\d+\\.\\d\\d s, \\d+ of \\d+ ack")
          .containsPattern("handover of redis-\\d: no writes for \\d+\\.\\d\\d s, 0 of \\d+ ack");
      assertThat(drill.err()).contains("the cluster is whole");
    }
    cluster.awaitWhole(SOON);
  }

  private static double seconds(long startNanos) {
    return (System.nanoTime() - startNanos) / 1e9;
  }
}
