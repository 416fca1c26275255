package stacks.environment;

import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import stacks.values.Cidr;
import stacks.values.Nearest;
import stacks.values.Quote;

/**
 * Turns YAML nodes into the records of an {@link Environment}, by the {@link Key} of each
 * component.
 *
 * <p>A wrong value becomes a problem and is replaced by the default, so that the rest of the file
 * is still looked at; whoever gets problems with errors must not use the record for more than that.
 */
final class Binder {
  /** A value can become a line of a configuration file: a second line were a second directive. */
  private static final String PLAIN = "on one line, without control characters";

  private final Problems problems;

  Binder(Problems problems) {
    this.problems = problems;
  }

  <R extends Record> R bind(Class<R> type, YamlNode.Mapping mapping, String path) {
    RecordComponent[] components = type.getRecordComponents();
    Map<String, String> meant = meant(names(type), mapping, path);
    Object[] values = new Object[components.length];
    Class<?>[] types = new Class<?>[components.length];
    for (int i = 0; i < components.length; i++) {
      String name = components[i].getName();
      types[i] = components[i].getType();
      String key = meant.getOrDefault(name, name);
      values[i] = component(components[i], mapping.entries().get(key), child(path, key));
    }
    try {
      return type.getDeclaredConstructor(types).newInstance(values);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException("record " + type.getName() + " cannot be made", e);
    }
  }

  /**
   * Reports unknown keys.
   *
   * @return for each known key that is only there under a misspelled name, that name: what it holds
   *     is looked at as if it were spelled right, so that nothing is said to be missing
   */
  private Map<String, String> meant(List<String> known, YamlNode.Mapping mapping, String path) {
    Map<String, String> meant = new HashMap<>();
    for (String key : mapping.entries().keySet()) {
      if (known.contains(key)) {
        continue;
      }
      Optional<String> nearest = Nearest.of(key, known);
      nearest
          .filter(name -> !mapping.entries().containsKey(name))
          .ifPresent(name -> meant.putIfAbsent(name, key));
      problems.error(
          "unknown-key",
          child(path, key),
          "unknown key "
              + Quote.quote(key)
              + nearest
                  .map(name -> "; did you mean \"" + name + "\"?")
                  .orElse("; known here: " + String.join(", ", known)));
    }
    return meant;
  }

  private Object component(RecordComponent component, YamlNode node, String path) {
    Key key = component.getAnnotation(Key.class);
    Type type = component.getGenericType();
    boolean required = key.byDefault().equals(Key.REQUIRED);
    if (node == null) {
      if (required) {
        problems.error(
            "missing-key", path, name(path) + ": missing; allowed: " + allowed(type, key));
      }
      return byDefault(type, key, path);
    }
    if (node instanceof YamlNode.Nothing && !isScalar(type)) {
      return byDefault(type, key, path);
    }
    return value(type, key, node, path).orElseGet(() -> byDefault(type, key, path));
  }

  /** A value for an absent or wrong key. */
  private Object byDefault(Type type, Key key, String path) {
    Class<?> raw = raw(type);
    if (raw == Optional.class) {
      return Optional.empty();
    } else if (raw == List.class) {
      return List.of();
    } else if (raw == Map.class) {
      return Map.of();
    } else if (raw.isRecord() && !isScalar(type)) {
      return bind(raw.asSubclass(Record.class), YamlNode.Mapping.EMPTY, path);
    }
    return Scalars.parse(
        raw, key.byDefault().equals(Key.REQUIRED) ? standIn(raw) : key.byDefault());
  }

  /** Something of the type, for a required key that is missing or wrong: a problem was reported. */
  private static String standIn(Class<?> type) {
    if (type.isEnum()) {
      return Scalars.names(type).get(0);
    }
    return type == Cidr.class ? "10.0.0.0/24" : "";
  }

  private Optional<Object> value(Type type, Key key, YamlNode node, String path) {
    Class<?> raw = raw(type);
    if (raw == Optional.class) {
      return value(argument(type), key, node, path).map(Optional::of);
    } else if (raw == List.class) {
      return list(argument(type), key, node, path);
    } else if (raw == Map.class) {
      return map(key, node, path);
    } else if (isScalar(type)) {
      return scalar(raw, key, node, path);
    } else if (node instanceof YamlNode.Mapping mapping) {
      return Optional.of(bind(raw.asSubclass(Record.class), mapping, path));
    }
    return wrong(path, node, allowed(type, key));
  }

  /** The sound items of a list. Whoever asks for one that is wrong has heard of it. */
  private Optional<Object> list(Type itemType, Key key, YamlNode node, String path) {
    if (!(node instanceof YamlNode.Sequence sequence)) {
      return wrong(path, node, "a list, each item " + allowed(itemType, key));
    }
    List<Object> items = new ArrayList<>();
    for (int i = 0; i < sequence.items().size(); i++) {
      value(itemType, key, sequence.items().get(i), path + "[" + i + "]").ifPresent(items::add);
    }
    return Optional.of(List.copyOf(items));
  }

  /** The sound entries of a map. */
  private Optional<Object> map(Key key, YamlNode node, String path) {
    if (!(node instanceof YamlNode.Mapping mapping)) {
      return wrong(path, node, "a section of names and values");
    }
    Map<String, String> values = new LinkedHashMap<>();
    mapping
        .entries()
        .forEach(
            (name, value) ->
                (Quote.isPlain(name)
                        ? scalar(String.class, key, value, child(path, name))
                        : wrong(child(path, name), value, "names " + PLAIN))
                    .ifPresent(text -> values.put(name, (String) text)));
    return Optional.of(Collections.unmodifiableMap(values));
  }

  private Optional<Object> scalar(Class<?> type, Key key, YamlNode node, String path) {
    if (!(node instanceof YamlNode.Scalar scalar)) {
      return wrong(path, node, allowed(type, key));
    }
    // A folded text (>) ends with a line break that nobody means.
    String text = scalar.text().strip();
    if (!Quote.isPlain(text)) {
      return wrong(path, node, "text " + PLAIN);
    }
    Object value;
    try {
      value = Scalars.parse(type, text);
    } catch (IllegalArgumentException e) {
      // The parser's own words are the more exact: "the start of a block; here that is
      // 10.0.0.0/16".
      return wrong(path, node, e.getMessage() + Scalars.range(key));
    }
    boolean matches = key.pattern().isEmpty() || text.matches(key.pattern());
    return matches && Scalars.inRange(value, key)
        ? Optional.of(value)
        : wrong(path, node, allowed(type, key));
  }

  private Optional<Object> wrong(String path, YamlNode node, String allowed) {
    String found = node.describe();
    problems.error(
        "wrong-value",
        path,
        name(path)
            + ": found "
            + (holdsPrivateKey(node) ? "a private key, which belongs in no file here" : found)
            + "; allowed: "
            + allowed);
    return Optional.empty();
  }

  /** Whether a message must not repeat what is there. */
  private static boolean holdsPrivateKey(YamlNode node) {
    return node instanceof YamlNode.Scalar scalar && scalar.text().contains("PRIVATE KEY");
  }

  /** What a key may be, in words. */
  static String allowed(Type type, Key key) {
    Class<?> raw = raw(type);
    if (!key.allowed().isEmpty()) {
      return key.allowed();
    } else if (raw.isRecord() && !isScalar(type)) {
      return "a section with the keys " + String.join(", ", names(raw));
    }
    return Scalars.form(raw(raw == Optional.class ? argument(type) : type)) + Scalars.range(key);
  }

  /** Whether a value of the type is one word or number in a file. */
  static boolean isScalar(Type type) {
    Class<?> raw = raw(raw(type) == Optional.class ? argument(type) : type);
    return raw.isEnum() || Scalars.TYPES.contains(raw);
  }

  static Class<?> raw(Type type) {
    return type instanceof ParameterizedType parameterized
        ? (Class<?>) parameterized.getRawType()
        : (Class<?>) type;
  }

  /** What an optional or a list holds. */
  static Type argument(Type type) {
    return ((ParameterizedType) type).getActualTypeArguments()[0];
  }

  private static List<String> names(Class<?> type) {
    return Arrays.stream(type.getRecordComponents()).map(RecordComponent::getName).toList();
  }

  /** The last name of a path, as messages call a key. */
  private static String name(String path) {
    return Quote.shorten(path.substring(path.lastIndexOf('.') + 1));
  }

  private static String child(String path, String key) {
    return path.isEmpty() ? key : path + "." + key;
  }
}
