package stacks.templates;

import com.samskivert.mustache.Mustache;
import com.samskivert.mustache.Template;
import java.io.StringReader;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Pages that need nothing else, from the files below {@code templates/}. What is filled in is
 * escaped; partials are below {@code templates/page/}, which all pages share: their style, and the
 * drawing of a cluster.
 */
public final class Pages {
  private static final Mustache.Compiler MUSTACHE =
      Mustache.compiler()
          .escapeHTML(true)
          .strictSections(true)
          .withLoader(name -> new StringReader(Templates.text("page/" + name)));

  private static final Map<String, Template> COMPILED = new ConcurrentHashMap<>();

  private Pages() {}

  /** A page with its {@code {{variables}}} filled in. */
  public static String fill(String name, Map<String, Object> variables) {
    return COMPILED
        .computeIfAbsent(name, key -> MUSTACHE.compile(Templates.text(key)))
        .execute(variables);
  }
}
