package stacks.environment;

import java.util.List;
import java.util.Map;
import stacks.values.Quote;

/** What stands in a YAML file, with the place where it stands. */
sealed interface YamlNode {
  Location at();

  /** What this is, as messages call it. */
  String describe();

  /** A single value; everything is text until a key says what it should be. */
  record Scalar(Location at, String text) implements YamlNode {
    @Override
    public String describe() {
      return Quote.quote(text);
    }
  }

  /** A key without a value, or {@code null}. The empty text {@code ""} is a {@link Scalar}. */
  record Nothing(Location at) implements YamlNode {
    @Override
    public String describe() {
      return "nothing";
    }
  }

  /** Keys and values, in the file's order. */
  record Mapping(Location at, Map<String, YamlNode> entries) implements YamlNode {
    /** Stands for a section that is not there. */
    static final Mapping EMPTY = new Mapping(Location.START, Map.of());

    @Override
    public String describe() {
      return "a section";
    }
  }

  /** A list. */
  record Sequence(Location at, List<YamlNode> items) implements YamlNode {
    @Override
    public String describe() {
      return "a list";
    }
  }
}
