package stacks.environment;

import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The tables of keys in {@code docs/environments.md}, each between two markers that name the
 * section: {@code <!-- keys: master -->} and {@code <!-- end -->}.
 */
final class KeyTables {
  private static final Pattern MARKED =
      Pattern.compile("(<!-- keys: (\\w+) -->\n).*?(<!-- end -->)", Pattern.DOTALL);

  private KeyTables() {}

  /** One key: its path, and the component that describes it. */
  record Row(String path, RecordComponent component) {
    Key key() {
      return component.getAnnotation(Key.class);
    }

    Type type() {
      return component.getGenericType();
    }

    private String markdown() {
      return "| `%s` | %s | %s | %s |".formatted(path, key().value(), byDefault(), allowed());
    }

    private String allowed() {
      String one = Binder.allowed(leaf(type()), key());
      return Binder.raw(type()) == Map.class ? "names, each with " + one : one;
    }

    private String byDefault() {
      if (key().byDefault().equals(Key.REQUIRED)) {
        return "**required**";
      } else if (!key().derived().isEmpty()) {
        return key().derived();
      }
      return key().byDefault().isEmpty() ? "none" : "`" + key().byDefault() + "`";
    }
  }

  /** All keys that hold values, in the order of the records. */
  static List<Row> rows() {
    List<Row> rows = new ArrayList<>();
    addRows(Environment.class, "", rows);
    return rows;
  }

  private static void addRows(Class<?> type, String path, List<Row> rows) {
    for (RecordComponent component : type.getRecordComponents()) {
      Type value = component.getGenericType();
      String name = path + component.getName() + (Binder.raw(value) == List.class ? "[]" : "");
      Class<?> leaf = Binder.raw(leaf(value));
      if (leaf.isRecord() && !Binder.isScalar(leaf)) {
        addRows(leaf, name + ".", rows);
      } else {
        rows.add(new Row(name, component));
      }
    }
  }

  /** What an optional or a list holds in the end. */
  private static Type leaf(Type type) {
    Class<?> raw = Binder.raw(type);
    return raw == List.class || raw == Optional.class ? leaf(Binder.argument(type)) : type;
  }

  /** The document with each table as it must be today. */
  static String renew(String document) {
    return MARKED
        .matcher(document)
        .replaceAll(
            (MatchResult match) ->
                Matcher.quoteReplacement(match.group(1) + table(match.group(2)) + match.group(3)));
  }

  private static String table(String section) {
    StringBuilder table =
        new StringBuilder("\n| key | meaning | default | allowed |\n|---|---|---|---|\n");
    rows().stream()
        .filter(row -> row.path().matches(section + "\\b.*"))
        .forEach(row -> table.append(row.markdown()).append('\n'));
    return table.append('\n').toString();
  }
}
