package stacks.monitoring;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import stacks.cluster.Cluster;
import stacks.cluster.Exporter;
import stacks.templates.Templates;

/**
 * What Prometheus, Alertmanager and Grafana need to watch a cluster, as files. Pure: same cluster,
 * same bytes; no secret, since the exporters ask their server and Prometheus asks the exporters.
 */
public final class Monitoring {
  /** Where Debian's Alertmanager listens, on the machine of Prometheus. */
  private static final List<String> ALERTMANAGER = List.of("localhost:9093");

  /** Files that are the same for every cluster: what Prometheus records, and what it alerts of. */
  private static final List<String> RULES =
      List.of("rules/rediform.yml", "alerts/nodes.yml", "alerts/redis.yml", "alerts/sentinel.yml");

  /** A job of Prometheus: one exporter of all nodes of some kinds. */
  private record Job(String name, Exporter exporter, String kinds) {}

  private static final List<Job> JOBS =
      List.of(
          new Job("redis", Exporter.REDIS, "redis"),
          new Job("sentinel", Exporter.REDIS, "sentinel"),
          new Job("node", Exporter.NODE, "(redis|sentinel)"));

  private Monitoring() {}

  /** All files for machines that watch the cluster, by their paths in a folder. */
  public static SortedMap<String, String> files(Cluster cluster) {
    SortedMap<String, String> files = rules(cluster, Pace.NORMAL);
    files.put("prometheus.yml", prometheus(Pace.NORMAL, ALERTMANAGER));
    files.put("alertmanager.yml", Templates.text("monitoring/alertmanager.yml"));
    files.put("README.md", Templates.fill("monitoring/README.md", readme(cluster)));
    Targets.files(cluster).forEach((name, text) -> files.put("targets/" + name, text));
    Dashboards.files().forEach((name, text) -> files.put("dashboards/" + name, text));
    cluster
        .environment()
        .aws()
        .region()
        .filter(region -> !cluster.isLocal())
        .ifPresent(region -> files.put("prometheus-ec2.yml", ec2(cluster, region)));
    return files;
  }

  /** Recording and alert rules, by their paths. */
  public static SortedMap<String, String> rules(Cluster cluster, Pace pace) {
    SortedMap<String, String> files = new TreeMap<>();
    RULES.forEach(name -> files.put(name, pace.of(Templates.text("monitoring/" + name))));
    files.put(
        "rules/" + cluster.name() + ".yml",
        Templates.fill("monitoring/constants.yml", Constants.of(cluster)));
    return files;
  }

  /**
   * The configuration of a Prometheus that finds targets in files.
   *
   * @param alertmanagers {@code host:port} of each that is told of alerts
   */
  public static String prometheus(Pace pace, List<String> alertmanagers) {
    Map<String, Object> variables = new TreeMap<>(common(pace, alertmanagers));
    variables.put("jobs", JOBS.stream().map(job -> Map.of("job", job.name)).toList());
    return Templates.fill("monitoring/prometheus.yml", variables);
  }

  private static String ec2(Cluster cluster, String region) {
    Map<String, Object> variables = new TreeMap<>(common(Pace.NORMAL, ALERTMANAGER));
    variables.put("cluster", cluster.name());
    variables.put("region", region);
    variables.put(
        "jobs",
        JOBS.stream()
            .map(job -> Map.of("job", job.name, "port", job.exporter.port(), "kinds", job.kinds))
            .toList());
    return Templates.fill("monitoring/prometheus-ec2.yml", variables);
  }

  private static Map<String, Object> common(Pace pace, List<String> alertmanagers) {
    return Map.of(
        "interval", pace.interval(), "timeout", pace.timeout(), "alertmanagers", alertmanagers);
  }

  private static Map<String, Object> readme(Cluster cluster) {
    return Map.of(
        "cluster",
        cluster.name(),
        "aws",
        cluster.isLocal() ? List.of() : List.of(cluster.environment().aws().region().orElse("")),
        "local",
        Optional.of(cluster.name())
            .filter(name -> cluster.isLocal())
            .map(List::of)
            .orElse(List.of()));
  }
}
