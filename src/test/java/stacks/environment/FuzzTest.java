package stacks.environment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import stacks.cluster.Cluster;
import stacks.cluster.Node;
import stacks.node.NodeDocument;
import stacks.node.UserData;
import stacks.platform.Platforms;
import stacks.values.Cidr;

/** Ten batches of damaged files: never an exception, never a hang, never accepted and unusable. */
class FuzzTest {
  private static final int BATCH = 1_200;

  /** A hang shows; a busy machine does not. A batch takes about a second. */
  private static final Duration LONGEST = Duration.ofSeconds(60);

  /** As long as an environment's name can be, and hard to pack. */
  private static final String LONGEST_NAME = "q7-x0w3z-9k1vj5y-8b2u6g-f4hmdtc";

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10})
  void damaged_files_are_refused_in_words_or_give_a_sound_cluster(long seed) {
    List<String> texts = Mutations.mutations(seed, BATCH).toList();
    int[] current = {0};
    int[] accepted = {0};
    try {
      assertTimeoutPreemptively(
          LONGEST,
          () -> {
            for (; current[0] < BATCH; current[0]++) {
              Mutations.check(texts.get(current[0]))
                  .ifPresent(
                      cluster -> {
                        assertSound(cluster);
                        accepted[0]++;
                      });
            }
          });
    } catch (Throwable e) {
      throw new AssertionError(
          "seed %d, iteration %d: %s%n%s".formatted(seed, current[0], e, texts.get(current[0])), e);
    }
    assertThat(accepted[0])
        .as("accepted; with too few the second half of this test tests nothing")
        .isGreaterThan(BATCH / 20);
  }

  /** AWS keeps the first four addresses of a subnet and the last one for itself. */
  private static boolean isReserved(Cidr address, Node node) {
    long place = address.base() - node.subnet().cidr().base();
    return !node.subnet().zone().equals("local")
        && (place < 4 || place == node.subnet().cidr().size() - 1);
  }

  private static void assertSound(Cluster cluster) {
    Set<String> endpoints = new HashSet<>();
    for (Node node : cluster.nodes()) {
      Cidr address = Cidr.parse(node.address() + "/32");
      // Plain comparisons: there can be thousands of nodes.
      if (!address.overlaps(node.subnet().cidr())
          || isReserved(address, node)
          || node.port() < 1024
          || node.port() > 65535
          || !endpoints.add(node.endpoint())) {
        throw new AssertionError(node + " has no place of its own in its subnet");
      }
    }
    assertThat(cluster.quorum()).isBetween(1, cluster.sentinels().size() - 1);
    NodeDocument document =
        Platforms.documents(cluster.only(Set.of("redis-1"))).get(cluster.firstMaster().name());
    assertThat(NodeDocument.parse(document.text())).isEqualTo(document);
    assertThat(document.backup().isPresent()).isEqualTo(cluster.environment().backup().enabled());
    document
        .backup()
        .ifPresent(
            backup -> {
              assertThat(backup.everySeconds()).isBetween(60, 86_400);
              assertThat(backup.place())
                  .matches(
                      cluster.isLocal()
                          ? "/.*|\\.\\..*"
                          : "s3://[a-z0-9{}-]{3,63}/rediform/" + cluster.name());
            });
    UserData longest = new UserData(cluster.named(LONGEST_NAME));
    Stream.of(
            cluster.firstMaster(),
            cluster.redis().get(cluster.redis().size() - 1),
            cluster.sentinels().get(cluster.sentinels().size() - 1))
        .forEach(
            node -> {
              assertThat(new UserData(cluster).of(node)).startsWith("#cloud-config");
              assertThat(longest.packedSize(node)).isLessThanOrEqualTo(UserData.LARGEST);
            });
  }
}
