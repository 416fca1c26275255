package stacks.clients;

import java.math.BigDecimal;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import stacks.cluster.Cluster;
import stacks.cluster.Node;
import stacks.templates.Templates;

/**
 * Settings for an application, with the cluster's real addresses and no password. Each is a file
 * that an application can take as it is.
 */
public final class ClientSnippet {
  /**
   * How long a client waits for a connection: what the specification's snippet has. A node in
   * another zone answers in some milliseconds; one that does not is gone.
   */
  private static final Duration CONNECT = Duration.ofMillis(500);

  /**
   * How long a client waits for an answer. Longer than the 1.2 s for which a planned change of
   * master holds writes back, so that these are answered and do not fail; shorter than what
   * Sentinel needs to replace a master that is gone.
   */
  private static final Duration ANSWER = Duration.ofSeconds(2);

  private ClientSnippet() {}

  /** What connects an application through a library; that of redis-py is the specification's. */
  public static String of(Cluster cluster, Library library) {
    return Templates.fill("client/" + library.id(), values(cluster));
  }

  private static Map<String, Object> values(Cluster cluster) {
    Optional<String> hint =
        cluster.isLocal()
            ? Optional.of("export REDIS_PASSWORD=$(cat .rediform/" + cluster.name() + "/password)")
            : Optional.empty();
    return Map.ofEntries(
        Map.entry("cluster", cluster.name()),
        Map.entry("masterName", cluster.environment().sentinels().masterName()),
        Map.entry("passwordHint", hint.map(List::of).orElse(List.of())),
        Map.entry("nodes", cluster.redis().stream().map(ClientSnippet::node).toList()),
        Map.entry("sentinels", cluster.sentinels().stream().map(ClientSnippet::node).toList()),
        Map.entry("sentinelCount", cluster.sentinels().size()),
        Map.entry("majority", Cluster.majority(cluster.sentinels().size())),
        Map.entry("connectMillis", CONNECT.toMillis()),
        Map.entry("connectSeconds", seconds(CONNECT)),
        Map.entry("answerMillis", ANSWER.toMillis()),
        Map.entry("answerSeconds", seconds(ANSWER)));
  }

  private static Map<String, Object> node(Node node) {
    return Map.of(
        "name", node.name(),
        "host", node.address(),
        "port", node.port(),
        // A length, as Redis's protocol writes it before the text.
        "portDigits", String.valueOf(node.port()).length());
  }

  /** As every language writes it: {@code 0.5}, {@code 2}. */
  private static String seconds(Duration duration) {
    return BigDecimal.valueOf(duration.toMillis(), 3).stripTrailingZeros().toPlainString();
  }
}
