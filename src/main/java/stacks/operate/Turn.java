package stacks.operate;

import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import stacks.cluster.Cluster;
import stacks.cluster.RedisNode;
import stacks.node.LiveSettings;

/**
 * What a node must show once it had its turn in a deploy: that the document which it is told is in
 * effect. Where nodes are not told by document, that it has taken its settings.
 *
 * @param documents checksum of each node's document, by the node's name; empty where there are none
 */
record Turn(Cluster cluster, Map<String, String> documents) {

  /** What these nodes, which had their turn, lack for now. */
  List<String> problems(List<NodeState> had) {
    return had.stream()
        .flatMap(node -> (documents.isEmpty() ? settings(node) : document(node)).stream())
        .toList();
  }

  /** Why the first of these nodes will not take what it is told. */
  Optional<String> refusal(List<NodeState> had) {
    return had.stream()
        .flatMap(
            node -> (documents.isEmpty() ? refusedSettings(node) : refusedDocument(node)).stream())
        .findFirst();
  }

  /** Names of those that have refused their document, by their own word. */
  Set<String> refusing(List<NodeState> had) {
    return had.stream()
        .filter(node -> refusedDocument(node).isPresent())
        .map(NodeState::name)
        .collect(Collectors.toSet());
  }

  /**
   * Names of those to be asked until they are fit, which is also what makes a node look at what it
   * is told. A node may restart for its document: of several that serve and have not taken theirs,
   * as after a deploy without gates, only the first is asked.
   *
   * @param unfit those that are not fit
   * @param had those that had their turn, in the order of their turns
   */
  Set<String> asked(Set<String> unfit, List<NodeState> had) {
    Set<String> asked = new HashSet<>(unfit);
    had.stream().filter(this::isDue).map(NodeState::name).forEach(asked::add);
    had.stream()
        .filter(this::isDue)
        .filter(Predicate.not(Turn::isIdle))
        .skip(1)
        .map(NodeState::name)
        .forEach(asked::remove);
    return asked;
  }

  private boolean isDue(NodeState node) {
    String wanted = documents.get(node.name());
    return wanted != null && !node.delivery().document().equals(Optional.of(wanted));
  }

  /** Its server is down, or it never had a document by which one could run. */
  private static boolean isIdle(NodeState node) {
    return node.down() || node.reached() && node.delivery().document().isEmpty();
  }

  private Optional<String> document(NodeState node) {
    boolean saysNothing = node.delivery().equals(Delivery.UNKNOWN);
    if (!isDue(node) || saysNothing && node.problem().isPresent()) {
      return Optional.empty(); // its problem alone keeps the gate shut, and says more
    }
    String wanted = documents.get(node.name());
    return Optional.of(
        node.name()
            + " has not yet taken its document"
            + node.delivery()
                .looked()
                .filter(looked -> Set.of(wanted, Delivery.NO_DOCUMENT).contains(looked.document()))
                .map(looked -> ": " + looked.text())
                .orElse(""));
  }

  private Optional<String> refusedDocument(NodeState node) {
    return node.delivery()
        .refused()
        .filter(refused -> isDue(node))
        .filter(refused -> refused.document().equals(documents.get(node.name())))
        .map(
            refused ->
                "%s has refused its document: %s. Mend that; a changed document is tried at once, the same one when ten minutes have passed since its trial"
                    .formatted(node.name(), refused.text()));
  }

  /** Settings reach a node some seconds after Terraform is done with it. */
  private Optional<String> settings(NodeState each) {
    if (!(each instanceof RedisState found)) {
      return Optional.empty();
    }
    RedisNode node = (RedisNode) cluster.node(found.name()).orElseThrow();
    if (found.settings().isPresent()) {
      Map<String, String> wanted = LiveSettings.of(cluster, node);
      Map<String, String> now = found.settings().get();
      String missing =
          Stream.concat(wanted.keySet().stream(), now.keySet().stream())
              .distinct()
              .filter(name -> !Objects.equals(wanted.get(name), now.get(name)))
              .map(name -> name + " " + wanted.getOrDefault(name, "by default"))
              .collect(Collectors.joining(", "));
      return Optional.of(missing)
          .filter(names -> !names.isEmpty())
          .map(names -> found.name() + " has not yet taken " + names);
    }
    return found
        .maxmemory()
        .filter(bytes -> bytes != node.maxmemory().bytes())
        .map(bytes -> found.name() + " has not yet taken maxmemory " + node.maxmemory());
  }

  /** What Redis has refused it will refuse the next time, too: only another file helps. */
  private Optional<String> refusedSettings(NodeState each) {
    if (!(each instanceof RedisState found)) {
      return Optional.empty();
    }
    RedisNode node = (RedisNode) cluster.node(found.name()).orElseThrow();
    return found
        .refusedSettings()
        .filter(settings -> settings.equals(LiveSettings.of(cluster, node)))
        .map(
            settings -> "%s %s. Mend the file".formatted(found.name(), found.problem().orElse("")));
  }
}
