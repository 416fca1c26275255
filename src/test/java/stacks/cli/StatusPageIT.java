package stacks.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import stacks.testing.Browser;

/** The page of a status, in a real browser. Its pictures stay in {@code target/status-page}. */
class StatusPageIT {
  static Stream<StatusStates.Case> cases() {
    return StatusStates.cases();
  }

  @ParameterizedTest
  @MethodSource("cases")
  void page_is_for_everybody_and_needs_nothing_else(StatusStates.Case each) throws Exception {
    Browser.assumePossible();
    Path folder = Files.createDirectories(Path.of("target/status-page", each.name()));
    Path page = Files.writeString(folder.resolve("page.html"), StatusPage.of(each.report()));
    assertThat(Files.readString(page))
        .contains("<svg ", each.report().outlook().sentence().split(":")[0])
        .contains(each.report().status().isWhole() ? ": whole</title>" : ": not whole</title>");
    Browser.assertForEverybody(page);
  }
}
