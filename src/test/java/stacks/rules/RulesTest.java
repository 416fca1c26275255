package stacks.rules;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import stacks.environment.Checked;
import stacks.environment.Environment.Source;
import stacks.redis.Directives;
import stacks.redis.DirectivesIT;

class RulesTest {
  private static final String LOCAL = "platform: local\n";
  private static final String KEY =
      "\"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIH4tgv1sqFHMOHuHDMCDySkB3fYUCPSHz3fCQmFMkWnR\"";
  private static final String AWS = "platform: aws\naws: {region: eu-central-1, protect: false}\n";

  /**
   * Both sides of a rule's line.
   *
   * @param trips a file that is just over the line
   * @param passes a file that is just not
   * @param problem what is said about the first, with its place
   */
  record Line(String trips, String passes, String problem) {
    String id() {
      return problem.split("[ :]+")[3];
    }

    @Override
    public String toString() {
      return problem;
    }
  }

  @TempDir Path folder;

  static Stream<Line> lines() {
    return Stream.of(
        new Line(
            LOCAL + "master: {maxmemory: 6gb}\nreplicas: {maxmemory: 6143mb}\n",
            LOCAL + "master: {maxmemory: 6143mb}\nreplicas: {maxmemory: 6gb}\n",
            "3:12: warning unequal-memory: replicas have maxmemory 6143mb in 8gb of RAM, the master"
                + " 6gb in 8gb: above 6143mb of data a replica runs out of memory, and a promoted"
                + " one evicts; give replicas the master's size, or accept this rule with the"
                + " reason"),
        new Line(
            LOCAL + "master: {maxmemory: 1gb}\nreplicas: {memory: 7GB, maxmemory: 1gb}\n",
            LOCAL + "master: {maxmemory: 1gb}\nreplicas: {memory: 9GB, maxmemory: 1gb}\n",
            "3:25: warning unequal-memory: replicas have maxmemory 1gb in 7gb of RAM, the master"
                + " 1gb in 8gb: above 1gb of data a replica runs out of memory, and a promoted one"
                + " evicts; give replicas the master's size, or accept this rule with the reason"),
        new Line(
            LOCAL + "master: {memory: 4GB, maxmemory: 3073mb}\n",
            LOCAL + "master: {memory: 4GB, maxmemory: 3gb}\n",
            "2:23: error maxmemory-too-large: master: maxmemory 3073mb leaves too little of 4gb RAM"
                + " for fork and buffers; at most 3gb (75 %)"),
        new Line(
            LOCAL + "replicas:\n  maxmemory: 6145mb\n",
            LOCAL + "replicas:\n  maxmemory: 6144mb\n",
            "3:3: error maxmemory-too-large: replicas: maxmemory 6145mb leaves too little of 8gb"
                + " RAM for fork and buffers; at most 6gb (75 %)"),
        new Line(
            AWS + "master: {maxmemory: 6gb, disk: 29GB}\n",
            AWS + "master: {maxmemory: 6gb, disk: 30GB}\n",
            "3:26: warning disk-too-small: master: 29gb of disk for maxmemory 6gb; AOF rewrites and"
                + " resyncs need at least 30gb (5 times)"),
        new Line(
            AWS + "replicas: {disk: 29GB}\n",
            AWS + "replicas: {disk: 30GB}\n",
            "3:12: warning disk-too-small: replicas: 29gb of disk for maxmemory 6gb; AOF rewrites"
                + " and resyncs need at least 30gb (5 times)"),
        new Line(
            LOCAL + "sentinels: {count: 2}\n",
            LOCAL + "sentinels: {count: 3}\n",
            "2:13: error too-few-sentinels: with 2 of them there is no majority once one Sentinel is"
                + " lost; take at least 3"),
        new Line(
            LOCAL + "sentinels: {count: 4}\n",
            LOCAL + "sentinels: {count: 5}\n",
            "2:13: warning even-sentinels: 4 Sentinels survive no more losses than 3 would; take an"
                + " odd number"),
        new Line(
            LOCAL + "sentinels: {quorum: 1}\n",
            LOCAL + "sentinels: {quorum: 2}\n",
            "2:13: warning quorum-too-small: a quorum of 1 starts failovers for which most of the 3"
                + " Sentinels see no need; remove it, which means the majority (2)"),
        new Line(
            LOCAL + "sentinels: {quorum: 5, count: 5}\n",
            LOCAL + "sentinels: {quorum: 4, count: 5}\n",
            "2:13: error quorum-too-large: with a quorum of 5 of 5 there is no failover once one"
                + " Sentinel is lost; at most 4"),
        new Line(
            LOCAL + "sentinels: {downAfter: 999ms}\n",
            LOCAL + "sentinels: {downAfter: 1s}\n",
            "2:13: warning down-after-too-short: healthy nodes are silent for 999 ms at times:"
                + " expect failovers without a cause; take 1000 ms or more"),
        new Line(
            LOCAL + "sentinels: {downAfter: 5s, failoverTimeout: 9999ms}\n",
            LOCAL + "sentinels: {downAfter: 5s, failoverTimeout: 10s}\n",
            "2:28: error failover-timeout-too-short: failoverTimeout 9999 ms is less than twice"
                + " downAfter 5000 ms: a failover would be given up while it still runs; take at"
                + " least 10000 ms"),
        new Line(
            LOCAL + "replicas: {count: 1}\n",
            LOCAL + "replicas: {count: 2}\n",
            "2:12: warning single-replica: one replica: while it restarts there is no second copy,"
                + " and the master takes no writes (min-replicas-to-write 1); take two"),
        new Line(
            LOCAL + "redis: {port: 26377}\n",
            LOCAL + "redis: {port: 26376}\n",
            "2:9: error ports-overlap: Redis takes ports 26377 to 26379 and the Sentinels 26379 to"
                + " 26381; keep them apart"),
        new Line(
            LOCAL + "redis: {port: 26381}\n",
            LOCAL + "redis: {port: 26382}\n",
            "2:9: error ports-overlap: Redis takes ports 26381 to 26383 and the Sentinels 26379 to"
                + " 26381; keep them apart"),
        new Line(
            AWS + "sentinels:\n  port: 6379\n",
            AWS + "sentinels:\n  port: 6380\n",
            "4:3: error ports-overlap: Redis and the Sentinels both have port 6379; keep them"
                + " apart"),
        new Line(
            LOCAL + "redis: {port: 65534}\n",
            LOCAL + "redis: {port: 65533}\n",
            "2:9: error port-exhausted: the last node would have port 65536, and ports end at"
                + " 65535; start lower"),
        new Line(
            "platform: aws\n",
            AWS,
            "1:1: error missing-region: platform aws needs a region; add aws.region, such as"
                + " eu-central-1"),
        new Line(
            AWS,
            AWS + "network: {shell: [ssm, \"{node}\"]}\n",
            "1:1: warning no-way-in: nobody can log in to these machines, not even after a fault; add"
                + " network.keys and network.operators, or network.shell if there is another way"),
        new Line(
            AWS + "network: {operators: [10.9.0.0/24]}\n",
            LOCAL + "network: {operators: [10.9.0.0/24]}\n",
            "3:11: warning no-way-in: nobody can log in to these machines, not even after a fault;"
                + " add network.keys and network.operators, or network.shell if there is another"
                + " way"),
        new Line(
            AWS + "network: {keys: [" + KEY + "]}\n",
            AWS + "network: {keys: [" + KEY + "], operators: [10.9.0.0/24]}\n",
            "3:11: warning no-way-in: network.keys open SSH, but no network may reach it; add"
                + " network.operators"),
        new Line(
            AWS.replace("protect: false", "state: {backend: local}"),
            AWS.replace("protect: false", "state: {backend: s3, bucket: states}"),
            "2:37: warning local-state: what Terraform knows of this cluster is a file on one"
                + " machine; keep it in a bucket: aws.state.backend: s3 and aws.state.bucket"),
        new Line(
            LOCAL + "aws: {state: {backend: s3}}\n",
            LOCAL + "aws: {state: {backend: s3, bucket: states}}\n",
            "2:15: error missing-bucket: backend s3 needs a bucket; add aws.state.bucket"),
        new Line(
            AWS + "network: {zones: [eu-central-1a, eu-west-1b]}\n",
            AWS + "network: {zones: [eu-central-1a, eu-central-1b]}\n",
            "3:11: error unknown-zone: not in region eu-central-1: eu-west-1b; a zone is the region"
                + " and a letter, such as eu-central-1a"),
        new Line(
            AWS + "network: {zones: [eu-central-1a, eu-central-1b, eu-central-1a]}\n",
            AWS + "network: {zones: [eu-central-1a, eu-central-1b, eu-central-1c]}\n",
            "3:11: error duplicate-zone: named more than once: eu-central-1a; each zone has one"
                + " subnet"),
        new Line(
            AWS + "network: {zones: [eu-central-1a], " + existing("a 10.0.0.0/24", "b 10.0.1.0/24"),
            AWS + "network: {" + existing("a 10.0.0.0/24", "b 10.0.1.0/24"),
            "3:11: error unused-zones: an existing network has the zones of its subnets; remove"
                + " network.zones"),
        new Line(
            AWS + "network: {zones: [" + zones(16) + "]}\n",
            AWS + "network: {zones: [" + zones(15) + "]}\n",
            "3:11: error too-many-zones: 16 zones; a new network has room for 15 of them"),
        new Line(
            AWS + "network: {existing: {vpc: vpc-0a1b2c3d}}\n",
            AWS + "network: {" + existing("a 10.0.0.0/24", "b 10.0.1.0/24"),
            "3:11: error missing-subnets: an existing VPC needs at least one subnet; give its id,"
                + " zone and cidr"),
        new Line(
            AWS + "network: {" + existing("a 10.0.0.0/24", "b 10.0.1.0/24").replace("db", "da"),
            AWS + "network: {" + existing("a 10.0.0.0/24", "b 10.0.1.0/24"),
            "3:41: error duplicate-subnet: named more than once: subnet-0a1b2cda; name each subnet"
                + " once"),
        new Line(
            AWS + "network: {" + existing("a 10.0.0.0/24", "b 10.0.0.128/25"),
            AWS + "network: {" + existing("a 10.0.0.0/25", "b 10.0.0.128/25"),
            "3:41: error subnets-overlap: these overlap: 10.0.0.0/24 and 10.0.0.128/25; correct the"
                + " wrong one"),
        new Line(
            AWS + "network: {zones: [eu-central-1a]}\n",
            AWS + "network: {zones: [eu-central-1a, eu-central-1b]}\n",
            "3:11: warning single-zone: all nodes are in one zone and are lost with it; take three"
                + " zones"),
        new Line(
            AWS + "network: {cidr: 10.0.0.0/24, firstHost: 14}\n",
            AWS + "network: {cidr: 10.0.0.0/24, firstHost: 13}\n",
            "3:11: error address-exhausted: 3 data nodes and 3 Sentinels from place 14 on do not fit"
                + " into 10.0.0.0/28, 10.0.0.16/28, 10.0.0.32/28; take larger blocks"),
        new Line(
            LOCAL + "network: {clients: [10.0.0.0/8, 12.0.0.0/7]}\n",
            LOCAL + "network: {clients: [10.0.0.0/8, 12.0.0.0/8]}\n",
            "2:11: error world-open: 12.0.0.0/7 lets strangers in; name the networks of your clients,"
                + " /8 at the widest"),
        new Line(
            LOCAL + "network: {clients: [10.0.0.0/8], operators: [0.0.0.0/0]}\n",
            LOCAL + "network: {clients: [10.0.0.0/8], operators: [1.2.3.4/32]}\n",
            "2:34: error world-open: 0.0.0.0/0 lets strangers in; name the networks of your"
                + " operators, /8 at the widest"),
        new Line(
            AWS + "metrics: {networks: [12.0.0.0/7]}\n",
            AWS + "metrics: {networks: [12.0.0.0/8]}\n",
            "3:11: error world-open: 12.0.0.0/7 lets strangers in; name the networks of your"
                + " Prometheus servers, /8 at the widest"),
        new Line(
            LOCAL + "metrics: {networks: [10.0.0.0/8]}\n",
            AWS + "metrics: {networks: [10.0.0.0/8]}\n",
            "2:11: error metrics-place: nodes of the local platform have no exporters; remove"
                + " networks: `./rediform monitoring ENV --run` shows the metrics of a local"
                + " cluster"),
        new Line(
            AWS + "metrics: {networks: [10.0.0.0/8]}\nredis: {port: 9121}\n",
            AWS + "metrics: {networks: []}\nredis: {port: 9121}\nsentinels: {port: 9100}\n",
            "4:9: error exporter-port: an exporter of each node has port 9121 or 9100, so the"
                + " server cannot: redis 9121; take another port"),
        new Line(
            AWS + "metrics: {networks: [10.0.0.0/8]}\nsentinels: {port: 9100}\n",
            AWS + "metrics: {networks: [10.0.0.0/8]}\nsentinels: {port: 9101}\n",
            "4:13: error exporter-port: an exporter of each node has port 9121 or 9100, so the"
                + " server cannot: sentinel 9100; take another port"),
        new Line(
            AWS + "redis: {install: source}\n",
            AWS + "redis: {install: source}\nsentinels: {cpu: 2}\n",
            "3:9: warning source-build-slow: building Redis keeps a 1-CPU Sentinel busy for minutes;"
                + " take install: package or 2 CPUs"),
        new Line(
            LOCAL + "redis: {install: source}\n",
            LOCAL + "redis: {install: package}\n",
            "2:9: error source-not-local: the local platform runs the redis-server of this machine;"
                + " remove install: source"),
        new Line(
            LOCAL + "redis: {source: {version: 7.4.1}}\n",
            LOCAL + "redis: {source: {version: 7.4.1, sha256: \"" + "a".repeat(64) + "\"}}\n",
            "2:18: error checksum-of-another: this checksum is that of 7.2.15; give that of 7.4.1,"
                + " from the redis/redis-hashes list"),
        new Line(
            AWS + source("7.2.14"),
            AWS + source("7.2.15"),
            "3:35: warning known-holes: Redis 7.2.14 has known holes:"
                + " stream-RESTORE-use-after-free; take 7.2.15 or a newer one, with its sha256"),
        new Line(
            AWS + source("7.4.5"),
            AWS + source("7.4.10"),
            "3:35: warning known-holes: Redis 7.4.5 has known holes: CVE-2025-49844,"
                + " CVE-2026-23479, stream-RESTORE-use-after-free; take 7.4.10 or a newer one, with"
                + " its sha256"),
        new Line(
            AWS + source("8.0.6"),
            AWS + source("8.2.8"),
            "3:35: warning known-holes: Redis 8.0.6 has known holes: stream-RESTORE-use-after-free;"
                + " no release of 8.0 without them is known; take a newer line"),
        new Line(
            LOCAL + "redis: {config: {appendonly: No}}\n",
            LOCAL + "redis: {config: {appendonly: yes}}\n",
            "2:9: warning persistence-off: with appendonly no a node that restarts comes back empty"
                + " or old and needs a full resync; remove it"),
        new Line(
            LOCAL + "redis: {config: {requirepass: x, hz: 20}}\n",
            LOCAL + "redis: {config: {hz: 20}}\n",
            "2:9: error mandatory-directive: these are not yours to set: requirepass (secrets do not"
                + " belong in a file; the node fetches its own); remove them"),
        new Line(
            LOCAL + "redis: {config: {tls-key-file-pass: x, hz: 20}}\n",
            LOCAL + "redis: {config: {hide-user-data-from-log: yes, hz: 20}}\n",
            "2:9: error mandatory-directive: these are not yours to set: tls-key-file-pass (secrets"
                + " do not belong in a file; the node fetches its own); remove them"),
        new Line(
            LOCAL + "redis: {config: {tls-replication: yes}}\n",
            LOCAL + "redis: {config: {repl-diskless-sync: yes}}\n",
            "2:9: error mandatory-directive: these are not yours to set: tls-replication (TLS is not"
                + " supported: replicas, Sentinels and the agent connect without it, and the master"
                + " would take no writes); remove them"),
        new Line(
            LOCAL + "sentinels: {config: {auth-pass: x}}\n",
            LOCAL + "sentinels: {config: {timeout: 10}}\n",
            "2:13: error mandatory-directive: these are not yours to set: auth-pass (secrets do not"
                + " belong in a file; the node fetches its own); remove them"),
        new Line(
            LOCAL + "sentinels: {config: {port: 1}}\n",
            LOCAL + "sentinels: {config: {loglevel: debug}}\n",
            "2:13: error mandatory-directive: these are not yours to set: port (it has a key of its"
                + " own: sentinels.port); remove them"),
        new Line(
            LOCAL + "redis: {config: {maxcleints: 5, xyzzy: 1}}\n",
            LOCAL + "redis: {config: {maxclients: 5}}\n",
            "2:9: error unknown-directive: no such directive: \"maxcleints\" (did you mean"
                + " \"maxclients\"?), \"xyzzy\""),
        new Line(
            LOCAL + "sentinels: {config: {hz: 10}}\n",
            LOCAL + "sentinels: {config: {tcp-backlog: 10}}\n",
            "2:13: error unknown-directive: no such directive: \"hz\""),
        new Line(
            LOCAL + "redis: {config: {activedefrag: true}}\n",
            LOCAL
                + "redis: {config: {activedefrag: yes, save: '\"\"', proc-title-template: a 'b\\' c'}}\n",
            "2:9: error malformed-directive: Redis does not read: activedefrag true; it says yes or"
                + " no, and closes each quotation mark"),
        new Line(
            LOCAL + "sentinels: {config: {loglevel: '\"debug'}}\n",
            LOCAL + "sentinels: {config: {loglevel: '\"debug\"'}}\n",
            "2:13: error malformed-directive: Redis does not read: loglevel \"debug; it says yes or"
                + " no, and closes each quotation mark"),
        new Line(
            LOCAL + "sentinels: {config: {master-reboot-down-after-period: 5s}}\n",
            LOCAL + "sentinels: {config: {master-reboot-down-after-period: 5000}}\n",
            "2:13: error not-a-number: not a whole number: master-reboot-down-after-period 5s"
                + " (milliseconds); write digits without a unit, nine at most"),
        new Line(
            LOCAL + "sentinels: {config: {master-reboot-down-after-period: 007}}\n",
            LOCAL + "sentinels: {config: {master-reboot-down-after-period: 0}}\n",
            "2:13: error not-a-number: not a whole number: master-reboot-down-after-period 007"
                + " (milliseconds); write digits without a unit, nine at most"),
        new Line(
            LOCAL + "redis: {config: {hz: fast, timeout: -1, maxclients: 1000000000}}\n",
            LOCAL
                + "redis: {config: {hz: 100, timeout: 0, maxclients: 999999999,"
                + " slowlog-log-slower-than: -1}}\n",
            "2:9: error not-a-number: not a whole number: hz fast, timeout -1, maxclients 1000000000;"
                + " write digits without a unit, nine at most"),
        new Line(
            LOCAL + "redis: {config: {replica-priority: 0}}\n",
            LOCAL + "redis: {config: {replica-priority: 1}}\n",
            "2:9: error no-failover: with replica-priority 0 on every node Sentinel never promotes"
                + " one; remove it"));
  }

  @ParameterizedTest
  @MethodSource("lines")
  void rule_is_tripped_beyond_its_line(Line line) {
    assertThat(Checked.text(folder, line.trips()).lines()).contains(line.problem());
  }

  @ParameterizedTest
  @MethodSource("lines")
  void rule_is_silent_up_to_its_line(Line line) {
    assertThat(Checked.text(folder, line.passes()).lines())
        .noneMatch(problem -> problem.contains(" " + line.id() + ": "));
  }

  @Test
  void every_rule_is_tested_here() {
    assertThat(
            Stream.concat(lines(), BackupRulesTest.lines())
                .map(Line::id)
                .collect(Collectors.toSet()))
        .containsExactlyInAnyOrderElementsOf(
            Rules.ALL.stream().map(Rule::id).collect(Collectors.toSet()));
  }

  @Test
  void every_rule_is_explained() throws IOException {
    RuleTables.assertExplained(Rules.ALL);
  }

  @ParameterizedTest
  @ValueSource(strings = {"local", "staging", "production", "production-symmetric"})
  void our_own_environments_have_no_problem(String name) {
    assertThat(Checked.ours(name).lines()).isEmpty();
  }

  @Test
  void replica_larger_than_master_is_accepted() {
    assertThat(Checked.text(folder, LOCAL + "replicas: {cpu: 8, memory: 16GB}\n").lines())
        .isEmpty();
  }

  @Test
  void what_is_wrong_with_the_master_is_not_said_again_of_replicas_like_it() {
    assertThat(Checked.text(folder, LOCAL + "master: {maxmemory: 8gb}\n").ids())
        .containsExactly("error maxmemory-too-large master.maxmemory");
  }

  @Test
  void disk_of_this_machine_is_not_judged() {
    assertThat(Checked.text(folder, LOCAL + "master: {disk: 1GB}\n").lines()).isEmpty();
  }

  @Test
  void two_sentinels_are_one_problem() {
    assertThat(Checked.text(folder, LOCAL + "sentinels: {count: 2}\n").ids())
        .containsExactly("error too-few-sentinels sentinels.count");
  }

  @Test
  void wrong_value_silences_only_the_rules_that_read_it() {
    assertThat(
            Checked.text(
                    folder,
                    AWS
                        + "network: {clients: [x, 0.0.0.0/0], zones: [eu-central-1a]}\n"
                        + "sentinels: {count: x, downAfter: 600ms}\n")
                .ids())
        .containsExactlyInAnyOrder(
            "error wrong-value network.clients[0]",
            "error wrong-value sentinels.count",
            "warning single-zone network.zones",
            "warning down-after-too-short sentinels.downAfter");
  }

  @Test
  void accepted_warning_is_not_shown() {
    assertThat(
            Checked.text(folder, LOCAL + "replicas: {count: 1}\n" + accepts("single-replica"))
                .lines())
        .isEmpty();
  }

  @Test
  void acceptance_of_what_does_not_happen_is_a_warning() {
    assertThat(Checked.text(folder, LOCAL + accepts("single-replica")).lines())
        .containsExactly(
            "3:5: warning stale-acceptance: \"single-replica\" does not happen here; remove this"
                + " entry");
  }

  @Test
  void acceptance_is_not_called_stale_where_its_rule_could_not_look() {
    assertThat(
            Checked.text(folder, LOCAL + "replicas: {count: x}\n" + accepts("single-replica"))
                .ids())
        .containsExactly("error wrong-value replicas.count");
  }

  @ParameterizedTest
  @CsvSource({
    "2027-03-30, warning single-replica replicas.count / warning expired-acceptance accepts[0].rule",
    "2027-03-31, ''"
  })
  void acceptance_counts_until_its_last_day_has_passed(String until, String problems) {
    String accepts = accepts("single-replica") + "    until: " + until + "\n";
    Checked file = Checked.text(folder, LOCAL + "replicas: {count: 1}\n" + accepts);
    assertThat(String.join(" / ", file.ids())).isEqualTo(problems);
  }

  @Test
  void date_that_does_not_exist_is_refused() {
    String accepts = accepts("single-replica") + "    until: 2027-02-30\n";
    assertThat(Checked.text(folder, LOCAL + "replicas: {count: 1}\n" + accepts).lines())
        .anyMatch(
            line -> line.contains("wrong-value: until: found \"2027-02-30\"; allowed: a date"));
  }

  @Test
  void rules_of_the_plan_review_may_be_accepted_and_never_are_stale() {
    assertThat(Checked.text(folder, LOCAL + accepts("drift")).ids()).isEmpty();
  }

  @Test
  void severities_of_the_plan_review_name_its_rules_once() {
    assertThat(
            Checked.text(folder, LOCAL + "review: {block: [drift], warn: [node-removed]}\n").ids())
        .isEmpty();
    assertThat(
            Checked.text(folder, LOCAL + "review: {block: [dirft], warn: [single-replica]}\n")
                .lines())
        .containsExactly(
            "2:18: error unknown-rule: there is no rule \"dirft\"; did you mean \"drift\"?",
            "2:33: error unknown-rule: there is no rule \"single-replica\"; docs/plan-review.md lists"
                + " those of the plan review");
    assertThat(
            Checked.text(folder, LOCAL + "review: {block: [drift], requireApproval: [drift]}\n")
                .lines())
        .containsExactly(
            "2:44: error duplicate-severity: \"drift\" stands in block already; keep one");
  }

  @Test
  void error_cannot_be_accepted() {
    assertThat(
            Checked.text(folder, LOCAL + "sentinels: {count: 1}\n" + accepts("too-few-sentinels"))
                .lines())
        .contains(
            "4:5: error cannot-accept: \"too-few-sentinels\" is an error; only warnings can be"
                + " accepted, so mend what it names");
  }

  @Test
  void acceptance_of_an_unknown_rule_names_the_nearest() {
    assertThat(Checked.text(folder, LOCAL + accepts("single-replika")).lines())
        .containsExactly(
            "3:5: error unknown-rule: there is no rule \"single-replika\"; did you mean"
                + " \"single-replica\"?");
    assertThat(Checked.text(folder, LOCAL + accepts("xyzzy")).lines())
        .containsExactly(
            "3:5: error unknown-rule: there is no rule \"xyzzy\"; docs/environments.md and"
                + " docs/plan-review.md list them");
  }

  @Test
  void second_acceptance_of_a_rule_is_refused() {
    assertThat(
            Checked.text(
                    folder,
                    LOCAL
                        + "replicas: {count: 1}\n"
                        + accepts("single-replica")
                        + accepts("single-replica").replace("accepts:\n", ""))
                .lines())
        .containsExactly(
            "6:5: error duplicate-acceptance: \"single-replica\" is accepted already; keep one"
                + " reason");
  }

  @Test
  void acceptance_with_a_wrong_reason_still_says_which_rule_it_means() {
    assertThat(
            Checked.text(
                    folder,
                    LOCAL
                        + "replicas: {count: 1}\n"
                        + accepts("single-replica").replaceFirst("reason: .*", "reason: why not"))
                .ids())
        .containsExactly("error wrong-value accepts[0].reason");
  }

  @Test
  void every_rule_id_keeps_one_severity() {
    assertThat(Rules.ALL.stream().collect(Collectors.groupingBy(Rule::id)).values())
        .allSatisfy(same -> assertThat(same.stream().map(Rule::severity).distinct()).hasSize(1));
  }

  @Test
  void every_directive_that_looks_like_a_secret_is_refused_or_decided_to_be_harmless() {
    assertThat(
            Directives.REDIS.names().stream()
                .filter(name -> name.matches(".*(pass|auth|key|secret|token|user).*"))
                .filter(name -> Directives.REDIS.refusal(name).isEmpty()))
        .containsExactlyInAnyOrderElementsOf(DirectivesIT.HARMLESS);
    assertThat(
            Directives.SENTINEL.names().stream()
                .filter(name -> name.matches(".*(pass|auth|key|secret|token|user).*"))
                .filter(name -> Directives.SENTINEL.refusal(name).isEmpty()))
        .isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"requirepass", "masterauth", "user", "tls-key-file-pass", "new-auth-token"})
  void a_secret_is_refused_once_and_its_value_is_not_shown(String name) {
    Checked file = Checked.text(folder, LOCAL + "redis: {config: {" + name + ": 'hunter2\"'}}\n");
    assertThat(file.ids()).containsExactly("error mandatory-directive redis.config");
    assertThat(file.lines()).noneMatch(line -> line.contains("hunter2"));
  }

  @Test
  void a_package_is_not_judged_by_the_release_of_the_source() {
    assertThat(Checked.text(folder, AWS + source("7.2.14").replace("install: source, ", "")).ids())
        .containsExactly("warning no-way-in network.keys");
  }

  private static String source(String version) {
    String sum =
        version.equals(Source.DEFAULT_VERSION) ? "" : ", sha256: \"" + "a".repeat(64) + "\"";
    return "redis: {install: source, source: {version: "
        + version
        + sum
        + "}}\nsentinels: {cpu: 2}\n";
  }

  private static String accepts(String rule) {
    return "accepts:\n  - rule: %s\n    reason: It is a test of the rules.\n".formatted(rule);
  }

  /** Subnets, each a zone's letter and a block, to the end of the line. */
  private static String existing(String... subnets) {
    return "existing: {vpc: vpc-0a1b2c3d, subnets: [%s]}}\n"
        .formatted(
            List.of(subnets).stream()
                .map(subnet -> subnet.split(" "))
                .map(
                    subnet ->
                        "{id: subnet-0a1b2cd%s, zone: eu-central-1%s, cidr: %s}"
                            .formatted(subnet[0], subnet[0], subnet[1]))
                .collect(Collectors.joining(", ")));
  }

  private static String zones(int count) {
    return Stream.iterate('a', letter -> (char) (letter + 1))
        .limit(count)
        .map(letter -> "eu-central-1" + letter)
        .collect(Collectors.joining(", "));
  }
}
