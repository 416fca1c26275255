package stacks.environment;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import stacks.testing.Golden;

class EnvironmentsPageTest {
  private static final Path PAGE = Path.of("docs/environments.md");

  @Test
  void tables_of_keys_are_what_the_records_say() throws IOException {
    Golden.hold(PAGE, KeyTables.renew(Files.readString(PAGE)));
  }

  @Test
  void every_key_is_in_a_table() throws IOException {
    String page = Files.readString(PAGE);
    assertThat(KeyTables.rows())
        .isNotEmpty()
        .allSatisfy(row -> assertThat(page).contains("\n| `" + row.path() + "` | "));
  }
}
