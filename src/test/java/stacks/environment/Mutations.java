package stacks.environment;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import stacks.cluster.Cluster;
import stacks.platform.Platforms;
import stacks.rules.Rule;
import stacks.rules.Rules;

/**
 * The environment files of this repository, damaged at random: some by a slip of the finger, some
 * by malice. The same seed gives the same texts.
 */
public final class Mutations {
  private static final List<String> FILES =
      Stream.of("local", "staging", "production", "production-symmetric")
          .map(name -> read(Path.of("environments", name + ".yaml")))
          .toList();

  private static final List<String> SECTIONS =
      List.of("redis", "master", "replicas", "sentinels", "network", "aws", "backup");

  /** Values that are right for some key, nearly right, or outrageous. */
  private static final List<String> VALUES =
      List.of(
          "",
          "~",
          "null",
          "true",
          "yes",
          "0",
          "1",
          "2",
          "3",
          "4",
          "5",
          "7",
          "15",
          "16",
          "448",
          "5000",
          "5001",
          "1023",
          "6379",
          "26379",
          "65535",
          "65536",
          "-1",
          "007",
          "1e3",
          "0x10",
          "2147483648",
          "99999999999999999999",
          ".inf",
          ".nan",
          "8GB",
          "8g",
          "1mb",
          "512mb",
          "6gb",
          "24tb",
          "999999999999tb",
          "100 GiB",
          "1s",
          "5s",
          "60s",
          "500ms",
          "10m",
          "1h",
          "999999999h",
          "aws",
          "local",
          "debian-12",
          "source",
          "noeviction",
          "eu-central-1",
          "us-east-1a",
          "[eu-central-1a]",
          "[eu-central-1a, eu-central-1b, eu-central-1a]",
          "10.0.0.0/8",
          "[10.0.0.0/8, 0.0.0.0/0]",
          "10.60.0.0/24",
          "10.0.0.1/16",
          "[]",
          "{}",
          "[[[[",
          "{a: {b: c}}",
          "\"a\\nb\"",
          "'",
          "|",
          ">-",
          "&x 1",
          "*x",
          "!!int 3",
          "\"\\0\"",
          "single-zone",
          "because it is a test of something",
          "日本語",
          "\u202e",
          "appendonly",
          "vpc-0a1b2c3d",
          "{vpc: vpc-0a1b2c3d, subnets: [{id: subnet-0a1b2c3d, zone: eu-central-1a, cidr: 10.9.0.0/28}]}",
          "{appendonly: no, maxclients: 20000}",
          "{backend: s3, bucket: abc}",
          "{version: 8.0.2}",
          "6h",
          "24h",
          "my-backups",
          ".",
          "../../backups",
          "/var//backups/",
          "[age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p]",
          "{bucket: my-backups, every: 1m}",
          "{folder: backups, keepLast: 1, keepDays: 3650}");

  private static final String SYNTAX = "{}[]:,-?!&*#|>%@`'\"\\\t\n\r \0~<=\uFEFF\u0085\u2028";

  private static final Pattern NUMBER = Pattern.compile("\\d+");
  private static final Pattern UNIT = Pattern.compile("(?<=\\d)[a-zA-Z]+");

  private Mutations() {}

  /** Damaged files. */
  public static Stream<String> mutations(long seed, int count) {
    // One generator for each text, so that the n-th can be made again without the others.
    return IntStream.range(0, count).mapToObj(n -> mutate(new Random(seed * 1_000_003 + n)));
  }

  /** The clusters of those mutations that the checks accept. */
  public static Stream<Cluster> accepted(long seed, int count) {
    return mutations(seed, count).map(Mutations::check).flatMap(Optional::stream);
  }

  /**
   * Reads and checks a text as {@code rediform check} does with a file.
   *
   * @return the cluster, when no error is found
   */
  static Optional<Cluster> check(String text) {
    EnvironmentFile file =
        EnvironmentFile.of(Path.of("mutation.yaml"), text.getBytes(StandardCharsets.UTF_8));
    List<Rule> rules = new ArrayList<>(Rules.ALL);
    rules.addAll(Platforms.of(file.environment().platform()).rules());
    Cluster cluster = Platforms.cluster(file.name(), file.environment());
    Rules.check(cluster, rules, Set.of(), LocalDate.EPOCH, file.problems());
    file.inOrder(file.problems()).forEach(file::describe);
    return file.problems().hasErrors() ? Optional.empty() : Optional.of(cluster);
  }

  private static String mutate(Random random) {
    String text = pick(FILES, random);
    for (int times = 1 + random.nextInt(4); times > 0; times--) {
      text = random.nextInt(3) == 0 ? mutateText(text, random) : mutateLines(text, random);
    }
    return text;
  }

  private static String mutateText(String text, Random random) {
    int at = random.nextInt(text.length() + 1);
    int to = Math.min(text.length(), at + random.nextInt(20));
    return switch (random.nextInt(7)) {
      case 0 -> insert(text, at, String.valueOf(SYNTAX.charAt(random.nextInt(SYNTAX.length()))));
      case 1 -> insert(text, at, Character.toString(random.nextInt(0x10FFFF)));
      case 2 -> insert(text, at, pick(VALUES, random));
      case 3 -> text.substring(0, at) + text.substring(to);
      case 4 -> insert(text, at, text.substring(at, to).repeat(1 + random.nextInt(50)));
      case 5 -> text.substring(0, at);
      default -> insert(text, at, "[".repeat(random.nextInt(2000)));
    };
  }

  private static String mutateLines(String text, Random random) {
    List<String> lines = new ArrayList<>(Arrays.asList(text.split("\n", -1)));
    int at = random.nextInt(lines.size());
    int other = random.nextInt(lines.size());
    String line = lines.get(at);
    switch (random.nextInt(9)) {
      case 0 -> lines.remove(at);
      case 1 -> lines.add(other, line);
      case 2 -> {
        lines.set(at, lines.get(other));
        lines.set(other, line);
      }
      case 3 -> lines.set(at, replaceOne(NUMBER, line, pick(VALUES, random), random));
      case 4 ->
          lines.set(
              at,
              replaceOne(
                  UNIT,
                  line,
                  pick(List.of("mb", "GiB", "tb", "g", "ms", "h", ""), random),
                  random));
      case 5 -> lines.set(at, line.replaceFirst(":.*", ": " + quoteReplacement(random)));
      case 6 -> lines.set(at, " ".repeat(random.nextInt(4)) + line.strip());
      case 7 -> {
        List<String> foreign = pick(FILES, random).lines().toList();
        lines.add(at, pick(foreign, random));
      }
      default -> addKey(lines, random);
    }
    return String.join("\n", lines);
  }

  /** Any key in any section: often its own, with a value that may be meant for another. */
  private static void addKey(List<String> lines, Random random) {
    String path = pick(KeyTables.rows(), random).path();
    String section =
        random.nextInt(4) == 0 ? pick(SECTIONS, random) : path.replaceFirst("\\..*", "");
    String key = path.substring(path.lastIndexOf('.') + 1).replace("[]", "");
    int at = lines.indexOf(section + ":");
    if (at < 0) {
      lines.add(section + ":");
      at = lines.size() - 1;
    }
    lines.add(at + 1, "  " + key + ": " + pick(VALUES, random));
  }

  private static String quoteReplacement(Random random) {
    return java.util.regex.Matcher.quoteReplacement(pick(VALUES, random));
  }

  private static String replaceOne(Pattern what, String line, String by, Random random) {
    List<MatchResult> matches = what.matcher(line).results().toList();
    if (matches.isEmpty()) {
      return line;
    }
    MatchResult match = pick(matches, random);
    return line.substring(0, match.start()) + by + line.substring(match.end());
  }

  private static String insert(String text, int at, String more) {
    return text.substring(0, at) + more + text.substring(at);
  }

  private static <T> T pick(List<T> choices, Random random) {
    return choices.get(random.nextInt(choices.size()));
  }

  private static String read(Path path) {
    try {
      return Files.readString(path);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
