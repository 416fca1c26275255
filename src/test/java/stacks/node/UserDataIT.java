package stacks.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
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
  void cloud_init_would_notice_a_wrong_document() throws Exception {
    assumeThat(Run.of(folder, Map.of(), "sh", "-c", "command -v cloud-init").exitCode()).isZero();
    Path file =
        Files.writeString(folder.resolve("wrong"), "#cloud-config\nwrite_files: [{paht: /x}]\n");
    assertThat(
            Run.of(folder, Map.of(), "cloud-init", "schema", "--config-file", file.toString())
                .exitCode())
        .isNotZero();
  }
}
