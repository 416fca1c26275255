package stacks.lab;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.extension.ExtendWith;
import stacks.testing.Account.Call;
import stacks.testing.Account.Instance;
import stacks.testing.Eventually;
import stacks.testing.Evidence;
import stacks.testing.Limits;
import stacks.testing.Load.Seen;
import stacks.testing.RunningDeploy;

/**
 * Documents by way of a plain {@code ./rediform deploy}, with the real Terraform and AWS provider,
 * to machines that really boot, stop and start: which of them stop, and what a gate may believe.
 */
@ExtendWith(StopAtFailure.class)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class DeliveryDeploySuite {
  /** How often machines are resized, alone and together with a new release. */
  private static final int ROUNDS = Integer.getInteger("delivery.rounds", 20);

  /** How often what is promised in seconds is measured. */
  private static final int TIMED = 3;

  private static final String NAME = "deploys";
  private static final List<String> REDIS = List.of("redis-1", "redis-2", "redis-3");
  private static final List<String> ALL =
      List.of("redis-1", "redis-2", "redis-3", "sentinel-1", "sentinel-2", "sentinel-3");

  private static final String LOOK = "rediform-look.service";

  private static final String SMALL = "cpu: 2, memory: 4GB, disk: 20GB, maxmemory: 1gb";
  private static final String LARGE = "cpu: 4, memory: 8GB, disk: 20GB, maxmemory: 2gb";

  private static final Evidence EVIDENCE = new Evidence("delivery.md", "delivery-deploys");

  private static Rollout rollout;
  private static Ec2 ec2;

  @BeforeAll
  static void start() throws Exception {
    Lab.assumePossible();
    rollout =
        Rollout.start(
            NAME,
            """
            platform: aws
            master: {%s}
            replicas: {count: 2}
            sentinels: {parallelSyncs: 1}
            network:
              cidr: 10.77.0.0/16
              clients: [10.99.0.0/24, 10.98.0.0/24]
              operators: [10.98.0.0/24]
              keys: ["%%s"]
              shell: %%s
            redis: {config: {databases: 16, hz: 10}}
            aws: {region: eu-central-1, image: debian-13}
            """
                .formatted(SMALL),
            EVIDENCE);
    ec2 = rollout.ec2();
    rollout.write();
    rollout.deploy().succeeded();
  }

  @AfterAll
  static void end() throws Exception {
    if (rollout != null) {
      try {
        EVIDENCE.save("Debian 13", ec2.terraform(NAME), "down-after 5 s");
      } finally {
        rollout.close();
      }
    }
  }

  // ---------------------------------------------------------------- settings

  @Test
  @Order(1)
  void a_live_setting_comes_to_all_data_nodes_and_restarts_nothing() throws Exception {
    for (int round = 0; round < TIMED; round++) {
      rollout.write("hz: %d".formatted(10 + round), "hz: %d".formatted(11 + round));
      restartsNothing("a live setting, on all data nodes");
      assertThat(told()).containsExactly("redis-3", "redis-2", "redis-1");
      for (String node : REDIS) {
        assertThat(config(node, "hz")).isEqualTo(String.valueOf(11 + round));
      }
    }
  }

  @Test
  @Order(2)
  void a_network_of_clients_comes_to_all_machines_and_restarts_nothing() throws Exception {
    for (int round = 0; round < TIMED; round++) {
      rollout.write("clients: [", "clients: [10.97.%d.0/24, ".formatted(round));
      restartsNothing("a network of clients, on all six machines");
      assertThat(told()).containsExactlyInAnyOrderElementsOf(ALL);
    }
  }

  private static void restartsNothing(String what) throws Exception {
    SortedMap<String, String> servers = servers();
    Seen seen = under(what);
    assertThat(seen.dataNodesAway() + seen.sentinelsAway()).as("nodes away").isZero();
    assertThat(servers()).isEqualTo(servers);
    assertThat(touched()).isEmpty();
  }

  @Test
  @Order(3)
  void a_setting_of_the_start_restarts_every_server_once_and_no_machine() throws Exception {
    for (int round = 0; round < TIMED; round++) {
      SortedMap<String, String> servers = servers();
      rollout.write(
          "databases: %d".formatted(16 + round),
          "databases: %d".formatted(17 + round),
          "parallelSyncs: %d".formatted(1 + round % 2),
          "parallelSyncs: %d".formatted(2 - round % 2));
      try (DocumentWatch watch = DocumentWatch.start(rollout.hosts(), "databases")) {
        under("a setting of the start, on all six machines");
        watch.assertNoneTooEarly();
      }
      assertThat(touched()).isEmpty();
      assertThat(servers().values()).doesNotContainAnyElementsOf(servers.values());
    }
  }

  // ---------------------------------------------------------------- a deploy that is killed

  /** The last one is found by the last gate, which waits for the whole cluster. */
  @Test
  @Order(4)
  void a_deploy_killed_between_a_tag_and_the_next_gate_changes_nothing_on_the_node()
      throws Exception {
    rollout.write("config: {", "config: {timeout: 300, tcp-backlog: 500, ");
    List<String> killed = new ArrayList<>();
    for (int data = REDIS.size(); data > 0; data--) {
      String node = "redis-" + data;
      String before = state(node);
      log();
      RunningDeploy deploy =
          RunningDeploy.start(ec2.project(), ec2.credentials(), NAME, "--auto-approve");
      assertThat(deploy.killOnce(() -> told().contains(node))).as("it told " + node).isTrue();
      killed.addAll(told());
      Host host = ec2.host(node);
      Eventually.within(
          Duration.ofSeconds(10),
          () -> assertThat(host.tag("rediform.document")).isNotEqualTo(document(node)));
      Eventually.throughout(
          Duration.ofSeconds(10), () -> assertThat(state(node)).as(node).isEqualTo(before));
    }
    assertThat(killed).containsExactly("redis-3", "redis-2", "redis-1");
    log();
    rollout.deploy().succeeded();
    assertThat(told()).isEmpty();
    assertThat(touched()).isEmpty();
    for (String node : REDIS) {
      assertThat(config(node, "tcp-backlog")).isEqualTo("500");
      assertThat(document(node)).isEqualTo(ec2.host(node).tag("rediform.document"));
    }
    assertThat(rollout.deploy().succeeded().out()).contains("No changes");
  }

  // ---------------------------------------------------------------- sizes

  @Test
  @Order(5)
  void a_resize_stops_and_starts_each_machine_once_and_then_delivers() throws Exception {
    for (int round = 0; round < ROUNDS; round++) {
      resize("another size, with `io-threads` and `maxmemory`, on all data nodes");
    }
  }

  @Test
  @Order(6)
  void a_resize_together_with_a_new_release_does_so_too() throws Exception {
    for (int round = 0; round < ROUNDS; round++) {
      ec2.project().release("of round " + round);
      SortedMap<String, String> agents = agents();
      resize("another size and a new release of the agent, on all six machines");
      assertThat(told()).containsAll(ALL);
      assertThat(agents().values()).doesNotContainAnyElementsOf(agents.values());
    }
  }

  /** From small to large or back. */
  private static void resize(String what) throws Exception {
    boolean grows = config("redis-1", "io-threads").equals("1");
    rollout.write(grows ? SMALL : LARGE, grows ? LARGE : SMALL);
    try (DocumentWatch watch = DocumentWatch.start(rollout.hosts(), "io-threads", "maxmemory")) {
      under(what);
      assertThat(watch.assertNoneTooEarly()).as("looks at new documents").isPositive();
    }
    assertThat(touched())
        .containsExactly(
            "StopInstances redis-3",
            "StartInstances redis-3",
            "StopInstances redis-2",
            "StartInstances redis-2",
            "StopInstances redis-1",
            "StartInstances redis-1");
    for (String node : REDIS) {
      assertThat(config(node, "io-threads")).isEqualTo(grows ? "3" : "1");
      assertThat(config(node, "maxmemory")).isEqualTo(String.valueOf((grows ? 2L : 1L) << 30));
    }
  }

  // ---------------------------------------------------------------- what all have in common

  /** A deploy in which no gate fails, under writes. */
  private static Seen under(String what) throws Exception {
    log();
    return rollout.under(what, Limits::planned, () -> rollout.deploy().succeeded());
  }

  /** From now on, calls are noted in a new file. */
  private static void log() throws Exception {
    ec2.account().log(ec2.project().folder().resolve("calls.jsonl"));
  }

  private static Map<String, String> names() throws Exception {
    return ec2.account().instances().stream()
        .collect(Collectors.toMap(Instance::id, each -> each.name().replace(NAME + "-", "")));
  }

  /** Machines that were stopped, started, made or terminated since {@link #log}, in order. */
  private static List<String> touched() throws Exception {
    Map<String, String> names = names();
    return ec2.account().calls().stream()
        .filter(call -> call.action().matches("(Stop|Start|Reboot|Run|Terminate)Instances"))
        .map(call -> call.action() + " " + names.get(call.about().get("InstanceId.1")))
        .toList();
  }

  /** Nodes that were told of another document since {@link #log}, in order. */
  private static List<String> told() throws Exception {
    List<Call> calls =
        ec2.account().calls().stream()
            .filter(call -> call.action().equals("CreateTags") && call.status() == 200)
            .filter(call -> call.about().containsValue("rediform.document"))
            .toList();
    Map<String, String> names = calls.isEmpty() ? Map.of() : names();
    return calls.stream().map(call -> names.get(call.about().get("ResourceId.1"))).toList();
  }

  private static String config(String node, String setting) throws Exception {
    return rollout
        .hosts()
        .redisCli(ec2.host(node), "config get " + setting)
        .succeeded()
        .out()
        .lines()
        .skip(1)
        .findFirst()
        .orElseThrow();
  }

  /** Checksum of the document in effect. */
  private static String document(String node) throws Exception {
    return rollout.hosts().health(ec2.host(node)).path("document").asText();
  }

  /** What tells the runs of all servers from the next ones. */
  private static SortedMap<String, String> servers() throws Exception {
    SortedMap<String, String> servers = new TreeMap<>();
    for (String node : ALL) {
      servers.put(node, show(node, "InvocationID"));
    }
    return servers;
  }

  private static String show(String node, String property) throws Exception {
    String unit = node.startsWith("redis") ? "redis.service" : "sentinel.service";
    return ec2.host(node)
        .run("systemctl", "show", "--value", "-p", property, unit)
        .succeeded()
        .out()
        .strip();
  }

  /** Checksum of each machine's agent. */
  private static SortedMap<String, String> agents() throws Exception {
    SortedMap<String, String> agents = new TreeMap<>();
    for (String node : ALL) {
      String text =
          ec2.host(node)
              .run("cat", "/var/lib/rediform/agent/" + document(node) + ".json")
              .succeeded()
              .out();
      agents.put(node, new ObjectMapper().readTree(text).path("agent").asText());
    }
    return agents;
  }

  /** All that a look could change on a node: document, files, processes, settings. */
  private static String state(String node) throws Exception {
    Host host = ec2.host(node);
    return String.join(
        "\n",
        document(node),
        host.shell(
                "cd /var/lib/rediform && readlink agent/current agent/good && cat installed.json")
            .succeeded()
            .out(),
        host.shell("ls /var/lib/rediform/agent /etc/rediform /etc/systemd/system").out(),
        host.run(
                "systemctl", "show", "-p", "MainPID,InvocationID", "redis", "rediform-attend", LOOK)
            .out(),
        // Whose replica it is, is its Sentinels' business: the node before it may have handed over.
        rollout
            .hosts()
            .redisCli(host, "config get '*' | paste - - | grep -Ev '^(slaveof|replicaof)'")
            .succeeded()
            .out());
  }
}
