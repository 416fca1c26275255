package stacks.redis;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * Releases of Redis with known security holes.
 *
 * <p>The list grows by hand; each line of it has the day and the source of what it says.
 */
public final class Releases {
  /** A line of releases from which no release without the hole is known. */
  private static final String NONE = "-";

  /**
   * A hole.
   *
   * @param line the first two numbers of the releases that have it
   * @param fixedIn the first release of that line without it
   */
  private record Hole(String line, String fixedIn, String name) {
    boolean isIn(String release) {
      return release.startsWith(line + ".")
          && (fixedIn.equals(NONE) || Arrays.compare(numbers(release), numbers(fixedIn)) < 0);
    }
  }

  private static final List<Hole> HOLES =
      Directives.lines("/redis-releases.txt").stream()
          .map(line -> line.split(" "))
          .map(words -> new Hole(words[0], words[1], words[3]))
          .toList();

  private Releases() {}

  /** What is wrong with a release, and which to take; empty when nothing is known. */
  public static Optional<String> holes(String release) {
    List<Hole> holes = HOLES.stream().filter(hole -> hole.isIn(release)).toList();
    if (holes.isEmpty()) {
      return Optional.empty();
    }
    String names = holes.stream().map(Hole::name).distinct().collect(Collectors.joining(", "));
    String remedy =
        holes.stream().anyMatch(hole -> hole.fixedIn().equals(NONE))
            ? "no release of %s without them is known; take a newer line"
                .formatted(holes.get(0).line())
            : "take %s or a newer one, with its sha256"
                .formatted(
                    holes.stream()
                        .map(Hole::fixedIn)
                        .max((one, other) -> Arrays.compare(numbers(one), numbers(other)))
                        .orElseThrow());
    return Optional.of("Redis %s has known holes: %s; %s".formatted(release, names, remedy));
  }

  private static int[] numbers(String release) {
    return Arrays.stream(release.split("\\.")).mapToInt(Integer::parseInt).toArray();
  }
}
