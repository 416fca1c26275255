package stacks.platform.aws;

import static java.util.function.Function.identity;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import stacks.cluster.Node;
import stacks.cluster.RedisNode;
import stacks.cluster.Size;
import stacks.values.Memory;

/** Which EC2 instance type a node gets. Starts no Node process, so {@code check} may use it. */
public final class InstanceTypes {
  /**
   * Families for data nodes: 2, 4 and 8 GiB per CPU, none of them burstable, because Redis that is
   * throttled looks dead to a Sentinel. The 7i generation is the newest that most regions have.
   */
  private static final Set<String> FOR_REDIS = Set.of("c7i", "m7i", "r7i");

  /** Sentinels are idle between their pings, so the cheap burstable family serves them too. */
  private static final Set<String> FOR_SENTINELS = Set.of("t3", "c7i", "m7i", "r7i");

  /**
   * Fewest CPUs first, then least RAM. That is also the order of their prices: at the same number
   * of CPUs the r family costs about half more than the c family, and twice the CPUs cost twice.
   * Where two are equal, the burstable one is cheaper.
   */
  private static final Comparator<InstanceType> SMALLEST_FIRST =
      Comparator.comparingInt(InstanceType::cpu)
          .thenComparing(InstanceType::memory)
          .thenComparing(InstanceType::burstable, Comparator.reverseOrder());

  private static final Map<String, InstanceType> ALL = read("/ec2-instance-types.txt");

  private static final Map<Size, Optional<InstanceType>> REDIS_BY_SIZE = new ConcurrentHashMap<>();

  private static final Map<Size, Optional<InstanceType>> SENTINEL_BY_SIZE =
      new ConcurrentHashMap<>();

  private InstanceTypes() {}

  /** Name of the type that a node gets: the pinned one, or the smallest that has its size. */
  public static String of(Node node) {
    return node.instanceType().orElseGet(() -> smallest(node).name());
  }

  /**
   * Why a node gets its type, in one line: {@code redis-1: c7i.xlarge (4 CPU, 8 GiB) for 4 CPU,
   * 8gb}.
   */
  public static String explain(Node node) {
    String wish = "%d CPU, %s".formatted(node.size().cpu(), node.size().memory());
    return node.instanceType()
        .map(pinned -> "%s: %s, pinned, for %s".formatted(node.name(), describe(pinned), wish))
        .orElseGet(() -> "%s: %s for %s".formatted(node.name(), smallest(node), wish));
  }

  /** The smallest type for a data node of that size, if there is one. */
  static Optional<InstanceType> forRedis(Size size) {
    return smallest(size, FOR_REDIS);
  }

  /** The smallest type for a Sentinel of that size, if there is one. */
  static Optional<InstanceType> forSentinel(Size size) {
    return smallest(size, FOR_SENTINELS);
  }

  /** The type of that name, if the list has it. */
  public static Optional<InstanceType> named(String name) {
    return Optional.ofNullable(ALL.get(name));
  }

  /** Every type of the list. */
  static List<InstanceType> all() {
    return List.copyOf(ALL.values());
  }

  private static InstanceType smallest(Node node) {
    boolean redis = node instanceof RedisNode;
    // Nodes come by the hundred, sizes by the two or three.
    return (redis ? REDIS_BY_SIZE : SENTINEL_BY_SIZE)
        .computeIfAbsent(node.size(), size -> redis ? forRedis(size) : forSentinel(size))
        .orElseThrow(() -> new IllegalStateException("no instance type for " + node.name()));
  }

  private static Optional<InstanceType> smallest(Size size, Set<String> families) {
    return ALL.values().stream()
        .filter(type -> families.contains(family(type.name())) && type.fits(size))
        .min(SMALLEST_FIRST);
  }

  private static String describe(String name) {
    return named(name).map(InstanceType::toString).orElse(name);
  }

  private static String family(String name) {
    return name.substring(0, name.indexOf('.'));
  }

  private static Map<String, InstanceType> read(String resource) {
    try (BufferedReader lines =
        new BufferedReader(
            new InputStreamReader(
                InstanceTypes.class.getResourceAsStream(resource), StandardCharsets.UTF_8))) {
      return lines
          .lines()
          .filter(line -> !line.startsWith("#"))
          .map(InstanceTypes::parse)
          .collect(Collectors.toUnmodifiableMap(InstanceType::name, identity()));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static InstanceType parse(String line) {
    String[] words = line.split(" ");
    return new InstanceType(
        words[0],
        Integer.parseInt(words[1]),
        Memory.parse(words[2] + "mb"),
        words[3],
        words[4].equals("burstable"));
  }
}
