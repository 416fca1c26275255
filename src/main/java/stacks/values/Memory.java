package stacks.values;

import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * An amount of RAM or disk in bytes, from 0 to 8 EiB.
 *
 * <p>{@code 8GB}, {@code 8GiB}, {@code 8gb} are the same: 8 &times; 1024³ bytes. That is what Redis
 * means by {@code gb} (redis.conf, "Note on units") and what cloud providers sell as GB. Redis's
 * decimal {@code 8g} is refused, because it differs by 7 % without looking different.
 */
public record Memory(long bytes) implements Comparable<Memory> {
  /** How a valid amount looks; the JSON schema has the same. */
  public static final String PATTERN = "([0-9]{1,12}) ?(?:([kKmMgGtT])[iI]?)?[bB]";

  private static final Pattern TEXT = Pattern.compile(PATTERN);

  /** How a valid amount looks, for messages. */
  public static final String FORM = "a whole number with a unit, such as 512mb, 8GB or 8GiB";

  private static final List<String> UNITS = List.of("b", "kb", "mb", "gb", "tb");

  /**
   * @throws IllegalArgumentException when the amount is negative
   */
  public Memory {
    if (bytes < 0) {
      throw new IllegalArgumentException("negative amount: " + bytes);
    }
  }

  /** This many GiB. */
  public static Memory gib(long count) {
    return new Memory(Math.multiplyExact(count, 1L << 30));
  }

  /**
   * Reads an amount such as {@code 512mb}.
   *
   * @throws IllegalArgumentException when the text has another form or exceeds 8 EiB
   */
  public static Memory parse(String text) {
    Matcher matcher = TEXT.matcher(text);
    if (!matcher.matches()) {
      throw new IllegalArgumentException(FORM);
    }
    String unit = matcher.group(2) == null ? "" : matcher.group(2).toLowerCase(Locale.ROOT);
    int shift = 10 * UNITS.indexOf(unit + "b");
    long count = Long.parseLong(matcher.group(1));
    if (count > Long.MAX_VALUE >> shift) {
      throw new IllegalArgumentException(FORM);
    }
    return new Memory(count << shift);
  }

  /** This share of the amount, rounded down to whole MiB so that it reads well in redis.conf. */
  public Memory percent(int percent) {
    return new Memory((bytes / 100 * percent + bytes % 100 * percent / 100) >> 20 << 20);
  }

  /** This many times the amount. */
  public Memory times(int factor) {
    return new Memory(Math.multiplyExact(bytes, factor));
  }

  /** The amount in whole GiB, rounded up: what a cloud volume must have to hold it. */
  public int toGibRoundedUp() {
    return Math.toIntExact((bytes + (1L << 30) - 1) >> 30);
  }

  /** In Redis's own notation, with the largest unit that leaves a whole number: {@code 6gb}. */
  @Override
  public String toString() {
    int unit = Math.min(Long.numberOfTrailingZeros(bytes) / 10, UNITS.size() - 1);
    return bytes == 0 ? "0b" : (bytes >> 10 * unit) + UNITS.get(unit);
  }

  @Override
  public int compareTo(Memory other) {
    return Long.compare(bytes, other.bytes);
  }
}
