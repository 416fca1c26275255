package stacks.environment;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import stacks.values.Quote;

/**
 * An environment file that has been read: what it says, and where it says it.
 *
 * @param path the file
 * @param name name of the environment: the file's name without {@code .yaml}
 * @param environment what the file says; where {@link #problems()} has errors, defaults stand in
 *     for wrong values, and the environment serves only to find more problems
 * @param problems what is wrong with single values; empty when the file is sound
 * @param locations place of each key, by its path
 */
public record EnvironmentFile(
    Path path,
    String name,
    Environment environment,
    Problems problems,
    Map<String, Location> locations) {

  /** 256 KiB: far above any real file; guards against reading something else by mistake. */
  private static final int LARGEST = 256 << 10;

  /** Some editors put one before the first character; it is no part of the text. */
  private static final String BYTE_ORDER_MARK = "\uFEFF";

  /** Path of a problem with the file's name, which no key of a file can have. */
  private static final String NAME = "(name)";

  /**
   * Reads a file. What is wrong with it is in {@link #problems()}, never thrown.
   *
   * @throws IOException when the file is not there or cannot be read at all
   */
  public static EnvironmentFile read(Path path) throws IOException {
    try (InputStream in = Files.newInputStream(path)) {
      return of(path, in.readNBytes(LARGEST + 1));
    }
  }

  /** What a file with this content is, whether it is on disk or not. */
  static EnvironmentFile of(Path path, byte[] content) {
    String fileName = String.valueOf(path.getFileName());
    String name = fileName.replaceFirst("\\.yaml$", "");
    Problems problems = new Problems();
    Map<String, Location> locations = new HashMap<>();
    Environment environment =
        new Binder(problems)
            .bind(
                Environment.class,
                YamlReader.read(text(content, problems), problems, locations)
                    .orElse(YamlNode.Mapping.EMPTY),
                "");
    if (problems.all().stream().anyMatch(problem -> problem.key().isEmpty())) {
      problems = firstOnly(problems);
    }
    // 31 leaves room for a prefix and a suffix in the 64 characters of an IAM role's name.
    if (!fileName.matches("[a-z][a-z0-9-]{0,30}\\.yaml")) {
      problems.error(
          "wrong-name",
          NAME,
          "the file is called "
              + Quote.quote(fileName)
              + "; its name is the environment's, so it must be lower-case letters, digits and"
              + " dashes, from a letter on, at most 31, and then .yaml");
    }
    return new EnvironmentFile(path, name, environment, problems, Map.copyOf(locations));
  }

  private static String text(byte[] bytes, Problems problems) {
    if (bytes.length > LARGEST) {
      problems.error(
          "too-large", "", "the file is larger than 256 KiB; is this an environment file?");
      return "";
    }
    try {
      String text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
      return text.startsWith(BYTE_ORDER_MARK) ? text.substring(1) : text;
    } catch (CharacterCodingException e) {
      problems.error("not-yaml", "", "this is not text in UTF-8; save it as UTF-8");
      return "";
    }
  }

  /** Where the file as a whole cannot be read, what is missing in it is not worth a word. */
  private static Problems firstOnly(Problems problems) {
    Problems first = new Problems();
    problems.all().stream()
        .filter(problem -> problem.key().isEmpty())
        .findFirst()
        .ifPresent(problem -> first.error(problem.id(), "", problem.message()));
    return first;
  }

  /** One line for a problem: {@code FILE:LINE:COLUMN: severity id: message}. */
  public String describe(Problem problem) {
    Location at = location(problem);
    return "%s:%d:%d: %s %s: %s"
        .formatted(
            path, at.line(), at.column(), problem.severity(), problem.id(), problem.message());
  }

  /** Problems in the order of the file. */
  public List<Problem> inOrder(Problems all) {
    return all.all().stream()
        .sorted(
            Comparator.comparing(
                this::location,
                Comparator.comparingInt(Location::line).thenComparingInt(Location::column)))
        .toList();
  }

  /**
   * Where a problem is shown: at the first of its keys that stands in the file, or else where the
   * section that lacks the first begins.
   */
  public Location location(Problem problem) {
    return problem.keys().stream()
        .filter(locations::containsKey)
        .findFirst()
        .map(locations::get)
        .orElseGet(() -> location(problem.key()));
  }

  /** Where a key stands, or the innermost section of its path that is there. */
  public Location location(String key) {
    for (String path = key; !path.isEmpty(); path = parent(path)) {
      if (locations.containsKey(path)) {
        return locations.get(path);
      }
    }
    return locations.getOrDefault("", Location.START);
  }

  private static String parent(String path) {
    int end = Math.max(path.lastIndexOf('.'), path.lastIndexOf('['));
    return end < 0 ? "" : path.substring(0, end);
  }
}
