package stacks.templates;

import com.samskivert.mustache.Mustache;
import com.samskivert.mustache.Template;
import java.io.IOException;
import java.io.InputStream;
import java.io.StringReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Pattern;

/**
 * The files below {@code templates/}. A variable that a template names and nobody gives is an
 * error.
 */
public final class Templates {
  private static final Mustache.Compiler MUSTACHE =
      Mustache.compiler()
          .escapeHTML(false)
          .strictSections(true)
          .withLoader(name -> new StringReader(text(name)));

  /** Steps of four spaces at the start of a line; one space says the same to Python. */
  private static final Pattern INDENTATION = Pattern.compile("(?m)^(?:    )+");

  private static final Map<String, Template> COMPILED = new ConcurrentHashMap<>();

  private Templates() {}

  /** A file as it is. */
  public static String text(String name) {
    try (InputStream in = Templates.class.getResourceAsStream("/templates/" + name)) {
      if (in == null) {
        throw new IllegalArgumentException("no template " + name);
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * A Python program as user-data carries it: without comments and docstrings and with less
   * indentation, a third of its size that user-data has no room for. The module's own docstring
   * stays as it is: it is the program's help.
   */
  public static String program(String name) {
    String text = text(name);
    int helpEnds = text.indexOf("\n\"\"\"\n");
    String code =
        text.substring(helpEnds)
            .replaceAll("(?m)^ +\"\"\"(?s:.*?)\"\"\"\n", "")
            .replaceAll("(?m)^ *#(?!!).*\n", "")
            .replaceAll("(?m) {2}# [^\"'\n]*$", "")
            .replaceAll("\n{2,}", "\n");
    return text.substring(0, helpEnds)
        + INDENTATION
            .matcher(code)
            .replaceAll(spaces -> " ".repeat(spaces.end() - spaces.start() >> 2));
  }

  /** A file with its {@code {{variables}}} filled in. */
  public static String fill(String name, Map<String, Object> variables) {
    return COMPILED.computeIfAbsent(name, key -> MUSTACHE.compile(text(key))).execute(variables);
  }
}
