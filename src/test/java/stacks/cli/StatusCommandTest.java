package stacks.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import stacks.operate.ClusterStatus;
import stacks.operate.ClusterStatus.Redis;
import stacks.operate.ClusterStatus.Sentinel;
import stacks.operate.Delivery;
import stacks.operate.Delivery.Reason;

/**
 * What a person and a program are told of nodes that are fit, and have not taken what they are
 * told.
 */
class StatusCommandTest {
  private static final Delivery REFUSED =
      new Delivery(Optional.of("0ld"), Optional.of(new Reason("bad", "no disk")), Optional.empty());
  private static final Delivery WAITS =
      new Delivery(Optional.empty(), Optional.empty(), Optional.of(new Reason("n3w", "NoSuchKey")));

  private static final ClusterStatus STATUS =
      new ClusterStatus(
          "cache",
          List.of(
              new Redis(
                  "redis-1",
                  "10.0.0.1:6379",
                  true,
                  false,
                  Optional.of("master"),
                  Optional.empty(),
                  true,
                  1,
                  Optional.empty(),
                  Optional.of(100L << 20),
                  Optional.of(128L << 20),
                  Optional.empty(),
                  Optional.empty(),
                  Optional.empty(),
                  List.of("its last BGSAVE failed"),
                  REFUSED,
                  Optional.empty())),
          List.of(
              new Sentinel(
                  "sentinel-1",
                  "10.0.0.1:26379",
                  true,
                  false,
                  Optional.of("10.0.0.1:6379"),
                  true,
                  Map.of(),
                  Map.of(),
                  Optional.empty(),
                  WAITS)),
          List.of());

  @Test
  void a_document_that_a_node_has_not_taken_is_a_note_below_the_nodes() {
    StringWriter out = new StringWriter();
    StatusCommand.print(STATUS, new PrintWriter(out, true));
    assertThat(out.toString())
        .contains("takes writes, uses 100.0 of 128 MB", "cache is whole")
        .endsWith(
            String.join(
                System.lineSeparator(),
                "note: redis-1 its last BGSAVE failed",
                "note: redis-1 has refused the document bad: no disk",
                "note: sentinel-1 waits for the document n3w: NoSuchKey",
                ""));
  }

  @Test
  void a_program_reads_the_checksums_as_well() {
    assertThat(Json.write(StatusCommand.report(STATUS)).replaceAll("\\s+", " "))
        .contains(
            "\"notes\" : [ \"its last BGSAVE failed\", \"has refused the document bad: no disk\" ], \"document\" : \"0ld\"",
            "\"document\" : \"bad\"",
            "\"reason\" : \"no disk\"",
            "\"notes\" : [ \"waits for the document n3w: NoSuchKey\" ], \"document\" : null, \"refusedDocument\" : null");
  }
}
