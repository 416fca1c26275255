package stacks.review;

import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import stacks.values.Memory;

/**
 * The directives that Redis takes while it runs: in a node's document, or on this machine lines
 * among what a node's settings are made of.
 *
 * @param before as they are; empty where nobody can see them
 * @param after as they will be
 */
record LiveDirectives(Optional<Map<String, String>> before, Optional<Map<String, String>> after) {
  /** Their place among what a node's settings on this machine are made anew for. */
  private static final String LINES = "/triggers_replace/2";

  static LiveDirectives of(DocumentChange document) {
    return new LiveDirectives(
        document.before().flatMap(Document::live), document.after().flatMap(Document::live));
  }

  /** Of a node's settings on this machine. */
  static LiveDirectives of(ResourceChange settings) {
    return new LiveDirectives(
        settings.before(LINES).map(LiveDirectives::lines),
        settings.after(LINES).map(LiveDirectives::lines));
  }

  private static Map<String, String> lines(String text) {
    Map<String, String> found = new TreeMap<>();
    text.lines()
        .map(line -> line.split(" ", 2))
        .filter(words -> words.length == 2)
        .forEach(words -> found.put(words[0], words[1]));
    return found;
  }

  /** Names of those that differ; none where one side cannot be seen. */
  Set<String> changed() {
    return before.isPresent() && after.isPresent()
        ? Differences.names(before.get(), after.get())
        : Set.of();
  }

  Optional<Memory> maxmemoryBefore() {
    return before.flatMap(LiveDirectives::maxmemory);
  }

  Optional<Memory> maxmemoryAfter() {
    return after.flatMap(LiveDirectives::maxmemory);
  }

  private static Optional<Memory> maxmemory(Map<String, String> directives) {
    try {
      return Optional.ofNullable(directives.get("maxmemory")).map(Memory::parse);
    } catch (IllegalArgumentException e) {
      return Optional.empty(); // not one that Redis reads
    }
  }
}
