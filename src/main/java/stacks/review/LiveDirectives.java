package stacks.review;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import stacks.node.LiveSettings;
import stacks.values.Memory;

/**
 * The directives that Redis takes while it runs, as a node's resource hands them to it: tags of the
 * machine, or on this machine lines among what its settings are made of.
 *
 * @param before as they are
 * @param after as they will be
 */
record LiveDirectives(Map<String, String> before, Map<String, String> after) {
  private static final String TAGS = "/tags_all";

  /** Their place among what a node's settings on this machine are made anew for. */
  static final int TRIGGER = 2;

  private static final String LINES = "/triggers_replace/" + TRIGGER;

  static LiveDirectives of(ResourceChange resource) {
    return resource.type().equals("aws_instance")
        ? new LiveDirectives(tags(resource.nodeBefore(TAGS)), tags(resource.nodeAfter(TAGS)))
        : new LiveDirectives(lines(resource.before(LINES)), lines(resource.after(LINES)));
  }

  private static Map<String, String> tags(JsonNode tags) {
    Map<String, String> found = new TreeMap<>();
    tags.properties()
        .forEach(
            tag -> {
              if (tag.getKey().startsWith(LiveSettings.TAG)) {
                found.put(
                    tag.getKey().substring(LiveSettings.TAG.length()), tag.getValue().asText());
              }
            });
    return found;
  }

  private static Map<String, String> lines(Optional<String> text) {
    Map<String, String> found = new TreeMap<>();
    text.orElse("")
        .lines()
        .map(line -> line.split(" ", 2))
        .filter(words -> words.length == 2)
        .forEach(words -> found.put(words[0], words[1]));
    return found;
  }

  /** Names of those that differ. */
  Set<String> changed() {
    Set<String> names = new TreeSet<>(before.keySet());
    names.addAll(after.keySet());
    names.removeIf(name -> Objects.equals(before.get(name), after.get(name)));
    return names;
  }

  Optional<Memory> maxmemoryBefore() {
    return maxmemory(before);
  }

  Optional<Memory> maxmemoryAfter() {
    return maxmemory(after);
  }

  private static Optional<Memory> maxmemory(Map<String, String> directives) {
    try {
      return Optional.ofNullable(directives.get("maxmemory")).map(Memory::parse);
    } catch (IllegalArgumentException e) {
      return Optional.empty(); // not one that Redis reads
    }
  }
}
