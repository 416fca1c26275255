package stacks.lab;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import stacks.testing.Eventually;
import stacks.testing.Run;

/** What holds of the exporters on hosts of any Debian release, while their servers run. */
final class ExportersOnHosts {
  private static final Duration SOON = Duration.ofMinutes(2);
  private static final List<String> PORTS = List.of("9100", "9121");
  private static final String REDIS_UNIT = "rediform-redis-exporter";
  private static final String NODE_UNIT = "rediform-node-exporter";

  /** apt finds no such package, as with an archive that cannot be reached. */
  private static final String NOT_TO_BE_HAD = "/etc/apt/preferences.d/none";

  private final LabCluster cluster;
  private final String name;
  private final String yaml;
  private final List<Host> hosts;

  /**
   * The hosts of a cluster that run.
   *
   * @param name of the environment
   * @param yaml its text, without metrics
   */
  ExportersOnHosts(LabCluster cluster, String name, String yaml, List<Host> hosts) {
    this.cluster = cluster;
    this.name = name;
    this.yaml = yaml;
    this.hosts = hosts;
  }

  /** Switches them on and off again, and looks at what there is in between. */
  void comeAndGo() throws Exception {
    SortedMap<String, String> servers = servers();
    assertOpen(Lab.Place.OPERATOR, false);
    cluster.environment(name, yaml + "metrics: {networks: [10.98.0.0/24]}\n");
    isRefusedWhereTheyCannotBeInstalled(hosts.get(0));
    for (Host host : hosts) {
      take(host);
    }
    for (Host host : hosts) {
      assertAnswer(host);
      assertNothingIsDenied(host);
      assertTellNoPassword(host);
    }
    assertOpen(Lab.Place.OPERATOR, true);
    assertOpen(Lab.Place.CLIENT, false);
    assertOpen(Lab.Place.OUTSIDER, false);
    assertThat(servers()).as("servers").isEqualTo(servers);
    followANewPassword(hosts.get(hosts.size() - 1));

    servers = servers();
    cluster.environment(name, yaml);
    for (Host host : hosts) {
      take(host);
      assertGone(host);
    }
    assertOpen(Lab.Place.OPERATOR, false);
    assertThat(servers()).as("servers").isEqualTo(servers);
  }

  private void isRefusedWhereTheyCannotBeInstalled(Host host) throws Exception {
    String server = server(host);
    String good = host.run("readlink", "/var/lib/rediform/agent/good").out();
    host.shell(
            "printf 'Package: prometheus-*\\nPin: release *\\nPin-Priority: -1\\n' > "
                + NOT_TO_BE_HAD)
        .succeeded();
    cluster.tell(host);
    assertThat(host.look().exitCode()).isPositive();
    String refused = cluster.health(host).path("refusedDocument").path("reason").asText();
    assertThat(refused).contains("apt-get", "prometheus-redis-exporter", "ended with 100");
    assertThat(host.run("readlink", "/var/lib/rediform/agent/good").out()).isEqualTo(good);
    assertThat(cluster.health(host).path("fit").asBoolean()).isTrue();
    assertThat(server(host)).isEqualTo(server);
    host.shell("rm " + NOT_TO_BE_HAD + " /var/lib/rediform/agent/refused").succeeded();
  }

  private void take(Host host) throws Exception {
    cluster.tell(host);
    assertThat(host.look().exitCode())
        .as(host.run("journalctl", "-u", "rediform-look", "--output=cat").out())
        .isZero();
  }

  private void assertAnswer(Host host) {
    Eventually.within(
        SOON,
        () -> {
          assertThat(ask(host, 9121)).containsPattern("(?m)^redis_up 1$");
          assertThat(ask(host, 9100))
              .containsPattern("(?m)^rediform_fit 1$")
              .containsPattern("(?m)^rediform_document_refused 0$")
              .contains(
                  "rediform_node_info{cluster=\"%s\",document=\"%.12s\",kind=\"%s\",node=\"%s\""
                      .formatted(
                          name,
                          cluster.document(host),
                          isSentinel(host) ? "sentinel" : "redis",
                          host.name()))
              .containsPattern("(?m)^node_memory_MemAvailable_bytes ")
              .containsPattern("(?m)^node_textfile_scrape_error 0$");
          if (!isSentinel(host)) {
            assertThat(ask(host, 9100))
                .containsPattern("(?m)^rediform_config_rewrite_failures_total 0$")
                .containsPattern("node_filesystem_avail_bytes\\{.*mountpoint=\"/var/redis/6379\"");
          }
        });
  }

  private String ask(Host host, int port) throws Exception {
    String url = "http://%s:%d/metrics".formatted(host.address(), port);
    return Run.of(
            Path.of("."),
            Map.of(),
            cluster.lab().at(Lab.Place.OPERATOR, List.of("curl", "-sS", "--max-time", "5", url)))
        .all();
  }

  private void assertNothingIsDenied(Host host) throws Exception {
    assertThat(cluster.redisCli(host, "acl log").succeeded().out()).doesNotContain("exporter");
    if (!isSentinel(host)) {
      assertThat(cluster.redisCli(host, "info errorstats").succeeded().out())
          .doesNotContain("NOPERM");
    }
  }

  private void assertTellNoPassword(Host host) throws Exception {
    String password = LabCluster.PASSWORDS.get("exporter");
    assertThat(
            host.shell(
                    "cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ /etc/systemd/system/rediform-*;"
                        + " systemctl show "
                        + REDIS_UNIT)
                .out())
        .doesNotContain(password);
    assertThat(host.shell("stat -c '%a %U' /var/lib/rediform/exporter.json").out())
        .startsWith("600 root");
    assertThat(host.run("systemctl", "is-enabled", "prometheus-redis-exporter").out())
        .startsWith("masked");
    assertThat(host.run("systemctl", "is-enabled", "prometheus-node-exporter").out())
        .startsWith("masked");
    assertThat(host.shell("dpkg -l prometheus-node-exporter-collectors").out())
        .doesNotContain("\nii ");
    for (String unit : List.of(REDIS_UNIT, NODE_UNIT)) {
      String pid = host.run("systemctl", "show", "--value", "-p", "MainPID", unit).out().strip();
      assertThat(host.run("ps", "-o", "user=", "-p", pid).out()).as(unit).startsWith("prometh");
      String overall =
          host.shell("systemd-analyze security --no-pager " + unit + " | tail -n 1").out();
      System.out.print(overall);
      assertThat(Double.parseDouble(overall.replaceAll(".*: ([0-9.]+) .*", "$1").strip()))
          .as(overall)
          .isLessThanOrEqualTo(2.5);
    }
  }

  /** The secret is new before its server knows it, and after that too. */
  private void followANewPassword(Host host) throws Exception {
    Map<String, String> passwords = new TreeMap<>(LabCluster.PASSWORDS);
    passwords.put("exporter", "canaryanother0123456789abcdef");
    try {
      cluster.secret(passwords);
      host.shell("rediform-node install").succeeded();
      assertThat(host.run("cat", "/var/lib/rediform/secrets.json").out())
          .contains(passwords.get("exporter"));
      assertThat(ask(host, 9121)).containsPattern("(?m)^redis_up 1$");
      String unit = isSentinel(host) ? "sentinel" : "redis";
      host.run("systemctl", "restart", unit).succeeded();
      Eventually.within(
          SOON,
          () -> {
            assertThat(host.run("cat", "/var/lib/rediform/exporter.json").out())
                .contains(passwords.get("exporter"));
            assertThat(ask(host, 9121)).containsPattern("(?m)^redis_up 1$");
          });
    } finally {
      cluster.mayRead(true);
    }
  }

  private void assertGone(Host host) throws Exception {
    for (String unit : List.of(REDIS_UNIT, NODE_UNIT, "rediform-metrics.timer")) {
      assertThat(host.run("systemctl", "is-active", unit).out()).as(unit).startsWith("inactive");
    }
    assertThat(host.shell("ls /etc/systemd/system /var/lib/rediform").out())
        .doesNotContain(
            "rediform-redis-exporter",
            "rediform-node-exporter",
            "rediform-metrics",
            "exporter.json");
    assertThat(host.shell("ls /var/lib/prometheus/node-exporter").out()).isBlank();
    assertThat(host.run("systemctl", "--failed", "--no-legend", "--plain").out()).isBlank();
  }

  private void assertOpen(Lab.Place place, boolean are) throws Exception {
    Map<String, List<String>> open = cluster.openPorts(place);
    for (Host host : hosts) {
      if (are) {
        assertThat(open.get(host.name())).as("%s from %s", host.name(), place).containsAll(PORTS);
      } else {
        assertThat(open.get(host.name()))
            .as("%s from %s", host.name(), place)
            .doesNotContainAnyElementsOf(PORTS);
      }
    }
  }

  /** What tells a run of each host's server from the next. */
  private SortedMap<String, String> servers() throws Exception {
    SortedMap<String, String> servers = new TreeMap<>();
    for (Host host : hosts) {
      servers.put(host.name(), server(host));
    }
    return servers;
  }

  private String server(Host host) throws Exception {
    String unit = isSentinel(host) ? "sentinel" : "redis";
    String pid = host.run("systemctl", "show", "--value", "-p", "MainPID", unit).out().strip();
    assertThat(pid).as("%s runs", unit).isNotEqualTo("0");
    String run = cluster.redisCli(host, "info server").succeeded().out();
    return pid + " " + run.replaceFirst("(?s).*run_id:(\\w+).*", "$1");
  }

  private static boolean isSentinel(Host host) {
    return host.name().startsWith("sentinel");
  }
}
