package stacks.cli;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import stacks.operate.NodeState;
import stacks.operate.RedisState;
import stacks.operate.SentinelState;
import stacks.operate.Vitals;
import stacks.templates.Drawing;
import stacks.templates.Pages;

/** A status as one page that needs nothing else: {@code templates/status/page.html}. */
final class StatusPage {
  private static final String UNKNOWN = "-";

  /**
   * What fits into the boxes of {@link Drawing} in 12 px bold, 7 px a letter; a longer problem is
   * in the table.
   */
  private static final int MOST_LETTERS = 20;

  private static final int MOST_LETTERS_OF_SENTINEL = 17;

  private final StatusReport report;

  private StatusPage(StatusReport report) {
    this.report = report;
  }

  static String of(StatusReport report) {
    return new StatusPage(report).page();
  }

  private String page() {
    Map<String, Object> page = new LinkedHashMap<>();
    page.put("environment", report.status().environment());
    page.put("verdict", report.status().isWhole() ? "whole" : "not-whole");
    page.put("verdictWords", report.status().isWhole() ? "whole" : "not whole");
    page.put("writes", report.outlook().writes().name().toLowerCase(Locale.ROOT));
    page.put("sentence", report.outlook().sentence());
    page.put("at", BackupLines.second(report.at()));
    page.put("drawing", drawing());
    page.put("problems", report.status().problems());
    page.put("hasProblems", !report.status().isWhole());
    page.put("notes", StatusText.notes(report));
    page.put("hasNotes", !StatusText.notes(report).isEmpty());
    page.put("redis", report.status().redis().stream().map(this::redis).toList());
    page.put("sentinels", report.status().sentinels().stream().map(this::sentinel).toList());
    page.put("master", report.master());
    page.put("backups", BackupLines.of(report.cluster(), report.backups(), report.at()));
    page.put(
        "differences",
        report.differences().stream().map(difference -> difference.words()).toList());
    page.put("hasDifferences", !report.differences().isEmpty());
    page.put("steps", report.steps());
    page.put("hasSteps", !report.steps().isEmpty());
    return Pages.fill("status/page.html", page);
  }

  private Map<String, Object> drawing() {
    return Drawing.of(
        report.status().nodes().map(this::box).toList(),
        "The cluster, and how each node is",
        report.outlook().sentence() + ". The tables have the same.");
  }

  private Drawing.Box box(NodeState node) {
    return new Drawing.Box(
        kind(node),
        report.zone(node).orElse(""),
        node.name(),
        node instanceof RedisState redis ? redis.role().orElse("?") : "",
        size(node),
        style(node),
        shortened(
            words(node), node instanceof SentinelState ? MOST_LETTERS_OF_SENTINEL : MOST_LETTERS),
        node.problem().isPresent()
            || node instanceof SentinelState
            || kind(node) == Drawing.Kind.MASTER);
  }

  private static String size(NodeState node) {
    String up = node.vitals().upSeconds().map(it -> "up " + StatusText.span(it)).orElse("");
    return node instanceof RedisState redis && redis.usedMemory().isPresent()
        ? StatusText.memory(redis.usedMemory().get(), redis) + (up.isEmpty() ? "" : ", " + up)
        : up;
  }

  private static String style(NodeState node) {
    if (node.down()) {
      return "down";
    }
    return node.problem().isPresent() ? "unfit" : "fit";
  }

  private static String words(NodeState node) {
    if (node.problem().isPresent()) {
      return node.problem().get().replace("is not fit: ", "");
    }
    if (node instanceof RedisState redis) {
      return redis.isMaster()
          ? "takes writes"
          : redis.lagBytes().map(StatusText::lag).map(it -> it.substring(2)).orElse("no master");
    }
    return "agrees";
  }

  private static String shortened(String words, int most) {
    return words.length() <= most ? words : words.substring(0, most - 1).strip() + "…";
  }

  /** Only replicas of the one master have an arrow: it would say something wrong of the others. */
  private Drawing.Kind kind(NodeState node) {
    if (!(node instanceof RedisState redis)) {
      return Drawing.Kind.SENTINEL;
    }
    Optional<RedisState> master = report.status().master();
    if (master.filter(redis::equals).isPresent()) {
      return Drawing.Kind.MASTER;
    }
    boolean follows = redis.linkUp() && redis.master().equals(master.map(RedisState::endpoint));
    return follows && master.isPresent() ? Drawing.Kind.REPLICA : Drawing.Kind.ALONE;
  }

  private Map<String, Object> redis(RedisState node) {
    Vitals vitals = node.vitals();
    Map<String, Object> row = row(node);
    row.put("role", node.role().orElse(UNKNOWN));
    row.put("memory", node.usedMemory().map(it -> StatusText.memory(it, node)).orElse(UNKNOWN));
    row.put("ops", vitals.opsPerSecond().map(String::valueOf).orElse(UNKNOWN));
    row.put("hits", vitals.hitRate().map(StatusText::percent).orElse(UNKNOWN));
    return row;
  }

  private Map<String, Object> sentinel(SentinelState node) {
    Map<String, Object> row = row(node);
    row.put("master", node.master().map(report::nameOf).orElse(UNKNOWN));
    boolean says = node.answer().said().isPresent();
    row.put("replicas", says ? seen(node.seenReplicas()) : UNKNOWN);
    row.put("others", says ? seen(node.seenSentinels()) : UNKNOWN);
    row.put(
        "election",
        node.answer()
            .said()
            .flatMap(SentinelState.Server::configEpoch)
            .map(String::valueOf)
            .orElse(UNKNOWN));
    return row;
  }

  private String seen(Map<String, Boolean> nodes) {
    List<String> words =
        nodes.entrySet().stream()
            .map(each -> report.nameOf(each.getKey()) + (each.getValue() ? "" : " (down)"))
            .sorted()
            .toList();
    return words.isEmpty() ? "none" : String.join(", ", words);
  }

  private Map<String, Object> row(NodeState node) {
    Vitals vitals = node.vitals();
    Map<String, Object> row = new LinkedHashMap<>();
    row.put("name", node.name());
    row.put("style", style(node));
    row.put("endpoint", node.endpoint());
    row.put("zone", report.zone(node).orElse(UNKNOWN));
    row.put("state", StatusText.state(node));
    row.put("up", vitals.upSeconds().map(StatusText::span).orElse(UNKNOWN));
    row.put(
        "clients",
        vitals
            .clients()
            .map(count -> count + vitals.maxclients().map(it -> " of " + it).orElse(""))
            .orElse(UNKNOWN));
    row.put("version", vitals.redisVersion().orElse(UNKNOWN));
    row.put("document", node.delivery().document().orElse(UNKNOWN));
    return row;
  }
}
