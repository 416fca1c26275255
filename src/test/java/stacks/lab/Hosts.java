package stacks.lab;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import stacks.cluster.Cluster;
import stacks.testing.Eventually;
import stacks.testing.Run;

/** The hosts of one cluster, whoever brought them up, and what they say of themselves. */
interface Hosts {
  /** A line of shell: what a host's units, its bootstrap and its volume have to say. */
  String NOTED =
      "journalctl --no-pager --lines=60 --output=short-monotonic; systemctl --failed --no-pager;"
          + " systemctl list-jobs --no-pager; ls -l /dev/sdf /var/lib/rediform/agent;"
          + " blkid -p /dev/sdf; grep /var/redis /proc/mounts";

  Cluster cluster();

  Host host(String name);

  /** The password of a purpose, such as {@code app}. */
  String password(String purpose) throws IOException;

  /** An application that writes and reads all the time from now on. */
  LabClient client() throws IOException;

  /** A machine in the place of one that is off: a new root disk, the same address and volume. */
  void replace(Host host) throws IOException;

  default List<Host> hosts() {
    return cluster().nodes().stream().map(node -> host(node.name())).toList();
  }

  default List<Host> redis() {
    return cluster().redis().stream().map(node -> host(node.name())).toList();
  }

  default List<Host> sentinels() {
    return cluster().sentinels().stream().map(node -> host(node.name())).toList();
  }

  /** What a node says of itself. */
  default JsonNode health(Host host) throws IOException, InterruptedException {
    String line = host.run("rediform-node", "health").out().strip();
    return new ObjectMapper().readTree(line.isEmpty() ? "{}" : line);
  }

  /** Waits until every node is fit, and all agree on one master with all replicas in sync. */
  default Host awaitWhole(Duration limit) throws IOException, InterruptedException {
    try {
      Eventually.within(limit, this::assertWhole);
    } catch (AssertionError e) {
      throw new AssertionError(e.getMessage() + "\n" + unfit(), e);
    }
    return master();
  }

  /** What the nodes that are not fit have noted: their hosts will be gone when somebody asks. */
  private String unfit() throws IOException, InterruptedException {
    StringBuilder all = new StringBuilder();
    for (Host host : hosts()) {
      if (!health(host).path("fit").asBoolean()) {
        all.append(host.name()).append(":\n").append(host.shell(NOTED).all());
      }
    }
    return all.toString();
  }

  private void assertWhole() throws IOException, InterruptedException {
    int masters = 0;
    List<JsonNode> all = new ArrayList<>();
    for (Host host : hosts()) {
      all.add(health(host));
    }
    for (JsonNode health : all) {
      assertThat(health.path("fit").asBoolean()).as("%s of %s", health, all).isTrue();
      if (health.path("kind").asText().equals("sentinel")) {
        assertThat(health.path("replicas").asInt()).as("%s", health).isEqualTo(redis().size() - 1);
        assertThat(health.path("sentinels").asInt()).as("%s", health).isEqualTo(sentinels().size());
      } else if (health.path("role").asText().equals("master")) {
        masters++;
        assertThat(health.path("replicas").asInt()).as("%s", all).isEqualTo(redis().size() - 1);
      }
    }
    assertThat(masters).as("masters").isEqualTo(1);
  }

  /** The host that the Sentinels name, and that says so itself. */
  default Host master() {
    Host[] found = new Host[1];
    Eventually.within(
        Duration.ofSeconds(30),
        () -> {
          String address = health(sentinels().get(0)).path("master").asText().split(":")[0];
          found[0] =
              redis().stream()
                  .filter(host -> host.address().equals(address))
                  .findFirst()
                  .orElseThrow();
          assertThat(health(found[0]).path("role").asText()).isEqualTo("master");
        });
    return found[0];
  }

  /** redis-cli on a node, as its admin. */
  default Run redisCli(Host host, String... words) throws IOException, InterruptedException {
    int port = host.name().startsWith("redis") ? 6379 : 26379;
    return host.shell(
        "REDISCLI_AUTH=%s redis-cli --user admin --no-auth-warning -h %s -p %d %s"
            .formatted(password("admin"), host.address(), port, String.join(" ", words)));
  }
}
