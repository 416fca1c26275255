package stacks.lab;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Duration;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.extension.ExtendWith;
import stacks.node.AgentBundle;
import stacks.node.Checksum;
import stacks.node.NodeDocument;
import stacks.testing.EditedDocument;
import stacks.testing.Evidence;
import stacks.testing.Limits;
import stacks.testing.Load.Seen;
import stacks.testing.Run;

/**
 * A cluster of real hosts under continuous writes, and the ways to give documents and agents to its
 * hosts (docs/decisions/0027): what the suites of the delivery share. What was measured is printed,
 * and with {@code -Devidence.update=true} written to docs/evidence/delivery.md.
 */
@ExtendWith(StopAtFailure.class)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class DeliveryHosts {
  static final Duration SOON = Faults.SOON;
  static final String PLACE = "/var/lib/rediform/agent/";

  /** The bootstrap's own patience is for machines that nobody watches. */
  static final Map<String, Integer> TUNED = Map.of("probation", 10, "look", 2);

  static final String YAML =
      """
      platform: aws
      redis: {config: {databases: 16}}
      master: {cpu: 2, memory: 4GB, disk: 20GB, maxmemory: 100mb}
      network:
        cidr: 10.77.0.0/16
        clients: [10.99.0.0/24]
        operators: [10.98.0.0/24]
        keys: ["{operators-key}"]
      aws: {region: eu-central-1, protect: false}
      """;

  private static final Evidence EVIDENCE = new Evidence("delivery.md", "delivery");

  LabCluster cluster;
  private Faults faults;
  private String redisVersion = "not known";

  @BeforeAll
  void hosts() throws Exception {
    Lab.assumePossible();
    cluster = LabCluster.of("delivery", "trixie", YAML);
    faults = new Faults(cluster);
    for (Host host : cluster.hosts()) {
      host.powerOn();
    }
    for (Host host : cluster.hosts()) {
      host.awaitBoot();
    }
    Host master = cluster.awaitWhole(SOON);
    redisVersion =
        master.shell("redis-server --version").out().replaceFirst("(?s).* v=(\\S+) .*", "$1");
  }

  @AfterAll
  void end() throws Exception {
    if (cluster != null) {
      try {
        EVIDENCE.save(
            "Debian 13",
            "Redis " + redisVersion,
            "down-after " + Limits.downAfter(cluster.cluster()).toSeconds() + " s");
      } finally {
        cluster.close();
      }
    }
  }

  /**
   * A change under writes, from a healthy cluster to a healthy cluster.
   *
   * @return how long the change took
   */
  Duration under(String what, Consumer<Seen> limit, Faults.Fault change) throws Exception {
    for (Host host : cluster.hosts()) {
      tune(host, TUNED); // user-data has written the file anew if it has booted since
    }
    double[] seconds = new double[1];
    Seen seen =
        faults.under(
            master -> {
              long start = System.nanoTime();
              change.strike(master);
              seconds[0] = (System.nanoTime() - start) / 1e9;
            });
    EVIDENCE.change(what, limit, seconds[0], seen);
    return Duration.ofMillis(Math.round(seconds[0] * 1000));
  }

  /** Sets what the bootstrap has defaults for. */
  void tune(Host host, Map<String, Integer> tunables) throws Exception {
    ObjectMapper json = new ObjectMapper();
    String file = "/etc/rediform/bootstrap.json";
    JsonNode told = json.readTree(host.run("cat", file).succeeded().out());
    ObjectNode all = ((ObjectNode) told).retain("node", "bucket", "region");
    tunables.forEach(all::put);
    host.shell("echo '%s' > %s".formatted(json.writeValueAsString(all), file)).succeeded();
  }

  /** A document as it would be with another agent. */
  NodeDocument with(byte[] agent, NodeDocument document) {
    return EditedDocument.of(document, json -> json.put("agent", Checksum.of(agent)));
  }

  /** Puts a release into the bucket, as Terraform does before it comes to the first host. */
  void upload(byte[] agent) throws Exception {
    for (Host host : cluster.hosts()) {
      cluster.upload(host, agent, with(agent, cluster.plannedDocument(host)));
    }
  }

  void offer(Host host, byte[] agent, NodeDocument document) throws Exception {
    cluster.upload(host, agent, document);
    cluster.tag(host, document);
  }

  /** It is the host's turn, and it takes what is in the bucket. */
  void take(Host host, NodeDocument document) throws Exception {
    cluster.tag(host, document);
    Run look = host.look();
    assertThat(look.exitCode()).as("%s: %s", host.name(), journal(host)).isZero();
    cluster.awaitWhole(SOON);
    assertHas(host, document.sha256());
    assertThat(cluster.health(host).has("refusedDocument")).isFalse();
  }

  /** After one that was refused: the agent of the plan, and a document that differs a little. */
  void takesAnother(Host host) throws Exception {
    NodeDocument planned = cluster.plannedDocument(host);
    NodeDocument document =
        EditedDocument.of(
            planned, json -> json.withArray("/machine/keys").add("# round " + System.nanoTime()));
    cluster.upload(host, AgentBundle.bytes(), document);
    take(host, document);
  }

  void refuses(Host host, byte[] agent, String... reasons) throws Exception {
    refuses(host, agent, with(agent, cluster.plannedDocument(host)), reasons);
  }

  void refuses(Host host, NodeDocument document, String... reasons) throws Exception {
    refuses(host, AgentBundle.bytes(), document, reasons);
  }

  /** The node goes back by itself, its server never stops, it says why, and takes the next one. */
  void refuses(Host host, byte[] agent, NodeDocument document, String... reasons) throws Exception {
    String good = good(host);
    String server = server(host);
    offer(host, agent, document);
    Run look = host.look();
    assertThat(look.exitCode()).as("%s: %s", host.name(), journal(host)).isPositive();
    assertRefused(host, document, reasons);
    assertHas(host, good);
    cluster.awaitWhole(SOON);
    assertThat(server(host)).as("the server").isEqualTo(server);
    takesAnother(host);
  }

  void assertRefused(Host host, NodeDocument document, String... reasons) throws Exception {
    JsonNode refused = cluster.health(host).path("refusedDocument");
    assertThat(refused.path("document").asText())
        .as("%s: %s", refused, journal(host))
        .isEqualTo(document.sha256());
    System.out.printf("  %s: %s%n", host.name(), refused.path("reason").asText());
    assertThat(refused.path("reason").asText()).contains(reasons);
  }

  void assertHas(Host host, String document) throws Exception {
    assertThat(good(host)).as(host.name()).isEqualTo(document);
    assertThat(link(host, "current")).as(host.name()).isEqualTo(document);
    assertThat(cluster.health(host).path("document").asText()).isEqualTo(document);
    String installed = host.run("cat", "/var/lib/rediform/installed.json").out();
    assertThat(installed)
        .contains(
            new ObjectMapper()
                .readTree(host.run("cat", PLACE + document + ".json").out())
                .path("agent")
                .asText());
  }

  String good(Host host) throws Exception {
    return link(host, "good");
  }

  String link(Host host, String name) throws Exception {
    return host.run("readlink", PLACE + name).out().strip().replace(".json", "");
  }

  String journal(Host host) throws Exception {
    return host.run("journalctl", "-u", "rediform-look", "-n", "20", "--output=cat").out();
  }

  String unit(Host host) {
    return host.name().startsWith("redis") ? "redis.service" : "sentinel.service";
  }

  /** What tells a run of a host's server from the next. */
  String server(Host host) throws Exception {
    String pid = host.run("systemctl", "show", "--value", "-p", "MainPID", unit(host)).out();
    String info = cluster.redisCli(host, "info", "server").succeeded().out();
    return pid.strip() + " " + info.replaceFirst("(?s).*run_id:(\\w+).*", "$1");
  }

  SortedMap<String, String> servers() throws Exception {
    SortedMap<String, String> servers = new TreeMap<>();
    for (Host host : cluster.hosts()) {
      servers.put(host.name(), server(host));
    }
    return servers;
  }

  /** When each machine was started. */
  SortedMap<String, String> machines() throws Exception {
    SortedMap<String, String> machines = new TreeMap<>();
    for (Host host : cluster.hosts()) {
      machines.put(host.name(), host.run("cut", "-d ", "-f22", "/proc/1/stat").succeeded().out());
    }
    return machines;
  }

  Host replica(Host master) {
    return cluster.redis().stream().filter(host -> host != master).findFirst().orElseThrow();
  }
}
