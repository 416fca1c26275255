package stacks.operate;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** What is known of the last failover, and what is not. */
class LastFailoverTest {
  private static final String MASTER = "10.0.0.2:6379";

  private static ClusterStatus status(List<SentinelState> sentinels, long... up) {
    List<RedisState> redis =
        IntStream.range(0, up.length)
            .mapToObj(
                i ->
                    Seen.with(
                        Seen.redis(
                            "redis-" + (i + 1),
                            "10.0.0." + (i + 1) + ":6379",
                            Optional.of(MASTER).filter(it -> i != 1)),
                        Optional.empty(),
                        Optional.empty(),
                        Optional.empty(),
                        Vitals.ofInfo(Map.of("uptime_in_seconds", String.valueOf(up[i])))))
            .toList();
    return new ClusterStatus("cache", redis, sentinels, List.of());
  }

  private static SentinelState sentinel(long epoch, long since, long up) {
    SentinelState node =
        Seen.sentinel("sentinel-1", "10.0.0.1:26379", MASTER, true, Map.of(), Map.of(), null);
    return Seen.since(node, epoch, since, up);
  }

  @Test
  void election_0_is_no_failover() {
    LastFailover none = LastFailover.of(status(List.of(sentinel(0, 50, 50)), 60, 60, 60));
    assertThat(none.epoch()).contains(0L);
    assertThat(none.secondsAgo()).isEmpty();
  }

  @Test
  void when_sentinels_agree_the_time_is_exact_and_a_server_that_started_then_is_evidence() {
    LastFailover crash =
        LastFailover.of(
            status(List.of(sentinel(2, 241, 9000), sentinel(2, 240, 9000)), 232, 9000, 9000));
    assertThat(crash.secondsAgo()).contains(241L);
    assertThat(crash.exact()).isTrue();
    assertThat(crash.evidence()).containsExactly("redis-1 started 9 s later");
    LastFailover handover =
        LastFailover.of(
            status(List.of(sentinel(2, 241, 9000), sentinel(2, 240, 9000)), 9000, 9000, 9000));
    assertThat(handover.evidence()).singleElement().asString().contains("a handover");
  }

  @Test
  void after_a_reset_of_one_sentinel_the_others_are_right_and_after_a_start_none_is() {
    LastFailover reset =
        LastFailover.of(status(List.of(sentinel(2, 10, 9000), sentinel(2, 500, 9000)), 60));
    assertThat(reset.secondsAgo()).contains(500L);
    assertThat(reset.exact()).isFalse();
    assertThat(reset.evidence()).isEmpty();
    LastFailover started = LastFailover.of(status(List.of(sentinel(2, 70, 71)), 60));
    assertThat(started.secondsAgo()).contains(70L);
    assertThat(started.exact()).isFalse();
  }

  @Test
  void agents_of_an_older_release_say_nothing_and_nothing_is_invented() {
    SentinelState old =
        Seen.sentinel("sentinel-1", "10.0.0.1:26379", MASTER, true, Map.of(), Map.of(), null);
    LastFailover unknown = LastFailover.of(status(List.of(old), 60));
    assertThat(unknown)
        .isEqualTo(new LastFailover(Optional.empty(), Optional.empty(), false, List.of()));
  }
}
