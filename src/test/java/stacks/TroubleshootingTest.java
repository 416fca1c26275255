package stacks;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What the page of symptoms quotes is what is printed. */
class TroubleshootingTest {
  private static final Path PAGE = Path.of("docs/troubleshooting.md");

  /** Words of Redis's own, and of those that print them. */
  private static final List<String> OTHERS =
      List.of("READONLY", "NOREPLICAS", "WRONGPASS", "NOAUTH", "NOPERM", "OOM command not allowed");

  private static final Pattern CODE = Pattern.compile("`([^`]+)`");

  @Test
  void every_quoted_word_is_one_that_we_print() throws IOException {
    String printed = sources();
    for (String quote : quotes()) {
      for (String part : quote.split("…")) {
        assertThat(printed).as(quote).contains(part.strip());
      }
    }
  }

  private static List<String> quotes() throws IOException {
    List<String> quotes = new ArrayList<>();
    for (String line : Files.readAllLines(PAGE)) {
      if (line.startsWith("| `")) {
        CODE.matcher(line.substring(0, line.indexOf(" | ")))
            .results()
            .map((MatchResult quote) -> quote.group(1))
            .filter(quote -> !OTHERS.contains(quote))
            .forEach(quotes::add);
      }
    }
    assertThat(quotes).hasSizeGreaterThan(15);
    return quotes;
  }

  /** Programs with what a long text in Java is made of joined, and without what is put in. */
  private static String sources() throws IOException {
    try (Stream<Path> files = Files.walk(Path.of("src/main"))) {
      return files
          .filter(file -> file.toString().matches(".*\\.(java|py|sh)|.*rediform-local"))
          .map(TroubleshootingTest::text)
          .map(text -> text.replaceAll("\"\\s*\\+ \"", ""))
          .collect(Collectors.joining("\n"));
    }
  }

  private static String text(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }
}
