package stacks.testing;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A page of cases, as the tests read it: each section with the words it quotes and the commands it
 * shows.
 *
 * @param sections in the page's order
 */
public record Runbook(List<Section> sections) {
  private static final Pattern QUOTE = Pattern.compile("(?m)^> `(.*)`$");

  private static final Pattern BLOCK =
      Pattern.compile("(?ms)(?:^<!-- elsewhere: ([^\\n]*) -->\\n)?^```sh\\n(.*?)^```");

  /** A document's checksum, as messages shorten it. */
  private static final String CHECKSUM = "\\b[0-9a-f]{12}\\b";

  /**
   * What of a quotation is other words each time: a checksum, a number, or what the page leaves
   * out.
   */
  private static final Pattern OTHER_WORDS = Pattern.compile(CHECKSUM + "|\\d+|…|production");

  /**
   * A case.
   *
   * @param quotes the exact words that a person sees
   * @param blocks what to do
   */
  public record Section(String title, List<String> quotes, List<Block> blocks) {}

  /**
   * Commands as they stand on the page.
   *
   * @param elsewhere why they are not run on the local platform, and who runs them; empty for those
   *     that are
   */
  public record Block(String commands, Optional<String> elsewhere) {}

  /** Reads a page. */
  public static Runbook of(Path page) throws IOException {
    List<Section> sections = new ArrayList<>();
    for (String part : Files.readString(page).split("(?m)^## ")) {
      String title = part.lines().findFirst().orElse("");
      sections.add(
          new Section(
              title,
              QUOTE.matcher(part).results().map(quote -> quote.group(1)).toList(),
              BLOCK.matcher(part).results().map(Runbook::block).toList()));
    }
    return new Runbook(sections.subList(1, sections.size()));
  }

  private static Block block(MatchResult found) {
    return new Block(found.group(2), Optional.ofNullable(found.group(1)));
  }

  /** The case of that title. */
  public Section section(String title) {
    return sections.stream()
        .filter(section -> section.title().equals(title))
        .findFirst()
        .orElseThrow(() -> new IllegalArgumentException("the page has no case: " + title));
  }

  /** What a quotation looks like in the environment {@code local}. */
  public static Pattern seen(String quote) {
    StringBuilder pattern = new StringBuilder();
    Matcher other = OTHER_WORDS.matcher(quote);
    int from = 0;
    while (other.find()) {
      pattern.append(Pattern.quote(quote.substring(from, other.start())));
      pattern.append(
          switch (other.group()) {
            case "…" -> ".*";
            case "production" -> "local";
            default -> other.group().matches(CHECKSUM) ? CHECKSUM : "\\d+";
          });
      from = other.end();
    }
    return Pattern.compile(pattern + Pattern.quote(quote.substring(from)));
  }
}
