package stacks.lab;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.extension.ExtendWith;
import stacks.lab.LabClient.Seen;
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
}
