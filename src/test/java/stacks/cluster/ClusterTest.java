package stacks.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import stacks.environment.Checked;
import stacks.environment.Environment.MaxmemoryPolicy;
import stacks.platform.Platforms;
import stacks.testing.Environments;
import stacks.values.Memory;

class ClusterTest {
  private static final String AWS = "platform: aws\naws: {region: eu-central-1}\n";

  @TempDir Path folder;

  @Test
  void production_is_the_table_of_the_specification() {
    Cluster cluster = Platforms.cluster("production", Checked.ours("production").environment());
    Size master = new Size(4, Memory.gib(8), Memory.gib(100));
    Size replica = new Size(2, Memory.gib(4), Memory.gib(100));
    Size sentinel = new Size(1, Memory.gib(1), Memory.gib(20));
    assertThat(cluster.redis().stream().map(Node::size)).containsExactly(master, replica, replica);
    assertThat(cluster.redis().stream().map(RedisNode::maxmemory))
        .containsExactly(Memory.gib(6), Memory.gib(3), Memory.gib(3));
    assertThat(cluster.redis()).allMatch(node -> node.port() == 6379);
    assertThat(cluster.sentinels().stream().map(Node::size))
        .containsExactly(sentinel, sentinel, sentinel);
    assertThat(cluster.sentinels()).allMatch(node -> node.port() == 26379);
    assertThat(cluster.quorum()).isEqualTo(2);
    var sentinels = cluster.environment().sentinels();
    assertThat(sentinels.masterName()).isEqualTo("mymaster");
    assertThat(sentinels.downAfter()).hasMillis(5000);
    assertThat(sentinels.failoverTimeout()).hasMillis(60000);
    assertThat(sentinels.parallelSyncs()).isEqualTo(1);
    assertThat(cluster.environment().redis().maxmemoryPolicy())
        .isEqualTo(MaxmemoryPolicy.ALLKEYS_LRU);
    assertThat(cluster.environment().redis().config())
        .containsEntry("appendonly", "yes")
        .containsEntry("appendfilename", "appendonly.aof");
  }

  @Test
  void recommended_production_has_equal_data_nodes() {
    Cluster cluster =
        Platforms.cluster(
            "production-symmetric", Checked.ours("production-symmetric").environment());
    assertThat(cluster.redis())
        .hasSize(3)
        .allMatch(node -> node.size().memory().equals(Memory.gib(8)));
    assertThat(cluster.redis()).allMatch(node -> node.maxmemory().equals(Memory.gib(6)));
  }

  @Test
  void local_nodes_are_told_apart_by_their_ports() {
    Cluster cluster = Platforms.cluster("local", Checked.ours("local").environment());
    assertThat(cluster.nodes().stream().map(node -> node.name() + " " + node.endpoint()))
        .containsExactly(
            "redis-1 127.0.0.1:6379",
            "redis-2 127.0.0.1:6380",
            "redis-3 127.0.0.1:6381",
            "sentinel-1 127.0.0.1:26379",
            "sentinel-2 127.0.0.1:26380",
            "sentinel-3 127.0.0.1:26381");
  }

  @Test
  void nodes_are_found_by_name() {
    Cluster cluster = Platforms.cluster("local", Checked.ours("local").environment());
    assertThat(cluster.node("sentinel-2")).map(Node::kind).contains("sentinel");
    assertThat(cluster.node("redis-9")).isEmpty();
    assertThat(cluster.firstMaster().name()).isEqualTo("redis-1");
  }

  @Test
  void nodes_take_turns_in_the_zones() {
    assertThat(endpoints(4, 3, "zones: [eu-central-1a, eu-central-1b]"))
        .containsExactly(
            "redis-1 eu-central-1a 10.60.0.10",
            "redis-2 eu-central-1b 10.60.16.10",
            "redis-3 eu-central-1a 10.60.0.12",
            "redis-4 eu-central-1b 10.60.16.12",
            "redis-5 eu-central-1a 10.60.0.14",
            "sentinel-1 eu-central-1a 10.60.0.11",
            "sentinel-2 eu-central-1b 10.60.16.11",
            "sentinel-3 eu-central-1a 10.60.0.13");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "firstHost: 10",
        "zones: [eu-central-1a, eu-central-1b]",
        "cidr: 10.7.0.0/20, firstHost: 4",
        "existing: {vpc: vpc-0a1b2c3d, subnets: ["
            + "{id: subnet-0a1b2c3d, zone: eu-central-1a, cidr: 10.1.0.0/24},"
            + "{id: subnet-0a1b2c3e, zone: eu-central-1c, cidr: 10.2.0.0/22},"
            + "{id: subnet-0a1b2c3f, zone: eu-central-1b, cidr: 10.3.0.0/23}]}"
      })
  void added_nodes_move_no_other(String network) {
    List<String> most = endpoints(60, 15, network);
    IntStream.rangeClosed(1, 60)
        .forEach(
            replicas -> {
              List<String> some = endpoints(replicas, 3 + replicas % 13, network);
              assertThat(some).hasSize(1 + replicas + 3 + replicas % 13).doesNotHaveDuplicates();
              assertThat(most).containsAll(some);
            });
  }

  @Test
  void five_thousand_replicas_have_an_address_each() {
    assertThat(endpoints(5000, 15, "firstHost: 10").stream().map(line -> line.split(" ")[2]))
        .hasSize(5016)
        .doesNotHaveDuplicates();
  }

  @Test
  void added_node_changes_nothing_that_the_others_are_told() {
    Cluster small = cluster(AWS + "replicas: {count: 1}\n");
    Cluster large = cluster(AWS + "replicas: {count: 40}\nsentinels: {count: 15}\n");
    assertThat(small.redisSeeds().toString())
        .isEqualTo("[10.60.0.10:6379, 10.60.16.10:6379, 10.60.32.10:6379]");
    assertThat(large.redisSeeds()).isEqualTo(small.redisSeeds());
    assertThat(small.sentinelSeeds().toString())
        .isEqualTo("[10.60.0.11:26379, 10.60.16.11:26379, 10.60.32.11:26379]");
    assertThat(large.sentinelSeeds()).isEqualTo(small.sentinelSeeds());
  }

  @Test
  void a_cluster_is_made_of_any_file_so_that_rules_can_read_it() {
    for (String network :
        List.of(
            "existing: {vpc: vpc-0a1b2c3d}",
            "cidr: 10.0.0.0/24, firstHost: 60000",
            "zones: [%s]".formatted("eu-central-1a, ".repeat(20)))) {
      Cluster cluster =
          Environments.cluster(
              "wrong",
              AWS + "replicas: {count: 1}\nsentinels: {count: 1}\nnetwork: {" + network + "}\n");
      assertThat(cluster.nodes()).hasSize(3);
      assertThat(cluster.fits()).isEqualTo(network.startsWith("zones"));
    }
  }

  @Test
  void quorum_is_the_majority_unless_the_file_says_otherwise() {
    assertThat(cluster(AWS).quorum()).isEqualTo(2);
    assertThat(cluster(AWS + "sentinels: {count: 5}\n").quorum()).isEqualTo(3);
    assertThat(cluster(AWS + "sentinels: {count: 5, quorum: 4}\n").quorum()).isEqualTo(4);
  }

  @Test
  void replicas_are_like_the_master_unless_the_file_says_otherwise() {
    RedisNode replica =
        cluster(AWS + "master: {cpu: 2, memory: 16GB, maxmemory: 10gb, instanceType: r7i.large}\n")
            .redis()
            .get(1);
    assertThat(replica.size()).isEqualTo(new Size(2, Memory.gib(16), Memory.gib(100)));
    assertThat(replica.maxmemory()).isEqualTo(Memory.gib(10));
    assertThat(replica.instanceType()).contains("r7i.large");
  }

  @Test
  void replicas_of_another_size_have_their_own_share_and_type() {
    RedisNode replica =
        cluster(
                AWS
                    + "master: {maxmemory: 1gb, instanceType: c7i.xlarge}\nreplicas: {memory: 16GB}\n")
            .redis()
            .get(1);
    assertThat(replica.maxmemory()).isEqualTo(Memory.gib(12));
    assertThat(replica.instanceType()).isEmpty();
  }

  private List<String> endpoints(int replicas, int sentinels, String network) {
    return cluster(
            AWS
                + "replicas: {count: %d}\nsentinels: {count: %d}\nnetwork: {%s}\n"
                    .formatted(replicas, sentinels, network))
        .nodes()
        .stream()
        .map(node -> node.name() + " " + node.subnet().zone() + " " + node.address())
        .toList();
  }

  private Cluster cluster(String text) {
    Checked file = Checked.text(folder, text);
    assertThat(file.file().problems().hasErrors()).as(() -> file.lines().toString()).isFalse();
    return Platforms.cluster("test", file.environment());
  }
}
