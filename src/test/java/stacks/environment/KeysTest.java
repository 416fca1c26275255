package stacks.environment;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.reflect.RecordComponent;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every key: what it is when absent, and what becomes of a value. */
class KeysTest {
  /** Path, value when absent, a value as written, and as read. */
  private static final List<Case> CASES =
      """
      platform | LOCAL | aws | AWS
      redis.install | PACKAGE | source | SOURCE
      redis.source.version | 7.2.15 | 8.0.2 | 8.0.2
      redis.source.sha256 | 7bf7975331511fdb788e85dae63964b128fccee1df026a10db57444babc9c9c4 | %s | %s
      redis.source.url | https://download.redis.io/releases | https://mirror.example/r | https://mirror.example/r
      redis.port | 6379 | 7000 | 7000
      redis.maxmemoryPolicy | ALLKEYS_LRU | volatile-ttl | VOLATILE_TTL
      redis.config | {} | {appendonly: yes, save: ""} | {appendonly=yes, save=}
      master.cpu | 4 | 16 | 16
      master.memory | 8gb | 512MiB | 512mb
      master.disk | 100gb | 2 TB | 2tb
      master.maxmemory | - | 1536mb | 1536mb
      master.instanceType | - | c7i.xlarge | c7i.xlarge
      replicas.count | 2 | 5000 | 5000
      replicas.cpu | - | 1 | 1
      replicas.memory | - | 24tb | 24tb
      replicas.disk | - | 1GB | 1gb
      replicas.maxmemory | - | 3gb | 3gb
      replicas.instanceType | - | m7i-flex.large | m7i-flex.large
      sentinels.count | 3 | 15 | 15
      sentinels.cpu | 1 | 2 | 2
      sentinels.memory | 1gb | 512mb | 512mb
      sentinels.disk | 20gb | 8GB | 8gb
      sentinels.instanceType | - | t3.micro | t3.micro
      sentinels.port | 26379 | 1024 | 1024
      sentinels.masterName | mymaster | 123 | 123
      sentinels.quorum | - | 2 | 2
      sentinels.downAfter | PT5S | 500ms | PT0.5S
      sentinels.failoverTimeout | PT1M | 1h | PT1H
      sentinels.parallelSyncs | 1 | 3 | 3
      sentinels.config | {} | {loglevel: debug} | {loglevel=debug}
      network.cidr | 10.60.0.0/16 | 192.168.4.0/24 | 192.168.4.0/24
      network.zones[] | [] | [us-gov-west-1a] | [us-gov-west-1a]
      network.existing.vpc | - | vpc-0a1b2c3d | vpc-0a1b2c3d
      network.existing.subnets[].id | - | subnet-0a1b2c3d | subnet-0a1b2c3d
      network.existing.subnets[].zone | - | eu-central-1a | eu-central-1a
      network.existing.subnets[].cidr | - | 10.0.0.0/8 | 10.0.0.0/8
      network.clients[] | [] | [10.0.0.0/8, 0.0.0.0/0] | [10.0.0.0/8, 0.0.0.0/0]
      network.operators[] | [] | [1.2.3.4/32] | [1.2.3.4/32]
      network.keys[] | [] | ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIH4tgv1sqFHMOHuHDMCDySkB3fYUCPSHz3fCQmFMkWnR ops@example"] | [ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIH4tgv1sqFHMOHuHDMCDySkB3fYUCPSHz3fCQmFMkWnR ops@example]
      network.shell[] | [] | [ssh, "admin@{address}"] | [ssh, admin@{address}]
      network.firstHost | 10 | 4 | 4
      aws.region | - | ap-southeast-2 | ap-southeast-2
      aws.account | - | "012345678901" | 012345678901
      aws.image | DEBIAN_13 | debian-12 | DEBIAN_12
      aws.protect | true | false | false
      aws.state.backend | LOCAL | s3 | S3
      aws.state.bucket | - | my.bucket-1 | my.bucket-1
      aws.state.key | - | redis/x.tfstate | redis/x.tfstate
      aws.state.region | - | eu-west-1 | eu-west-1
      aws.tags | {} | {Team: cache} | {Team=cache}
      backup.enabled | true | false | false
      backup.every | PT6H | 30m | PT30M
      backup.keepLast | 28 | 1000 | 1000
      backup.keepDays | 30 | 3650 | 3650
      backup.undo | PT2H | 7d | PT168H
      backup.bucket | - | my-backups | my-backups
      backup.lock | - | 30d | PT720H
      backup.folder | - | ../backups | ../backups
      backup.recipients[] | [] | [age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p] | [age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p]
      backup.verifyEvery | PT168H | 1d | PT24H
      metrics.networks[] | [] | [10.0.0.0/8] | [10.0.0.0/8]
      accepts[].rule | - | single-zone | single-zone
      accepts[].reason | - | It is a test of this key. | It is a test of this key.
      accepts[].until | - | 2027-03-31 | 2027-03-31
      review.block[] | [] | [node-removed, drift] | [node-removed, drift]
      review.warn[] | [] | [drift] | [drift]
      review.requireApproval[] | [] | [node-removed] | [node-removed]
      """
          .formatted("0".repeat(64), "0".repeat(64))
          .lines()
          .map(line -> line.split(" \\| "))
          .map(cells -> new Case(cells[0], cells[1], cells[2], cells[3]))
          .toList();

  @TempDir Path folder;

  record Case(String path, String absent, String written, String read) {}

  static Stream<Case> cases() {
    return CASES.stream();
  }

  @Test
  void every_key_is_tested_here() {
    assertThat(CASES.stream().map(Case::path))
        .containsExactlyElementsOf(KeyTables.rows().stream().map(KeyTables.Row::path).toList());
  }

  @ParameterizedTest
  @MethodSource("cases")
  void absent_key_has_its_default(Case key) {
    assertThat(value(key.path(), Checked.text(folder, "platform: local\n").environment()))
        .isEqualTo(key.absent());
  }

  @ParameterizedTest
  @MethodSource("cases")
  void value_is_read(Case key) {
    Checked file = Checked.text(folder, yaml(key.path(), key.written()));
    assertThat(file.file().location(key.path().replace("[]", "[0]")).line()).isPositive();
    assertThat(value(key.path(), file.environment())).isEqualTo(key.read());
    assertThat(file.lines()).noneMatch(line -> line.contains("wrong-value"));
  }

  /** {@code a.b[].c} and {@code 1} give {@code {a: {b: [{c: 1}]}}}. */
  private static String yaml(String path, String value) {
    String text = value;
    for (List<String> names = List.of(path.split("\\.")); !names.isEmpty(); ) {
      String name = names.get(names.size() - 1);
      boolean item = name.endsWith("[]") && !text.startsWith("[");
      text = "{" + name.replace("[]", "") + ": " + (item ? "[" + text + "]" : text) + "}";
      names = names.subList(0, names.size() - 1);
    }
    return text;
  }

  /** What an environment holds at a path, as text; a dash for nothing. */
  private static String value(String path, Object environment) {
    Object value = environment;
    for (String name : path.replace("[]", "").split("\\.")) {
      if (value instanceof List<?> items) {
        value = items.isEmpty() ? Optional.empty() : items.get(0);
      }
      if (value instanceof Optional<?> optional) {
        value = optional.orElse(null);
      }
      if (value == null) {
        return "-";
      }
      value = component(value, name);
    }
    return value instanceof Optional<?> optional
        ? optional.map(Object::toString).orElse("-")
        : value.toString();
  }

  private static Object component(Object section, String name) {
    RecordComponent component =
        Arrays.stream(section.getClass().getRecordComponents())
            .filter(candidate -> candidate.getName().equals(name))
            .findFirst()
            .orElseThrow();
    try {
      return component.getAccessor().invoke(section);
    } catch (ReflectiveOperationException e) {
      throw new AssertionError(e);
    }
  }
}
