package stacks.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import redis.clients.jedis.Jedis;
import redis.clients.jedis.exceptions.JedisDataException;
import stacks.testing.Eventually;
import stacks.testing.Project;

/** The list of directives against a Redis that can be asked. */
class DirectivesIT {
  @TempDir private Path folder;

  @Test
  void directives_are_live_when_redis_takes_them_while_it_runs() throws Exception {
    int port = Project.freePorts(1);
    // Debian's redis-tools has the server under another name, which decides by the name it is
    // called.
    Process server =
        new ProcessBuilder(
                "bash",
                "-c",
                "exec -a redis-server \"$(command -v redis-server || command -v redis-check-rdb)\""
                    + " --port "
                    + port
                    + " --dir "
                    + folder
                    + " --save ''")
            .redirectErrorStream(true)
            .redirectOutput(folder.resolve("log").toFile())
            .start();
    try (Jedis redis = new Jedis("127.0.0.1", port)) {
      Eventually.within(Duration.ofSeconds(10), () -> assertThat(redis.ping()).isEqualTo("PONG"));
      List<String> wrong = new ArrayList<>();
      Map<String, String> all = redis.configGet("*");
      all.forEach(
          (name, value) -> {
            if (Directives.REDIS.contains(name)
                && takes(redis, name, value) != Directives.isLive(name)) {
              wrong.add(name);
            }
          });
      assertThat(wrong).isEmpty();
      assertThat(all.keySet().stream().filter(Directives.REDIS::contains)).hasSizeGreaterThan(150);
    } finally {
      server.destroyForcibly().waitFor();
    }
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
