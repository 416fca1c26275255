package stacks.values;

/**
 * Makes text from a file or a plan fit to be shown: one line, no control characters, not too long.
 */
public final class Quote {
  /** Enough to recognise a value; a message stays on one line of a terminal or two. */
  private static final int MOST = 60;

  private Quote() {}

  /** The text between quotation marks, cut where it is long. */
  public static String quote(String text) {
    return "\"" + shorten(text) + "\"";
  }

  /** The text, cut where it is long. */
  public static String shorten(String text) {
    return shorten(text, MOST);
  }

  /** At most so many characters of the text. */
  public static String shorten(String text, int most) {
    StringBuilder shown = new StringBuilder();
    text.codePoints()
        .limit(most)
        .forEach(
            point -> {
              if (isPlain(point)) {
                shown.appendCodePoint(point);
              } else {
                shown.append(String.format("\\u%04x", point));
              }
            });
    return text.codePointCount(0, text.length()) > most ? shown + "…" : shown.toString();
  }

  /** Whether all characters are visible ones or spaces: no line break, nothing that hides. */
  public static boolean isPlain(String text) {
    return text.codePoints().allMatch(Quote::isPlain);
  }

  private static boolean isPlain(int point) {
    return switch (Character.getType(point)) {
      case Character.CONTROL,
          Character.FORMAT,
          Character.SURROGATE,
          Character.LINE_SEPARATOR,
          Character.PARAGRAPH_SEPARATOR,
          Character.UNASSIGNED ->
          false;
      default -> true;
    };
  }
}
