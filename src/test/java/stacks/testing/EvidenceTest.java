package stacks.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class EvidenceTest {
  private static final String HEAD =
      "| what | rounds | took | no writes for | no reads for | lost | away | measured |\n"
          + "|---|---|---|---|---|---|---|---|\n";
  private static final String PAGE =
      "Before.\n\n<!-- measured: other -->\n| x | 1 |\n<!-- end -->\n\n"
          + "<!-- measured: faults -->\nLast run: once.\n\n"
          + HEAD
          + "| crash | 3 | - | 6 s | - | 0 | 1, 0 | then |\n"
          + "| reboot | 1 | - | 1 s | - | 0 | 1, 0 | then |\n"
          + "<!-- end -->\n\nAfter.\n";

  @Test
  void a_run_replaces_the_rows_that_it_measured_and_no_others() {
    Map<String, List<String>> measured = new LinkedHashMap<>();
    measured.put("crash", List.of("1", "-", "7 s", "-", "0", "1, 0", "now"));
    measured.put("torn disk", List.of("1", "-", "8 s", "-", "0", "1, 0", "now"));
    assertThat(Evidence.merge(PAGE, "faults", "Last run: today.", measured))
        .isEqualTo(
            PAGE.replace("Last run: once.", "Last run: today.")
                .replace("| crash | 3 | - | 6 s |", "| crash | 1 | - | 7 s |")
                .replaceFirst("1, 0 \\| then", "1, 0 | now")
                .replace(
                    "then |\n<!-- end -->",
                    "then |\n| torn disk | 1 | - | 8 s | - | 0 | 1, 0 | now |\n<!-- end -->"));
  }

  @Test
  void the_same_run_again_changes_nothing() {
    Map<String, List<String>> measured =
        Map.of("crash", List.of("1", "-", "7 s", "-", "0", "1, 0", "now"));
    String once = Evidence.merge(PAGE, "faults", "Last run: today.", measured);
    assertThat(Evidence.merge(once, "faults", "Last run: today.", measured)).isEqualTo(once);
  }

  @Test
  void a_page_without_the_table_is_named() {
    assertThatThrownBy(() -> Evidence.merge("nothing", "faults", "", Map.of()))
        .hasMessageContaining("<!-- measured: faults -->");
  }

  @Test
  void a_few_values_are_all_there_and_many_are_summed_up() {
    assertThat(Evidence.values(List.of(1.3, 1.1, 1.25), "%.2f s"))
        .isEqualTo("1.30 s, 1.10 s, 1.25 s");
    assertThat(Evidence.values(List.of(4.0, 1.0, 3.0, 2.0), "%.1f s"))
        .isEqualTo("1.0 s to 4.0 s, median 2.5 s");
    assertThat(Evidence.values(List.of(4.0, 1.0, 3.0, 2.0, 9.0), "%.1f s"))
        .isEqualTo("1.0 s to 9.0 s, median 3.0 s");
  }
}
