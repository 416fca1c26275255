package stacks.clients;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import stacks.cluster.Cluster;
import stacks.templates.Templates;

/** Settings for an application, with the cluster's real addresses and no password. */
public final class ClientSnippet {
  private ClientSnippet() {}

  /** The specification's Python snippet: redis-py that follows Sentinel. */
  public static String python(Cluster cluster) {
    Optional<String> hint =
        cluster.isLocal()
            ? Optional.of("export REDIS_PASSWORD=$(cat .rediform/" + cluster.name() + "/password)")
            : Optional.empty();
    return Templates.fill(
        "client/python",
        Map.of(
            "cluster", cluster.name(),
            "masterName", cluster.environment().sentinels().masterName(),
            "passwordHint", hint.map(List::of).orElse(List.of()),
            "sentinels",
                cluster.sentinels().stream()
                    .map(node -> Map.of("host", node.address(), "port", node.port()))
                    .toList()));
  }
}
