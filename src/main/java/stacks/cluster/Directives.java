package stacks.cluster;

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
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** What an environment file may say to Redis and Sentinel in their own directives. */
public final class Directives {
  private static final String AGENT = "the node agent sets it from what the Sentinels say";
  private static final String KEY = "it has a key of its own: ";
  private static final String FIXED = "units, firewall and agent rely on ours";
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

  /** Mark of a directive that takes a whole number, from 0 on. */
  private static final String NUMBER = "number";

  /** Mark of a directive that {@code CONFIG SET} refuses: it is read at the start only. */
  private static final String RESTART = "restart";

  /** A directive and its marks, a line each. */
  private static final List<List<String>> LINES = lines("/redis-directives.txt");

  /**
   * Directives of redis.conf in Redis 7.0 to 8.0: {@code CONFIG GET *} without the old names, and
   * those that only stand in the file.
   */
  static final Set<String> REDIS =
      LINES.stream().map(line -> line.get(0)).collect(Collectors.toUnmodifiableSet());

  private static final Set<String> AT_START = marked(RESTART);

  /** Sentinel's own number, in milliseconds. */
  static final String REBOOT_PERIOD = "master-reboot-down-after-period";

  /** Directives of either file that take a whole number, from 0 on. */
  static final Set<String> NUMBERS = union(Set.of(REBOOT_PERIOD), marked(NUMBER));

  /** Directives of redis.conf that are not free, with the reason. */
  static final Map<String, String> REDIS_MANDATORY = redisMandatory();

  /** Directives of sentinel.conf that are not free, with the reason. */
  static final Map<String, String> SENTINEL_MANDATORY = sentinelMandatory();

  /** Directives of sentinel.conf that make sense under {@code sentinels.config}. */
  static final Set<String> SENTINEL =
      union(
          Set.of(
              "loglevel", "maxclients", "tcp-backlog", "tcp-keepalive", "timeout", REBOOT_PERIOD),
          SENTINEL_MANDATORY.keySet());

  private Directives() {}

  /**
   * Why a directive of redis.conf or sentinel.conf is not free, by name or by kind; empty when it
   * is.
   *
   * @param mandatory the names that are not free in that file
   */
  static Optional<String> refusal(String name, Map<String, String> mandatory) {
    String lower = name.toLowerCase(Locale.ROOT);
    if (mandatory.containsKey(lower)) {
      return Optional.of(mandatory.get(lower));
    }
    if (isSecret(name)) {
      return Optional.of(SECRET);
    }
    return lower.startsWith("tls-") ? Optional.of(TLS) : Optional.empty();
  }

  /** Whether the value of a directive must not be shown, let alone stand in a file. */
  static boolean isSecret(String name) {
    String lower = name.toLowerCase(Locale.ROOT);
    return SECRETS.matcher(lower).matches() && !lower.equals("tls-auth-clients");
  }

  /** Whether Redis takes a directive of {@code redis.config} while it runs. */
  public static boolean isLive(String directive) {
    return !AT_START.contains(directive);
  }

  private static Set<String> marked(String mark) {
    return LINES.stream()
        .filter(line -> line.contains(mark))
        .map(line -> line.get(0))
        .collect(Collectors.toUnmodifiableSet());
  }

  /** The words of each line of a resource. */
  static List<List<String>> lines(String resource) {
    try (InputStream in = Directives.class.getResourceAsStream(resource)) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8)
          .lines()
          .map(line -> List.of(line.split(" ")))
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Map<String, String> redisMandatory() {
    Map<String, String> why = new TreeMap<>();
    why.put("port", KEY + "redis.port");
    why.put("maxmemory", KEY + "master.maxmemory, replicas.maxmemory");
    why.put("maxmemory-policy", KEY + "redis.maxmemoryPolicy");
    for (String name : new String[] {"replicaof", "replica-announce-ip", "replica-announce-port"}) {
      why.put(name, AGENT);
    }
    for (String name :
        new String[] {"masterauth", "masteruser", "requirepass", "user", "aclfile"}) {
      why.put(name, SECRET);
    }
    for (String name :
        new String[] {
          "bind",
          "protected-mode",
          "dir",
          "daemonize",
          "supervised",
          "pidfile",
          "logfile",
          "appenddirname",
          "include",
          "loadmodule",
          "rename-command",
          "unixsocket",
          "cluster-enabled",
          "enable-debug-command",
          "enable-module-command",
          "enable-protected-configs",
          "replica-announced"
        }) {
      why.put(name, FIXED);
    }
    why.put("replica-read-only", "a replica that takes writes loses them at the next resync");
    why.put("replica-ignore-maxmemory", "a replica that evicts by itself differs from its master");
    return why;
  }

  private static Map<String, String> sentinelMandatory() {
    Map<String, String> why = new TreeMap<>();
    why.put("port", KEY + "sentinels.port");
    why.put("monitor", KEY + "sentinels.masterName, sentinels.quorum");
    why.put("down-after-milliseconds", KEY + "sentinels.downAfter");
    why.put("failover-timeout", KEY + "sentinels.failoverTimeout");
    why.put("parallel-syncs", KEY + "sentinels.parallelSyncs");
    for (String name :
        new String[] {
          "auth-pass",
          "auth-user",
          "sentinel-pass",
          "sentinel-user",
          "requirepass",
          "user",
          "aclfile"
        }) {
      why.put(name, SECRET);
    }
    for (String name :
        new String[] {
          "bind",
          "protected-mode",
          "dir",
          "daemonize",
          "supervised",
          "pidfile",
          "logfile",
          "include",
          "announce-ip",
          "announce-port",
          "myid",
          "deny-scripts-reconfig",
          "notification-script",
          "client-reconfig-script",
          "rename-command",
          "resolve-hostnames",
          "announce-hostnames"
        }) {
      why.put(name, FIXED);
    }
    return why;
  }

  private static Set<String> union(Set<String> one, Set<String> other) {
    return Stream.concat(one.stream(), other.stream()).collect(Collectors.toUnmodifiableSet());
  }
}
