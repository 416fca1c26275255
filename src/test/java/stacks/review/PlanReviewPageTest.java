package stacks.review;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import stacks.testing.Golden;

class PlanReviewPageTest {
  private static final Path PAGE = Path.of("docs/plan-review.md");
  private static final Pattern MARKED =
      Pattern.compile("(<!-- review rules -->\n).*?(<!-- end -->)", Pattern.DOTALL);

  @Test
  void the_table_of_rules_is_what_the_rules_say() throws IOException {
    String page = Files.readString(PAGE);
    Matcher marked = MARKED.matcher(page);
    assertThat(marked.find()).isTrue();
    Golden.hold(
        PAGE,
        marked.replaceFirst(Matcher.quoteReplacement(marked.group(1) + table() + marked.group(2))));
  }

  private static String table() {
    return ReviewRules.ALL.stream()
        .map(
            rule ->
                "| `%s` | %s | %s | %s |\n"
                    .formatted(rule.id(), rule.severity(), rule.meaning(), rule.remedy()))
        .collect(
            Collectors.joining(
                "", "\n| id | severity | what it means | what to do |\n|---|---|---|---|\n", "\n"));
  }
}
