package stacks.monitoring;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import stacks.cluster.Cluster;
import stacks.cluster.Exporter;
import stacks.testing.Environments;
import stacks.testing.Eventually;
import stacks.testing.Project;
import stacks.testing.Prometheus;

/**
 * What the machine and the agent say: a real node exporter with a textfile as the agent writes it,
 * and a real Prometheus. The nodes of the local platform have neither.
 */
class NodeMetricsIT {
  private static final Duration SOON = Duration.ofSeconds(60);

  private final List<Process> processes = new ArrayList<>();
  private PromApi prometheus;
  @TempDir private Path folder;

  @BeforeEach
  void start() throws Exception {
    say(0, Instant.now());
    int port = Project.freePorts(2);
    run(
        Prometheus.program("prometheus-node-exporter"),
        "--collector.textfile.directory=" + folder.resolve("textfile"),
        "--web.listen-address=127.0.0.1:" + port);
    Cluster local = Environments.cluster("local");
    Pace pace = new Pace(10);
    Map<String, String> files = new TreeMap<>(Monitoring.rules(local, pace));
    files.put("prometheus.yml", Monitoring.prometheus(pace, List.of()));
    Targets.files(
            local,
            (node, exporter) ->
                Optional.of("127.0.0.1:" + port)
                    .filter(is -> exporter == Exporter.NODE && node.name().equals("redis-1")))
        .forEach((name, text) -> files.put("targets/" + name, text));
    for (Map.Entry<String, String> file : files.entrySet()) {
      Path path = folder.resolve(file.getKey());
      Files.createDirectories(path.getParent());
      Files.writeString(path, file.getValue());
    }
    run(
        Prometheus.program("prometheus"),
        "--config.file=" + folder.resolve("prometheus.yml"),
        "--storage.tsdb.path=" + folder.resolve("data"),
        "--web.listen-address=127.0.0.1:" + (port + 1));
    prometheus = new PromApi("http://127.0.0.1:" + (port + 1));
  }

  @AfterEach
  void end() throws InterruptedException {
    for (Process each : processes) {
      each.destroy();
      each.waitFor();
    }
  }

  private void run(String... command) throws IOException {
    processes.add(
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(folder.resolve(processes.size() + ".log").toFile())
            .start());
  }

  /** As a whole, as the agent does. */
  private void say(int refused, Instant backup) throws IOException {
    Path file = folder.resolve("textfile/rediform.prom");
    Files.createDirectories(file.getParent());
    Path next = file.resolveSibling("rediform.prom.new");
    long now = Instant.now().getEpochSecond();
    Files.writeString(
        next,
        """
        # TYPE rediform_node_info gauge
        rediform_node_info{cluster="local",node="redis-1",kind="redis",release="0123456789ab",document="ba9876543210"} 1
        # TYPE rediform_fit gauge
        rediform_fit 1
        # TYPE rediform_backup_last_timestamp_seconds gauge
        rediform_backup_last_timestamp_seconds %d
        # TYPE rediform_backup_every_seconds gauge
        rediform_backup_every_seconds 3600
        # TYPE rediform_backup_failures_total counter
        rediform_backup_failures_total 0
        # TYPE rediform_restore_proven_timestamp_seconds gauge
        rediform_restore_proven_timestamp_seconds %d
        # TYPE rediform_restore_proof_every_seconds gauge
        rediform_restore_proof_every_seconds 604800
        # TYPE rediform_handovers_total counter
        rediform_handovers_total 2
        # TYPE rediform_handover_failures_total counter
        rediform_handover_failures_total 0
        # TYPE rediform_document_refused gauge
        rediform_document_refused %d
        # TYPE rediform_gate_refusals_total counter
        rediform_gate_refusals_total 0
        # TYPE rediform_config_rewrite_failures_total counter
        rediform_config_rewrite_failures_total 0
        """
            .formatted(backup.getEpochSecond(), now, refused));
    Files.move(next, file, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
  }

  @Test
  void every_query_has_a_series_and_the_agents_words_raise_alerts() throws Exception {
    Eventually.within(
        SOON,
        () -> {
          for (String query : MonitoringSuite.queries("nodes")) {
            assertThat(prometheus.query(query)).as(query).isNotEmpty();
          }
        });
    say(1, Instant.now().minus(Duration.ofHours(3)));
    Eventually.within(
        SOON,
        () ->
            assertThat(prometheus.firing())
                .anyMatch(each -> each.startsWith("RediformDocumentRefused redis-1: redis-1 of"))
                .anyMatch(each -> each.matches("RediformBackupOld -: .* local .* redis-1")));
    say(0, Instant.now());
    Eventually.within(
        SOON, () -> assertThat(prometheus.firing()).noneMatch(each -> each.startsWith("Rediform")));
  }
}
