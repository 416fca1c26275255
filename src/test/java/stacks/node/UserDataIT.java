package stacks.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import stacks.cluster.Cluster;
import stacks.cluster.Node;
import stacks.environment.EnvironmentFile;
import stacks.platform.Platforms;
import stacks.testing.Run;

/** cloud-init, systemd and sh themselves judge what we hand them. */
class UserDataIT {
  @TempDir private Path folder;

  private static Cluster cluster(Path file) throws IOException {
    EnvironmentFile read = EnvironmentFile.read(file);
    assertThat(read.problems().all()).isEmpty();
    return Platforms.cluster(read.name(), read.environment());
  }

  /** Every kind of document there is: the files of the repository, and what they do not use. */
  private List<Cluster> clusters() throws IOException {
    List<Cluster> clusters = new ArrayList<>();
    for (String name : List.of("staging", "production", "production-symmetric")) {
      clusters.add(cluster(Path.of("environments", name + ".yaml")));
    }
    clusters.add(
        cluster(
            Files.writeString(
                folder.resolve("everything.yaml"),
                """
                platform: aws
                redis:
                  install: source
                  port: 7000
                  config: {timeout: 300, save: ""}
                replicas: {count: 3}
                sentinels: {count: 5, cpu: 2, masterName: cache.erp_1}
                network:
                  clients: [10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16]
                  operators: [10.9.0.0/24]
                aws: {region: us-gov-west-1, image: debian-12}
                """)));
    return clusters;
  }

  @Test
  void cloud_init_accepts_every_document() throws Exception {
    assumeThat(Run.of(folder, Map.of(), "sh", "-c", "command -v cloud-init").exitCode())
        .as("cloud-init is missing; to get it: apt-get install cloud-init")
        .isZero();
    List<String> command =
        new ArrayList<>(
            List.of(
                "sh", "-c", "for f; do cloud-init schema --config-file $f || exit 1; done", "sh"));
    for (Cluster cluster : clusters()) {
      for (Node node :
          List.of(cluster.firstMaster(), cluster.redis().get(1), cluster.sentinels().get(0))) {
        Path file = folder.resolve(cluster.name() + "-" + node.name());
        command.add(Files.writeString(file, new UserData(cluster).of(node)).toString());
      }
    }
    Run run = Run.of(folder, Map.of(), command).succeeded();
    assertThat(run.all().lines().filter(line -> line.contains("Valid cloud-config"))).hasSize(12);
    assertThat(run.all()).doesNotContainIgnoringCase("deprecat");
  }

  @Test
  void every_document_leaves_nearly_half_of_the_room_to_its_environment() throws Exception {
    for (Cluster cluster : clusters()) {
      for (Node node : cluster.nodes()) {
        assertThat(new UserData(cluster).packedSize(node))
            .as("%s of %s", node.name(), cluster.name())
            .isLessThanOrEqualTo(9 * 1024);
      }
    }
  }

  @Test
  void cloud_init_would_notice_a_wrong_document() throws Exception {
    assumeThat(Run.of(folder, Map.of(), "sh", "-c", "command -v cloud-init").exitCode()).isZero();
    Path file =
        Files.writeString(folder.resolve("wrong"), "#cloud-config\nwrite_files: [{paht: /x}]\n");
    assertThat(
            Run.of(folder, Map.of(), "cloud-init", "schema", "--config-file", file.toString())
                .exitCode())
        .isNotZero();
  }

  @Test
  void the_setup_script_is_sound_shell() throws Exception {
    for (Cluster cluster : clusters()) {
      for (Node node : List.of(cluster.firstMaster(), cluster.sentinels().get(0))) {
        Path file =
            Files.writeString(folder.resolve("setup"), written(cluster, node, "rediform-setup"));
        Run.of(folder, Map.of(), "sh", "-n", file.toString()).succeeded();
      }
    }
  }

  @Test
  void systemd_accepts_the_units() throws Exception {
    assumeThat(Run.of(folder, Map.of(), "sh", "-c", "command -v systemd-analyze").exitCode())
        .as("systemd-analyze is missing; to get it: apt-get install systemd")
        .isZero();
    for (Cluster cluster : clusters()) {
      for (String unit :
          List.of("redis.service", "rediform-settings.service", "sentinel.service")) {
        Node node =
            unit.startsWith("sentinel") ? cluster.sentinels().get(0) : cluster.firstMaster();
        // The programs of a node are not on this machine: what runs is /bin/true, all else is ours.
        String text =
            written(cluster, node, unit).replaceAll("(?m)^(Exec\\w+=-?\\+?)\\S+", "$1/bin/true");
        Path file = Files.writeString(folder.resolve(unit), text);
        Run run =
            Run.of(folder, Map.of(), "systemd-analyze", "verify", "--man=no", file.toString());
        assertThat(run.all().lines().filter(line -> line.contains(unit))).isEmpty();
      }
    }
  }

  /** Content of the file that a document writes under this name. */
  private static String written(Cluster cluster, Node node, String name) {
    Optional<String> block =
        Stream.of(new UserData(cluster).of(node).split("(?m)^(?=- path: |runcmd:)"))
            .filter(entry -> entry.lines().findFirst().orElse("").endsWith("/" + name))
            .findFirst();
    String content = block.orElseThrow().split("content: \\|\n", 2)[1];
    return content.replaceAll("(?m)^ {3}", "");
  }
}
