package stacks.lab;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.extension.ExtendWith;
import stacks.testing.Eventually;
import stacks.testing.Evidence;
import stacks.testing.Limits;
import stacks.testing.Load.Seen;
import stacks.testing.Run;
import stacks.testing.RunningDeploy;

/**
 * A plain {@code ./rediform deploy} of every kind of change, with the real Terraform and AWS
 * provider, on machines that really boot, stop and start; each under an application that writes and
 * reads all the time.
 */
@ExtendWith(StopAtFailure.class)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class RollingSuite {
  /** From linux/capability.h. */
  private static final int CAP_SYS_RESOURCE = 24;

  private static final int SEEDS = Integer.getInteger("rolling.seeds", 2);

  private static final String NAME = "rolling";
  private static final String LOCK = ".rediform/" + NAME + "/.terraform.tfstate.lock.info";
  private static final List<String> REDIS = List.of("redis-1", "redis-2", "redis-3");

  private static final Evidence EVIDENCE = new Evidence("rolling.md", "rolling");

  private static Rollout rollout;
  private static Ec2 ec2;
  private static String redis = "not known";

  @BeforeAll
  static void start() throws Exception {
    Lab.assumePossible();
    rollout =
        Rollout.start(
            NAME,
            """
            platform: aws
            master: {cpu: 2, memory: 4GB, disk: 20GB, maxmemory: 100mb}
            replicas: {count: 2}
            sentinels: {count: 3, failoverTimeout: 60s}
            network:
              cidr: 10.77.0.0/16
              clients: [10.99.0.0/24, 10.98.0.0/24]
              operators: [10.98.0.0/24]
              keys: ["%s"]
              shell: %s
            redis: {config: {databases: 16}}
            aws: {region: eu-central-1, image: debian-12}
            """,
            EVIDENCE);
    ec2 = rollout.ec2();
  }

  @AfterAll
  static void end() throws Exception {
    if (rollout != null) {
      try {
        EVIDENCE.save("Debian 13", "Redis " + redis, ec2.terraform(NAME), "down-after 5 s");
      } finally {
        rollout.close();
      }
    }
  }

  private static void write(String... oldAndNew) throws Exception {
    rollout.write(oldAndNew);
  }

  private static Run deploy() throws Exception {
    return rollout.deploy();
  }

  private static Seen under(String what, Rollout.Change change) throws Exception {
    return rollout.under(what, Limits::planned, change);
  }

  @Test
  @Order(1)
  void first_deploy_boots_all_and_ends_with_a_whole_cluster() throws Exception {
    write();
    long start = System.nanoTime();
    Run run = deploy().succeeded();
    EVIDENCE.time("first deploy, six machines, packages cached", (System.nanoTime() - start) / 1e9);
    assertThat(run.all()).contains(NAME + " is whole");
  }

  @Test
  @Order(2)
  void second_deploy_changes_nothing() throws Exception {
    assertThat(deploy().succeeded().out()).contains("No changes");
  }

  @Test
  @Order(3)
  void a_newer_release_comes_with_a_newer_image_node_by_node() throws Exception {
    assertThat(version("redis-1")).startsWith("v=7.0.");
    write("debian-12", "debian-13");
    assertThat(deploy().succeeded().out()).contains("No changes");
    // The master last: what an older Redis writes a newer one reads, not the other way round.
    String master = master();
    List<String> nodes = new ArrayList<>(List.of("sentinel-3", "sentinel-2", "sentinel-1"));
    REDIS.stream().filter(node -> !node.equals(master)).forEach(nodes::add);
    nodes.add(master);
    Seen seen =
        under(
            "Redis 7.0 to 8.0: `replace` of all six nodes",
            () -> {
              for (String node : nodes) {
                ec2.rediform(Map.of(), "replace", NAME, node, "--auto-approve").succeeded();
              }
            });
    assertThat(seen.dataNodesAway()).isEqualTo(1);
    assertThat(seen.sentinelsAway()).isEqualTo(1);
    for (String node : nodes) {
      assertThat(version(node)).as(node).startsWith("v=8.0.");
    }
    redis = version("redis-1").strip().substring(2);
  }

  private static String version(String node) throws Exception {
    return ec2.host(node).shell("redis-server --version | cut -d' ' -f3").succeeded().out();
  }

  @Test
  @Order(4)
  void what_redis_takes_while_it_runs_restarts_nothing() throws Exception {
    write("maxmemory: 100mb", "maxmemory: 120mb", "databases: 16", "databases: 16, hz: 20");
    Seen seen =
        under("`maxmemory` up and a directive new, without a restart", () -> deploy().succeeded());
    assertThat(seen.dataNodesAway()).isZero();
    assertEverywhere("maxmemory", "125829120");
    assertEverywhere("hz", "20");
    write("databases: 16, hz: 20", "databases: 16");
    under("the directive gone again, without a restart", () -> deploy().succeeded());
    assertEverywhere("hz", "10");
  }

  private static void assertEverywhere(String setting, String value) throws Exception {
    for (String node : REDIS) {
      assertThat(
              ec2.host(node)
                  .shell(
                      "REDISCLI_AUTH=%s redis-cli --user admin config get %s"
                          .formatted(ec2.password(NAME, "admin"), setting))
                  .out())
          .as(node)
          .endsWith(setting + "\n" + value + "\n");
    }
  }

  @Test
  @Order(5)
  void one_size_up_rolls_node_by_node() throws Exception {
    write("memory: 4GB", "memory: 8GB");
    Seen seen = under("all data nodes one size up", () -> deploy().succeeded());
    assertThat(seen.dataNodesAway()).isEqualTo(1);
    assertThat(seen.sentinelsAway()).isZero();
  }

  @Test
  @Order(6)
  void a_larger_disk_has_a_larger_file_system() throws Exception {
    long before = volumeKib("redis-2");
    write("disk: 20GB", "disk: 40GB");
    Seen seen = under("disk up, file system larger", () -> deploy().succeeded());
    assertThat(seen.dataNodesAway()).as("it grows in use").isZero();
    if (!mayGrowInUse()) {
      ec2.host("redis-2").reboot();
      ec2.rediform(Map.of(), "wait", NAME, "--timeout", "3m").succeeded();
    }
    assertThat(volumeKib("redis-2")).isGreaterThan(before * 3 / 2);
  }

  /**
   * Where this machine may not resize what is mounted, its hosts may not, and do at their start.
   */
  private static boolean mayGrowInUse() throws Exception {
    String bounds =
        Files.readString(Path.of("/proc/self/status"))
            .replaceFirst("(?s).*CapBnd:\\s+(\\p{XDigit}+).*", "$1");
    return (Long.parseLong(bounds, 16) >> CAP_SYS_RESOURCE & 1) == 1;
  }

  private static long volumeKib(String node) throws Exception {
    return Long.parseLong(
        ec2.host(node)
            .shell("df --output=size /var/redis/6379 | tail -n 1")
            .succeeded()
            .out()
            .strip());
  }

  @Test
  @Order(7)
  void a_smaller_disk_is_refused_before_anything_is_touched() throws Exception {
    write("disk: 40GB", "disk: 30GB");
    Seen seen =
        under(
            "disk down: refused",
            () ->
                assertThat(deploy().ended(1).all())
                    .contains("block disk-shrunk", "Nothing was changed"));
    assertThat(seen.dataNodesAway()).isZero();
    write("disk: 30GB", "disk: 40GB");
    deploy().succeeded();
  }

  @Test
  @Order(8)
  void replicas_come_and_go_and_a_master_that_goes_hands_over() throws Exception {
    write("replicas: {count: 2}", "replicas: {count: 4}");
    under("replicas 2 to 4", () -> deploy().succeeded());
    assertThat(ec2.rediform(Map.of(), "failover", NAME, "--to", "redis-5").succeeded().out())
        .contains("redis-5 is master");
    write("replicas: {count: 4}", "replicas: {count: 2}");
    under(
        "replicas 4 to 2, the master among those that go",
        () ->
            assertThat(deploy().succeeded().err())
                .containsSubsequence(
                    "redis-5 hands over to redis-1", "redis-5 leaves", "redis-4 leaves"));
    assertThat(ec2.host("redis-5").isOn()).isFalse();
  }

  @Test
  @Order(9)
  void sentinels_come_and_go_and_the_quorum_follows() throws Exception {
    write("sentinels: {count: 3", "sentinels: {count: 5");
    Seen more = under("Sentinels 3 to 5", () -> deploy().succeeded());
    assertThat(more.sentinelsAway()).isEqualTo(1);
    write("sentinels: {count: 5", "sentinels: {count: 3");
    under(
        "Sentinels 5 to 3",
        () ->
            assertThat(deploy().succeeded().err())
                .as("those that stay change first")
                .containsSubsequence(
                    "aws_instance.sentinel-1: Modifications complete",
                    "sentinel-5 leaves",
                    "sentinel-4 leaves"));
    assertThat(
            ec2.host("sentinel-1")
                .shell("redis-cli -p 26379 sentinel master mymaster | grep -A1 '^quorum'")
                .out())
        .contains("2");
  }

  @Test
  @Order(10)
  void a_setting_that_redis_reads_at_its_start_rolls() throws Exception {
    write("databases: 16", "databases: 17");
    Seen seen = under("a directive that Redis reads at its start", () -> deploy().succeeded());
    assertThat(seen.dataNodesAway()).isEqualTo(1);
    // What it took while it ran survived the restart.
    assertEverywhere("maxmemory", "125829120");
  }

  @Test
  @Order(11)
  void nodes_are_made_anew_one_at_a_time() throws Exception {
    String master = master();
    String replica = master.equals("redis-2") ? "redis-3" : "redis-2";
    for (String node : List.of(replica, "sentinel-2", master)) {
      under(
          "`replace` of "
              + (node.equals(master)
                  ? "the master"
                  : node.equals(replica) ? "a replica" : "a Sentinel"),
          () ->
              assertThat(
                      ec2.rediform(Map.of(), "replace", NAME, node, "--auto-approve")
                          .succeeded()
                          .out())
                  .contains(node + " is new; " + NAME + " is whole"));
      assertThat(ec2.failures()).isEmpty();
    }
    assertThat(deploy().succeeded().out()).contains("No changes");
  }

  private static String master() throws Exception {
    String address =
        ec2.host("sentinel-1")
            .shell("redis-cli -p 26379 sentinel get-master-addr-by-name mymaster")
            .succeeded()
            .out()
            .lines()
            .findFirst()
            .orElseThrow();
    return REDIS.stream()
        .filter(name -> ec2.host(name).address().equals(address))
        .findFirst()
        .orElseThrow();
  }

  @Test
  @Order(12)
  void a_node_that_is_down_stops_the_deploy_which_says_so_and_goes_on_later() throws Exception {
    String down = master().equals("redis-1") ? "redis-2" : "redis-1";
    ec2.host(down).powerLoss();
    write("databases: 17", "databases: 18");
    Seen seen =
        under(
            "a node has lost its power: refused, and named",
            () ->
                assertThat(rollout.impatientDeploy().ended(1).all())
                    .contains(down + " cannot be reached")
                    .contains("redis-3 was not touched"));
    assertThat(seen.dataNodesAway()).as("beside the one that is down").isZero();
    ec2.host(down).powerOn();
    Seen later = under("it is back, the deploy goes on", () -> deploy().succeeded());
    assertThat(later.dataNodesAway()).isEqualTo(1);
  }

  @Test
  @Order(13)
  void a_deploy_after_a_failover_moves_nothing_back() throws Exception {
    String before = master();
    ec2.host(before).powerLoss();
    Eventually.within(Duration.ofMinutes(2), () -> assertThat(master()).isNotEqualTo(before));
    String now = master();
    ec2.host(before).powerOn();
    ec2.rediform(Map.of(), "wait", NAME, "--timeout", "3m").succeeded();
    assertThat(deploy().succeeded().out()).contains("No changes");
    assertThat(master()).isEqualTo(now);
  }

  @Test
  @Order(14)
  void two_deploys_at_once_do_not_mix() throws Exception {
    write("databases: 18", "databases: 19");
    Seen seen =
        under(
            "two deploys at once: one waits a minute, is refused and says why",
            () -> {
              RunningDeploy first =
                  RunningDeploy.start(ec2.project(), ec2.credentials(), NAME, "--auto-approve");
              Path lock = ec2.project().folder().resolve(LOCK);
              Eventually.within(Duration.ofMinutes(1), () -> assertThat(lock).exists());
              // So that the first waits for longer than the second does: its gates want all
              // Sentinels.
              ec2.host("sentinel-3").powerLoss();
              assertThat(deploy().ended(3).all()).contains("the state of rolling is locked by");
              ec2.host("sentinel-3").powerOn();
              assertThat(first.await()).isZero();
            });
    assertThat(seen.dataNodesAway()).isEqualTo(1);
  }

  @Test
  @Order(15)
  void a_deploy_that_is_killed_anywhere_is_gone_on_with_by_the_next() throws Exception {
    for (int seed = 0; seed < SEEDS; seed++) {
      int old = 19 + seed;
      Random random = new Random(seed);
      Seen seen =
          under(
              "deploy killed at a random moment, and run again",
              () -> {
                write("databases: " + old, "databases: " + (old + 1));
                RunningDeploy.start(ec2.project(), ec2.credentials(), NAME, "--auto-approve")
                    .killAfter(random.nextInt(100_000));
                deploy().succeeded();
              });
      assertThat(seen.dataNodesAway()).isLessThanOrEqualTo(1);
    }
    assertThat(deploy().succeeded().out()).contains("No changes");
  }

  @Test
  @Order(16)
  void without_a_way_to_look_a_change_is_refused_before_anything_is_touched() throws Exception {
    String shell = ec2.shell();
    write("  shell: " + shell + "\n", "", "maxmemory: 120mb", "maxmemory: 125mb");
    Seen seen =
        under(
            "no way to look: refused",
            () ->
                assertThat(deploy().ended(3).all())
                    .contains("the file has no network.shell")
                    .contains("nothing was changed"));
    assertThat(seen.dataNodesAway()).isZero();
  }
}
