package stacks.monitoring;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * One picture of a dashboard.
 *
 * @param kind how it is drawn
 * @param title its heading
 * @param unit of its values, in Grafana's words, such as {@code bytes} or {@code percentunit}
 * @param description what it means and when to worry; the reader may never have run a Redis
 * @param query in PromQL; {@code $cluster} is the chosen cluster
 * @param legend name of each series; <code>{{label}}</code> stands for one of its labels
 */
record Panel(
    Kind kind, String title, String unit, String description, String query, String legend) {
  /** How a panel is drawn: Grafana's word for it, and its size on a grid of 24 columns. */
  enum Kind {
    /** Values as large figures. */
    FIGURE("stat", 6, 4),
    /** Names of series, where the name is what counts. */
    NAME("stat", 6, 4),
    /** Values over time. */
    GRAPH("timeseries", 8, 8),
    /** 1 and 0 over time, a line for each series. */
    STATE("state-timeline", 12, 6);

    private final String type;
    final int width;
    final int height;

    Kind(String type, int width, int height) {
      this.type = type;
      this.width = width;
      this.height = height;
    }
  }

  /** As Grafana reads it. */
  Map<String, Object> json(int id, int x, int y) {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("id", id);
    json.put("type", kind.type);
    json.put("title", title);
    json.put("description", description);
    json.put("datasource", Dashboards.DATASOURCE);
    json.put("gridPos", Map.of("h", kind.height, "w", kind.width, "x", x, "y", y));
    json.put(
        "fieldConfig", Map.of("defaults", Map.of("unit", unit, "min", 0), "overrides", List.of()));
    json.put("options", options());
    json.put("targets", List.of(target()));
    return json;
  }

  private Map<String, Object> target() {
    boolean isNow = kind == Kind.FIGURE || kind == Kind.NAME;
    return Map.of(
        "refId", "A",
        "datasource", Dashboards.DATASOURCE,
        "expr", query,
        "legendFormat", legend,
        "instant", isNow,
        "range", !isNow);
  }

  private Map<String, Object> options() {
    return switch (kind) {
      case FIGURE, NAME ->
          Map.of(
              "textMode",
              kind == Kind.NAME ? "name" : "auto",
              "colorMode",
              "none",
              "reduceOptions",
              Map.of("calcs", List.of("lastNotNull")));
      case GRAPH ->
          Map.of(
              "legend", Map.of("displayMode", "list", "placement", "bottom", "showLegend", true),
              "tooltip", Map.of("mode", "multi", "sort", "desc"));
      case STATE -> Map.of("showValue", "never", "mergeValues", true, "rowHeight", 0.8);
    };
  }
}
