package stacks.values;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A block of IPv4 addresses such as {@code 10.60.0.0/16}.
 *
 * @param base first address as an unsigned 32-bit number; the bits after the prefix are zero
 * @param prefix number of fixed leading bits, 0 to 32
 */
public record Cidr(long base, int prefix) {
  /** A number without leading zeros: some tools read 010 as eight. */
  private static final String OCTET = "(0|[1-9][0-9]{0,2})";

  /** How a valid block looks; the JSON schema has the same. */
  public static final String PATTERN =
      String.join("\\.", OCTET, OCTET, OCTET, OCTET) + "/(0|[1-9][0-9]?)";

  private static final Pattern TEXT = Pattern.compile(PATTERN);

  /** How a valid block looks, for messages. */
  public static final String FORM = "an IPv4 block such as 10.60.0.0/16";

  /**
   * @throws IllegalArgumentException with what is allowed as its message
   */
  public Cidr {
    if (prefix < 0 || prefix > 32 || base < 0 || base >= 1L << 32) {
      throw new IllegalArgumentException(FORM);
    }
    if (base % (1L << (32 - prefix)) != 0) {
      long start = base >> (32 - prefix) << (32 - prefix);
      throw new IllegalArgumentException(
          "the start of a block; here that is " + address(start) + "/" + prefix);
    }
  }

  /**
   * Reads a block.
   *
   * @throws IllegalArgumentException when the text has another form, an octet is above 255, or the
   *     address is not the start of the block
   */
  public static Cidr parse(String text) {
    Matcher matcher = TEXT.matcher(text);
    if (!matcher.matches()) {
      throw new IllegalArgumentException(FORM);
    }
    long base = 0;
    for (int i = 1; i <= 4; i++) {
      int octet = Integer.parseInt(matcher.group(i));
      if (octet > 255) {
        throw new IllegalArgumentException(FORM);
      }
      base = base << 8 | octet;
    }
    return new Cidr(base, Integer.parseInt(matcher.group(5)));
  }

  /** Number of addresses in the block. */
  public long size() {
    return 1L << (32 - prefix);
  }

  /**
   * The address {@code offset} places after the first, in dotted form.
   *
   * @throws IllegalArgumentException when it is outside of the block
   */
  public String address(int offset) {
    if (offset < 0 || offset >= size()) {
      throw new IllegalArgumentException(offset + " is outside of " + this);
    }
    return address(base + offset);
  }

  /**
   * One of the equal blocks that make up this one.
   *
   * @param newPrefix their prefix, from this one's to 32
   * @param index which of them, from 0
   * @throws IllegalArgumentException when there is no such block
   */
  public Cidr subnet(int newPrefix, int index) {
    if (newPrefix < prefix || newPrefix > 32 || index < 0 || index >= 1L << (newPrefix - prefix)) {
      throw new IllegalArgumentException("no block " + index + " of /" + newPrefix + " in " + this);
    }
    return new Cidr(base + ((long) index << (32 - newPrefix)), newPrefix);
  }

  /** Whether some address is in both blocks. */
  public boolean overlaps(Cidr other) {
    int shared = 32 - Math.min(prefix, other.prefix);
    return base >> shared == other.base >> shared;
  }

  @Override
  public String toString() {
    return address(base) + "/" + prefix;
  }

  private static String address(long number) {
    return (number >> 24)
        + "."
        + (number >> 16 & 255)
        + "."
        + (number >> 8 & 255)
        + "."
        + (number & 255);
  }
}
