package stacks.values;

/** A number with the word for what it counts: {@code 1 replica}, {@code 2 replicas}. */
public final class Plural {
  private Plural() {}

  /**
   * The number and the word.
   *
   * @param one the word for a single one; more of them have an {@code s} at the end
   */
  public static String of(long count, String one) {
    return count + " " + one + (count == 1 ? "" : "s");
  }
}
