package stacks.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;
import picocli.CommandLine.Help.Ansi;
import stacks.testing.Golden;

/** The help texts that the launcher shows before anything is built are those of the program. */
class HelpTest {
  private static final Path HELP = Path.of("src/main/launcher/help");

  @Test
  void the_launchers_help_is_the_programs() throws IOException {
    CommandLine all = Cli.commandLine();
    Map<String, String> texts = new TreeMap<>(Map.of("rediform", all.getUsageMessage(Ansi.OFF)));
    all.getSubcommands().forEach((verb, line) -> texts.put(verb, line.getUsageMessage(Ansi.OFF)));
    for (Map.Entry<String, String> text : texts.entrySet()) {
      Golden.hold(HELP.resolve(text.getKey() + ".txt"), text.getValue());
    }
    Golden.hold(Path.of("docs/verbs.md"), page(texts));
    try (Stream<Path> files = Files.list(HELP)) {
      assertThat(files.map(file -> file.getFileName().toString().replace(".txt", "")))
          .containsExactlyInAnyOrderElementsOf(
              texts.keySet().stream().collect(Collectors.toList()));
    }
  }

  private static String page(Map<String, String> texts) {
    StringBuilder page =
        new StringBuilder(
            "# Verbs\n\nWhat `./rediform VERB --help` says. Made from the program.\n");
    texts.forEach(
        (verb, text) ->
            page.append(
                "\n## %s\n\n```\n%s```\n"
                    .formatted(
                        verb,
                        text.lines()
                            .map(String::stripTrailing)
                            .collect(Collectors.joining("\n", "", "\n")))));
    return page.toString();
  }
}
