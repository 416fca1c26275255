package stacks.review;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.util.Base64;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import stacks.cluster.Cluster;
import stacks.cluster.Node;
import stacks.testing.Environments;

class UserDataTest {
  private static final Cluster CLUSTER = Environments.cluster("production");

  private static UserData of(Cluster cluster, String node) {
    Node one = cluster.node(node).orElseThrow();
    return UserData.of(new stacks.node.UserData(cluster).packed(one)).orElseThrow();
  }

  private static UserData with(String file, String line) {
    return UserData.of(
            EditedPlans.pack("write_files:\n- path: " + file + "\n  content: |\n   " + line))
        .orElseThrow();
  }

  @Test
  void what_rediform_gives_a_machine_is_understood_and_holds_no_secret() {
    for (Node node : CLUSTER.nodes()) {
      assertThat(of(CLUSTER, node.name()).holdsSecret()).as(node.name()).isFalse();
    }
  }

  @Test
  void a_changed_directive_is_named() {
    Cluster other =
        Environments.cluster(
            "production",
            Environments.text("production")
                .replace("maxmemory: 6gb", "maxmemory: 5gb")
                .replace("appendonly: yes", "appendonly: yes\n    databases: 20"));
    assertThat(of(CLUSTER, "redis-1").changesTo(of(other, "redis-1")))
        .as("maxmemory is live, and no part of it")
        .containsExactly("databases");
    assertThat(of(CLUSTER, "redis-1").changesTo(of(CLUSTER, "redis-1"))).isEmpty();
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
    assertThat(with("/etc/rediform/redis.conf", line).holdsSecret()).isTrue();
  }

  @ParameterizedTest
  @ValueSource(strings = {"user app on {app} +@all", "# requirepass is not ours to set", "hz 20"})
  void what_only_speaks_of_passwords_is_no_secret(String line) {
    assertThat(with("/etc/rediform/redis.conf", line).holdsSecret()).isFalse();
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "%%%", "bm8gZ3ppcA=="})
  void what_is_no_user_data_of_ours_is_not_read(String text) {
    assertThat(UserData.of(text)).isEmpty();
  }

  @Test
  void a_bomb_is_not_unpacked() throws Exception {
    ByteArrayOutputStream packed = new ByteArrayOutputStream();
    try (GZIPOutputStream gzip = new GZIPOutputStream(packed)) {
      byte[] newlines = "\n".repeat(1 << 20).getBytes();
      for (int i = 0; i < 64; i++) {
        gzip.write(newlines);
      }
    }
    UserData data =
        UserData.of(Base64.getEncoder().encodeToString(packed.toByteArray())).orElseThrow();
    assertThat(data.files().get("")).hasSize(1 << 20);
    assertThat(data.holdsSecret()).isFalse();
  }
}
