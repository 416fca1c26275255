package stacks.operate;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * What can be known of the last change of master from what nodes say now. No node keeps a history:
 * a Sentinel knows since when it takes its master for that, and forgets it when it starts anew; why
 * there was a failover only follows from which servers started at that time.
 *
 * @param epoch number of the election that made the master; 0 when there never was one
 * @param secondsAgo how long ago the master changed; empty when no Sentinel has seen it
 * @param exact whether it was then; otherwise that long ago, or longer
 * @param evidence what else is known of it, in words
 */
public record LastFailover(
    Optional<Long> epoch, Optional<Long> secondsAgo, boolean exact, List<String> evidence) {
  /** The news of a failover reaches every Sentinel within 2 s (hello); the clocks count seconds. */
  private static final long SAME_SECONDS = 10;

  /** A server that starts this long after a failover, or less, was down when it began. */
  private static final long RESTART_SECONDS = 300;

  /** A start and the first look at the master are in the same moment. */
  private static final long START_SECONDS = 5;

  /** What is known; its parts are empty where the Sentinels say nothing, or are of two minds. */
  public static LastFailover of(ClusterStatus status) {
    Optional<Long> epoch =
        said(status).stream()
            .flatMap(server -> server.configEpoch().stream())
            .max(Comparator.naturalOrder());
    if (epoch.filter(number -> number > 0).isEmpty()) {
      return new LastFailover(epoch, Optional.empty(), false, List.of());
    }
    // SENTINEL RESET counts anew as well, on one Sentinel after the other: the longest is right.
    List<Long> seen =
        said(status).stream()
            .filter(LastFailover::sawIt)
            .flatMap(server -> server.masterSeconds().stream())
            .sorted(Comparator.reverseOrder())
            .toList();
    if (seen.isEmpty()) {
      Optional<Long> atLeast =
          said(status).stream()
              .flatMap(server -> server.masterSeconds().stream())
              .max(Comparator.naturalOrder());
      return new LastFailover(epoch, atLeast, false, List.of());
    }
    boolean exact = seen.size() > 1 && seen.get(0) - seen.get(1) <= SAME_SECONDS;
    return new LastFailover(
        epoch, Optional.of(seen.get(0)), exact, exact ? evidence(status, seen.get(0)) : List.of());
  }

  private static List<SentinelState.Server> said(ClusterStatus status) {
    return status.sentinels().stream().flatMap(node -> node.answer().said().stream()).toList();
  }

  /** It ran already when its master became that. */
  private static boolean sawIt(SentinelState.Server server) {
    return server.masterSeconds().isPresent()
        && server
            .vitals()
            .upSeconds()
            .filter(up -> up > server.masterSeconds().get() + START_SECONDS)
            .isPresent();
  }

  private static List<String> evidence(ClusterStatus status, long secondsAgo) {
    List<String> evidence = new ArrayList<>();
    for (RedisState node : status.redis()) {
      long after = node.vitals().upSeconds().map(up -> secondsAgo - up).orElse(Long.MIN_VALUE);
      if (!node.isMaster() && after >= 0 && after <= RESTART_SECONDS) {
        evidence.add("%s started %d s later".formatted(node.name(), after));
      } else if (node.down()) {
        evidence.add(node.name() + " is down");
      }
    }
    boolean allSay = status.redis().stream().allMatch(it -> it.vitals().upSeconds().isPresent());
    if (evidence.isEmpty() && allSay) {
      evidence.add("no server started at that time: a handover, or the old master did not answer");
    }
    return evidence;
  }
}
