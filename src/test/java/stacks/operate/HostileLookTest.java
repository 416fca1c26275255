package stacks.operate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import stacks.cluster.Cluster;
import stacks.cluster.Node;
import stacks.testing.Environments;
import stacks.testing.Project;

/**
 * A look never waits for one node without end, however many there are. A hundred servers that each
 * have an address, and answer as Redis does; that real servers do so is tested in StatusIT.
 */
class HostileLookTest {
  /** What a person may have to wait for the verdict. */
  private static final Duration LIMIT = Duration.ofSeconds(3);

  private static final int REPLICAS = 94;
  private static final int SENTINELS = 5;

  private final List<ServerSocket> servers = new ArrayList<>();
  private final AtomicBoolean over = new AtomicBoolean();
  private final Map<String, Manner> manners = new ConcurrentHashMap<>();
  private final Cluster cluster =
      Environments.cluster(
          "many",
          """
          platform: aws
          aws: {region: eu-central-1}
          network: {cidr: 127.0.0.0/16}
          replicas: {count: %d}
          sentinels: {count: %d, port: %d}
          redis: {port: %d}
          """
              .formatted(REPLICAS, SENTINELS, Project.freePorts(1), Project.freePorts(1)));

  /** How a server is. */
  private enum Manner {
    WELL,
    NEVER_ANSWERS,
    DRIPS,
    IS_FULL,
    TALKS_NONSENSE
  }

  @AfterEach
  void end() throws IOException {
    over.set(true);
    for (ServerSocket server : servers) {
      server.close();
    }
  }

  private void serveAll() throws IOException {
    for (Node node : cluster.nodes()) {
      ServerSocket server;
      try {
        server = new ServerSocket(node.port(), 50, InetAddress.getByName(node.address()));
      } catch (IOException e) {
        assumeThat(e).as("this machine has only 127.0.0.1 as its own address").isNull();
        return;
      }
      servers.add(server);
      daemon(() -> accept(server, node));
    }
  }

  private static void daemon(Runnable task) {
    Thread thread = new Thread(task, "hostile");
    thread.setDaemon(true);
    thread.start();
  }

  private void accept(ServerSocket server, Node node) {
    while (!over.get()) {
      try {
        Socket client = server.accept();
        daemon(() -> serve(client, node));
      } catch (IOException e) {
        return;
      }
    }
  }

  private void serve(Socket client, Node node) {
    try (client) {
      BufferedReader in = new BufferedReader(new InputStreamReader(client.getInputStream()));
      for (String line = in.readLine(); line != null; line = in.readLine()) {
        if (line.startsWith("*")) {
          say(client, node, words(in, Integer.parseInt(line.substring(1))));
        }
      }
    } catch (IOException | InterruptedException e) {
      // The client, or the test, is gone.
    }
  }

  private static List<String> words(BufferedReader in, int count) throws IOException {
    List<String> words = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      in.readLine();
      words.add(in.readLine().toUpperCase(java.util.Locale.ROOT));
    }
    return words;
  }

  private void say(Socket client, Node node, List<String> words)
      throws IOException, InterruptedException {
    byte[] answer =
        switch (manners.getOrDefault(node.name(), Manner.WELL)) {
          case NEVER_ANSWERS -> new byte[0];
          case IS_FULL -> "-ERR max number of clients reached\r\n".getBytes(StandardCharsets.UTF_8);
          case TALKS_NONSENSE -> "$5\r\nhello\r\n".getBytes(StandardCharsets.UTF_8);
          case WELL, DRIPS -> answer(node, words).getBytes(StandardCharsets.UTF_8);
        };
    if (manners.get(node.name()) != Manner.DRIPS) {
      client.getOutputStream().write(answer);
      return;
    }
    for (byte each : answer) {
      client.getOutputStream().write(each);
      Thread.sleep(300); // each byte is in time for the limit of a single read
    }
  }

  private String answer(Node node, List<String> words) {
    if (words.contains("AUTH") || words.contains("SETINFO")) {
      return "+OK\r\n";
    }
    String master = cluster.firstMaster().address();
    int port = cluster.firstMaster().port();
    if (words.get(0).equals("INFO")) {
      boolean replica = !node.equals(cluster.firstMaster());
      String info =
          "redis_version:7.0.15\r\nuptime_in_seconds:60\r\nconnected_clients:3\r\nmaxclients:100\r\n"
              + "used_memory:1\r\nmaxmemory:%d\r\nmaster_repl_offset:7\r\nconnected_slaves:9\r\n"
                  .formatted(cluster.redis().get(0).maxmemory().bytes())
              + (replica
                  ? "role:slave\r\nmaster_link_status:up\r\nmaster_host:%s\r\nmaster_port:%d\r\n"
                      .formatted(master, port)
                  : "role:master\r\n");
      return bulk(info);
    }
    return switch (words.get(1)) {
      case "MASTER" ->
          list(
              List.of(
                  "ip",
                  master,
                  "port",
                  "" + port,
                  "flags",
                  "master",
                  "config-epoch",
                  "1",
                  "role-reported-time",
                  "5000"));
      case "REPLICAS", "SLAVES" ->
          rows(cluster.redis().stream().filter(it -> !it.equals(cluster.firstMaster())).toList());
      case "SENTINELS" ->
          rows(cluster.sentinels().stream().filter(it -> !it.equals(node)).toList());
      default -> "+OK\r\n";
    };
  }

  private static String rows(List<? extends Node> nodes) {
    StringBuilder rows = new StringBuilder("*" + nodes.size() + "\r\n");
    nodes.forEach(
        it -> rows.append(list(List.of("ip", it.address(), "port", "" + it.port(), "flags", "x"))));
    return rows.toString();
  }

  private static String list(List<String> words) {
    StringBuilder list = new StringBuilder("*" + words.size() + "\r\n");
    words.forEach(word -> list.append(bulk(word)));
    return list.toString();
  }

  private static String bulk(String text) {
    return "$" + text.length() + "\r\n" + text + "\r\n";
  }

  /** A first look also loads classes. */
  private void warmUp() {
    Look.direct(new Password("x")).at(cluster);
  }

  private ClusterStatus look() {
    long start = System.nanoTime();
    ClusterStatus status = Look.direct(new Password("x")).at(cluster);
    assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(LIMIT);
    return status;
  }

  @Test
  void a_hundred_nodes_are_whole_and_a_few_that_are_not_are_named_in_time() throws IOException {
    serveAll();
    warmUp();
    assertThat(look().problems()).isEmpty();
    manners.put("redis-7", Manner.NEVER_ANSWERS);
    manners.put("redis-20", Manner.DRIPS);
    manners.put("redis-33", Manner.IS_FULL);
    manners.put("redis-34", Manner.TALKS_NONSENSE);
    manners.put("sentinel-2", Manner.DRIPS);
    manners.put("sentinel-3", Manner.TALKS_NONSENSE);
    ClusterStatus status = look();
    assertThat(status.problems())
        .containsExactlyInAnyOrder(
            "redis-7 does not answer",
            "redis-20 does not answer",
            "redis-33 has no room for another connection: its clients fill maxclients",
            "redis-34 answers, and is no Redis server",
            "sentinel-2 does not answer",
            "sentinel-3 answers, and is no Sentinel");
    Outlook outlook = Outlook.of(cluster, status);
    assertThat(outlook.writes()).isEqualTo(Outlook.Writes.YES);
    assertThat(outlook.stoppedBy()).isEmpty(); // 3 of 5 Sentinels are left, and that is enough
  }

  @Test
  void when_all_nodes_hang_the_verdict_comes_in_time_as_well() throws IOException {
    serveAll();
    warmUp();
    cluster.nodes().forEach(node -> manners.put(node.name(), Manner.DRIPS));
    ClusterStatus status = look();
    assertThat(status.isUnreached()).isTrue();
    assertThat(Outlook.of(cluster, status).writes()).isEqualTo(Outlook.Writes.UNKNOWN);
  }

  @Test
  void an_agent_that_hangs_is_told_when_the_others_have_answered_and_its_way_is_ended() {
    Agents agents =
        new Agents(
            (node, words) ->
                List.of(
                    "sh",
                    "-c",
                    node.name().equals("redis-3")
                        ? "exec sleep 3127"
                        : "echo '{\"role\": \"x\"}'"));
    // 2.4 s, or three times what a shell takes to start on a busy machine; without that: 10 s.
    long start = System.nanoTime();
    ClusterStatus status =
        Look.briefly(agents)
            .at(cluster.only(java.util.Set.of("redis-1", "redis-2", "redis-3", "redis-4")));
    assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(8));
    assertThat(status.redis())
        .filteredOn(node -> !node.reached())
        .singleElement()
        .extracting(RedisState::problem)
        .asString()
        .contains("cannot be reached: no answer in ");
    stacks.testing.Eventually.within(
        Duration.ofSeconds(5),
        () ->
            assertThat(ProcessHandle.current().descendants())
                .noneMatch(it -> it.info().commandLine().orElse("").contains("sleep 3127")));
  }
}
