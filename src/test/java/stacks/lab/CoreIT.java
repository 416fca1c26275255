package stacks.lab;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.extension.ExtendWith;
import stacks.testing.Evidence;
import stacks.testing.Limits;
import stacks.testing.Load.Seen;

/**
 * The core of {@link RollingSuite} and {@link FaultSuite}, short enough for every run of the tests:
 * one cluster, brought up by a deploy, a setting that rolls, the three losses of a master that cost
 * most to get wrong, and a gate that refuses.
 */
@ExtendWith(StopAtFailure.class)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
@Tag("alone")
class CoreIT {
  private static final String NAME = "core";

  /** Printed, and never saved: the suites measure the same, and more. */
  private static final Evidence EVIDENCE = new Evidence("rolling.md", "rolling");

  private static Rollout rollout;
  private static Faults faults;
  private static Duration downAfter;

  @BeforeAll
  static void start() throws Exception {
    Lab.assumePossible();
    rollout =
        Rollout.start(
            NAME,
            """
            platform: aws
            master: {cpu: 2, memory: 4GB, disk: 20GB, maxmemory: 100mb}
            sentinels: {failoverTimeout: 60s}
            network:
              cidr: 10.77.0.0/16
              clients: [10.99.0.0/24, 10.98.0.0/24]
              operators: [10.98.0.0/24]
              keys: ["%s"]
              shell: %s
            redis: {config: {databases: 16}}
            aws: {region: eu-central-1}
            """,
            EVIDENCE);
    faults = new Faults(rollout.hosts());
  }

  @AfterAll
  static void end() throws Exception {
    if (rollout != null) {
      rollout.close();
    }
  }

  @Test
  @Order(1)
  void a_deploy_brings_up_a_cluster() throws Exception {
    rollout.write();
    assertThat(rollout.deploy().succeeded().all()).contains(NAME + " is whole");
    downAfter = Limits.downAfter(rollout.hosts().cluster());
  }

  @Test
  @Order(2)
  void a_setting_that_redis_reads_at_its_start_rolls() throws Exception {
    rollout.write("databases: 16", "databases: 17");
    Seen seen =
        rollout.under(
            "a setting read at the start", Limits::planned, () -> rollout.deploy().succeeded());
    assertThat(seen.dataNodesAway()).isEqualTo(1);
  }

  @Test
  @Order(3)
  void after_a_power_loss_another_takes_the_writes_and_the_old_master_follows() throws Exception {
    Seen seen = faults.powerLoss();
    EVIDENCE.fault("power loss of the master", each -> Limits.crash(each, downAfter), seen);
  }

  @Test
  @Order(4)
  void an_empty_disk_in_the_masters_place_loses_nothing() throws Exception {
    Faults.Replaced replaced = faults.emptyDisk();
    EVIDENCE.fault(
        "master replaced, empty disk",
        each -> Limits.replacedAfterCrash(each, replaced.boot()),
        replaced.seen());
  }

  @Test
  @Order(5)
  void an_old_disk_in_the_masters_place_loses_nothing() throws Exception {
    Faults.Replaced replaced = faults.oldDisk();
    EVIDENCE.fault(
        "master replaced, old disk",
        each -> Limits.replacedAfterCrash(each, replaced.boot()),
        replaced.seen());
  }

  @Test
  @Order(6)
  void a_node_that_is_down_stops_the_deploy_which_names_it() throws Exception {
    Host master = rollout.hosts().awaitWhole(Faults.SOON);
    String down = master.name().equals("redis-1") ? "redis-2" : "redis-1";
    rollout.ec2().host(down).powerLoss();
    rollout.write("databases: 17", "databases: 18");
    Seen seen =
        rollout.under(
            "a node is down: refused",
            Limits::planned,
            () ->
                assertThat(rollout.impatientDeploy().ended(1).all())
                    .contains(down + " cannot be reached")
                    .contains("redis-3 was not touched"));
    assertThat(seen.dataNodesAway()).as("beside the one that is down").isZero();
  }
}
