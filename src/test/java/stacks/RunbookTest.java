package stacks;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import stacks.testing.Runbook;
import stacks.testing.Runbook.Section;

/** The runbook says the same in both languages, and has what our messages send a person to. */
class RunbookTest {
  private static Runbook english() throws IOException {
    return Runbook.of(Path.of("docs/runbook.md"));
  }

  @Test
  void both_pages_have_the_same_cases_with_the_same_commands_and_quotations() throws IOException {
    List<Section> english = english().sections();
    List<Section> german = Runbook.of(Path.of("docs/runbook.de.md")).sections();
    assertThat(german).hasSameSizeAs(english);
    for (int i = 0; i < english.size(); i++) {
      Section one = english.get(i);
      Section other = german.get(i);
      assertThat(other.blocks()).as(one.title()).isEqualTo(one.blocks());
      assertThat(other.quotes()).as(one.title()).isEqualTo(one.quotes());
    }
    assertThat(english.stream().flatMap(section -> section.blocks().stream()))
        .hasSizeGreaterThan(20);
  }

  @Test
  void a_quotation_is_found_with_other_numbers_and_with_what_it_leaves_out() {
    assertThat("redis-3 is not fit: no link to its master 127.0.0.1:7001")
        .containsPattern(Runbook.seen("redis-2 is not fit: … master 10.60.0.10:6379"));
    assertThat("redis-3 has refused the document aaaaaaaaaaaa: check of document …")
        .containsPattern(Runbook.seen("redis-3 has refused the document 3f2a9c41d0b7: …"));
    assertThat("local is not whole").doesNotContainPattern(Runbook.seen("production is whole"));
  }

  /** Messages and other pages name these. */
  @ParameterizedTest
  @ValueSource(
      strings = {"The passwords are gone", "The state is gone", "A node refuses its document"})
  void a_case_that_others_name_is_there(String title) throws IOException {
    assertThat(english().section(title).quotes()).isNotEmpty();
  }
}
