package stacks.redis;

import static java.util.stream.Collectors.toMap;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Pattern;

/**
 * What an environment file may say to a server in its own directives.
 *
 * <p>A server's table has a line for each directive that it knows: the name, and its marks.
 *
 * <table>
 *   <caption>Marks</caption>
 *   <tr><td>{@code number}<td>its value is a whole number, from 0 on
 *   <tr><td>{@code milliseconds}<td>the unit of that number
 *   <tr><td>{@code restart}<td>{@code CONFIG SET} refuses it: it is read at the start only
 *   <tr><td>{@code fixed}<td>not free: units, firewall and agent rely on ours
 *   <tr><td>{@code agent}<td>not free: the agent sets it
 *   <tr><td>{@code secret}<td>not free: it is one
 *   <tr><td>{@code key=KEY,…}<td>not free: the file has keys of its own for it
 *   <tr><td>{@code # TEXT}<td>why it is not free, instead of what its mark says
 * </table>
 */
public final class Directives {
  /**
   * Directives of redis.conf in Redis 7.0 to 8.0: {@code CONFIG GET *} without the old names, and
   * those that only stand in the file.
   */
  public static final Directives REDIS = new Directives("/redis-directives.txt");

  /**
   * Directives of sentinel.conf that make sense under {@code sentinels.config}, and those that must
   * not stand there.
   */
  public static final Directives SENTINEL = new Directives("/sentinel-directives.txt");

  private static final String FIXED = "units, firewall and agent rely on ours";
  private static final String AGENT = "the node agent sets it from what the Sentinels say";
  private static final String KEY = "it has a key of its own: ";
  private static final String SECRET = "secrets do not belong in a file; the node fetches its own";

  private static final String TLS =
      "TLS is not supported: replicas, Sentinels and the agent connect without it, and the master"
          + " would take no writes";

  /**
   * Names of directives that carry a password, a key's file or an identity, also of those that a
   * newer Redis may bring.
   */
  private static final Pattern SECRETS =
      Pattern.compile(".*(pass|auth|secret|token|credential|key-file).*|.*user|aclfile");

  private static final String KEYS = "key=";

  private final Map<String, Directive> all;

  /** A line of the table. */
  private record Directive(String name, List<String> marks, Optional<String> reason) {
    static Directive parse(String line) {
      String[] parts = line.split(" # ", 2);
      List<String> words = List.of(parts[0].split(" "));
      return new Directive(
          words.get(0),
          words.subList(1, words.size()),
          parts.length > 1 ? Optional.of(parts[1]) : Optional.empty());
    }

    boolean is(String mark) {
      return marks.contains(mark);
    }

    Optional<String> refusal() {
      return marks.stream().map(this::refusal).flatMap(Optional::stream).findFirst();
    }

    private Optional<String> refusal(String mark) {
      Optional<String> general =
          switch (mark) {
            case "fixed" -> Optional.of(FIXED);
            case "agent" -> Optional.of(AGENT);
            case "secret" -> Optional.of(SECRET);
            default ->
                mark.startsWith(KEYS)
                    ? Optional.of(KEY + mark.substring(KEYS.length()).replace(",", ", "))
                    : Optional.empty();
          };
      return general.map(reason::orElse);
    }
  }

  private Directives(String resource) {
    all =
        lines(resource).stream()
            .map(Directive::parse)
            .collect(toMap(Directive::name, line -> line, (a, b) -> a, TreeMap::new));
  }

  /** Names of all directives of the table, sorted. */
  public Set<String> names() {
    return all.keySet();
  }

  /** Why a directive is not free, by name or by kind; empty when it is, or when it is not known. */
  public Optional<String> refusal(String name) {
    String lower = name.toLowerCase(Locale.ROOT);
    Optional<String> listed = find(lower).flatMap(Directive::refusal);
    if (listed.isPresent()) {
      return listed;
    } else if (isSecret(name)) {
      return Optional.of(SECRET);
    }
    return lower.startsWith("tls-") ? Optional.of(TLS) : Optional.empty();
  }

  /** Whether the file has keys of its own for it. */
  public boolean hasKeys(String name) {
    return find(name).stream()
        .anyMatch(line -> line.marks().stream().anyMatch(mark -> mark.startsWith(KEYS)));
  }

  /** Whether its value is a whole number, from 0 on. */
  public boolean isNumber(String name) {
    return find(name).filter(line -> line.is("number")).isPresent();
  }

  /** The unit of a number, where people might think of another. */
  public Optional<String> unit(String name) {
    return find(name).filter(line -> line.is("milliseconds")).map(line -> "milliseconds");
  }

  /** Whether the server takes it while it runs. What is not in the table it may take. */
  public boolean isLive(String name) {
    return find(name).filter(line -> line.is("restart")).isEmpty();
  }

  /** Whether the value of a directive must not be shown, let alone stand in a file. */
  public static boolean isSecret(String name) {
    String lower = name.toLowerCase(Locale.ROOT);
    return SECRETS.matcher(lower).matches() && !lower.equals("tls-auth-clients");
  }

  private Optional<Directive> find(String name) {
    return Optional.ofNullable(all.get(name));
  }

  /** The lines of a resource. */
  static List<String> lines(String resource) {
    try (InputStream in = Directives.class.getResourceAsStream(resource)) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8).lines().toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
