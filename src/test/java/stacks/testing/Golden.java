package stacks.testing;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * Files that say what was made before, so that a change of it is seen in review.
 *
 * <p>{@code mvn verify -Dgolden.update=true} writes them anew.
 */
public final class Golden {
  private static final Path FOLDER = Path.of("src", "test", "resources", "golden");

  /** More than this tells a person no more. */
  private static final int MOST_LINES = 40;

  private Golden() {}

  /** Compares with a golden file and tells the lines that differ. */
  public static void check(String name, String actual) throws IOException {
    hold(FOLDER.resolve(name), actual);
  }

  /** Holds any file that is generated and checked in to what would be generated now. */
  public static void hold(Path file, String actual) throws IOException {
    if (Boolean.getBoolean("golden.update")) {
      Files.createDirectories(file.toAbsolutePath().getParent());
      Files.writeString(file, actual);
    }
    String expected = Files.exists(file) ? Files.readString(file) : "";
    if (!expected.equals(actual)) {
      throw new AssertionError(
          "%s differs (- golden, + now); -Dgolden.update=true takes what is now:%n%s"
              .formatted(file, String.join("\n", difference(lines(expected), lines(actual)))));
    }
  }

  private static List<String> lines(String text) {
    return text.lines().toList();
  }

  /** Lines between the first and the last difference that the other side has not, in order. */
  private static List<String> difference(List<String> expected, List<String> actual) {
    int start = 0;
    while (start < Math.min(expected.size(), actual.size())
        && expected.get(start).equals(actual.get(start))) {
      start++;
    }
    int end = 0;
    while (end < Math.min(expected.size(), actual.size()) - start
        && expected.get(expected.size() - 1 - end).equals(actual.get(actual.size() - 1 - end))) {
      end++;
    }
    List<String> changed = new ArrayList<>();
    changed.add("from line " + (start + 1));
    changed.addAll(only("- ", expected.subList(start, expected.size() - end), actual));
    changed.addAll(only("+ ", actual.subList(start, actual.size() - end), expected));
    if (changed.size() == 1) {
      changed.add("the same lines in another order, or another number of times");
    }
    return changed.size() <= MOST_LINES ? changed : changed.subList(0, MOST_LINES);
  }

  private static List<String> only(String sign, List<String> lines, List<String> other) {
    Set<String> known = new LinkedHashSet<>(other);
    return lines.stream().filter(line -> !known.contains(line)).map(sign::concat).toList();
  }
}
