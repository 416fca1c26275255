package stacks;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** The specification's page says the same in both languages. */
class SpecificationTest {
  private static final Pattern CODE = Pattern.compile("`[^`]+`");

  /** The commands, keys and files of each row. */
  private static List<List<String>> rows(String page) throws IOException {
    return Files.readString(Path.of("docs", page))
        .lines()
        .filter(line -> line.startsWith("| "))
        .map(line -> CODE.matcher(line).results().map(MatchResult::group).toList())
        .toList();
  }

  @Test
  void both_pages_have_the_same_sections_with_the_same_commands() throws IOException {
    assertThat(rows("specification.de.md")).isEqualTo(rows("specification.md")).hasSize(23);
  }

  @Test
  void what_it_names_is_there() throws IOException {
    String alerts = "";
    for (String file : List.of("nodes", "redis", "sentinel")) {
      alerts +=
          Files.readString(
              Path.of("src/main/resources/templates/monitoring/alerts", file + ".yml"));
    }
    String keys = Files.readString(Path.of("docs/environments.md"));
    for (String code : rows("specification.md").stream().flatMap(List::stream).toList()) {
      String name = code.replace("`", "");
      if (name.startsWith("./rediform ")) {
        assertThat(Path.of("src/main/launcher/help", name.split(" ")[1] + ".txt")).exists();
      } else if (name.startsWith("environments/")) {
        assertThat(Path.of(name)).exists();
      } else if (name.matches("Redis[A-Z]\\w+")) {
        assertThat(alerts).contains("alert: " + name + "\n");
      } else if (name.matches("(network|master|replicas|redis|metrics)\\.\\w+")) {
        assertThat(keys).contains(code);
      }
    }
  }
}
