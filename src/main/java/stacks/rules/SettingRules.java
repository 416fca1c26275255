package stacks.rules;

import static stacks.environment.Problem.Severity.ERROR;
import static stacks.environment.Problem.Severity.WARNING;
import static stacks.rules.Rule.when;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import stacks.cluster.Cluster;
import stacks.environment.Environment;
import stacks.environment.Environment.Backend;
import stacks.environment.Environment.Install;
import stacks.environment.Environment.Source;
import stacks.redis.Directives;
import stacks.redis.Releases;
import stacks.values.Nearest;

/** What may be said to Redis, Sentinel and Terraform. */
final class SettingRules {

  static final List<Rule> ALL =
      List.of(
          new Rule(
              "missing-bucket",
              ERROR,
              List.of("aws.state.bucket", "aws.state.backend"),
              SettingRules::missingBucket),
          new Rule(
              "local-state",
              WARNING,
              List.of("aws.state.backend", "aws.state", "aws", "platform"),
              SettingRules::localState),
          new Rule(
              "source-not-local",
              ERROR,
              List.of("redis.install", "platform"),
              SettingRules::sourceNotLocal),
          new Rule(
              "checksum-of-another",
              ERROR,
              List.of("redis.source.sha256", "redis.source.version"),
              SettingRules::checksumOfAnother),
          new Rule(
              "known-holes",
              WARNING,
              List.of("redis.source.version", "redis.install"),
              SettingRules::knownHoles),
          new Rule(
              "persistence-off", WARNING, List.of("redis.config"), SettingRules::persistenceOff),
          ofRedis("mandatory-directive", SettingRules::mandatory),
          ofSentinel("mandatory-directive", SettingRules::mandatory),
          ofRedis("unknown-directive", SettingRules::unknown),
          ofSentinel("unknown-directive", SettingRules::unknown),
          ofRedis("malformed-directive", SettingRules::malformed),
          ofSentinel("malformed-directive", SettingRules::malformed),
          ofRedis("not-a-number", SettingRules::notANumber),
          ofSentinel("not-a-number", SettingRules::notANumber),
          new Rule("no-failover", ERROR, List.of("redis.config"), SettingRules::noFailover));

  /** Nine digits, as Redis writes a number: what is larger overflows some of its integers. */
  private static final Pattern NUMBER = Pattern.compile("0|[1-9]\\d{0,8}");

  private SettingRules() {}

  private static Rule ofRedis(String id, Check check) {
    return new Rule(
        id,
        ERROR,
        List.of("redis.config"),
        cluster -> check.of(cluster.environment().redis().config(), Directives.REDIS));
  }

  private static Rule ofSentinel(String id, Check check) {
    return new Rule(
        id,
        ERROR,
        List.of("sentinels.config"),
        cluster -> check.of(cluster.environment().sentinels().config(), Directives.SENTINEL));
  }

  /** What is wrong with directives in the light of their server's table. */
  private interface Check {
    Optional<String> of(Map<String, String> config, Directives table);
  }

  /** Only the state knows whose machines these are; it goes with the disk that has it. */
  private static Optional<String> localState(Cluster cluster) {
    Environment.Aws aws = cluster.environment().aws();
    return when(
        !cluster.isLocal() && aws.protect() && aws.state().backend() == Backend.LOCAL,
        "what Terraform knows of this cluster is a file on one machine; keep it in a bucket:"
            + " aws.state.backend: s3 and aws.state.bucket");
  }

  private static Optional<String> missingBucket(Cluster cluster) {
    return when(
        cluster.environment().aws().state().backend() == Backend.S3
            && cluster.environment().aws().state().bucket().isEmpty(),
        "backend s3 needs a bucket; add aws.state.bucket");
  }

  private static Optional<String> sourceNotLocal(Cluster cluster) {
    return when(
        cluster.isLocal() && cluster.environment().redis().install() == Install.SOURCE,
        "the local platform runs the redis-server of this machine; remove install: source");
  }

  private static Optional<String> checksumOfAnother(Cluster cluster) {
    Source source = cluster.environment().redis().source();
    return when(
        !source.version().equals(Source.DEFAULT_VERSION)
            && source.sha256().equals(Source.DEFAULT_SHA256),
        "this checksum is that of %s; give that of %s, from the redis/redis-hashes list"
            .formatted(Source.DEFAULT_VERSION, source.version()));
  }

  private static Optional<String> knownHoles(Cluster cluster) {
    return cluster.environment().redis().install() == Install.SOURCE
        ? Releases.holes(cluster.environment().redis().source().version())
        : Optional.empty();
  }

  private static Optional<String> persistenceOff(Cluster cluster) {
    return when(
        "no".equalsIgnoreCase(cluster.environment().redis().config().get("appendonly")),
        "with appendonly no a node that restarts comes back empty or old and needs a full resync;"
            + " remove it");
  }

  private static Optional<String> mandatory(Map<String, String> config, Directives table) {
    String refused =
        config.keySet().stream()
            .flatMap(name -> table.refusal(name).stream().map(reason -> name + " (" + reason + ")"))
            .collect(Collectors.joining("; "));
    return when(!refused.isEmpty(), "these are not yours to set: " + refused + "; remove them");
  }

  private static Optional<String> unknown(Map<String, String> config, Directives table) {
    String strangers =
        config.keySet().stream()
            .filter(name -> !table.names().contains(name) && table.refusal(name).isEmpty())
            .map(
                name ->
                    "\""
                        + name
                        + "\""
                        + Nearest.of(name, table.names())
                            .map(near -> " (did you mean \"" + near + "\"?)")
                            .orElse(""))
            .collect(Collectors.joining(", "));
    return when(!strangers.isEmpty(), "no such directive: " + strangers);
  }

  /** What Redis would refuse at its start, long after the file was accepted. */
  private static Optional<String> malformed(Map<String, String> config, Directives table) {
    String wrong =
        config.entrySet().stream()
            // What is refused anyway; its value must not be shown.
            .filter(entry -> !Directives.isSecret(entry.getKey()))
            .filter(
                entry ->
                    entry.getValue().matches("(?i)true|false")
                        || quotesAreUnbalanced(entry.getValue()))
            .map(entry -> entry.getKey() + " " + entry.getValue())
            .collect(Collectors.joining(", "));
    return when(
        !wrong.isEmpty(),
        "Redis does not read: " + wrong + "; it says yes or no, and closes each quotation mark");
  }

  private static Optional<String> notANumber(Map<String, String> config, Directives table) {
    String wrong =
        config.entrySet().stream()
            .filter(entry -> table.isNumber(entry.getKey()))
            .filter(entry -> !NUMBER.matcher(entry.getValue()).matches())
            .map(
                entry ->
                    entry.getKey()
                        + " "
                        + entry.getValue()
                        + table.unit(entry.getKey()).map(unit -> " (" + unit + ")").orElse(""))
            .collect(Collectors.joining(", "));
    return when(
        !wrong.isEmpty(),
        "not a whole number: " + wrong + "; write digits without a unit, nine at most");
  }

  private static Optional<String> noFailover(Cluster cluster) {
    return when(
        "0".equals(cluster.environment().redis().config().get("replica-priority")),
        "with replica-priority 0 on every node Sentinel never promotes one; remove it");
  }

  private static boolean quotesAreUnbalanced(String value) {
    return value
        .replaceAll("\"(?:[^\"\\\\]|\\\\.)*\"|'(?:[^'\\\\]|\\\\.)*'", "")
        .matches(".*[\"'].*");
  }
}
