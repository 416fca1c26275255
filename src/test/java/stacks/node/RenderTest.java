package stacks.node;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import stacks.cluster.Cluster;
import stacks.cluster.Node;
import stacks.cluster.RedisNode;
import stacks.environment.EnvironmentFile;
import stacks.platform.Platforms;
import stacks.templates.Templates;
import stacks.testing.Golden;

class RenderTest {
  @TempDir private static Path folder;

  private static Cluster cluster(String name) throws IOException {
    return cluster(Path.of("environments", name + ".yaml"));
  }

  private static Cluster cluster(Path file) throws IOException {
    EnvironmentFile read = EnvironmentFile.read(file);
    assertThat(read.problems().all()).isEmpty();
    return Platforms.cluster(read.name(), read.environment());
  }

  /** A cluster from the text of an environment file. */
  private static Cluster of(String text) throws IOException {
    return cluster(Files.writeString(folder.resolve("test.yaml"), text));
  }

  @ParameterizedTest
  @ValueSource(strings = {"local", "staging", "production", "production-symmetric"})
  void files_of_a_data_node_and_a_sentinel_are_as_before(String name) throws IOException {
    Cluster cluster = cluster(name);
    StringBuilder all = new StringBuilder();
    for (Node node : List.of(cluster.redis().get(1), cluster.sentinels().get(0))) {
      if (name.equals("local")) {
        NodeFiles.of(cluster, node, Layout.PROCESS)
            .forEach((file, text) -> all.append("=== ").append(file).append('\n').append(text));
      } else {
        all.append("=== user-data of ").append(node.name()).append('\n');
        all.append(withoutPrograms(new UserData(cluster).of(node)));
      }
    }
    Golden.check(name + ".files.txt", all.toString());
  }

  /** The two programs are the same everywhere and have tests of their own. */
  private static String withoutPrograms(String userData) {
    String boot = Templates.program("agent/rediform-boot");
    return userData
        .replace(boot.stripTrailing().indent(3).replaceAll("(?m)^ +$", ""), "   (program)\n")
        .replace(AgentProgram.sha256(), "(checksum)");
  }

  @Test
  void the_agent_fits_into_a_secret_and_is_the_same_text() throws IOException {
    // With a third of the room left: the value is ASCII, a byte for each of its characters.
    assertThat(AgentProgram.packed()).hasSizeLessThan(AgentProgram.LARGEST * 2 / 3);
    byte[] gzip = Base64.getDecoder().decode(AgentProgram.packed());
    try (GZIPInputStream in = new GZIPInputStream(new ByteArrayInputStream(gzip))) {
      assertThat(new String(in.readAllBytes(), StandardCharsets.UTF_8))
          .isEqualTo(NodeFiles.agent())
          .contains("\n# ----------");
    }
    assertThat(AgentProgram.packed()).isEqualTo(AgentProgram.packed());
    assertThat(AgentProgram.version()).isPositive();
    Cluster cluster = cluster("production");
    for (Node node : cluster.nodes()) {
      assertThat(new UserData(cluster).of(node))
          .contains("\"agentSha256\": \"" + AgentProgram.sha256() + "\"")
          .doesNotContain("path: /usr/local/sbin/rediform-node");
    }
  }

  @Test
  void the_specifications_directives_are_there_on_the_master() throws IOException {
    Cluster cluster = cluster("production");
    assertThat(directives(cluster, cluster.firstMaster()))
        .contains(
            "port 6379",
            "bind 0.0.0.0",
            "protected-mode yes",
            "maxmemory 6gb",
            "maxmemory-policy allkeys-lru",
            "appendonly yes",
            "appendfilename appendonly.aof");
  }

  @Test
  void the_specifications_directives_are_there_on_the_replicas() throws IOException {
    Cluster cluster = cluster("production");
    assertThat(directives(cluster, cluster.redis().get(2)))
        .contains("maxmemory 3gb", "maxmemory-policy allkeys-lru");
  }

  /** What Redis starts with, but for what the agent adds. */
  private static List<String> directives(Cluster cluster, RedisNode node) {
    return (NodeFiles.of(cluster, node, Layout.MACHINE).get("redis.conf")
            + LiveSettings.text(cluster, node))
        .lines()
        .toList();
  }

  @Test
  void the_specifications_sentinel_settings_are_there() throws IOException {
    Cluster cluster = cluster("production");
    Map<String, String> files = NodeFiles.of(cluster, cluster.sentinels().get(0), Layout.MACHINE);
    assertThat(files.get("sentinel.conf").lines()).contains("port 26379");
    assertThat(files.get("node.json"))
        .contains("\"masterName\": \"mymaster\"")
        .contains("\"quorum\": 2")
        .contains("\"down-after-milliseconds\": 5000")
        .contains("\"failover-timeout\": 60000")
        .contains("\"parallel-syncs\": 1");
  }

  @Test
  void no_file_says_who_is_master_or_replica() throws IOException {
    for (String name : List.of("local", "production")) {
      Cluster cluster = cluster(name);
      for (Node node : cluster.nodes()) {
        NodeFiles.of(cluster, node, Layout.MACHINE)
            .forEach((file, text) -> assertThat(text).doesNotContain("replicaof "));
      }
    }
  }

  @Test
  void config_that_is_read_at_the_start_only_wins_over_defaults() throws IOException {
    Cluster cluster =
        of(
            "platform: local\nredis: {config: {appendfilename: mine.aof, databases: 32, save: '',"
                + " timeout: 300}}\n");
    String conf = NodeFiles.of(cluster, cluster.firstMaster(), Layout.PROCESS).get("redis.conf");
    assertThat(conf.lines())
        .contains("appendfilename mine.aof", "databases 32", "daemonize no", "save 3600 1")
        .doesNotContain("appendfilename appendonly.aof", "timeout 300");
    assertThat(LiveSettings.of(cluster, cluster.firstMaster()))
        .containsEntry("save", "\"\"")
        .containsEntry("timeout", "300")
        .doesNotContainKey("databases");
  }

  @Test
  void a_value_that_no_tag_can_hold_is_read_at_the_start() throws IOException {
    for (int length : new int[] {256, 257}) {
      Cluster cluster =
          of(
              "platform: local\nredis: {config: {proc-title-template: %s}}\n"
                  .formatted("x".repeat(length)));
      String conf = NodeFiles.of(cluster, cluster.firstMaster(), Layout.PROCESS).get("redis.conf");
      assertThat(conf.contains("xxx")).isEqualTo(length > 256);
      assertThat(LiveSettings.of(cluster, cluster.firstMaster()).containsKey("proc-title-template"))
          .isEqualTo(length <= 256);
    }
  }

  @Test
  void a_period_of_sentinels_own_goes_to_the_master_it_monitors() throws IOException {
    Cluster cluster =
        of("platform: local\nsentinels: {config: {master-reboot-down-after-period: 20000}}\n");
    Map<String, String> files = NodeFiles.of(cluster, cluster.sentinels().get(0), Layout.PROCESS);
    assertThat(files.get("node.json")).contains("\"master-reboot-down-after-period\": 20000");
    assertThat(files.get("sentinel.conf")).doesNotContain("master-reboot");
  }

  @Test
  void no_password_stands_in_a_unit_and_the_specifications_exec_stop_is_gone() throws IOException {
    Cluster cluster = cluster("production");
    for (Node node : cluster.nodes()) {
      assertThat(new UserData(cluster).of(node))
          .doesNotContain("-a \"")
          .doesNotContain("requirepass")
          .doesNotContain("redis-cli");
    }
  }

  @Test
  void adding_nodes_changes_no_file_of_the_others() throws IOException {
    Cluster before = of(aws(2, 3));
    Cluster after = of(aws(4, 3));
    for (Node node : before.nodes()) {
      assertThat(new UserData(after).of(after.node(node.name()).orElseThrow()))
          .isEqualTo(new UserData(before).of(node));
    }
  }

  @Test
  void adding_sentinels_changes_the_quorum_on_sentinels_and_nothing_on_data_nodes()
      throws IOException {
    Cluster before = of(aws(2, 3));
    Cluster after = of(aws(2, 5));
    for (Node node : before.redis()) {
      assertThat(new UserData(after).of(after.node(node.name()).orElseThrow()))
          .isEqualTo(new UserData(before).of(node));
    }
    String sentinel = new UserData(before).of(before.sentinels().get(0));
    assertThat(new UserData(after).of(after.sentinels().get(0)))
        .isEqualTo(sentinel.replace("\"quorum\": 2", "\"quorum\": 3"));
  }

  private static String aws(int replicas, int sentinels) {
    return "platform: aws\nreplicas: {count: %d}\nsentinels: {count: %d}\naws: {region: eu-central-1}\n"
        .formatted(replicas, sentinels);
  }

  @Test
  void packed_user_data_is_the_same_document_and_stays_below_9_kib() throws IOException {
    for (String name : List.of("staging", "production", "production-symmetric")) {
      Cluster cluster = cluster(name);
      for (Node node : cluster.nodes()) {
        byte[] gzip = Base64.getDecoder().decode(new UserData(cluster).packed(node));
        assertThat(gzip).hasSizeLessThanOrEqualTo(9 * 1024);
        try (GZIPInputStream in = new GZIPInputStream(new ByteArrayInputStream(gzip))) {
          assertThat(new String(in.readAllBytes(), StandardCharsets.UTF_8))
              .isEqualTo(new UserData(cluster).of(node));
        }
      }
    }
  }

  @Test
  void user_data_with_all_networks_that_a_security_group_takes_fits() throws IOException {
    Random random = new Random(1);
    String networks =
        random
            .ints(58, 0, 256)
            .mapToObj(i -> "10.%d.%d.0/24".formatted(i, random.nextInt(256)))
            .collect(Collectors.joining(", "));
    Cluster cluster =
        of(
            """
            platform: aws
            redis: {install: source}
            network: {clients: [%s]}
            aws: {region: eu-central-1}
            """
                .formatted(networks));
    assertThat(new UserData(cluster).packedSize(cluster.redis().get(1)))
        .isLessThan(UserData.LARGEST);
  }

  @Test
  void the_same_input_gives_the_same_bytes_in_every_locale() throws IOException {
    Cluster cluster = cluster("production");
    String packed = new UserData(cluster).packed(cluster.firstMaster());
    Locale before = Locale.getDefault();
    try {
      for (String tag : List.of("tr-TR", "ar-EG", "de-DE")) {
        Locale.setDefault(Locale.forLanguageTag(tag));
        Cluster again = cluster("production");
        assertThat(new UserData(again).packed(again.firstMaster())).isEqualTo(packed);
      }
    } finally {
      Locale.setDefault(before);
    }
  }

  @Test
  void a_limit_of_one_class_of_clients_leaves_the_replicas_theirs_also_after_a_restart()
      throws IOException {
    for (String[] given :
        new String[][] {
          {"pubsub 64mb 16mb 90", "replica 512mb 256mb 60 pubsub 64mb 16mb 90"},
          {"replica 1gb 1gb 0 pubsub 0 0 0", "replica 1gb 1gb 0 pubsub 0 0 0"},
          {"normal 0 0 0 slave 1gb 1gb 0", "normal 0 0 0 slave 1gb 1gb 0"}
        }) {
      Cluster cluster =
          of(
              "platform: local\nredis: {config: {client-output-buffer-limit: \"%s\"}}\n"
                  .formatted(given[0]));
      assertThat(LiveSettings.of(cluster, cluster.redis().get(0)))
          .containsEntry("client-output-buffer-limit", given[1]);
    }
  }
}
