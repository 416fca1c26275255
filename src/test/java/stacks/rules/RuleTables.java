package stacks.rules;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;

/** Holds the tables of rules in {@code docs/environments.md} to the rules there are. */
public final class RuleTables {
  private static final Path PAGE = Path.of("docs/environments.md");

  private RuleTables() {}

  /**
   * Every rule has one row with its id, its severity, what trips it and what to do.
   *
   * @throws IOException when the page cannot be read
   */
  public static void assertExplained(List<Rule> rules) throws IOException {
    String page = Files.readString(PAGE);
    for (Rule rule : rules) {
      String row =
          "^\\| `%s` \\| %s \\| [A-Z`][^|]{10,} \\| [A-Z`][^|]{8,} \\|$"
              .formatted(rule.id(), rule.severity());
      assertThat(Pattern.compile(row, Pattern.MULTILINE).matcher(page).results().count())
          .as("rows of %s (%s) in %s", rule.id(), rule.severity(), PAGE)
          .isOne();
    }
  }
}
