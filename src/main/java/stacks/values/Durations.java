package stacks.values;

import java.time.Duration;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Durations as people write them in an environment file: {@code 500ms}, {@code 5s}, {@code 1m},
 * {@code 7d}.
 */
public final class Durations {
  /** How a valid duration looks; the JSON schema has the same. */
  public static final String PATTERN = "([0-9]{1,9}) ?(ms|s|m|h|d)";

  private static final Pattern TEXT = Pattern.compile(PATTERN);

  /** How a valid duration looks, for messages. */
  public static final String FORM = "a whole number with a unit, such as 500ms, 5s, 1m or 7d";

  private Durations() {}

  /**
   * Reads a duration.
   *
   * @throws IllegalArgumentException when the text has another form
   */
  public static Duration parse(String text) {
    Matcher matcher = TEXT.matcher(text);
    if (!matcher.matches()) {
      throw new IllegalArgumentException(FORM);
    }
    long count = Long.parseLong(matcher.group(1));
    return switch (matcher.group(2)) {
      case "ms" -> Duration.ofMillis(count);
      case "s" -> Duration.ofSeconds(count);
      case "m" -> Duration.ofMinutes(count);
      case "h" -> Duration.ofHours(count);
      default -> Duration.ofDays(count);
    };
  }
}
