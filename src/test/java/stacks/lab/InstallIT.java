package stacks.lab;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import stacks.node.AgentBundle;
import stacks.node.Checksum;
import stacks.testing.Eventually;
import stacks.testing.Load.Seen;
import stacks.testing.Run;

/** What hosts are made of: the other Debian release, and Redis built from source. */
class InstallIT {
  private static final Duration SOON = Duration.ofMinutes(2);
  private static final Duration BUILD = Duration.ofMinutes(8);

  /** Upstream's own tarball, as Debian's source package carries it. */
  private static final String VERSION = "7.0.15";

  private static final String YAML =
      """
      platform: aws
      master: {cpu: 2, memory: 4GB, disk: 20GB, maxmemory: 100mb}
      network:
        cidr: 10.77.0.0/16
        clients: [10.99.0.0/24]
        operators: [10.98.0.0/24]
        keys: ["{operators-key}"]
      aws: {region: eu-central-1, protect: false, image: %s}
      """;

  @BeforeAll
  static void isPossible() throws Exception {
    Lab.assumePossible();
  }

  @Test
  void on_debian_12_too_a_cluster_forms_hands_over_and_fails_over() throws Exception {
    try (LabCluster cluster = LabCluster.of("bookworm", "bookworm", YAML.formatted("debian-12"))) {
      Host cut = cluster.host("redis-2");
      cut.hangInMkfs();
      for (Host host : cluster.hosts()) {
        host.powerOn();
      }
      for (Host host : cluster.hosts()) {
        host.awaitBoot();
        assertThat(host.run("cloud-init", "status").all()).contains("status: done");
        assertHasDocument(cluster, host);
      }
      aPowerLossDuringTheFirstMkfsIsMendedAtTheNextBoot(cut);
      Host first = cluster.awaitWhole(SOON);
      assertThat(first.name()).isEqualTo("redis-1");
      onlyOperatorsWithTheirKeyLogIn(cluster, first);
      theBootUnitsHaveLittleMoreThanTheyNeed(first);
      LabClient client = cluster.client();
      first.reboot();
      Host second = cluster.awaitWhole(SOON);
      assertThat(second).isNotSameAs(first);
      Seen seen = client.stop();
      assertThat(seen.lost()).isZero();
      assertThat(seen.splits()).isEmpty();
      second.powerLoss();
      Eventually.within(SOON, () -> assertThat(cluster.master()).isNotSameAs(second));
      second.powerOn();
      Host third = cluster.awaitWhole(SOON);
      Host replica =
          cluster.redis().stream().filter(host -> !host.equals(third)).findFirst().orElseThrow();
      assertDoesNotStartWithAnotherProgram(cluster, replica);
      cluster.awaitWhole(SOON);
      new ExportersOnHosts(
              cluster,
              "bookworm",
              YAML.formatted("debian-12"),
              List.of(replica, cluster.host("sentinel-1")))
          .comeAndGo();
    }
  }

  /** A cluster of which one node of each kind has booted, and Sentinels enough to agree. */
  @Test
  void on_debian_13_exporters_come_and_go_beside_servers_that_stay() throws Exception {
    try (LabCluster cluster = LabCluster.of("exporters", "trixie", YAML.formatted("debian-13"))) {
      List<Host> hosts =
          List.of(cluster.host("redis-1"), cluster.host("sentinel-1"), cluster.host("sentinel-2"));
      for (Host host : hosts) {
        host.powerOn();
      }
      for (Host host : hosts) {
        host.awaitBoot();
      }
      for (Host host : hosts) {
        Eventually.within(
            SOON, () -> assertThat(cluster.health(host).path("fit").asBoolean()).isTrue());
      }
      new ExportersOnHosts(cluster, "exporters", YAML.formatted("debian-13"), hosts.subList(0, 2))
          .comeAndGo();
    }
  }

  /** A machine in the place of another finds something in the bucket that it was not told of. */
  private static void assertDoesNotStartWithAnotherProgram(LabCluster cluster, Host host)
      throws Exception {
    host.powerOff();
    cluster.replace(host);
    String text = "#!/bin/sh\nid\n";
    cluster.object("program.pyz", text);
    host.powerOn();
    String found =
        "program.pyz in bucket rediform-bookworm-%s has checksum %s"
            .formatted(Lab.BUCKET_ID, Checksum.of(text));
    String log = "/var/log/cloud-init-output.log";
    Eventually.within(
        Duration.ofMinutes(4), () -> assertThat(host.run("cat", log).out()).contains(found));
    assertThat(host.run("cat", log).out())
        .contains("document " + cluster.document(host) + " wants " + AgentBundle.sha256());
    assertThat(Files.readString(host.console())).contains(found);
    assertThat(host.run("rediform-node", "health").all())
        .contains("this machine has no agent yet: ", found);
    assertThat(host.shell("ls /etc/systemd/system").out()).doesNotContain("redis.service");

    // The node tries again; nobody restarts it.
    String boot = host.run("cut", "-d ", "-f22", "/proc/1/stat").out();
    cluster.objectsAsPlanned();
    host.awaitBoot();
    assertThat(host.run("cloud-init", "status").all()).contains("status: done");
    assertThat(host.run("cut", "-d ", "-f22", "/proc/1/stat").out()).isEqualTo(boot);
    assertHasDocument(cluster, host);
  }

  private static void assertHasDocument(LabCluster cluster, Host host) throws Exception {
    String good = host.run("readlink", "-f", "/var/lib/rediform/agent/good").out().strip();
    assertThat(good).endsWith("/" + cluster.document(host) + ".json");
    assertThat(host.run("sha256sum", good).out()).startsWith(cluster.document(host) + " ");
    assertThat(cluster.health(host).path("document").asText()).isEqualTo(cluster.document(host));
  }

  /** It hangs there, with a volume that looks like somebody's data but for the mark. */
  private static void aPowerLossDuringTheFirstMkfsIsMendedAtTheNextBoot(Host host)
      throws Exception {
    Eventually.within(
        SOON, () -> assertThat(host.run("test", "-e", Host.HANGS).exitCode()).isZero());
    assertThat(host.shell("cat /var/lib/rediform/mkfs").out()).contains("/dev/sdf");
    assertThat(host.run("findmnt", "/var/redis/6379").out()).isBlank();
    host.powerLoss();
    host.noLongerHangInMkfs();
    host.powerOn();
    host.awaitBoot();
    Eventually.within(
        SOON,
        () ->
            assertThat(host.run("findmnt", "-n", "-o", "FSTYPE", "/var/redis/6379").out())
                .startsWith("ext4"));
    assertThat(host.run("test", "-e", "/var/lib/rediform/mkfs").exitCode()).isPositive();
  }

  private static void onlyOperatorsWithTheirKeyLogIn(LabCluster cluster, Host host)
      throws Exception {
    Path own = cluster.sshKey();
    Path another = own.resolveSibling("another");
    Run.of(
            Path.of("."),
            Map.of(),
            "ssh-keygen",
            "-q",
            "-t",
            "ed25519",
            "-N",
            "",
            "-f",
            another.toString())
        .succeeded();
    Run run = ssh(cluster, Lab.Place.OPERATOR, own, "admin", host);
    assertThat(run.succeeded().out().strip()).isEqualTo("uid=0(root) gid=0(root) groups=0(root)");
    assertThat(ssh(cluster, Lab.Place.OPERATOR, another, "admin", host).all())
        .contains("Permission denied (publickey");
    assertThat(ssh(cluster, Lab.Place.OPERATOR, own, "root", host).all())
        .contains("Permission denied (publickey");
    assertThat(ssh(cluster, Lab.Place.CLIENT, own, "admin", host).all()).contains("timed out");
    // A key that a person put there stays; one that is in the file no longer goes.
    host.shell(
        "install -d -m 700 -o admin -g admin ~admin/.ssh;"
            + " install -m 600 -o admin -g admin /dev/stdin ~admin/.ssh/authorized_keys << END\n"
            + Files.readString(another.resolveSibling("another.pub"))
            + "END\n: > /etc/rediform/keys");
    ssh(cluster, Lab.Place.OPERATOR, another, "admin", host).succeeded();
    assertThat(ssh(cluster, Lab.Place.OPERATOR, own, "admin", host).all())
        .contains("Permission denied (publickey");
  }

  private static Run ssh(LabCluster cluster, Lab.Place from, Path key, String user, Host host)
      throws Exception {
    return Run.of(
        Path.of("."),
        Map.of(),
        cluster
            .lab()
            .at(
                from,
                List.of(
                    "ssh",
                    "-F",
                    "none",
                    "-i",
                    key.toString(),
                    "-o",
                    "IdentitiesOnly=yes",
                    "-o",
                    "StrictHostKeyChecking=no",
                    "-o",
                    "UserKnownHostsFile=/dev/null",
                    "-o",
                    "LogLevel=ERROR",
                    "-o",
                    "ConnectTimeout=3",
                    "-o",
                    "BatchMode=yes",
                    user + "@" + host.address(),
                    "sudo",
                    "id")));
  }

  private static void theBootUnitsHaveLittleMoreThanTheyNeed(Host host) throws Exception {
    for (Map.Entry<String, Double> unit :
        Map.of("rediform-attend", 3.5, "rediform-volume", 6.5).entrySet()) {
      String overall =
          host.shell("systemd-analyze security --no-pager " + unit.getKey() + " | tail -n 1").out();
      assertThat(Double.parseDouble(overall.replaceAll(".*: ([0-9.]+) .*", "$1").strip()))
          .as(overall)
          .isLessThanOrEqualTo(unit.getValue());
      System.out.print(overall);
    }
    assertThat(host.run("systemctl", "is-active", "rediform-attend").out()).startsWith("active");
    assertThat(host.run("systemctl", "--failed", "--no-legend", "--plain").out()).isBlank();
  }

  @Test
  void redis_is_built_from_source_and_a_wrong_checksum_installs_nothing() throws Exception {
    Path tarball = tarball();
    String sum =
        Run.of(Path.of("."), Map.of(), "sha256sum", tarball.toString()).out().split(" ")[0];
    String yaml =
        """
        platform: aws
        redis:
          install: source
          source: {version: %s, sha256: %s}
        master: {cpu: 2, memory: 4GB, disk: 20GB, maxmemory: 100mb}
        network: {cidr: 10.77.0.0/16, clients: [10.99.0.0/24]}
        aws: {region: eu-central-1, protect: false}
        """;
    try (LabCluster cluster =
        LabCluster.of("source", "trixie", yaml.formatted(VERSION, "0".repeat(64)))) {
      Files.copy(
          tarball,
          cluster.lab().folder().resolve("www/redis-" + VERSION + ".tar.gz"),
          StandardCopyOption.REPLACE_EXISTING);
      Host wrong = cluster.host("redis-2");
      wrong.powerOn();
      wrong.awaitBoot();
      assertThat(wrong.run("cloud-init", "status", "--long").all()).contains("status: error");
      String said = "redis-7.0.15.tar.gz has another checksum than the environment file says";
      assertThat(wrong.run("cat", "/var/log/cloud-init-output.log").out()).contains(said);
      assertThat(Files.readString(wrong.console())).contains(said);
      assertThat(wrong.shell("ls /usr/local/bin").out()).isBlank();
      assertThat(wrong.run("systemctl", "is-active", "redis").out()).contains("inactive");
      wrong.powerOff();

      cluster.environment("source", yaml.formatted(VERSION, sum));
      Host host = cluster.host("redis-1");
      cluster.tell(host);
      host.powerOn();
      Eventually.within(
          BUILD,
          () ->
              assertThat(host.run("cloud-init", "status").all())
                  .containsPattern("status: (done|error)"));
      assertThat(host.run("cloud-init", "status").all()).contains("status: done");
      assertThat(host.run("/usr/local/bin/redis-server", "--version").out())
          .contains("v=" + VERSION);
      Run linked = host.run("ldd", "/usr/local/bin/redis-server");
      assertThat(linked.out()).contains("libssl", "libsystemd");
      // Alone it knows no master, and says what it waits for.
      Eventually.within(
          SOON,
          () ->
              assertThat(cluster.health(host).path("reason").asText())
                  .contains("waiting for a majority of Sentinels, 0 of 3 answer"));
      assertThat(host.run("findmnt", "-n", "-o", "FSTYPE", "/var/redis/6379").out())
          .startsWith("ext4");
      assertThat(host.run("systemctl", "show", "redis", "--property=ExecStart").out())
          .contains("/usr/local/bin/redis-server /etc/redis/6379.conf");
    }
  }

  @Test
  void firewall_rules_made_by_hand_stay_and_those_that_left_the_file_go() throws Exception {
    String yaml =
        """
        platform: aws
        master: {cpu: 2, memory: 4GB, disk: 20GB, maxmemory: 100mb}
        network: {cidr: 10.77.0.0/16, clients: [%s], operators: [10.98.0.7/32]}
        aws: {region: eu-central-1, protect: false}
        """;
    String old = "ufw allow from 10.97.0.0/24 to any port 26379 proto tcp";
    String kept = "ufw allow from 10.99.0.0/24 to any port 26379 proto tcp";
    String added = "ufw allow from 10.96.0.0/24 to any port 26379 proto tcp";
    List<String> byHand =
        List.of(
            "ufw allow from 10.1.0.0/16 to any port 26379 proto tcp comment 'our agent'",
            "ufw allow from 10.2.0.0/16 to any port 9100 proto tcp",
            "ufw route allow in on eth0 out on eth1",
            "ufw allow 'Node Exporter'",
            "ufw deny from 10.3.0.0/16");
    try (LabCluster cluster =
        LabCluster.of("firewall", "trixie", yaml.formatted("10.97.0.0/24, 10.99.0.0/24"))) {
      Host host = cluster.host("sentinel-1");
      host.powerOn();
      host.awaitBoot();
      assertHasDocument(cluster, host);
      host.shell(
              "printf '[Node Exporter]\\ntitle=x\\ndescription=y\\nports=9100/tcp\\n'"
                  + " > /etc/ufw/applications.d/node-exporter")
          .succeeded();
      for (String rule : byHand) {
        host.shell(rule).succeeded();
      }
      assertThat(rules(host)).contains(old, kept).containsAll(byHand);

      cluster.environment("firewall", yaml.formatted("10.96.0.0/24, 10.99.0.0/24"));
      take(cluster, host);
      assertThat(rules(host)).contains(added, kept).containsAll(byHand).doesNotContain(old);

      // As after a boot of a release that kept no list.
      host.shell("rm /etc/ufw/rediform").succeeded();
      cluster.environment("firewall", yaml.formatted("10.99.0.0/24"));
      take(cluster, host);
      assertThat(rules(host))
          .contains(kept, "ufw allow from 10.98.0.7 to any port 22 proto tcp")
          .containsAll(byHand)
          .doesNotContain(old, added);
      assertThat(host.run("ufw", "status", "verbose").out())
          .contains("Status: active", "deny (incoming)");
    }
  }

  /** While it runs, as at a gate. */
  private static void take(LabCluster cluster, Host host) throws Exception {
    cluster.tell(host);
    assertThat(host.look().exitCode())
        .as(host.run("journalctl", "-u", "rediform-look", "--output=cat").out())
        .isZero();
    assertHasDocument(cluster, host);
  }

  private static List<String> rules(Host host) throws Exception {
    return host.run("ufw", "show", "added").out().lines().toList();
  }

  private static Path tarball() throws Exception {
    Path file = Lab.CACHE.resolve("redis-" + VERSION + ".tar.gz");
    if (!Files.exists(file)) {
      Run.of(
              Path.of("."),
              Map.of(),
              "bash",
              "-ec",
              "archive=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages'"
                  + " | grep -m1 '/debian/$'); curl -fsS -o \"$0.new\""
                  + " \"${archive}pool/main/r/redis/redis_$1.orig.tar.gz\"; mv \"$0.new\" \"$0\"",
              file.toString(),
              VERSION)
          .succeeded();
    }
    return file;
  }
}
