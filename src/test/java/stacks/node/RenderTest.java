package stacks.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import stacks.cluster.Cluster;
import stacks.cluster.Exporter;
import stacks.cluster.Node;
import stacks.cluster.RedisNode;
import stacks.environment.EnvironmentFile;
import stacks.platform.Platforms;
import stacks.testing.Golden;
import stacks.testing.Run;

class RenderTest {
  /** What the agent's own tests read. */
  private static final Path CONTRACT = Path.of("src", "test", "resources", "contract", "documents");

  private static final String EXPORTERS =
      """
      platform: aws
      network: {clients: [10.60.0.0/16], operators: [10.9.0.0/24], shell: [x]}
      metrics: {networks: [10.62.0.0/24, 10.63.0.7/32, 10.62.0.0/24]}
      aws: {region: eu-central-1, protect: false}
      """;

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
  void documents_of_a_data_node_and_a_sentinel_are_as_before(String name) throws IOException {
    Cluster cluster = cluster(name);
    for (Node node : List.of(cluster.redis().get(1), cluster.sentinels().get(0))) {
      String text = Platforms.documents(cluster).get(node.name()).text();
      // Its checksum changes with every change of the agent.
      Golden.hold(
          CONTRACT.resolve(name + "-" + node.name() + ".json"),
          text.replace(AgentBundle.sha256(), "0".repeat(64)));
    }
  }

  @Test
  void documents_of_nodes_with_exporters_are_as_before() throws IOException {
    Cluster cluster = of(EXPORTERS);
    for (String node : List.of("redis-2", "sentinel-1")) {
      Golden.hold(
          CONTRACT.resolve("metrics-" + node + ".json"),
          Platforms.documents(cluster)
              .get(node)
              .text()
              .replace(AgentBundle.sha256(), "0".repeat(64)));
    }
  }

  /** A change of what all machines have in common stops and starts every machine there is. */
  @Test
  void the_common_part_of_user_data_never_changes() throws IOException {
    Cluster cluster = cluster("production");
    String text = new UserData(cluster).of(cluster.firstMaster());
    Golden.check("user-data.txt", text.substring(0, text.indexOf("- path: /etc/rediform/")));
    assertThat(text.substring(text.indexOf("- path: /etc/rediform/")))
        .isEqualTo(
            """
            - path: /etc/rediform/bootstrap.json
              content: |
               {"node": "redis-1", "bucket": "rediform-production-{id}", "region": "eu-central-1"}
            hostname: redis-1
            """);
  }

  @Test
  void python_runs_the_agent_as_it_is_and_its_bytes_depend_on_nothing_but_its_text()
      throws Exception {
    Path file = Files.write(folder.resolve("agent.pyz"), AgentBundle.bytes());
    assertThat(Checksum.of(Files.readAllBytes(file))).isEqualTo(AgentBundle.sha256());
    assertThat(Run.of(folder, Map.of(), "python3", "-I", file.toString()).exitCode()).isEqualTo(2);
    String text = Files.readString(file, StandardCharsets.ISO_8859_1);
    for (String module : AgentBundle.FILES) {
      assertThat(text)
          .as("a person can read it")
          .contains(
              new String(
                  AgentBundle.text(module).getBytes(StandardCharsets.UTF_8),
                  StandardCharsets.ISO_8859_1));
    }
  }

  @Test
  void a_document_is_read_as_it_was_written_and_names_its_agent() throws IOException {
    Cluster cluster = cluster("production");
    for (NodeDocument document : Documents.of(cluster, Layout.MACHINE).values()) {
      assertThat(NodeDocument.parse(document.text())).isEqualTo(document);
      assertThat(document.agent()).isEqualTo(AgentBundle.sha256());
      assertThat(document.text()).doesNotContain("${");
    }
    // Terraform composes what it reads, and would upload something with another checksum.
    NodeDocument decomposed =
        Documents.of(
                of("platform: local\nredis: {config: {syslog-ident: \"u\u0308\"}}\n"),
                Layout.PROCESS)
            .get("redis-1");
    assertThat(decomposed.text())
        .contains("\"syslog-ident\" : \"\u00fc\"")
        .doesNotContain("\u0308");
    assertThatThrownBy(() -> NodeDocument.parse("{\"agent\": \"x\"}"))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void user_data_is_the_same_with_exporters() throws IOException {
    Cluster on = of(EXPORTERS);
    Cluster off = of(EXPORTERS.replaceAll("metrics:.*", ""));
    assertThat(on.hasExporters()).isTrue();
    assertThat(off.hasExporters()).isFalse();
    for (Node node : on.nodes()) {
      assertThat(new UserData(on).of(node)).isEqualTo(new UserData(off).of(node));
      String document = Documents.of(on, Layout.MACHINE).get(node.name()).text();
      assertThat(document).isNotEqualTo(Documents.of(off, Layout.MACHINE).get(node.name()).text());
    }
  }

  @Test
  void exporters_are_open_for_the_named_networks_only() throws IOException {
    Map<String, NodeDocument> documents = Documents.of(of(EXPORTERS), Layout.MACHINE);
    for (NodeDocument document : documents.values()) {
      for (Exporter exporter : Exporter.values()) {
        assertThat(document.allow().stream().filter(each -> each.port() == exporter.port()))
            .extracting(Allow::from)
            .containsExactly("10.62.0.0/24", "10.63.0.7");
      }
    }
    assertThat(documents.get("redis-1").metrics())
        .contains(new MetricsSection(9100, 9121, Optional.of(604_800)));
    assertThat(documents.get("sentinel-1").metrics())
        .contains(new MetricsSection(9100, 9121, Optional.empty()));
  }

  @ParameterizedTest
  @CsvSource({
    "'', ../../backups/test",
    "'folder: safe/redis', ../../../safe/redis",
    "'folder: ../safe/./redis', ../../../../safe/redis",
    "'folder: .rediform/backups/../x', ../../x",
    "'folder: /var/backups//redis/', /var/backups/redis"
  })
  void a_folder_for_backups_is_seen_from_the_home_of_a_node(String key, String place)
      throws IOException {
    Map<String, NodeDocument> documents =
        Documents.of(of("platform: local\nbackup: {%s}\n".formatted(key)), Layout.PROCESS);
    assertThat(documents.get("redis-3").backup().orElseThrow().place()).isEqualTo(place);
    assertThat(documents.get("sentinel-1").backup()).isEmpty();
  }

  @Test
  void a_data_node_in_the_cloud_is_told_which_bucket_its_backups_go_to() throws IOException {
    String aws =
        "platform: aws\nnetwork: {shell: [x]}\naws: {region: eu-central-1, protect: false}\n";
    assertThat(backup(aws).orElseThrow().place())
        .isEqualTo("s3://rediform-test-{id}-backups/rediform/test");
    assertThat(backup(aws + "backup: {bucket: mine, enabled: false}\n")).isEmpty();
    assertThat(
            backup(
                aws + "backup: {bucket: mine, every: 90m, keepLast: 2, keepDays: 7, undo: 10m}\n"))
        .contains(
            new BackupSection(
                5400,
                7,
                2,
                "s3://mine/rediform/test",
                List.of(),
                Optional.of(new UndoSection((100L - 5 * 6) << 30, 600))));
  }

  private static Optional<BackupSection> backup(String text) throws IOException {
    return Documents.of(of(text), Layout.MACHINE).get("redis-1").backup();
  }

  @Test
  void other_backups_restart_nothing() throws IOException {
    String file = "platform: local\nbackup: {every: %s}\n";
    NodeDocument before = Documents.of(of(file.formatted("1h")), Layout.PROCESS).get("redis-1");
    NodeDocument after = Documents.of(of(file.formatted("2h")), Layout.PROCESS).get("redis-1");
    assertThat(after.sha256()).isNotEqualTo(before.sha256());
    assertThat(after.startupSha256()).isEqualTo(before.startupSha256());
  }

  /** Size, quorum and units are read at a start; memory, networks and keys are not. */
  @Test
  void a_server_restarts_only_for_what_it_reads_when_it_starts() throws IOException {
    String base = "platform: aws\naws: {region: eu-central-1}\n";
    Map<String, NodeDocument> before = Documents.of(of(base), Layout.MACHINE);
    Map<String, List<String>> restarted =
        Map.of(
            "redis: {config: {hz: 20, timeout: 300}}", List.of(),
            "network: {clients: [10.1.0.0/16], operators: [10.2.0.0/16], keys: [ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIH4tgv1sqFHMOHuHDMCDySkB3fYUCPSHz3fCQmFMkWnR]}",
                List.of(),
            "redis: {config: {databases: 32}}", List.of("redis-1", "redis-2", "redis-3"),
            "replicas: {cpu: 8}", List.of("redis-2", "redis-3"),
            "sentinels: {masterName: cache}", List.of("sentinel-1", "sentinel-2", "sentinel-3"),
            "sentinels: {parallelSyncs: 2}", List.of("sentinel-1", "sentinel-2", "sentinel-3"));
    for (Map.Entry<String, List<String>> change : restarted.entrySet()) {
      Map<String, NodeDocument> after =
          Documents.of(of(base + change.getKey() + "\n"), Layout.MACHINE);
      assertThat(
              after.keySet().stream()
                  .filter(node -> !after.get(node).startup().equals(before.get(node).startup()))
                  .sorted())
          .as(change.getKey())
          .containsExactlyElementsOf(change.getValue());
      assertThat(after.get("redis-2").sha256())
          .isNotEqualTo(
              change.getKey().startsWith("sentinels") ? "" : before.get("redis-2").sha256());
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
    return document(cluster, node).settings().lines().toList();
  }

  private static NodeDocument document(Cluster cluster, Node node) {
    return Documents.of(cluster, Layout.MACHINE).get(node.name());
  }

  @Test
  void the_specifications_sentinel_settings_are_there() throws IOException {
    Cluster cluster = cluster("production");
    NodeDocument document = document(cluster, cluster.sentinels().get(0));
    assertThat(document.masterName()).isEqualTo("mymaster");
    assertThat(document.startup().directives()).containsEntry("port", "26379");
    assertThat(document.startup().monitor())
        .containsEntry("quorum", "2")
        .containsEntry("down-after-milliseconds", "5000")
        .containsEntry("failover-timeout", "60000")
        .containsEntry("parallel-syncs", "1");
  }

  @Test
  void no_document_says_who_is_master_or_replica() throws IOException {
    for (String name : List.of("local", "production")) {
      Cluster cluster = cluster(name);
      for (Node node : cluster.nodes()) {
        assertThat(document(cluster, node).text()).doesNotContain("replicaof");
      }
    }
  }

  @Test
  void config_that_is_read_at_the_start_only_wins_over_defaults() throws IOException {
    Cluster cluster =
        of(
            "platform: local\nredis: {config: {appendfilename: mine.aof, databases: 32, save: '',"
                + " timeout: 300}}\n");
    assertThat(document(cluster, cluster.firstMaster()).startup().directives())
        .containsEntry("appendfilename", "mine.aof")
        .containsEntry("databases", "32")
        .containsEntry("daemonize", "no")
        .containsEntry("save", "3600 1")
        .doesNotContainKey("timeout");
    assertThat(LiveSettings.of(cluster, cluster.firstMaster()))
        .containsEntry("save", "\"\"")
        .containsEntry("timeout", "300")
        .doesNotContainKey("databases");
  }

  @Test
  void a_period_of_sentinels_own_goes_to_the_master_it_monitors() throws IOException {
    Cluster cluster =
        of("platform: local\nsentinels: {config: {master-reboot-down-after-period: 20000}}\n");
    Startup startup = document(cluster, cluster.sentinels().get(0)).startup();
    assertThat(startup.monitor()).containsEntry("master-reboot-down-after-period", "20000");
    assertThat(startup.directives()).doesNotContainKey("master-reboot-down-after-period");
  }

  @Test
  void no_password_stands_in_what_a_machine_is_told() throws IOException {
    Cluster cluster = cluster("production");
    for (Node node : cluster.nodes()) {
      assertThat(
              new UserData(cluster).of(node)
                  + Documents.of(cluster, Layout.MACHINE).get(node.name()).text())
          .doesNotContain("-a \"")
          .doesNotContain("requirepass")
          .doesNotContain("redis-cli");
    }
  }

  @Test
  void adding_nodes_changes_no_file_of_the_others() throws IOException {
    Cluster before = of(aws(2, 3));
    Cluster after = of(aws(4, 3));
    assertThat(Documents.of(after, Layout.MACHINE))
        .containsAllEntriesOf(Documents.of(before, Layout.MACHINE));
  }

  @Test
  void adding_sentinels_changes_the_quorum_on_sentinels_and_nothing_on_data_nodes()
      throws IOException {
    Cluster before = of(aws(2, 3));
    Cluster after = of(aws(2, 5));
    Map<String, NodeDocument> now = Documents.of(after, Layout.MACHINE);
    Documents.of(before, Layout.MACHINE)
        .forEach(
            (node, document) -> {
              String text = document.text();
              if (node.startsWith("sentinel")) {
                text = text.replace("\"quorum\" : \"2\"", "\"quorum\" : \"3\"");
                assertThat(text).isNotEqualTo(document.text());
              }
              assertThat(now.get(node).text()).isEqualTo(text);
            });
  }

  private static String aws(int replicas, int sentinels) {
    return "platform: aws\nreplicas: {count: %d}\nsentinels: {count: %d}\naws: {region: eu-central-1}\n"
        .formatted(replicas, sentinels);
  }

  @Test
  void packed_user_data_is_the_same_document() throws IOException {
    for (String name : List.of("staging", "production", "production-symmetric")) {
      Cluster cluster = cluster(name);
      for (Node node : cluster.nodes()) {
        byte[] gzip = Base64.getDecoder().decode(new UserData(cluster).packed(node));
        assertThat(gzip).hasSize(new UserData(cluster).packedSize(node));
        try (GZIPInputStream in = new GZIPInputStream(new ByteArrayInputStream(gzip))) {
          assertThat(new String(in.readAllBytes(), StandardCharsets.UTF_8))
              .isEqualTo(new UserData(cluster).of(node));
        }
      }
    }
  }

  /** As long as names can be, and hard to pack. */
  @Test
  void user_data_has_6_kib_at_most_whatever_the_environment_says() throws IOException {
    for (Path file :
        List.of(
            Path.of("environments/production.yaml"),
            Files.writeString(
                folder.resolve("q7-x0w3z-9k1vj5y-8b2u6g-f4hmdtc.yaml"),
                "platform: aws\naws: {region: ap-southeast-7}\nreplicas: {count: 99}\n"))) {
      Cluster cluster = cluster(file);
      for (Node node : cluster.nodes()) {
        assertThat(new UserData(cluster).packedSize(node)).isLessThanOrEqualTo(UserData.LARGEST);
      }
    }
  }

  @Test
  void the_same_input_gives_the_same_bytes_in_every_locale() throws IOException {
    Cluster cluster = cluster("production");
    String packed = new UserData(cluster).packed(cluster.firstMaster());
    Map<String, NodeDocument> documents = Documents.of(cluster, Layout.MACHINE);
    Locale before = Locale.getDefault();
    try {
      for (String tag : List.of("tr-TR", "ar-EG", "de-DE")) {
        Locale.setDefault(Locale.forLanguageTag(tag));
        Cluster again = cluster("production");
        assertThat(new UserData(again).packed(again.firstMaster())).isEqualTo(packed);
        assertThat(Documents.of(again, Layout.MACHINE)).isEqualTo(documents);
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
