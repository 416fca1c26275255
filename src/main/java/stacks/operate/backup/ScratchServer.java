package stacks.operate.backup;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import redis.clients.jedis.DefaultJedisClientConfig;
import redis.clients.jedis.HostAndPort;
import redis.clients.jedis.Jedis;
import redis.clients.jedis.exceptions.JedisException;
import stacks.operate.NotPossible;

/** A Redis of this machine that loads an RDB or AOF, and lets in only its starter. */
final class ScratchServer implements AutoCloseable {
  /** The RDB's name in the folder. */
  static final String RDB = "dump.rdb";

  /** Between the choice of a free port and its use another process may take it. */
  private static final int TRIES = 5;

  private static final int TIMEOUT_MILLIS = 5000;

  /** Scanning and digests of large values keep a server busy for longer than a ping. */
  private static final int PATIENCE_MILLIS = 600_000;

  private static final long LOOK_MILLIS = 100;

  private static final Pattern DATABASE = Pattern.compile("db([0-9]+):keys=([0-9]+),.*");

  private final Process process;
  private final DefaultJedisClientConfig.Builder config;
  private final HostAndPort endpoint;

  private ScratchServer(Process process, HostAndPort endpoint, String password) {
    this.process = process;
    this.endpoint = endpoint;
    this.config = DefaultJedisClientConfig.builder().password(password);
  }

  /**
   * Starts one and waits until it has loaded the RDB in the folder.
   *
   * @param databases how many it must have
   * @param pace gets the progress
   * @throws NotPossible when the RDB cannot be loaded, with the server's reason
   */
  static ScratchServer start(Scratch scratch, Programs programs, int databases, Pace pace)
      throws IOException, NotPossible, Missing {
    return start(scratch, programs.server(), databases, false, pace);
  }

  /** The same with the AOF in the folder, which must be whole. */
  static ScratchServer startFromAof(Scratch scratch, Path program, int databases, Pace pace)
      throws IOException, NotPossible, Missing {
    return start(scratch, program, databases, true, pace);
  }

  private static ScratchServer start(
      Scratch scratch, Path program, int databases, boolean isAof, Pace pace)
      throws IOException, NotPossible, Missing {
    byte[] secret = new byte[24];
    new SecureRandom().nextBytes(secret);
    String password = HexFormat.of().formatHex(secret);
    Path log = scratch.folder().resolve("redis.log");
    for (int attempt = 1; ; attempt++) {
      HostAndPort endpoint = new HostAndPort("127.0.0.1", freePort());
      Path file = scratch.folder().resolve("redis.conf");
      Files.writeString(
          file, config(scratch.folder(), endpoint.getPort(), password, databases, isAof));
      Process process =
          new ProcessBuilder(program.toString(), file.toString())
              .directory(scratch.folder().toFile())
              .redirectErrorStream(true)
              .redirectOutput(log.toFile())
              .start();
      scratch.guard(process);
      ScratchServer server = new ScratchServer(process, endpoint, password);
      try {
        server.awaitLoaded(log, pace);
        return server;
      } catch (NotPossible e) {
        server.close();
        if (attempt == TRIES || !log(log).contains("Address already in use")) {
          throw e;
        }
      } catch (Missing | RuntimeException e) {
        server.close();
        throw e;
      }
    }
  }

  /**
   * It is a replica: a master drops keys that have expired while it loads them, a replica leaves
   * that to its master. So each database must have just as many keys as were written, however old
   * the backup is. It names itself as its master, and never gets in there without the password.
   */
  private static String config(
      Path folder, int port, String password, int databases, boolean isAof) {
    return """
        bind 127.0.0.1
        port %1$d
        requirepass %2$s
        replicaof 127.0.0.1 %1$d
        dir "%3$s"
        dbfilename %4$s
        save ""
        appendonly %6$s
        aof-load-truncated no
        auto-aof-rewrite-percentage 0
        databases %5$d
        enable-debug-command local
        daemonize no
        """
        .formatted(port, password, folder, RDB, Math.max(16, databases), isAof ? "yes" : "no");
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"))) {
      return socket.getLocalPort();
    }
  }

  private void awaitLoaded(Path log, Pace pace) throws NotPossible, Missing, IOException {
    while (true) {
      try (Jedis jedis = connect(TIMEOUT_MILLIS)) {
        Map<String, String> info = info(jedis);
        if ("0".equals(info.get("loading"))) {
          return;
        }
        pace.say(() -> "loads it: " + info.getOrDefault("loading_loaded_perc", "0") + " %");
      } catch (JedisException e) {
        // It does not listen yet, or is in the middle of a large value.
      }
      try {
        if (process.waitFor(LOOK_MILLIS, TimeUnit.MILLISECONDS)) {
          throw new NotPossible("Redis cannot load it: " + why(log(log)));
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new Missing("interrupted");
      }
    }
  }

  private static String log(Path log) throws IOException {
    return Files.readString(log, StandardCharsets.ISO_8859_1);
  }

  /** The last line that is a warning, without process number and time. */
  private static String why(String log) {
    return log.lines()
        .filter(line -> line.contains(" # "))
        .reduce((before, line) -> line)
        .map(line -> line.substring(line.indexOf(" # ") + 3))
        .orElse("it ended without a reason");
  }

  /** A connection for long questions. */
  Jedis connect() {
    return connect(PATIENCE_MILLIS);
  }

  private Jedis connect(int timeoutMillis) {
    return new Jedis(endpoint, config.socketTimeoutMillis(timeoutMillis).build());
  }

  private static Map<String, String> info(Jedis jedis) {
    return jedis
        .info()
        .lines()
        .filter(line -> line.contains(":"))
        .collect(
            Collectors.toMap(
                line -> line.substring(0, line.indexOf(':')),
                line -> line.substring(line.indexOf(':') + 1),
                (first, second) -> first));
  }

  /** Number of keys per database; one without keys is left out. */
  static SortedMap<Integer, Long> keys(Jedis jedis) {
    SortedMap<Integer, Long> keys = new TreeMap<>();
    for (String line : jedis.info("keyspace").lines().toList()) {
      Matcher database = DATABASE.matcher(line.strip());
      if (database.matches()) {
        keys.put(Integer.valueOf(database.group(1)), Long.valueOf(database.group(2)));
      }
    }
    return keys;
  }

  /** What {@code DEBUG DIGEST-VALUE} says of keys of the database that is selected. */
  static List<?> digests(Jedis jedis, List<byte[]> keys) {
    byte[][] words = new byte[keys.size() + 1][];
    words[0] = "DIGEST-VALUE".getBytes(StandardCharsets.US_ASCII);
    for (int i = 0; i < keys.size(); i++) {
      words[i + 1] = keys.get(i);
    }
    return (List<?>) jedis.sendCommand(() -> "DEBUG".getBytes(StandardCharsets.US_ASCII), words);
  }

  @Override
  public void close() {
    process.destroyForcibly();
    try {
      process.waitFor();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
