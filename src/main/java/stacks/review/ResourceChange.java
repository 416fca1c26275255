package stacks.review;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import stacks.values.Quote;

/**
 * One resource of a plan, as {@code terraform show -json} has it.
 *
 * <p>It is as long-lived as the look at it: what is kept of it is a {@link Change}. Values that are
 * marked sensitive cannot be had from it at all.
 */
final class ResourceChange {
  /** Longer addresses exist in bad jokes only. */
  static final int LONGEST_ADDRESS = 200;

  private static final Set<String> WORDS =
      Set.of(
          "address",
          "previous_address",
          "module_address",
          "mode",
          "type",
          "name",
          "index",
          "index_unknown",
          "provider_name",
          "deposed",
          "change",
          "action_reason");

  private static final Set<String> WORDS_OF_CHANGE =
      Set.of(
          "actions",
          "before",
          "after",
          "after_unknown",
          "before_sensitive",
          "after_sensitive",
          "replace_paths",
          "importing",
          "generated_config",
          "before_identity",
          "after_identity");

  private final JsonNode json;
  private final JsonNode change;
  private final Action action;
  private final boolean drift;

  /**
   * @param drift whether it tells what has happened outside of Terraform, not what will
   */
  ResourceChange(JsonNode json, boolean drift) {
    this.json = json;
    this.change = json.path("change");
    this.drift = drift;
    Action said = Action.of(change.path("actions"));
    if (!fits(said)) {
      this.action = Action.UNKNOWN;
    } else {
      // A resource that is taken over changes nothing by that, and is none that this state made.
      this.action = isImported() && said == Action.NOTHING ? Action.IMPORT : said;
    }
  }

  /** Whether what is there before and after is what the action says of it. */
  private boolean fits(Action said) {
    boolean before = change.path("before").isObject();
    boolean after = change.path("after").isObject();
    return switch (said) {
      case NOTHING -> before && after && changed().isEmpty();
      case UPDATE, REPLACE -> before && after;
      case CREATE -> !existed() && after;
      case DELETE, FORGET -> before && isEmpty(change.path("after"));
      case READ -> isData();
      case IMPORT, UNKNOWN -> true;
    };
  }

  /** Terraform's address, fit to be shown. */
  String address() {
    return Quote.shorten(json.path("address").asText(), LONGEST_ADDRESS);
  }

  String type() {
    return json.path("type").asText();
  }

  String name() {
    return json.path("name").asText();
  }

  /** Whether it is looked up and not managed. */
  boolean isData() {
    return json.path("mode").asText().equals("data");
  }

  /** Whether it is one of ours: by itself, in no module, with neither count nor key. */
  boolean isPlain() {
    return json.path("mode").asText().equals("managed")
        && json.path("deposed").isMissingNode()
        && json.path("address").asText().equals(type() + "." + name());
  }

  Action action() {
    return action;
  }

  /** Whether it is there already, and becomes a resource of this state. */
  boolean isImported() {
    return change.has("importing");
  }

  /** The address that it had before a {@code moved} block gave it this one. */
  Optional<String> previousAddress() {
    JsonNode previous = json.path("previous_address");
    return previous.isMissingNode() || previous.isNull()
        ? Optional.empty()
        : Optional.of(Quote.shorten(previous.asText("another"), LONGEST_ADDRESS));
  }

  /** Whether it is what a replacement left behind that has not ended. */
  boolean isDeposed() {
    return json.has("deposed");
  }

  /** Whether a password or a key is in it in clear, or Terraform hides a value of it. */
  boolean holdsSecret() {
    JsonNode before = change.path("before");
    JsonNode after = change.path("after");
    return !Kinds.isFormer(json)
        && (Secrets.in(after)
            || !before.equals(after) && Secrets.in(before)
            || Secrets.marked(before, change.path("before_sensitive"))
            || Secrets.marked(after, change.path("after_sensitive"))
            || Secrets.in(change.path("before_identity"))
            || Secrets.in(change.path("after_identity"))
            || Secrets.in(change.path("importing"))
            || Secrets.in(change.path("generated_config")));
  }

  /** Whether Terraform has written a configuration for it that nobody else has. */
  boolean hasGeneratedConfiguration() {
    return !isEmpty(change.path("generated_config"));
  }

  /** Names that Terraform has not given to a change before; what they do is not known. */
  Set<String> unknownWords() {
    Set<String> words = new TreeSet<>();
    json.fieldNames().forEachRemaining(words::add);
    words.removeAll(WORDS);
    Set<String> ofChange = new TreeSet<>();
    change.fieldNames().forEachRemaining(ofChange::add);
    ofChange.removeAll(WORDS_OF_CHANGE);
    words.addAll(ofChange);
    return words;
  }

  /** Whether a deploy has failed on it, and it is made anew for that. */
  boolean isTainted() {
    return json.path("action_reason").asText().equals("replace_because_tainted");
  }

  boolean isDrift() {
    return drift;
  }

  /** Whether the resource is there now. */
  boolean existed() {
    return !change.path("before").isNull() && !change.path("before").isMissingNode();
  }

  /** Whether it will be there. */
  boolean remains() {
    return action != Action.DELETE && action != Action.FORGET;
  }

  /** A single value as it is now; empty where there is none, or it is not to be known. */
  Optional<String> before(String pointer) {
    return text("before", pointer);
  }

  /** A single value as it will be; empty where there is none, or it is not (to be) known. */
  Optional<String> after(String pointer) {
    return text("after", pointer);
  }

  OptionalLong numberBefore(String pointer) {
    return number(node("before", pointer));
  }

  OptionalLong numberAfter(String pointer) {
    return number(node("after", pointer));
  }

  /** Anything below a pointer as it is now; missing where it is sensitive. */
  JsonNode nodeBefore(String pointer) {
    return node("before", pointer);
  }

  /** Anything below a pointer as it will be; missing where it is sensitive. */
  JsonNode nodeAfter(String pointer) {
    return node("after", pointer);
  }

  /** Whether something is there, be it unknown yet or sensitive. */
  boolean hasAfter(String pointer) {
    return !isEmpty(change.path("after").at(pointer)) || isUnknown(pointer);
  }

  /** Whether a value is made during the apply only. */
  boolean isUnknown(String pointer) {
    return holdsTrue(change.path("after_unknown").at(pointer));
  }

  /** Attributes that will not be what they are. */
  Set<String> changed() {
    Set<String> names = new TreeSet<>();
    JsonNode before = change.path("before");
    JsonNode after = change.path("after");
    JsonNode unknown = change.path("after_unknown");
    before.fieldNames().forEachRemaining(names::add);
    after.fieldNames().forEachRemaining(names::add);
    unknown.fieldNames().forEachRemaining(names::add);
    Set<String> changed = new TreeSet<>();
    for (String name : names) {
      if (!same(before.path(name), after.path(name)) || holdsTrue(unknown.path(name))) {
        changed.addAll(within(name, before.path(name), after.path(name)));
      }
    }
    return changed;
  }

  /** What differs within a block that stands once: {@code metadata_options.http_tokens}. */
  private static Set<String> within(String name, JsonNode before, JsonNode after) {
    if (before.size() != 1 || after.size() != 1 || !before.path(0).isObject()) {
      return Set.of(name);
    }
    Set<String> names = new TreeSet<>();
    before.path(0).fieldNames().forEachRemaining(names::add);
    after.path(0).fieldNames().forEachRemaining(names::add);
    names.removeIf(field -> same(before.path(0).path(field), after.path(0).path(field)));
    // Nothing that is known differs: then it is what is not known yet.
    return names.isEmpty()
        ? Set.of(name)
        : names.stream().map(field -> name + "." + field).collect(Collectors.toSet());
  }

  /** Attributes that force a replacement. */
  Set<String> replacing() {
    Set<String> names = new TreeSet<>();
    change.path("replace_paths").forEach(path -> names.add(path.path(0).asText()));
    return names;
  }

  private Optional<String> text(String side, String pointer) {
    JsonNode node = node(side, pointer);
    return isEmpty(node) || node.isContainerNode() ? Optional.empty() : Optional.of(node.asText());
  }

  private static OptionalLong number(JsonNode node) {
    return node.canConvertToLong() ? OptionalLong.of(node.asLong()) : OptionalLong.empty();
  }

  private JsonNode node(String side, String pointer) {
    JsonNode sensitive = change.path(side + "_sensitive");
    // A mark at any step of the way covers all that is below it.
    for (int end = 0; end >= 0; end = pointer.indexOf('/', end + 1)) {
      if (sensitive.at(pointer.substring(0, end)).asBoolean()) {
        return MissingNode.getInstance();
      }
    }
    return holdsTrue(sensitive.at(pointer))
        ? MissingNode.getInstance()
        : change.path(side).at(pointer);
  }

  private static boolean holdsTrue(JsonNode node) {
    if (node.isContainerNode()) {
      for (JsonNode child : node) {
        if (holdsTrue(child)) {
          return true;
        }
      }
      return false;
    }
    return node.asBoolean();
  }

  /** Terraform has null, "", [] and {} for the same nothing. */
  private static boolean isEmpty(JsonNode node) {
    return node.isMissingNode()
        || node.isNull()
        || (node.isContainerNode() ? node.isEmpty() : node.isTextual() && node.asText().isEmpty());
  }

  private static boolean same(JsonNode before, JsonNode after) {
    if (before.equals(after) || (isEmpty(before) && isEmpty(after))) {
      return true;
    }
    if (!before.isArray() || !after.isArray() || before.size() != after.size()) {
      return before.isObject() && after.isObject() && sameFields(before, after);
    }
    for (int i = 0; i < before.size(); i++) {
      if (!same(before.get(i), after.get(i))) {
        return false;
      }
    }
    return true;
  }

  private static boolean sameFields(JsonNode before, JsonNode after) {
    Set<String> names = new TreeSet<>();
    before.fieldNames().forEachRemaining(names::add);
    after.fieldNames().forEachRemaining(names::add);
    return names.stream().allMatch(name -> same(before.path(name), after.path(name)));
  }
}
