package stacks.rules;

import static stacks.environment.Problem.Severity.ERROR;
import static stacks.environment.Problem.Severity.WARNING;
import static stacks.rules.Rule.when;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import stacks.cluster.Cluster;
import stacks.environment.Environment.Install;

/** What lets the Sentinels decide, and decide rightly. */
final class SentinelRules {
  /** Fewer than three Sentinels have no majority once one is lost. */
  private static final int FEWEST_SENTINELS = 3;

  /** A shorter silence than this happens to healthy nodes: a fork, a paused VM, a slow disk. */
  private static final Duration SHORTEST_DOWN_AFTER = Duration.ofSeconds(1);

  static final List<Rule> ALL =
      List.of(
          new Rule(
              "too-few-sentinels",
              ERROR,
              List.of("sentinels.count"),
              SentinelRules::tooFewSentinels),
          new Rule(
              "even-sentinels", WARNING, List.of("sentinels.count"), SentinelRules::evenSentinels),
          new Rule(
              "quorum-too-small",
              WARNING,
              List.of("sentinels.quorum", "sentinels.count"),
              SentinelRules::quorumTooSmall),
          new Rule(
              "quorum-too-large",
              ERROR,
              List.of("sentinels.quorum", "sentinels.count"),
              SentinelRules::quorumTooLarge),
          new Rule(
              "down-after-too-short",
              WARNING,
              List.of("sentinels.downAfter"),
              SentinelRules::downAfterTooShort),
          new Rule(
              "failover-timeout-too-short",
              ERROR,
              List.of("sentinels.failoverTimeout", "sentinels.downAfter"),
              SentinelRules::failoverTimeoutTooShort),
          new Rule(
              "source-build-slow",
              WARNING,
              List.of("redis.install", "sentinels.cpu", "platform"),
              SentinelRules::sourceBuildSlow));

  private SentinelRules() {}

  private static Optional<String> tooFewSentinels(Cluster cluster) {
    int count = cluster.sentinels().size();
    return when(
        count < FEWEST_SENTINELS,
        "with %d of them there is no majority once one Sentinel is lost; take at least %d"
            .formatted(count, FEWEST_SENTINELS));
  }

  private static Optional<String> evenSentinels(Cluster cluster) {
    int count = cluster.sentinels().size();
    return when(
        count % 2 == 0 && count > FEWEST_SENTINELS,
        "%d Sentinels survive no more losses than %d would; take an odd number"
            .formatted(count, count - 1));
  }

  private static Optional<String> quorumTooSmall(Cluster cluster) {
    int count = cluster.sentinels().size();
    int quorum = cluster.quorum();
    return when(
        quorum < Cluster.majority(count),
        ("a quorum of %d starts failovers for which most of the %d Sentinels see no need; remove"
                + " it, which means the majority (%d)")
            .formatted(quorum, count, Cluster.majority(count)));
  }

  private static Optional<String> quorumTooLarge(Cluster cluster) {
    int count = cluster.sentinels().size();
    int quorum = cluster.quorum();
    return when(
        count >= FEWEST_SENTINELS && quorum > count - 1,
        "with a quorum of %d of %d there is no failover once one Sentinel is lost; at most %d"
            .formatted(quorum, count, count - 1));
  }

  private static Optional<String> downAfterTooShort(Cluster cluster) {
    return when(
        cluster.environment().sentinels().downAfter().compareTo(SHORTEST_DOWN_AFTER) < 0,
        ("healthy nodes are silent for %d ms at times: expect failovers without a cause; take"
                + " %d ms or more")
            .formatted(
                cluster.environment().sentinels().downAfter().toMillis(),
                SHORTEST_DOWN_AFTER.toMillis()));
  }

  private static Optional<String> failoverTimeoutTooShort(Cluster cluster) {
    return when(
        cluster
                .environment()
                .sentinels()
                .failoverTimeout()
                .compareTo(cluster.environment().sentinels().downAfter().multipliedBy(2))
            < 0,
        ("failoverTimeout %d ms is less than twice downAfter %d ms: a failover would be given up"
                + " while it still runs; take at least %d ms")
            .formatted(
                cluster.environment().sentinels().failoverTimeout().toMillis(),
                cluster.environment().sentinels().downAfter().toMillis(),
                cluster.environment().sentinels().downAfter().toMillis() * 2));
  }

  private static Optional<String> sourceBuildSlow(Cluster cluster) {
    return when(
        !cluster.isLocal()
            && cluster.environment().redis().install() == Install.SOURCE
            && cluster.environment().sentinels().cpu() < 2,
        "building Redis keeps a %d-CPU Sentinel busy for minutes; take install: package or 2 CPUs"
            .formatted(cluster.environment().sentinels().cpu()));
  }
}
