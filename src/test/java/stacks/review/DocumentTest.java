package stacks.review;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import stacks.cluster.Cluster;
import stacks.node.Documents;
import stacks.node.Layout;
import stacks.platform.Effect;
import stacks.testing.Environments;

class DocumentTest {
  private static final Cluster CLUSTER = Environments.cluster("production");

  private static Document of(Cluster cluster, String node) {
    return Document.of(Documents.of(cluster, Layout.MACHINE).get(node).text()).orElseThrow();
  }

  private static Document with(Consumer<ObjectNode> edit) {
    ObjectNode contents = PlanJson.contents();
    edit.accept(contents);
    return Document.of(contents.toString()).orElseThrow();
  }

  private static final Document PLAIN = with(contents -> {});

  @Test
  void what_rediform_gives_a_machine_is_understood_and_holds_no_secret() {
    Documents.of(CLUSTER, Layout.MACHINE)
        .forEach(
            (node, document) -> {
              Document read = Document.of(document.text()).orElseThrow();
              assertThat(read.agent()).contains(document.agent());
              assertThat(read.startup().orElseThrow().path("directives").path("port").asText())
                  .isEqualTo(String.valueOf(document.port()));
              assertThat(read.live()).contains(Map.copyOf(document.live()));
              assertThat(read.allow().orElseThrow()).hasSize(document.allow().size());
              assertThat(Document.holdsSecret(document.text())).as(node).isFalse();
            });
  }

  @Test
  void a_changed_file_of_the_environment_is_told_by_its_directives() {
    Cluster other =
        Environments.cluster(
            "production",
            Environments.text("production")
                .replace("appendonly: yes", "appendonly: yes\n    databases: 20"));
    Document before = of(CLUSTER, "redis-1");
    Document after = of(other, "redis-1");
    assertThat(before.changesTo(after)).containsExactly("databases");
    assertThat(before.effectOf(after)).isEqualTo(Effect.SERVER_RESTART);
    assertThat(before.changesTo(before)).isEmpty();
  }

  @Test
  void a_live_setting_restarts_nothing() {
    Cluster other =
        Environments.cluster(
            "production",
            Environments.text("production").replace("maxmemory: 6gb", "maxmemory: 5gb"));
    Document before = of(CLUSTER, "redis-1");
    Document after = of(other, "redis-1");
    assertThat(before.effectOf(after)).isEqualTo(Effect.LIVE_SETTING);
    assertThat(before.changesTo(after)).containsExactly("the room for an undo's history");
  }

  @Test
  void another_agent_is_a_new_release() {
    Document next = with(contents -> contents.put("agent", "b"));
    assertThat(PLAIN.changesTo(next)).containsExactly(Document.NEW_RELEASE);
    assertThat(PLAIN.effectOf(next)).isEqualTo(Effect.LIVE_SETTING);
  }

  @ParameterizedTest
  @ValueSource(strings = {"startup", "live", "allow"})
  void what_only_one_release_has_is_a_new_release(String name) {
    Document other = with(contents -> contents.put("agent", "b").remove(name));
    assertThat(PLAIN.changesTo(other)).containsExactly(Document.NEW_RELEASE);
    assertThat(other.changesTo(PLAIN)).containsExactly(Document.NEW_RELEASE);
    Effect effect = name.equals("startup") ? Effect.SERVER_RESTART : Effect.LIVE_SETTING;
    assertThat(PLAIN.effectOf(other)).isEqualTo(effect);
    assertThat(other.effectOf(PLAIN)).isEqualTo(effect);
  }

  @Test
  void what_is_no_setting_of_the_server_is_told_in_words() {
    String text = Environments.text("production");
    Cluster other =
        Environments.cluster("production", text.replace("clients:", "clients: [10.77.0.0/16] #"));
    assertThat(other.environment().network().clients())
        .as("the file's own networks are on lines of their own")
        .isNotEqualTo(CLUSTER.environment().network().clients());
    Document before = of(CLUSTER, "sentinel-1");
    assertThat(before.changesTo(of(other, "sentinel-1"))).containsExactly("firewall");
    assertThat(before.effectOf(of(other, "sentinel-1"))).isEqualTo(Effect.LIVE_SETTING);
  }

  @Test
  void exporters_are_told_in_words_and_restart_nothing() {
    String text = Environments.text("production");
    String metrics = "metrics: {networks: [10.62.0.0/24]}\n";
    Cluster on = Environments.cluster("production", metrics + text);
    Cluster later =
        Environments.cluster("production", metrics + "backup: {verifyEvery: 1d}\n" + text);
    for (String node : List.of("redis-2", "sentinel-1")) {
      Document before = of(CLUSTER, node);
      Document after = of(on, node);
      assertThat(before.changesTo(after)).containsExactly("firewall", "whether it has exporters");
      assertThat(after.changesTo(before)).containsExactly("firewall", "whether it has exporters");
      assertThat(before.effectOf(after)).isEqualTo(Effect.LIVE_SETTING);
      assertThat(after.effectOf(before)).isEqualTo(Effect.LIVE_SETTING);
    }
    assertThat(of(on, "redis-2").changesTo(of(later, "redis-2")))
        .containsExactly("how old a proof of a restore may be");
    assertThat(of(on, "sentinel-1").changesTo(of(later, "sentinel-1"))).isEmpty();
  }

  @Test
  void a_capability_that_is_off_is_no_change_from_a_release_that_does_not_have_it() {
    Document older = with(contents -> contents.put("agent", "b").remove("metrics"));
    Document now = with(contents -> contents.putNull("metrics"));
    assertThat(older.changesTo(now)).containsExactly(Document.NEW_RELEASE);
    assertThat(now.changesTo(older)).containsExactly(Document.NEW_RELEASE);
  }

  @Test
  void a_release_may_say_what_this_one_does_not_know() {
    Document next = with(contents -> contents.put("agent", "b").putObject("diary").put("at", 1));
    assertThat(PLAIN.effectOf(next)).isEqualTo(Effect.LIVE_SETTING);
    Document edited = with(contents -> contents.put("address", "10.9.9.9"));
    assertThat(PLAIN.effectOf(edited))
        .as("the same agent has the same words")
        .isEqualTo(Effect.NOT_UNDERSTOOD);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "null",
        "[]",
        "{",
        "{} {}",
        "{\"agent\": 1}",
        "{\"agent\": \"a\", \"agent\": \"b\"}",
        "{\"startup\": null}",
        "{\"live\": []}",
        "{\"live\": {\"maxmemory\": {}}}",
        "{\"startup\": \"a\"}",
        "{\"allow\": {}}"
      })
  void what_is_no_document_is_not_read(String content) {
    assertThat(Document.of(content)).isEmpty();
  }

  @Test
  void a_secret_is_seen_wherever_it_stands() {
    ObjectNode directive = PlanJson.contents();
    directive.withObject("/startup/directives").put("requirepass", "hunter2");
    ObjectNode user = PlanJson.contents();
    user.withObject("/startup/users").put("app", "on >hunter2 +@all");
    assertThat(Document.holdsSecret(directive.toString())).isTrue();
    assertThat(Document.holdsSecret(user.toString())).isTrue();
    String inLive =
        PlanJson.contents().set("live", PlanJson.read("{\"masterauth\": \"hunter2\"}")).toString();
    assertThat(Document.holdsSecret(inLive)).isTrue();
    assertThat(Document.holdsSecret("no document, but AKIAIOSFODNN7EXAMPLE")).isTrue();
    assertThat(Document.holdsSecret(PlanJson.contents().toString())).isFalse();
  }
}
