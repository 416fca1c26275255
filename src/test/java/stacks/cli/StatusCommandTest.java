package stacks.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import stacks.cluster.Cluster;
import stacks.operate.ClusterStatus;
import stacks.operate.Delivery;
import stacks.operate.Delivery.Reason;
import stacks.operate.RedisState;
import stacks.operate.Seen;
import stacks.operate.SentinelState;
import stacks.testing.Environments;

/**
 * What a person and a program are told of nodes that are fit, and have not taken what they are
 * told.
 */
class StatusCommandTest {
  private static final Delivery REFUSED =
      new Delivery(Optional.of("0ld"), Optional.of(new Reason("bad", "no disk")), Optional.empty());
  private static final Delivery WAITS =
      new Delivery(Optional.empty(), Optional.empty(), Optional.of(new Reason("n3w", "NoSuchKey")));

  private static final Cluster CLUSTER =
      Environments.cluster("cache", "platform: local\nreplicas: {count: 1}\n");

  private static final RedisState MASTER =
      Seen.redis(
          "redis-1",
          "10.0.0.1:6379",
          new RedisState.Server(
              "master",
              Optional.empty(),
              true,
              true,
              1,
              Optional.of(100L << 20),
              Optional.of(128L << 20),
              Optional.empty(),
              Optional.empty(),
              Seen.BUSY),
          Optional.empty(),
          List.of("its last BGSAVE failed"),
          REFUSED);

  private static final SentinelState SENTINEL =
      Seen.sentinel(
          "sentinel-1", "10.0.0.1:26379", "10.0.0.1:6379", true, Map.of(), Map.of(), WAITS);

  private static final StatusReport REPORT =
      StatusReport.of(
          CLUSTER,
          new ClusterStatus("cache", List.of(MASTER), List.of(SENTINEL), List.of()),
          Map.of(),
          Instant.parse("2026-11-28T14:10:00Z"));

  private static String text() {
    StringWriter out = new StringWriter();
    StatusText.brief(REPORT, new PrintWriter(out, true));
    return out.toString();
  }

  @Test
  void a_document_that_a_node_has_not_taken_is_a_note_below_the_nodes() {
    assertThat(text())
        .startsWith("cache is whole: it takes writes on redis-1")
        .contains("takes writes, uses 100.0 of 128 MB")
        .endsWith(
            String.join(
                System.lineSeparator(),
                "note: redis-1 its last BGSAVE failed",
                "note: redis-1 has refused the document bad: no disk",
                "note: sentinel-1 waits for the document n3w: NoSuchKey",
                ""));
  }

  @Test
  void a_line_has_all_that_a_node_says_and_a_dash_for_what_it_does_not() {
    assertThat(text().lines())
        .anyMatch(
            line ->
                line.matches(
                    "NODE +ADDRESS +ROLE +UP +OPS/S +HITS +CLIENTS +REDIS +DOCUMENT +STATE"))
        .anyMatch(
            line ->
                line.matches(
                    "redis-1 +10.0.0.1:6379 +master +1 h +120 +90 % +12 of 10000 +7.0.15 +0ld +takes.*"))
        .anyMatch(
            line ->
                line.matches("sentinel-1 +10.0.0.1:26379 +sentinel +- +- +- +- +- +- +master.*"));
  }

  @Test
  void a_program_reads_the_checksums_as_well() {
    assertThat(Json.write(StatusJson.of(REPORT)).replaceAll("\\s+", " "))
        .contains(
            "\"notes\" : [ \"its last BGSAVE failed\", \"has refused the document bad: no disk\" ], \"document\" : \"0ld\"",
            "\"document\" : \"bad\"",
            "\"reason\" : \"no disk\"",
            "\"notes\" : [ \"waits for the document n3w: NoSuchKey\" ], \"document\" : null, \"refusedDocument\" : null");
  }
}
