package stacks.review;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import stacks.redis.Directives;
import stacks.values.Quote;

/**
 * One directive of Redis or Sentinel that gets another value.
 *
 * @param name the directive
 * @param before what it is; empty where the server's own default holds
 * @param after what it will be
 */
public record SettingChange(String name, Optional<String> before, Optional<String> after) {
  private static final int LONGEST = 40;

  /** Said where there is no line, so that the server's own default holds. */
  private static final String DEFAULT = "default";

  /** What differs between two documents; nothing where one of them cannot be read. */
  static List<SettingChange> of(DocumentChange document) {
    return document.isReadable()
        ? between(all(document.before().get()), all(document.after().get()))
        : List.of();
  }

  /** What differs of the directives that a server takes while it runs. */
  static List<SettingChange> of(LiveDirectives live) {
    return live.before().isPresent() && live.after().isPresent()
        ? between(live.before().get(), live.after().get())
        : List.of();
  }

  /** What a document says of the server; what is set while it runs wins. */
  private static Map<String, String> all(Document document) {
    Map<String, String> all = new TreeMap<>();
    for (String part : List.of("directives", "monitor")) {
      JsonNode directives =
          document.startup().map(startup -> startup.path(part)).orElse(MissingNode.getInstance());
      directives.properties().forEach(each -> all.put(each.getKey(), each.getValue().asText()));
    }
    document.live().ifPresent(all::putAll);
    return all;
  }

  private static List<SettingChange> between(
      Map<String, String> before, Map<String, String> after) {
    List<SettingChange> changes = new ArrayList<>();
    for (String name : Differences.names(before, after)) {
      changes.add(
          new SettingChange(
              name, Optional.ofNullable(before.get(name)), Optional.ofNullable(after.get(name))));
    }
    return changes;
  }

  /**
   * Whether its values may be shown: those of a directive that is known, and neither is a secret by
   * its name nor looks like one.
   */
  boolean isShown() {
    boolean isKnown =
        Directives.REDIS.names().contains(name) || Directives.SENTINEL.names().contains(name);
    return isKnown
        && !Directives.isSecret(name)
        && before.filter(value -> isSecret(name, value)).isEmpty()
        && after.filter(value -> isSecret(name, value)).isEmpty();
  }

  private static boolean isSecret(String name, String value) {
    return MachineFiles.isSecret(value) || MachineFiles.isSecret(name + " " + value);
  }

  /** The value before, fit to be shown. */
  public String wordsBefore() {
    return words(before);
  }

  /** The value after, fit to be shown. */
  public String wordsAfter() {
    return words(after);
  }

  private static String words(Optional<String> value) {
    return value.map(text -> Quote.shorten(text, LONGEST)).orElse(DEFAULT);
  }
}
