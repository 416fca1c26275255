package stacks.review;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class MachineFilesTest {
  private static MachineFiles with(String path, String text) {
    return new MachineFiles(Map.of(path, text));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "requirepass hunter2",
        "masterauth hunter2",
        "sentinel auth-pass mymaster hunter2",
        "user app on >hunter2 +@all",
        "user app on #2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae +@all",
        "-----BEGIN RSA PRIVATE KEY-----",
        "key = AKIAIOSFODNN7EXAMPLE"
      })
  void passwords_and_keys_are_seen(String line) {
    assertThat(with("/etc/rediform/redis.conf", "hz 20\n" + line + "\n").holdSecret()).isTrue();
  }

  @ParameterizedTest
  @ValueSource(strings = {"user app on {app} +@all", "# requirepass is not ours to set", "hz 20"})
  void what_only_speaks_of_passwords_is_no_secret(String line) {
    assertThat(with("/etc/rediform/redis.conf", line).holdSecret()).isFalse();
  }

  @ParameterizedTest
  @CsvSource({
    "/usr/local/sbin/rediform-node, rediform's own programs",
    "/etc/systemd/system/rediform-look.service, rediform's own programs",
    "/etc/rediform/bootstrap.json, where its document is",
    "/etc/motd, motd"
  })
  void files_are_called_what_a_person_knows_them_by(String path, String words) {
    assertThat(with(path, "a").changesTo(with(path, "b"))).containsExactly(words);
    assertThat(with(path, "a").changesTo(new MachineFiles(Map.of()))).containsExactly(words);
  }

  @Test
  void the_same_is_no_change() {
    assertThat(
            with("/etc/rediform/redis.conf", "hz 20")
                .changesTo(with("/etc/rediform/redis.conf", "hz 20")))
        .isEmpty();
  }
}
