package stacks.lab;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.extension.ExtendWith;
import stacks.testing.Eventually;
import stacks.testing.Load.Seen;
import stacks.testing.Run;

/**
 * A plain {@code ./rediform deploy} of every kind of change, with the real cdktf CLI, Terraform and
 * AWS provider, on machines that really boot, stop and start; each under an application that writes
 * and reads all the time.
 */
@ExtendWith(StopAtFailure.class)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class RollingSuite {
  private static final String NAME = "rolling";

  private static Ec2 ec2;
  private static String yaml;

  @BeforeAll
  static void start() throws Exception {
    Lab.assumePossible();
    ec2 = Ec2.start(NAME, "trixie");
    yaml =
        """
        platform: aws
        master: {cpu: 2, memory: 4GB, disk: 20GB, maxmemory: 100mb}
        replicas: {count: 2}
        sentinels: {count: 3, failoverTimeout: 60s}
        network:
          cidr: 10.77.0.0/16
          clients: [10.99.0.0/24, 10.98.0.0/24]
          operators: [10.98.0.0/24]
          shell: %s
        aws: {region: eu-central-1}
        """
            .formatted(ec2.shell());
  }

  @AfterAll
  static void end() throws Exception {
    if (ec2 != null) {
      ec2.close();
    }
  }

  private static void write(String... oldAndNew) throws Exception {
    for (int i = 0; i < oldAndNew.length; i += 2) {
      assertThat(yaml).contains(oldAndNew[i]);
      yaml = yaml.replace(oldAndNew[i], oldAndNew[i + 1]);
    }
    ec2.project().environment(NAME, yaml);
  }

  private static Run deploy(String... more) throws Exception {
    long start = System.nanoTime();
    Run run = ec2.rediform(Map.of(), "deploy", NAME, "--auto-approve");
    System.out.printf("deploy took %.0f s%n", (System.nanoTime() - start) / 1e9);
    Files.writeString(Path.of("target", "rolling-deploy.log"), run.all());
    assertThat(ec2.failures()).isEmpty();
    return run;
  }

  private interface Change {
    void make() throws Exception;
  }

  /** A change under an application, from a whole cluster to a whole cluster. */
  private static Seen under(String what, Change change) throws Exception {
    LabClient client = ec2.client(NAME);
    try {
      change.make();
    } catch (AssertionError | Exception e) {
      client.abandon();
      throw e;
    }
    Seen seen = client.stop();
    System.out.printf(
        "%-40s no writes for at most %d ms, no reads %d ms, lost %d of %d, away %d and %d%n",
        what,
        seen.longestGapMillis(),
        seen.longestReadGapMillis(),
        seen.lost(),
        seen.acknowledged(),
        seen.dataNodesAway(),
        seen.sentinelsAway());
    assertThat(seen.splits()).as("two masters").isEmpty();
    assertThat(seen.lost()).as("acknowledged writes that are gone").isZero();
    return seen;
  }

  @Test
  @Order(1)
  void first_deploy_boots_all_and_ends_with_a_whole_cluster() throws Exception {
    write();
    Run run = deploy().succeeded();
    assertThat(run.all()).contains(NAME + " is whole");
  }

  @Test
  @Order(2)
  void second_deploy_changes_nothing() throws Exception {
    assertThat(deploy().succeeded().out()).contains("No changes");
  }

  @Test
  @Order(3)
  void more_maxmemory_rolls_node_by_node() throws Exception {
    write("maxmemory: 100mb", "maxmemory: 120mb");
    Seen seen = under("maxmemory up", () -> deploy().succeeded());
    assertThat(seen.dataNodesAway()).isEqualTo(1);
    assertThat(seen.sentinelsAway()).isZero();
  }

  @Test
  @Order(4)
  void one_size_up_rolls_node_by_node() throws Exception {
    write("memory: 4GB", "memory: 8GB");
    Seen seen = under("one size up", () -> deploy().succeeded());
    assertThat(seen.dataNodesAway()).isEqualTo(1);
    assertThat(seen.sentinelsAway()).isZero();
  }

  @Test
  @Order(5)
  void a_larger_disk_has_a_larger_file_system() throws Exception {
    long before = volumeKib("redis-2");
    write("disk: 20GB", "disk: 40GB");
    Seen seen = under("disk up", () -> deploy().succeeded());
    assertThat(seen.dataNodesAway()).isEqualTo(1);
    assertThat(volumeKib("redis-2")).isGreaterThan(before * 3 / 2);
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
  @Order(6)
  void a_smaller_disk_is_refused_before_anything_is_touched() throws Exception {
    write("disk: 40GB", "disk: 30GB");
    Seen seen =
        under(
            "disk down, refused",
            () ->
                assertThat(deploy().ended(3).all())
                    .contains("New size cannot be smaller than existing size"));
    assertThat(seen.dataNodesAway()).isZero();
    write("disk: 30GB", "disk: 40GB");
    deploy().succeeded();
  }

  @Test
  @Order(7)
  void replicas_come_and_go_and_a_master_that_goes_hands_over() throws Exception {
    write("replicas: {count: 2}", "replicas: {count: 4}");
    under("replicas 2 to 4", () -> deploy().succeeded());
    assertThat(ec2.rediform(Map.of(), "failover", NAME, "--to", "redis-5").succeeded().out())
        .contains("redis-5 is master");
    write("replicas: {count: 4}", "replicas: {count: 2}");
    under("replicas 4 to 2, without the master", () -> deploy().succeeded());
    assertThat(ec2.host("redis-5").isOn()).isFalse();
  }

  @Test
  @Order(8)
  void sentinels_come_and_go_and_the_quorum_follows() throws Exception {
    write("sentinels: {count: 3", "sentinels: {count: 5");
    Seen more = under("Sentinels 3 to 5", () -> deploy().succeeded());
    assertThat(more.sentinelsAway()).isEqualTo(1);
    write("sentinels: {count: 5", "sentinels: {count: 3");
    under("Sentinels 5 to 3", () -> deploy().succeeded());
    assertThat(
            ec2.host("sentinel-1")
                .shell("redis-cli -p 26379 sentinel master mymaster | grep -A1 '^quorum'")
                .out())
        .contains("2");
  }

  @Test
  @Order(9)
  void a_changed_setting_rolls() throws Exception {
    write("aws: {", "redis: {config: {slowlog-max-len: 256}}\naws: {");
    Seen seen = under("a setting of Redis", () -> deploy().succeeded());
    assertThat(seen.dataNodesAway()).isEqualTo(1);
  }

  @Test
  @Order(10)
  void nodes_are_made_anew_one_at_a_time() throws Exception {
    String master = master();
    String replica = master.equals("redis-2") ? "redis-3" : "redis-2";
    for (String node : List.of(replica, "sentinel-2", master)) {
      under(
          "replace " + node,
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
    return List.of("redis-1", "redis-2", "redis-3").stream()
        .filter(name -> ec2.host(name).address().equals(address))
        .findFirst()
        .orElseThrow();
  }

  @Test
  @Order(11)
  void a_node_that_is_down_stops_the_deploy_which_says_so_and_goes_on_later() throws Exception {
    String down = master().equals("redis-1") ? "redis-2" : "redis-1";
    ec2.host(down).powerLoss();
    write("maxmemory: 120mb", "maxmemory: 110mb");
    Seen seen =
        under(
            "a node is down: refused",
            () ->
                assertThat(
                        ec2.rediform(
                                Map.of("REDIFORM_WAIT_TIMEOUT", "20s"),
                                "deploy",
                                NAME,
                                "--auto-approve")
                            .ended(3)
                            .all())
                    .contains(down + " cannot be reached")
                    .contains("redis-3 was not touched"));
    assertThat(seen.dataNodesAway()).as("beside the one that is down").isZero();
    ec2.host(down).powerOn();
    under("and goes on", () -> deploy().succeeded());
  }

  @Test
  @Order(12)
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
  @Order(13)
  void without_a_way_to_look_a_change_is_refused_before_anything_is_touched() throws Exception {
    String shell = ec2.shell();
    write("  shell: " + shell + "\n", "", "maxmemory: 110mb", "maxmemory: 115mb");
    Seen seen =
        under(
            "no way to look: refused",
            () ->
                assertThat(deploy().ended(3).all())
                    .contains("there is no way from here to look at the nodes")
                    .contains("redis-3 was not touched"));
    assertThat(seen.dataNodesAway()).isZero();
  }
}
