package stacks.environment;

import java.time.Duration;
import java.time.LocalDate;
import java.time.format.DateTimeParseException;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import stacks.values.Cidr;
import stacks.values.Durations;
import stacks.values.Memory;

/** The single values an environment file can hold: how they read, and which ranges they have. */
final class Scalars {
  /** How a date looks; the JSON schema has the same. */
  static final String DATE = "[0-9]{4}-[0-9]{2}-[0-9]{2}";

  static final Set<Class<?>> TYPES =
      Set.of(
          String.class,
          int.class,
          Integer.class,
          boolean.class,
          Memory.class,
          Duration.class,
          Cidr.class,
          LocalDate.class);

  private Scalars() {}

  /**
   * Reads a value.
   *
   * @throws IllegalArgumentException with what is allowed as its message
   */
  static Object parse(Class<?> type, String text) {
    if (type == String.class) {
      return text;
    } else if (type == int.class || type == Integer.class) {
      return integer(text);
    } else if (type == boolean.class) {
      if (!text.equals("true") && !text.equals("false")) {
        throw new IllegalArgumentException(form(type));
      }
      return text.equals("true");
    } else if (type == Memory.class) {
      return Memory.parse(text);
    } else if (type == Duration.class) {
      return Durations.parse(text);
    } else if (type == Cidr.class) {
      return Cidr.parse(text);
    } else if (type == LocalDate.class) {
      return date(text);
    }
    return Arrays.stream(type.getEnumConstants())
        .filter(constant -> name((Enum<?>) constant).equals(text))
        .findFirst()
        .map(Object.class::cast)
        .orElseThrow(() -> new IllegalArgumentException(form(type)));
  }

  private static LocalDate date(String text) {
    try {
      if (text.matches(DATE)) {
        return LocalDate.parse(text);
      }
    } catch (DateTimeParseException e) {
      // Such as the 30th of February: said below.
    }
    throw new IllegalArgumentException(form(LocalDate.class));
  }

  private static int integer(String text) {
    // A leading zero or sign is refused: YAML 1.1 would read 010 as eight.
    if (!text.matches("0|[1-9]\\d{0,8}")) {
      throw new IllegalArgumentException(form(int.class));
    }
    return Integer.parseInt(text);
  }

  /** Whether the value lies between {@link Key#min()} and {@link Key#max()}. */
  static boolean inRange(Object value, Key key) {
    if (value instanceof Cidr cidr) {
      return (key.min().isEmpty() || cidr.prefix() <= prefix(key.min()))
          && (key.max().isEmpty() || cidr.prefix() >= prefix(key.max()));
    }
    return (key.min().isEmpty() || compare(value, parse(value.getClass(), key.min())) >= 0)
        && (key.max().isEmpty() || compare(value, parse(value.getClass(), key.max())) <= 0);
  }

  private static int prefix(String block) {
    return Integer.parseInt(block.substring(1));
  }

  @SuppressWarnings("unchecked")
  private static int compare(Object left, Object right) {
    return ((Comparable<Object>) left).compareTo(right);
  }

  /** The range of a key in words, with a leading comma; empty where there is none. */
  static String range(Key key) {
    if (key.min().isEmpty() && key.max().isEmpty()) {
      return "";
    }
    return ", from " + key.min() + " to " + key.max();
  }

  /** How a valid value looks, in words. */
  static String form(Class<?> type) {
    if (type == int.class || type == Integer.class) {
      return "a whole number";
    } else if (type == boolean.class) {
      return "true or false";
    } else if (type == Memory.class) {
      return Memory.FORM;
    } else if (type == Duration.class) {
      return Durations.FORM;
    } else if (type == Cidr.class) {
      return Cidr.FORM;
    } else if (type == LocalDate.class) {
      return "a date such as 2027-03-31";
    }
    return type.isEnum() ? String.join(", ", names(type)) : "text";
  }

  /** The values of an enum as they stand in a file: {@code allkeys-lru}. */
  static List<String> names(Class<?> type) {
    return Arrays.stream(type.getEnumConstants()).map(c -> name((Enum<?>) c)).toList();
  }

  private static String name(Enum<?> constant) {
    return constant.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }
}
