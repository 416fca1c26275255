package stacks.environment;

import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import com.fasterxml.jackson.dataformat.yaml.YAMLParser;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.yaml.snakeyaml.error.Mark;
import org.yaml.snakeyaml.error.MarkedYAMLException;
import org.yaml.snakeyaml.reader.StreamReader;
import stacks.values.Quote;

/** Reads YAML into nodes that know their place. What is not plain YAML becomes a problem. */
final class YamlReader {
  /** Twice what the deepest key needs (network.existing.subnets[0].id); more is an attack. */
  private static final int DEEPEST = 10;

  /** SnakeYAML's own words are shorter; what it quotes from the file may not be. */
  private static final int LONGEST_PROBLEM = 120;

  private static final YAMLFactory YAML = new YAMLFactory();

  private final Problems problems;
  private final Map<String, Location> locations;

  private YamlReader(Problems problems, Map<String, Location> locations) {
    this.problems = problems;
    this.locations = locations;
  }

  /**
   * Reads a text.
   *
   * @param locations receives the place of each key, by its path; that of the empty path is the
   *     place of what makes the whole text unreadable
   * @return the top level section, or empty when there is none to work on (a problem says why)
   */
  static Optional<YamlNode.Mapping> read(
      String text, Problems problems, Map<String, Location> locations) {
    try {
      return Optional.of(new YamlReader(problems, locations).read(text));
    } catch (Unreadable e) {
      locations.put("", e.at);
      problems.error(e.id, "", e.getMessage());
      return Optional.empty();
    }
  }

  private YamlNode.Mapping read(String text) throws Unreadable {
    requirePrintable(text);
    try (YAMLParser parser = YAML.createParser(text)) {
      YamlNode root =
          parser.nextToken() == null ? new YamlNode.Nothing(Location.START) : node(parser, "", 0);
      if (root instanceof YamlNode.Nothing) {
        throw new Unreadable(
            "empty-file",
            Location.START,
            "there is nothing in the file; the least it needs is: platform: local");
      }
      if (!(root instanceof YamlNode.Mapping mapping)) {
        throw new Unreadable(
            "not-yaml",
            root.at(),
            "found "
                + root.describe()
                + "; an environment file is keys and values, such as: platform: local");
      }
      if (parser.nextToken() != null) {
        throw new Unreadable(
            "not-yaml", at(parser), "a second document starts here; an environment file holds one");
      }
      return mapping;
    } catch (IOException | RuntimeException e) {
      // SnakeYAML throws some malformed input (odd escapes and tags) at us unchecked.
      throw unreadable(e);
    }
  }

  private YamlNode node(YAMLParser parser, String path, int depth) throws IOException, Unreadable {
    Location at = at(parser);
    if (depth > DEEPEST) {
      throw new Unreadable(
          "not-yaml", at, "nested deeper than " + DEEPEST + " levels; no key is that deep");
    }
    if (parser.isCurrentAlias() || parser.getObjectId() != null || parser.getTypeId() != null) {
      throw new Unreadable(
          "not-plain",
          at,
          "anchors (&), aliases (*) and tags (!) are not allowed; write the value out, in quotes"
              + " where it starts with such a character");
    }
    JsonToken token = parser.currentToken();
    if (token == JsonToken.START_OBJECT) {
      return mapping(parser, path, at, depth);
    }
    if (token == JsonToken.START_ARRAY) {
      List<YamlNode> items = new ArrayList<>();
      while (parser.nextToken() != JsonToken.END_ARRAY) {
        String itemPath = path + "[" + items.size() + "]";
        locations.putIfAbsent(itemPath, at(parser));
        items.add(node(parser, itemPath, depth + 1));
      }
      return new YamlNode.Sequence(at, items);
    }
    return token == JsonToken.VALUE_NULL
        ? new YamlNode.Nothing(at)
        : new YamlNode.Scalar(at, parser.getText());
  }

  private YamlNode.Mapping mapping(YAMLParser parser, String path, Location at, int depth)
      throws IOException, Unreadable {
    Map<String, YamlNode> entries = new LinkedHashMap<>();
    Map<String, Integer> lines = new LinkedHashMap<>();
    while (parser.nextToken() != JsonToken.END_OBJECT) {
      String key = parser.currentName();
      String keyPath = path.isEmpty() ? key : path + "." + key;
      Location keyAt = at(parser);
      Integer twin = lines.putIfAbsent(key, keyAt.line());
      // The later one is where a duplicate is shown; sound files have one place for each path.
      locations.put(keyPath, keyAt);
      parser.nextToken();
      YamlNode value = node(parser, keyPath, depth + 1);
      if (twin != null) {
        problems.error(
            "duplicate-key",
            keyPath,
            Quote.shorten(key) + ": stands in line " + twin + " already; keep one of the two");
      } else {
        entries.put(key, value);
      }
    }
    return new YamlNode.Mapping(at, entries);
  }

  /** SnakeYAML refuses the same characters, but says no line. */
  private static void requirePrintable(String text) throws Unreadable {
    int line = 1;
    int column = 1;
    for (int i = 0; i < text.length(); i += Character.charCount(text.codePointAt(i))) {
      int point = text.codePointAt(i);
      if (!StreamReader.isPrintable(point)) {
        throw new Unreadable(
            "not-yaml",
            new Location(line, column),
            "the character U+%04X is not allowed in YAML; remove it".formatted(point));
      }
      column = point == '\n' ? 1 : column + 1;
      line += point == '\n' ? 1 : 0;
    }
  }

  private static Unreadable unreadable(Exception e) {
    if (!(e.getCause() instanceof MarkedYAMLException cause)) {
      return new Unreadable(
          "not-yaml",
          e instanceof com.fasterxml.jackson.core.JsonProcessingException json
              ? at(json.getLocation())
              : Location.START,
          "keys must be plain text, and values text, lists or sections");
    }
    String problem = String.valueOf(cause.getProblem()).replaceAll("\\.?\\s+", " ").strip();
    String context = "";
    if (cause.getContext() != null && cause.getContextMark() != null) {
      context =
          " (%s that starts in line %d)"
              .formatted(cause.getContext(), at(cause.getContextMark()).line());
    }
    return new Unreadable(
        "not-yaml",
        at(cause.getProblemMark()),
        "this is not YAML: " + Quote.shorten(problem, LONGEST_PROBLEM) + context);
  }

  private static Location at(YAMLParser parser) {
    return at(parser.currentTokenLocation());
  }

  private static Location at(JsonLocation location) {
    return location == null
        ? Location.START
        : new Location(Math.max(1, location.getLineNr()), Math.max(1, location.getColumnNr()));
  }

  private static Location at(Mark mark) {
    return mark == null ? Location.START : new Location(mark.getLine() + 1, mark.getColumn() + 1);
  }

  /** What makes the whole text unreadable, and where. */
  private static final class Unreadable extends Exception {
    private final String id;
    private final Location at;

    Unreadable(String id, Location at, String message) {
      super(message);
      this.id = id;
      this.at = at;
    }
  }
}
