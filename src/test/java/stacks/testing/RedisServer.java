package stacks.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import redis.clients.jedis.DefaultJedisClientConfig;
import redis.clients.jedis.HostAndPort;
import redis.clients.jedis.Jedis;

/** One real Redis or Sentinel of a Debian release, on a free port, in a folder of its own. */
public final class RedisServer implements AutoCloseable {
  private static final Path CACHE = Path.of("target", "redis").toAbsolutePath();

  private final Process process;
  private final int port;
  private final Path log;

  private RedisServer(Process process, int port, Path log) {
    this.process = process;
    this.port = port;
    this.log = log;
  }

  /**
   * The server program of a Debian release; the test is skipped where its packages cannot be had.
   *
   * @param suite such as {@code trixie}
   */
  public static Path of(String suite) throws IOException, InterruptedException {
    Path folder = CACHE.resolve(suite);
    if (!Files.exists(folder)) {
      Run run =
          Run.of(
              Path.of("."),
              Map.of(),
              "bash",
              "src/test/lab/debian-redis.sh",
              suite,
              folder.toString());
      assumeThat(run.exitCode())
          .as("Debian's redis-tools of %s cannot be had here: %s", suite, run.all())
          .isZero();
    }
    return folder.resolve("redis-server");
  }

  /** Starts a server with a configuration file, beside which it keeps what it writes. */
  public static RedisServer start(Path program, Path config, String... options) throws IOException {
    int port = Project.freePorts(1);
    Path folder = config.toAbsolutePath().getParent();
    Path log = folder.resolve("log");
    List<String> command = new ArrayList<>(List.of(program.toString(), config.toString()));
    command.addAll(List.of("--port", String.valueOf(port), "--dir", folder.toString()));
    command.addAll(List.of(options));
    Process process =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile()).start();
    RedisServer server = new RedisServer(process, port, log);
    Eventually.within(
        Duration.ofSeconds(20),
        () -> {
          assertThat(Files.readString(log)).contains(String.valueOf(port));
          new java.net.Socket("127.0.0.1", port).close();
        });
    return server;
  }

  /** A connection of a user. */
  public Jedis connect(String user, String password) {
    return new Jedis(
        new HostAndPort("127.0.0.1", port),
        DefaultJedisClientConfig.builder().user(user).password(password).build());
  }

  /** A connection that sends no password. */
  public Jedis connect() {
    return new Jedis("127.0.0.1", port);
  }

  /** What the server wrote. */
  public String log() throws IOException {
    return Files.readString(log);
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
