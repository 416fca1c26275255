package stacks.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/** A real browser, which looks at a page as four kinds of people do. */
public final class Browser {
  private static final Path TOOLS = Path.of("src/test/npm");

  private Browser() {}

  /** Says how to get it where it is missing. */
  public static void assumePossible() throws IOException, InterruptedException {
    assumeTrue(
        Files.exists(TOOLS.resolve("node_modules")) && Run.isPossible("chromium", "--version"),
        "a browser is missing; to get it: sudo apt-get install chromium, and npm ci --prefix"
            + " src/test/npm --ignore-scripts");
  }

  /**
   * The page is for everybody (axe finds nothing), fits, asks no network for anything, says no
   * error, and its folded parts open by the keyboard. Pictures of it are left beside it.
   */
  public static void assertForEverybody(Path page) throws IOException, InterruptedException {
    Run look =
        Run.of(
                TOOLS,
                Map.of(),
                "node",
                "look.mjs",
                page.toAbsolutePath().toString(),
                page.toAbsolutePath().getParent().toString())
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
