package stacks.operate.backup;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The programs that a restore needs on this machine.
 *
 * @param server redis-server
 * @param check redis-check-rdb
 * @param version of the server
 * @param zstd the decompressor
 * @param age decrypts; empty where it is not needed
 */
record Programs(Path server, Path check, RedisVersion version, Path zstd, Optional<Path> age) {
  private static final Pattern VERSION = Pattern.compile("v=([0-9]+)\\.([0-9]+)\\.([0-9]+)");

  /** A version of Redis. */
  record RedisVersion(int major, int minor, int patch) {
    /** The newest RDB format that it reads; of a Redis that is newer than this table, no limit. */
    int newestRdb() {
      if (major > 8 || major == 8 && minor > 0) {
        return Integer.MAX_VALUE;
      }
      return major == 8 || major == 7 && minor >= 4 ? 12 : major == 7 && minor >= 2 ? 11 : 10;
    }

    /** The oldest Redis that reads a format. */
    static String reading(int rdb) {
      return rdb <= 10 ? "7.0" : rdb == 11 ? "7.2" : rdb == 12 ? "7.4" : "a newer release than 8.0";
    }

    @Override
    public String toString() {
      return major + "." + minor + "." + patch;
    }
  }

  /**
   * Looks for them in {@code PATH}.
   *
   * @param folder for links: Debian's redis-tools has the server under another name
   * @throws Missing naming the first that is not there, and how to get it
   */
  static Programs find(Path folder, boolean encrypted) throws Missing, IOException {
    Path zstd = find("zstd").orElseThrow(() -> missing("zstd", "zstd"));
    Optional<Path> age = Optional.empty();
    if (encrypted) {
      age = Optional.of(find("age").orElseThrow(() -> missing("age", "age")));
    }
    Path server = redis("redis-server", "redis-check-rdb", folder);
    Path check = redis("redis-check-rdb", "redis-server", folder);
    return new Programs(server, check, version(server), zstd, age);
  }

  /**
   * What a replay of an AOF needs.
   *
   * @param server redis-server
   * @param check redis-check-aof
   * @param version of the server
   */
  record Replay(Path server, Path check, RedisVersion version) {
    /** As {@link Programs#find}. */
    static Replay find(Path folder) throws Missing, IOException {
      Path server = redis("redis-server", "redis-check-aof", folder);
      return new Replay(
          server, redis("redis-check-aof", "redis-server", folder), Programs.version(server));
    }
  }

  /** One program does both, by the name that it is called with. */
  private static Path redis(String name, String twin, Path folder) throws Missing, IOException {
    Optional<Path> found = find(name);
    if (found.isPresent()) {
      return found.get();
    }
    Path other = find(twin).orElseThrow(() -> missing("redis-server", "redis-tools"));
    return Files.createSymbolicLink(folder.resolve(name), other.toRealPath());
  }

  private static Optional<Path> find(String name) {
    return Stream.of(System.getenv().getOrDefault("PATH", "").split(File.pathSeparator))
        .filter(folder -> !folder.isEmpty())
        .map(folder -> Path.of(folder, name).toAbsolutePath())
        .filter(Files::isExecutable)
        .findFirst();
  }

  private static Missing missing(String name, String debianPackage) {
    return new Missing(
        "%s is missing on this machine, and a restore needs it; to get it on Debian and Ubuntu: sudo apt-get install %s; on macOS: brew install %s"
            .formatted(name, debianPackage, name.startsWith("redis") ? "redis" : name));
  }

  private static RedisVersion version(Path server) throws Missing, IOException {
    Process process =
        new ProcessBuilder(server.toString(), "--version").redirectErrorStream(true).start();
    process.getOutputStream().close();
    String said;
    try {
      said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
      process.waitFor(10, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new Missing("interrupted");
    }
    Matcher version = VERSION.matcher(said);
    if (!version.find()) {
      throw new Missing(
          "%s does not say which version of Redis it is: %s. A restore needs Redis 7.0 or newer"
              .formatted(server, said.isEmpty() ? "it printed nothing" : said));
    }
    RedisVersion found =
        new RedisVersion(
            Integer.parseInt(version.group(1)),
            Integer.parseInt(version.group(2)),
            Integer.parseInt(version.group(3)));
    if (found.major() < 7) {
      throw new Missing(
          "%s is Redis %s; a restore needs 7.0 or newer on this machine".formatted(server, found));
    }
    return found;
  }
}
