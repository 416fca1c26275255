package stacks.values;

import java.util.Collection;
import java.util.Comparator;
import java.util.Locale;
import java.util.Optional;

/** Finds the name a person probably meant. */
public final class Nearest {
  /** Longer input is no slip of the finger, and comparing takes the square of the length. */
  private static final int LONGEST = 64;

  private Nearest() {}

  /**
   * The most similar of the known names, when it is similar enough to be worth suggesting: at most
   * a third of its letters differ, and two letters that changed places count as one.
   */
  public static Optional<String> of(String text, Collection<String> known) {
    if (text.length() > LONGEST) {
      return Optional.empty();
    }
    return known.stream()
        .min(Comparator.comparingInt((String name) -> distance(text, name)).thenComparing(n -> n))
        .filter(
            name ->
                distance(text, name) <= Math.max(1, Math.max(text.length(), name.length()) / 3));
  }

  /** Edit distance with transpositions ("optimal string alignment"), blind to case. */
  private static int distance(String one, String other) {
    String a = one.toLowerCase(Locale.ROOT);
    String b = other.toLowerCase(Locale.ROOT);
    int[][] cost = new int[a.length() + 1][b.length() + 1];
    for (int i = 0; i <= a.length(); i++) {
      for (int j = 0; j <= b.length(); j++) {
        if (i == 0 || j == 0) {
          cost[i][j] = i + j;
          continue;
        }
        boolean same = a.charAt(i - 1) == b.charAt(j - 1);
        cost[i][j] =
            Math.min(
                cost[i - 1][j - 1] + (same ? 0 : 1), Math.min(cost[i - 1][j], cost[i][j - 1]) + 1);
        if (i > 1
            && j > 1
            && a.charAt(i - 1) == b.charAt(j - 2)
            && a.charAt(i - 2) == b.charAt(j - 1)) {
          cost[i][j] = Math.min(cost[i][j], cost[i - 2][j - 2] + 1);
        }
      }
    }
    return cost[a.length()][b.length()];
  }
}
