package stacks.monitoring;

import static stacks.monitoring.Panel.Kind.GRAPH;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/** Grafana's dashboards, the same for every cluster: each has a choice of the cluster. */
final class Dashboards {
  /** Grafana's choice of the Prometheus that has the data. */
  static final Map<String, Object> DATASOURCE =
      sorted(Map.of("type", "prometheus", "uid", "${datasource}"));

  /** Version of the JSON: that of Grafana 10.2, which later ones read and migrate. */
  private static final int SCHEMA = 39;

  /** Columns of Grafana's grid. */
  private static final int COLUMNS = 24;

  private static final ObjectMapper JSON =
      new ObjectMapper()
          .enable(SerializationFeature.INDENT_OUTPUT)
          .enable(SerializationFeature.ORDER_MAP_ENTRIES_BY_KEYS);

  /** Legend of a series that is a node. */
  static final String NODE = "{{node}}";

  private Dashboards() {}

  /** The files, by their names. */
  static SortedMap<String, String> files() {
    return new TreeMap<>(
        Map.of(
            "cluster.json", dashboard("cluster", "Redis: cluster", "redis_up", ClusterPanels.ALL),
            "sentinels.json",
                dashboard("sentinels", "Redis: Sentinels", "redis_up", SentinelPanels.ALL),
            "nodes.json", dashboard("nodes", "Redis: nodes and backups", "up", NodePanels.ALL)));
  }

  /** A graph with a series for each node. */
  static Panel graph(String title, String unit, String description, String query) {
    return new Panel(GRAPH, title, unit, description, query, NODE);
  }

  /**
   * A dashboard.
   *
   * @param clusters metric that every cluster has
   */
  private static String dashboard(String id, String title, String clusters, List<Panel> panels) {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("uid", "rediform-" + id);
    json.put("title", title);
    json.put("tags", List.of("redis", "rediform"));
    json.put("schemaVersion", SCHEMA);
    json.put("editable", true);
    json.put("refresh", "30s");
    json.put("time", Map.of("from", "now-3h", "to", "now"));
    json.put("templating", Map.of("list", List.of(datasource(), cluster(clusters))));
    json.put("panels", placed(panels));
    try {
      return JSON.writeValueAsString(json) + "\n";
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a dashboard that is no JSON", e);
    }
  }

  private static Map<String, Object> datasource() {
    return Map.of(
        "name", "datasource", "label", "Prometheus", "type", "datasource", "query", "prometheus");
  }

  private static Map<String, Object> cluster(String metric) {
    String query = "label_values(" + metric + "{cluster!=\"\"}, cluster)";
    return Map.of(
        "name",
        "cluster",
        "label",
        "Cluster",
        "type",
        "query",
        "datasource",
        DATASOURCE,
        "query",
        Map.of("query", query, "refId", "clusters"),
        "refresh",
        2, // when the time range changes, too: a cluster may be new
        "sort",
        1);
  }

  /** Each panel with its place: from left to right, in a new line where one is full. */
  private static List<Map<String, Object>> placed(List<Panel> panels) {
    List<Map<String, Object>> placed = new ArrayList<>();
    int x = 0;
    int y = 0;
    int height = 0;
    for (Panel panel : panels) {
      if (x + panel.kind().width > COLUMNS) {
        x = 0;
        y += height;
        height = 0;
      }
      placed.add(panel.json(placed.size() + 1, x, y));
      x += panel.kind().width;
      height = Math.max(height, panel.kind().height);
    }
    return placed;
  }

  private static Map<String, Object> sorted(Map<String, Object> map) {
    return new TreeMap<>(map);
  }
}
