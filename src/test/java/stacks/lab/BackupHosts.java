package stacks.lab;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import stacks.testing.Eventually;
import stacks.testing.Project;
import stacks.testing.Run;

/** Hosts whose backups go to an S3 that checks signatures, and an operator with the commands. */
final class BackupHosts implements AutoCloseable {
  static final String NAME = "kept";
  static final Duration SOON = Faults.SOON;
  static final Duration EVERY = Duration.ofMinutes(1);

  /** A backup, the question before it, and a machine with two CPUs for six hosts. */
  static final Duration BACKUP = EVERY.plusSeconds(40);

  static final int KEYS = 20_000;

  /** Six hosts, with a backup every minute. */
  static final String SMALL =
      """
      platform: aws
      master: {cpu: 2, memory: 4GB, disk: 20GB, maxmemory: 100mb}
      sentinels: {failoverTimeout: 60s}
      backup: {every: 1m, bucket: %s}
      network:
        cidr: 10.77.0.0/16
        clients: [10.99.0.0/24, 10.98.0.0/24]
        operators: [10.98.0.0/24]
        keys: ["{operators-key}"]
      aws: {region: eu-central-1, protect: false}
      """
          .formatted(Lab.BACKUPS);

  private static final ObjectMapper JSON = new ObjectMapper();

  final LabCluster cluster;
  final Project project;
  final String redisVersion;

  /**
   * When it was whole for the first time. Before that there may be no replica that can take one.
   */
  final Instant whole;

  private BackupHosts(LabCluster cluster, String yaml) throws Exception {
    this.cluster = cluster;
    for (Host host : cluster.hosts()) {
      host.powerOn();
    }
    for (Host host : cluster.hosts()) {
      host.awaitBoot();
    }
    Host master = cluster.awaitWhole(SOON);
    whole = Instant.now();
    redisVersion =
        master.shell("redis-server --version").out().replaceFirst("(?s).* v=(\\S+) .*", "$1");
    project = Project.create();
    String ssh =
        "ssh, -i, %s, -o, StrictHostKeyChecking=no, -o, UserKnownHostsFile=/dev/null, -o, LogLevel=ERROR"
            .formatted(cluster.sshKey());
    project.environment(
        NAME,
        cluster
            .withKey(yaml)
            .replace(
                "operators:", "shell: [%s, \"admin@{address}\"]\n  operators:".formatted(ssh)));
  }

  /** The hosts of an environment file, whole and empty. */
  static BackupHosts start(String suite, String yaml) throws Exception {
    return start(suite, yaml, LabCluster.VOLUME_MIB);
  }

  /** The same with larger data volumes. */
  static BackupHosts start(String suite, String yaml, int volumeMib) throws Exception {
    Lab.assumePossible();
    LabCluster cluster = LabCluster.of(NAME, suite, yaml);
    try {
      if (volumeMib > LabCluster.VOLUME_MIB) {
        for (Host host : cluster.redis()) {
          host.newVolume(volumeMib);
        }
      }
      return new BackupHosts(cluster, yaml);
    } catch (Exception | AssertionError e) {
      cluster.close();
      throw e;
    }
  }

  /**
   * Values that compress to half; 100 in another database, and some with an end.
   *
   * @param bytes of each value, which it has as twice as many letters
   */
  BackupHosts fill(int keys, int bytes) throws Exception {
    Host master = cluster.master();
    master
        .shell(
            """
            cat > /root/fill.py << 'END'
            import os, sys
            def command(*words):
                words = [str(word).encode() for word in words]
                parts = [b"*%%d\\r\\n" %% len(words)] + [b"$%%d\\r\\n%%s\\r\\n" %% (len(word), word) for word in words]
                sys.stdout.buffer.write(b"".join(parts))
            for number in range(%1$d):
                if number == %1$d - 100:
                    command("SELECT", 3)
                ends = ("EX", 864000) if number %% 10 == 0 else ()
                command("SET", "kept:%%d" %% number, os.urandom(%2$d).hex(), *ends)
            END"""
                .formatted(keys, bytes))
        .succeeded();
    Run filled =
        master.run(
            Duration.ofMinutes(5),
            "sh",
            "-c",
            "python3 /root/fill.py | REDISCLI_AUTH=%s redis-cli --user admin --no-auth-warning -h %s --pipe"
                .formatted(cluster.password("admin"), master.address()));
    assertThat(filled.all()).contains("errors: 0");
    assertThat(keys(master)).isEqualTo(Map.of(0, (long) keys - 100, 3, 100L));
    return this;
  }

  /** Every host on, S3 as it should be, and the cluster whole. */
  void makeWhole() throws Exception {
    cluster.bucket("");
    for (Host host : cluster.hosts()) {
      if (!host.isOn()) {
        host.powerOn();
      }
    }
    cluster.awaitWhole(SOON);
  }

  @Override
  public void close() throws IOException {
    try {
      cluster.close();
    } finally {
      project.close();
    }
  }

  // ------------------------------------------------------------------ the operator

  /** A backup by the operator, once none of the timers' is being taken. */
  String takeNow() {
    String[] id = new String[1];
    within(
        SOON,
        () -> {
          Matcher said =
              Pattern.compile("(?m)^(\\d{8}T\\d{6}Z-redis-\\d): \\d+ keys")
                  .matcher(operator("backup", NAME, "now").succeeded().out());
          assertThat(said.find()).isTrue();
          id[0] = said.group(1);
        });
    return id[0];
  }

  Run operator(String... words) throws Exception {
    List<String> command = new ArrayList<>(List.of("./rediform"));
    command.addAll(List.of(words));
    return cluster
        .lab()
        .at(
            Lab.Place.OPERATOR,
            project.folder(),
            Map.of("REDIS_PASSWORD", LabCluster.PASSWORDS.get("app")),
            command.toArray(String[]::new));
  }

  /** All nodes have these keys, the cluster is whole, and it takes writes. */
  void assertRestored(Map<Integer, Long> kept) throws Exception {
    for (Host host : cluster.redis()) {
      assertThat(keys(host)).as(host.name()).isEqualTo(kept);
    }
    cluster.awaitWhole(SOON);
    assertAllGood();
    assertThat(cluster.redisCli(cluster.master(), "set", "after", "restore").out()).contains("OK");
    cluster.redisCli(cluster.master(), "del", "after").succeeded();
  }

  // ------------------------------------------------------------------ what is in the bucket

  List<String> ids() throws IOException {
    if (!Files.exists(cluster.backups())) {
      return List.of();
    }
    try (Stream<Path> files = Files.list(cluster.backups())) {
      return files
          .map(file -> file.getFileName().toString())
          .filter(name -> name.endsWith(".json") && !name.endsWith(".proof.json"))
          .map(name -> name.replace(".json", ""))
          .sorted()
          .toList();
    }
  }

  /** The manifests, oldest first. */
  List<JsonNode> listed() throws IOException {
    List<JsonNode> all = new ArrayList<>();
    for (String id : ids()) {
      all.add(JSON.readTree(cluster.backups().resolve(id + ".json").toFile()));
    }
    return all;
  }

  JsonNode newest() throws IOException {
    List<JsonNode> all = listed();
    assertThat(all).as("backups").isNotEmpty();
    return all.get(all.size() - 1);
  }

  static Instant began(JsonNode manifest) {
    return Instant.parse(manifest.path("started").asText());
  }

  static Instant ended(JsonNode manifest) {
    return Instant.parse(manifest.path("ended").asText());
  }

  static double seconds(JsonNode manifest) {
    return Duration.between(began(manifest), ended(manifest)).toMillis() / 1000.0;
  }

  /** The next that is listed from now on. */
  JsonNode awaitNext() throws IOException {
    int before = ids().size();
    within(BACKUP, () -> assertThat(ids()).hasSizeGreaterThan(before));
    return newest();
  }

  /** What is listed is there as its manifest says, and never were two taken at a time. */
  void assertAllGood() throws Exception {
    Instant before = Instant.EPOCH;
    for (JsonNode each : listed()) {
      assertGood(each);
      assertThat(began(each)).as("%s", each).isAfterOrEqualTo(before);
      before = ended(each);
    }
  }

  void assertGood(JsonNode manifest) throws Exception {
    Path object = cluster.backups().resolve(manifest.path("object").asText());
    MessageDigest digest = MessageDigest.getInstance("SHA-256");
    try (InputStream file = new DigestInputStream(Files.newInputStream(object), digest)) {
      assertThat(file.transferTo(java.io.OutputStream.nullOutputStream()))
          .as("%s", manifest)
          .isEqualTo(manifest.path("bytes").asLong());
    }
    assertThat(HexFormat.of().formatHex(digest.digest()))
        .as("%s", manifest)
        .isEqualTo(manifest.path("sha256").asText());
  }

  static Map<Integer, Long> keys(JsonNode manifest) {
    Map<Integer, Long> keys = new HashMap<>();
    manifest
        .path("keys")
        .properties()
        .forEach(each -> keys.put(Integer.valueOf(each.getKey()), each.getValue().asLong()));
    return keys;
  }

  /** How many keys a node has, by database. */
  Map<Integer, Long> keys(Host host) throws Exception {
    Map<Integer, Long> keys = new TreeMap<>();
    Pattern.compile("db(\\d+):keys=(\\d+)")
        .matcher(cluster.redisCli(host, "info", "keyspace").succeeded().out())
        .results()
        .forEach(each -> keys.put(Integer.valueOf(each.group(1)), Long.valueOf(each.group(2))));
    return keys;
  }

  /** What the hosts' units said is part of a failure: the hosts are gone when somebody asks. */
  void within(Duration limit, Eventually.Check check) {
    try {
      Eventually.within(limit, check);
    } catch (AssertionError e) {
      StringBuilder said = new StringBuilder(e.getMessage()).append('\n');
      for (Host host : cluster.redis()) {
        try {
          said.append(host.name())
              .append(":\n")
              .append(
                  host.shell("journalctl -u rediform-backup --output=short-precise -n 25").out());
        } catch (IOException | InterruptedException more) {
          said.append(more);
        }
      }
      throw new AssertionError(said.toString(), e);
    }
  }

  static double seconds(long startNanos) {
    return (System.nanoTime() - startNanos) / 1e9;
  }
}
