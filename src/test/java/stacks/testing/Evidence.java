package stacks.testing;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.ToLongFunction;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import stacks.testing.Load.Seen;

/**
 * A table of measured figures in a page of docs/evidence/, written by the run that measured them.
 *
 * <p>{@code -Devidence.update=true} writes it into the page itself; without it the page with the
 * new figures is in target/evidence/. Rows that a run did not measure stay as they are: each says
 * when, and at which commit, it was measured.
 */
public final class Evidence {
  private static final Path PAGES = Path.of("docs", "evidence");
  private static final Path COPIES = Path.of("target", "evidence");

  /** More values than these are summed up. */
  private static final int MOST_VALUES = 3;

  private static final List<String> COLUMNS =
      List.of(
          "what", "rounds", "took", "no writes for", "no reads for", "lost", "away", "measured");

  private static final String NOTHING = "-";

  private final String page;
  private final String table;
  private final String measured;
  private final Map<String, Row> rows = new LinkedHashMap<>();

  /** What was seen of one change or fault, over all its rounds. */
  private record Row(List<Double> seconds, List<Seen> seen, List<String> notes) {
    Row() {
      this(new ArrayList<>(), new ArrayList<>(), new ArrayList<>());
    }
  }

  /**
   * For one table of a page.
   *
   * @param table the name in its marker, {@code <!-- measured: NAME -->}
   */
  public Evidence(String page, String table) {
    this.page = page;
    this.table = table;
    this.measured = LocalDate.now(ZoneOffset.UTC) + ", " + commit();
  }

  /** Prints what was seen of a fault, asserts its limit, and keeps it. */
  public void fault(String what, Consumer<Seen> limit, Seen seen) {
    keep(what, limit, seen);
  }

  /**
   * Prints what was seen of a change that took so many seconds, asserts its limit, and keeps it.
   */
  public void change(String what, Consumer<Seen> limit, double seconds, Seen seen) {
    keep(what, limit, seen);
    row(what).seconds().add(seconds);
  }

  private void keep(String what, Consumer<Seen> limit, Seen seen) {
    print(what, seen);
    limit.accept(seen);
    row(what).seen().add(seen);
  }

  /** Keeps how long something took that no application was there to see. */
  public void time(String what, double seconds) {
    System.out.printf(Locale.ROOT, "%-45s %.1f s%n", what, seconds);
    row(what).seconds().add(seconds);
  }

  private Row row(String what) {
    return rows.computeIfAbsent(what, key -> new Row());
  }

  private static void print(String what, Seen seen) {
    System.out.printf(
        "%-45s no writes for at most %d ms, no reads %d ms, lost %d of %d, away %d and %d%s%n",
        what,
        seen.longestGapMillis(),
        seen.longestReadGapMillis(),
        seen.lost(),
        seen.acknowledged(),
        seen.dataNodesAway(),
        seen.sentinelsAway(),
        seen.quorumLost().isEmpty() ? "" : "; " + seen.quorumLost());
  }

  /**
   * Writes the rows into the page.
   *
   * @param versions of what took part, such as {@code Redis 8.0.2}
   */
  public void save(String... versions) throws IOException {
    Map<String, List<String>> cells = new LinkedHashMap<>();
    rows.forEach((what, row) -> cells.put(what, cells(row)));
    save(COLUMNS, cells, versions);
  }

  /**
   * Writes rows of other columns into the page.
   *
   * @param columns the first one names the row
   * @param cells of each row by its name, without the name
   * @param versions of what took part
   */
  public void save(List<String> columns, Map<String, List<String>> cells, String... versions)
      throws IOException {
    if (cells.isEmpty()) {
      return;
    }
    boolean update = Boolean.getBoolean("evidence.update");
    Path copy = COPIES.resolve(page);
    Path from = update || !Files.exists(copy) ? PAGES.resolve(page) : copy;
    String lastRun =
        "Last run: %s, on %d CPUs, %s."
            .formatted(
                measured, Runtime.getRuntime().availableProcessors(), String.join(", ", versions));
    Files.createDirectories(COPIES);
    Files.writeString(
        update ? PAGES.resolve(page) : copy,
        merge(Files.readString(from), table, columns, lastRun, cells));
  }

  private List<String> cells(Row row) {
    List<Seen> seen = row.seen();
    boolean unseen = seen.isEmpty();
    return List.of(
        String.valueOf(Math.max(seen.size(), row.seconds().size())),
        row.seconds().isEmpty() ? NOTHING : values(row.seconds(), "%.0f s"),
        unseen ? NOTHING : values(seconds(seen, Seen::longestGapMillis), "%.2f s"),
        unseen ? NOTHING : values(seconds(seen, Seen::longestReadGapMillis), "%.2f s"),
        unseen
            ? NOTHING
            : "%d of %d"
                .formatted(
                    seen.stream().mapToInt(Seen::lost).sum(),
                    seen.stream().mapToInt(Seen::acknowledged).sum()),
        unseen
            ? NOTHING
            : "%d, %d"
                .formatted(
                    seen.stream().mapToInt(Seen::dataNodesAway).max().orElse(0),
                    seen.stream().mapToInt(Seen::sentinelsAway).max().orElse(0)),
        measured);
  }

  private static List<Double> seconds(List<Seen> seen, ToLongFunction<Seen> millis) {
    return seen.stream().map(each -> millis.applyAsLong(each) / 1000.0).toList();
  }

  /** All of a few values; of more the smallest, the median and the largest. */
  static String values(List<Double> values, String format) {
    if (values.size() <= MOST_VALUES) {
      return values.stream()
          .map(value -> String.format(Locale.ROOT, format, value))
          .collect(Collectors.joining(", "));
    }
    List<Double> sorted = values.stream().sorted().toList();
    int last = sorted.size() - 1;
    double median = (sorted.get(last / 2) + sorted.get((last + 1) / 2)) / 2;
    return String.format(
        Locale.ROOT,
        format + " to " + format + ", median " + format,
        sorted.get(0),
        sorted.get(last),
        median);
  }

  /**
   * A page with these rows in its table: in the place of those of the same name, else at its end.
   */
  static String merge(
      String page, String table, String lastRun, Map<String, List<String>> measured) {
    return merge(page, table, COLUMNS, lastRun, measured);
  }

  private static String merge(
      String page,
      String table,
      List<String> columns,
      String lastRun,
      Map<String, List<String>> measured) {
    Pattern block =
        Pattern.compile(
            "(?s)(<!-- measured: " + Pattern.quote(table) + " -->\n)(.*?)(<!-- end -->)");
    var found = block.matcher(page);
    if (!found.find()) {
      throw new IllegalArgumentException(
          "the page has no <!-- measured: %s --> … <!-- end -->".formatted(table));
    }
    Map<String, String> lines = new LinkedHashMap<>();
    found
        .group(2)
        .lines()
        .filter(line -> line.startsWith("| ") && !line.equals(line(columns)))
        .forEach(line -> lines.put(line.substring(2).split(" \\| ")[0], line));
    measured.forEach(
        (what, cells) -> {
          List<String> all = new ArrayList<>(List.of(what));
          all.addAll(cells);
          lines.put(what, line(all));
        });
    StringBuilder text = new StringBuilder(lastRun).append("\n\n");
    text.append(line(columns)).append("\n").append("|---".repeat(columns.size())).append("|\n");
    lines.values().forEach(line -> text.append(line).append("\n"));
    return page.substring(0, found.start(2)) + text + page.substring(found.end(2));
  }

  private static String line(List<String> cells) {
    return "| " + String.join(" | ", cells) + " |";
  }

  /** The commit that is checked out, and whether what runs differs from it. */
  private static String commit() {
    try {
      Run head = Run.of(Path.of("."), Map.of(), "git", "rev-parse", "--short", "HEAD");
      if (head.exitCode() != 0) {
        return "no commit";
      }
      Run changed =
          Run.of(
              Path.of("."),
              Map.of(),
              "git",
              "diff",
              "--quiet",
              "HEAD",
              "--",
              ".",
              ":!docs/evidence");
      return head.out().strip() + (changed.exitCode() == 0 ? "" : " with changes");
    } catch (IOException | InterruptedException e) {
      return "no commit";
    }
  }
}
