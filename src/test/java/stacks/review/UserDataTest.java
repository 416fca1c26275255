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
      assertThat(of(CLUSTER, node.name()).files().holdSecret()).as(node.name()).isFalse();
    }
  }

  @Test
  void another_bootstrap_is_a_program_of_ours() {
    UserData other = with("/usr/local/sbin/rediform-bootstrap", "#!/usr/bin/python3");
    assertThat(with("/usr/local/sbin/rediform-bootstrap", "").changesTo(other))
        .containsExactly("rediform's own programs");
    assertThat(of(CLUSTER, "redis-1").changesTo(of(CLUSTER, "redis-2")))
        .containsExactly("cloud-init", "where its document is");
  }

  @Test
  void a_machine_of_before_there_were_documents_gets_a_new_release() {
    UserData old = with("/etc/rediform/redis.conf", "databases 16");
    assertThat(old.changesTo(of(CLUSTER, "redis-1"))).containsExactly("new release of rediform");
  }

  @Test
  void a_password_in_it_is_seen() {
    UserData data = with("/etc/rediform/redis.conf", "requirepass hunter2");
    assertThat(data.files().holdSecret()).isTrue();
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
    assertThat(data.files().texts().get("")).hasSize(1 << 20);
    assertThat(data.files().holdSecret()).isFalse();
  }
}
