package stacks.operate.backup;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import redis.clients.jedis.DefaultJedisClientConfig;
import redis.clients.jedis.HostAndPort;
import redis.clients.jedis.Jedis;
import stacks.testing.Eventually;
import stacks.testing.Project;
import stacks.testing.Run;

/** The verb and the agents of a real local cluster. */
class BackupLocalIT {
  private static final int KEYS = 1234;

  @Test
  void a_backup_of_a_local_cluster_is_taken_listed_proven_and_outlives_it() throws Exception {
    int port = Project.freePorts(12);
    try (Project project = Project.create()) {
      project.environment("local", Project.smallLocal(port));
      project.rediform("deploy", "local").succeeded();
      fill(project, port);
      Eventually.within(
          Duration.ofSeconds(60), () -> project.rediform("status", "local").succeeded());

      Run now = project.rediform("backup", "local", "now").succeeded();
      assertThat(now.out())
          .matches(
              "[0-9]{8}T[0-9]{6}Z-redis-[23]: "
                  + KEYS
                  + " keys, .* [KM]?B, on .rediform/backups/local\n");
      assertThat(now.err()).contains("takes a backup");
      String id = now.out().substring(0, now.out().indexOf(':'));

      assertThat(project.rediform("backup", "local", "list").succeeded().out())
          .contains(id, " no\n", "on .rediform/backups/local");
      assertThat(project.rediform("backup", "local", "verify", id).succeeded().out())
          .startsWith(id + " can be restored: Redis ")
          .contains("loaded its " + KEYS + " keys");
      JsonNode proven =
          new ObjectMapper()
                  .readTree(project.rediform("backup", "local", "list", "--json").succeeded().out())
                  .path("backups")
                  .findParents("proof")
                  .stream()
                  .filter(each -> each.path("id").asText().equals(id))
                  .findFirst()
                  .orElseThrow();
      assertThat(proven.at("/proof/keys/0").asInt()).isEqualTo(KEYS);
      assertThat(project.rediform("status", "local").succeeded().out())
          .containsPattern("backups: last [0-9TZ]+-redis-[123], ");

      for (ProcessHandle process : project.processes()) {
        process.destroyForcibly();
      }
      Run refused = project.rediform("destroy", "local").ended(1);
      assertThat(refused.err())
          .contains("no last backup of local can be taken", "Nothing was destroyed")
          .contains("./rediform destroy local --no-last-backup");
      project.rediform("destroy", "local", "--no-last-backup").succeeded();
      Path store = project.folder().resolve(".rediform/backups/local");
      assertThat(Files.exists(store.resolve(id + ".json"))).isTrue();
      assertThat(Files.exists(store.resolve(id + ".proof.json"))).isTrue();
    }
  }

  private static void fill(Project project, int port) throws Exception {
    String password =
        Files.readString(project.folder().resolve(".rediform/local/password")).strip();
    DefaultJedisClientConfig config =
        DefaultJedisClientConfig.builder().user("app").password(password).build();
    try (Jedis jedis = new Jedis(new HostAndPort("127.0.0.1", port), config)) {
      for (int i = 0; i < KEYS; i++) {
        jedis.set("key:" + i, "value");
      }
    }
  }
}
