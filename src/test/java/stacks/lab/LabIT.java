package stacks.lab;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;

/** The life of a cluster on real hosts, which boot what Terraform's plan gives to the machines. */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class LabIT {
  private static LabCluster cluster;

  @BeforeAll
  static void hosts() throws Exception {
    assumeTrue(Lab.missing().isEmpty(), () -> String.valueOf(missing()));
    cluster =
        LabCluster.of(
            "lab",
            "trixie",
            """
            platform: aws
            master: {cpu: 2, memory: 4GB, disk: 20GB, maxmemory: 100mb}
            network:
              cidr: 10.77.0.0/16
              clients: [10.99.0.0/24]
              operators: [10.98.0.0/24]
            aws: {region: eu-central-1, protect: false}
            """);
  }

  private static String missing() {
    try {
      return Lab.missing().orElse("");
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  @AfterAll
  static void end() throws Exception {
    if (cluster != null) {
      cluster.close();
    }
  }

  @Test
  @Order(1)
  void hosts_form_a_cluster_in_whatever_order_they_boot() throws Exception {
    long start = System.nanoTime();
    Host late = cluster.host("redis-1");
    for (Host host :
        List.of(
            cluster.host("sentinel-3"),
            cluster.host("redis-2"),
            cluster.host("redis-3"),
            cluster.host("sentinel-1"),
            cluster.host("sentinel-2"))) {
      host.powerOn();
    }
    late.powerOn();
    for (Host host : cluster.hosts()) {
      host.awaitBoot();
      System.out.printf(
          "%s booted after %d ms%n", host.name(), (System.nanoTime() - start) / 1_000_000);
      System.out.println(host.run("cloud-init", "status", "--long").all());
    }
    cluster.awaitWhole(Duration.ofMinutes(2));
    System.out.printf("whole after %d ms%n", (System.nanoTime() - start) / 1_000_000);
    assertThat(
            cluster.redisCli(cluster.host("sentinel-1"), "sentinel", "ckquorum", "mymaster").out())
        .startsWith("OK 3");
  }
}
