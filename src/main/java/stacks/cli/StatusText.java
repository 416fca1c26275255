package stacks.cli;

import java.io.PrintWriter;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import stacks.operate.Delivery;
import stacks.operate.NodeState;
import stacks.operate.RedisState;
import stacks.operate.SentinelState;
import stacks.operate.Vitals;
import stacks.values.Plural;

/** A status for a person: the verdict, a line for each node, and what to do. */
final class StatusText {
  /** Problems, notes and steps after which the rest is only counted: a screen has no more lines. */
  private static final int MOST = 20;

  private static final String UNKNOWN = "-";

  private final StatusReport report;
  private final PrintWriter out;

  private StatusText(StatusReport report, PrintWriter out) {
    this.report = report;
    this.out = out;
  }

  /** All of it. */
  static void print(StatusReport report, PrintWriter out) {
    StatusText text = new StatusText(report, out);
    text.verdict();
    text.nodes();
    text.problems();
    text.notes();
    text.rest();
  }

  /** What a deploy ends with: whether it is whole, and the nodes. */
  static void brief(StatusReport report, PrintWriter out) {
    StatusText text = new StatusText(report, out);
    text.verdict();
    text.nodes();
    text.problems();
    text.notes();
  }

  private void verdict() {
    out.println(report.outlook().sentence());
    out.println();
  }

  /** Only columns in which a node has something: an older agent, say, reports no clients. */
  private void nodes() {
    Map<String, Function<NodeState, String>> columns = new LinkedHashMap<>();
    columns.put("NODE", NodeState::name);
    columns.put("ADDRESS", NodeState::endpoint);
    columns.put("ROLE", StatusText::role);
    columns.put("ZONE", node -> report.zone(node).orElse(UNKNOWN));
    columns.put("UP", node -> vital(node, Vitals::upSeconds, StatusText::span));
    columns.put("OPS/S", node -> redis(node, Vitals::opsPerSecond, String::valueOf));
    columns.put("HITS", node -> redis(node, Vitals::hitRate, StatusText::percent));
    columns.put("CLIENTS", node -> vital(node, Vitals::clients, count -> clients(node, count)));
    columns.put("REDIS", node -> vital(node, Vitals::redisVersion, version -> version));
    columns.put(
        "DOCUMENT", node -> node.delivery().document().map(Delivery::brief).orElse(UNKNOWN));
    columns.put("STATE", StatusText::state);
    List<List<String>> table = new ArrayList<>();
    columns.forEach((title, value) -> table.add(column(title, value)));
    table.removeIf(column -> column.stream().skip(1).allMatch(UNKNOWN::equals));
    for (int row = 0; row < table.get(0).size(); row++) {
      int at = row;
      out.println(
          table.stream()
              .map(column -> pad(column.get(at), column))
              .collect(Collectors.joining("  "))
              .stripTrailing());
    }
  }

  private List<String> column(String title, Function<NodeState, String> value) {
    return Stream.concat(Stream.of(title), report.status().nodes().map(value)).toList();
  }

  private static String pad(String cell, List<String> column) {
    int width = column.stream().mapToInt(String::length).max().orElse(0);
    return cell + " ".repeat(width - cell.length());
  }

  private static String role(NodeState node) {
    return node instanceof RedisState redis ? redis.role().orElse("?") : "sentinel";
  }

  private static <T> String vital(
      NodeState node, Function<Vitals, Optional<T>> of, Function<T, String> words) {
    return of.apply(node.vitals()).map(words).orElse(UNKNOWN);
  }

  /** What means nothing of a Sentinel. */
  private static <T> String redis(
      NodeState node, Function<Vitals, Optional<T>> of, Function<T, String> words) {
    return node instanceof RedisState ? vital(node, of, words) : UNKNOWN;
  }

  static String span(long seconds) {
    return BackupLines.span(Duration.ofSeconds(seconds));
  }

  static String percent(double share) {
    return "%.0f %%".formatted(share * 100);
  }

  private static String clients(NodeState node, long count) {
    return count + node.vitals().maxclients().map(most -> " of " + most).orElse("");
  }

  /** What a node is at, in words. */
  static String state(NodeState node) {
    return node.problem()
        .orElseGet(
            () -> node instanceof RedisState redis ? working(redis) : belief((SentinelState) node));
  }

  private static String belief(SentinelState node) {
    return "master is %s; sees %s, %s"
        .formatted(
            node.master().orElseThrow(),
            Plural.of(node.replicas(), "replica"),
            Plural.of(node.sentinels(), "Sentinel"));
  }

  private static String working(RedisState node) {
    String memory = node.usedMemory().map(used -> ", uses " + memory(used, node)).orElse("");
    return node.master()
            .map(master -> "follows " + master + node.lagBytes().map(StatusText::lag).orElse(""))
            .orElse("takes writes")
        + memory;
  }

  /** Beside its limit: a node whose memory is full is fit, and refuses or evicts all the same. */
  static String memory(long used, RedisState node) {
    String limit =
        node.maxmemory()
            .filter(bytes -> bytes > 0) // 0 is Redis's word for no limit
            .map(bytes -> "of %.0f ".formatted(bytes / (double) (1 << 20)))
            .orElse("");
    return "%.1f %sMB".formatted(used / (double) (1 << 20), limit);
  }

  static String lag(long bytes) {
    return bytes == 0 ? ", in sync" : ", " + bytes + " bytes behind";
  }

  private void problems() {
    if (!report.status().isWhole()) {
      out.println();
      out.println("problems:");
      lines(report.status().problems().stream().map(problem -> "  " + problem).toList());
    }
  }

  private void notes() {
    List<String> notes = notes(report);
    if (!notes.isEmpty()) {
      out.println();
      lines(notes.stream().map(note -> "note: " + note).toList());
    }
  }

  /** What is for a person to know of nodes, each with the name of its node. */
  static List<String> notes(StatusReport report) {
    return report
        .status()
        .nodes()
        .flatMap(
            node ->
                Stream.concat(node.notes().stream(), node.delivery().notes().stream())
                    .map(note -> node.name() + " " + note))
        .toList();
  }

  private void rest() {
    out.println();
    out.println("master: " + report.master());
    BackupLines.of(report.cluster(), report.backups(), report.at()).forEach(out::println);
    lines(report.differences().stream().map(each -> "differs: " + each.words()).toList());
    if (!report.steps().isEmpty()) {
      out.println();
      out.println(
          report.status().isWhole()
              ? "next:"
              : "next, if it lasts for more than a minute (docs/runbook.md#what-heals-by-itself):");
      lines(steps(report.steps()));
    }
  }

  /** Each command once, for all that it mends. */
  private static List<String> steps(List<NextSteps.Step> steps) {
    Map<String, List<String>> commands = new LinkedHashMap<>();
    steps.forEach(
        step ->
            commands
                .computeIfAbsent(
                    "  %s   (%s)".formatted(step.command(), step.runbook()),
                    it -> new ArrayList<>())
                .add(step.problem()));
    return List.copyOf(commands.keySet());
  }

  private void lines(List<String> lines) {
    lines.stream().limit(MOST).forEach(out::println);
    if (lines.size() > MOST) {
      out.println("  … and %d more; --json has all".formatted(lines.size() - MOST));
    }
  }
}
