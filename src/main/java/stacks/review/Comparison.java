package stacks.review;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import stacks.values.Quote;

/** A plan, as it is read, beside what it must have been made of. */
final class Comparison {
  /** More than this tells a person no more. */
  private static final int MOST = 20;

  private final Expected expected;
  private final Set<String> seen = new HashSet<>();
  private final Map<String, Set<String>> differs = new TreeMap<>();
  private final Set<String> foreign = new TreeSet<>();

  Comparison(Expected expected) {
    this.expected = expected;
  }

  /** A change of the plan: what will be must be what the file says, where that is known. */
  void see(ResourceChange change) {
    expected
        .part(change.address())
        .filter(part -> change.remains() && !change.isDrift())
        .ifPresent(
            part ->
                part.values()
                    .forEach(
                        (name, hash) -> {
                          JsonNode after = change.nodeAfter("/" + name);
                          // A block has more than what was written: what the provider fills in.
                          boolean isBlock = after.isArray();
                          // Nor has what is taken over a value that nobody ever set.
                          boolean isKnown =
                              !isBlock
                                  && !after.isNull()
                                  && !after.isMissingNode()
                                  && !change.isUnknown("/" + name);
                          if (isKnown && Canonical.hash(after) != hash) {
                            differs(change.address(), name);
                          }
                        }));
  }

  /** A part of the configuration that the plan was made of. */
  void configured(String address, Map<String, Long> expressions) {
    seen.add(address);
    Optional<Expected.Part> part = expected.part(address);
    if (part.isEmpty()) {
      foreign.add(address);
      return;
    }
    Set<String> names = new TreeSet<>(expressions.keySet());
    names.addAll(part.get().expressions().keySet());
    for (String name : names) {
      Long wanted = part.get().expressions().get(name);
      if (wanted == null || !wanted.equals(expressions.get(name))) {
        differs(address, name);
      }
    }
  }

  private void differs(String address, String name) {
    differs.computeIfAbsent(address, key -> new TreeSet<>()).add(Quote.shorten(name, 40));
  }

  /** What is not as it must be, by place; empty when all of it is. */
  Map<String, String> differences() {
    if (seen.isEmpty()) {
      return Map.of(Change.SHARED, "it does not say what it was made of: it has no configuration");
    }
    Map<String, String> all = new TreeMap<>();
    differs.forEach(
        (address, names) ->
            all.put(
                address, String.join(", ", names) + ": planned otherwise than the file has it"));
    foreign.forEach(address -> all.put(address, "is planned, and the file makes no such thing"));
    expected.addresses().stream()
        .filter(address -> !seen.contains(address))
        .forEach(
            address -> all.put(address, "the file makes it, and the plan knows nothing of it"));
    if (all.size() <= MOST) {
      return all;
    }
    Map<String, String> some = new TreeMap<>();
    all.entrySet().stream().limit(MOST).forEach(one -> some.put(one.getKey(), one.getValue()));
    some.put(Change.SHARED, "and %d other parts".formatted(all.size() - MOST));
    return some;
  }
}
