package stacks.redis;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import redis.clients.jedis.Jedis;
import redis.clients.jedis.exceptions.JedisDataException;
import stacks.testing.RedisServer;

/** The list of directives against servers of both Debian releases. */
public class DirectivesIT {
  /** Names that look as if they held a secret, and hold none. */
  public static final Set<String> HARMLESS =
      Set.of(
          "hide-user-data-from-log",
          "lazyfree-lazy-user-del",
          "lazyfree-lazy-user-flush",
          "notify-keyspace-events",
          "tracking-table-max-keys");

  @TempDir private Path folder;

  @ParameterizedTest
  @ValueSource(strings = {"bookworm", "trixie"})
  void directives_are_live_when_redis_takes_them_while_it_runs(String suite) throws Exception {
    try (RedisServer server = server(suite);
        Jedis redis = server.connect()) {
      List<String> wrong = new ArrayList<>();
      Map<String, String> all = redis.configGet("*");
      all.forEach(
          (name, value) -> {
            if (Directives.REDIS.names().contains(name)
                && takes(redis, name, value) != Directives.REDIS.isLive(name)) {
              wrong.add(name);
            }
          });
      assertThat(wrong).isEmpty();
      assertThat(all.keySet().stream().filter(Directives.REDIS.names()::contains))
          .hasSizeGreaterThan(150);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"bookworm", "trixie"})
  void no_directive_of_a_real_server_smuggles_a_secret_into_the_file(String suite)
      throws Exception {
    try (RedisServer server = server(suite);
        Jedis redis = server.connect()) {
      assertThat(
              redis.configGet("*").keySet().stream()
                  .filter(name -> name.matches(".*(pass|auth|key|secret|token|user).*"))
                  .filter(name -> Directives.REDIS.refusal(name).isEmpty()))
          .isSubsetOf(HARMLESS);
    }
  }

  private RedisServer server(String suite) throws Exception {
    return RedisServer.start(
        RedisServer.of(suite), Files.writeString(folder.resolve("redis.conf"), "save \"\"\n"));
  }

  private static boolean takes(Jedis redis, String name, String value) {
    try {
      redis.configSet(name, value);
      return true;
    } catch (JedisDataException e) {
      assertThat(e).hasMessageMatching(".*can't set (immutable|protected) config.*");
      return false;
    }
  }
}
