package stacks.review;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import stacks.platform.Effect;
import stacks.values.Memory;

/**
 * What a plan does to one node.
 *
 * @param name the node
 * @param turn its place in the order in which nodes are changed, from 1
 * @param effect the gravest of what happens to its resources
 * @param restarts whether its server stops and starts
 * @param machineRestarts whether its machine stops and starts, too
 * @param lost whether it was there and is not found any more, so that it is made again
 * @param started whether it was stopped by hand, so that it is started again
 * @param sizes what becomes larger or smaller, such as {@code disk 100 GiB becomes 200 GiB}
 * @param settings directives and files that differ, by name
 * @param values directives whose values may be shown, and get others
 */
public record NodeReview(
    String name,
    int turn,
    Effect effect,
    boolean restarts,
    boolean machineRestarts,
    boolean lost,
    boolean started,
    List<String> sizes,
    List<String> settings,
    List<SettingChange> values) {

  /** Sizes and settings in one line; empty where there are none. */
  public String details() {
    Map<String, String> shown =
        values.stream()
            .collect(
                Collectors.toMap(
                    SettingChange::name,
                    value ->
                        " (%s becomes %s)".formatted(value.wordsBefore(), value.wordsAfter())));
    List<String> names =
        settings.stream()
            .filter(name -> !isRelease(name))
            .map(name -> name + shown.getOrDefault(name, ""))
            .toList();
    String changes = names.isEmpty() ? "" : "changes " + String.join(", ", names);
    String release = triesRelease() ? Document.NEW_RELEASE : "";
    String again =
        lost ? "is gone, and made again" : started ? "was stopped, and starts again" : "";
    return Stream.concat(
            Stream.concat(Stream.of(again), sizes.stream()), Stream.of(changes, release))
        .filter(part -> !part.isEmpty())
        .collect(Collectors.joining("; "));
  }

  /** Whether it gets another release of rediform, which it tries and takes back by itself. */
  boolean triesRelease() {
    return settings.stream().anyMatch(NodeReview::isRelease);
  }

  private static boolean isRelease(String setting) {
    return setting.equals(Document.NEW_RELEASE);
  }

  static NodeReview of(NodePlan node, int turn, boolean lost) {
    return new NodeReview(
        node.name(),
        turn,
        node.effect(),
        node.restarts(),
        node.restartsMachine(),
        lost,
        node.isStarted(),
        Stream.of(Machines.change(node), maxmemory(node), disk(node))
            .flatMap(Optional::stream)
            .toList(),
        List.copyOf(node.settings()),
        node.directives().stream()
            .filter(SettingChange::isShown)
            .filter(change -> node.settings().contains(change.name()))
            .toList());
  }

  private static Optional<String> maxmemory(NodePlan node) {
    Optional<Memory> before = node.maxmemoryBefore();
    return node.existed() && node.remains() && !before.equals(node.maxmemoryAfter())
        ? before.map(
            old ->
                "maxmemory %s becomes %s"
                    .formatted(old, node.maxmemoryAfter().map(Object::toString).orElse("unknown")))
        : Optional.empty();
  }

  private static Optional<String> disk(NodePlan node) {
    OptionalLong before = node.diskBefore();
    OptionalLong after = node.diskAfter();
    return before.isPresent() && after.isPresent() && !before.equals(after)
        ? Optional.of("disk %d GiB becomes %d GiB".formatted(before.getAsLong(), after.getAsLong()))
        : Optional.empty();
  }
}
