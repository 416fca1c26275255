package stacks.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import stacks.testing.Run;

/** The page of a status, in a real browser. Its pictures stay in {@code target/status-page}. */
class StatusPageIT {
  private static final Path TOOLS = Path.of("src/test/npm");

  static Stream<StatusStates.Case> cases() {
    return StatusStates.cases();
  }

  @ParameterizedTest
  @MethodSource("cases")
  void page_is_for_everybody_and_needs_nothing_else(StatusStates.Case each) throws Exception {
    assumeTrue(
        Files.exists(TOOLS.resolve("node_modules")) && Run.isPossible("chromium", "--version"),
        "a browser is missing; to get it: sudo apt-get install chromium, and npm ci --prefix"
            + " src/test/npm --ignore-scripts");
    Path folder = Files.createDirectories(Path.of("target/status-page", each.name()));
    Path page = Files.writeString(folder.resolve("page.html"), StatusPage.of(each.report()));
    assertThat(Files.readString(page))
        .contains("<svg ", each.report().outlook().sentence().split(":")[0])
        .contains(each.report().status().isWhole() ? ": whole</title>" : ": not whole</title>");
    Run look =
        Run.of(
                TOOLS,
                Map.of(),
                "node",
                "look.mjs",
                page.toAbsolutePath().toString(),
                folder.toAbsolutePath().toString())
            .succeeded();
    JsonNode seen = new ObjectMapper().readTree(look.out());
    assertThat(seen).hasSize(4);
    seen.properties()
        .forEach(
            device -> {
              JsonNode what = device.getValue();
              assertThat(what.path("violations")).as(device.getKey()).isEmpty();
              assertThat(what.path("asked")).as(device.getKey()).isEmpty();
              assertThat(what.path("said")).as(device.getKey()).isEmpty();
              assertThat(what.path("overflow").asInt()).as(device.getKey()).isLessThanOrEqualTo(0);
              assertThat(what.path("opened").asBoolean()).as(device.getKey()).isTrue();
            });
  }
}
