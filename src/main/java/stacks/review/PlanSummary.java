package stacks.review;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import stacks.cluster.Cluster;
import stacks.cluster.Node;

/**
 * What a Terraform plan does to each node, in a few lines.
 *
 * @param changes what happens to each node's resources, by node; what belongs to no node is under
 *     {@link #SHARED}. Empty when the plan changes nothing
 */
public record PlanSummary(Map<String, List<Change>> changes) {
  /** Where resources stand that belong to the cluster as a whole. */
  public static final String SHARED = "shared";

  private static final ObjectMapper MAPPER = new ObjectMapper();

  /**
   * One resource.
   *
   * @param address Terraform's address of it
   * @param action {@code create}, {@code update}, {@code delete} or {@code replace}
   */
  public record Change(String address, String action) {}

  /**
   * Reads the output of {@code terraform show -json PLAN}, one resource at a time.
   *
   * @throws IOException when it is no such output
   */
  public static PlanSummary of(InputStream plan, Cluster cluster) throws IOException {
    Map<String, List<Change>> changes = new TreeMap<>();
    try (JsonParser parser = MAPPER.createParser(plan)) {
      while (parser.nextToken() != null) {
        boolean found =
            parser.currentToken() == JsonToken.START_ARRAY
                && "resource_changes".equals(parser.currentName())
                && parser.getParsingContext().getParent().getParent().inRoot();
        if (found) {
          while (parser.nextToken() == JsonToken.START_OBJECT) {
            add(MAPPER.readTree(parser), cluster, changes);
          }
        }
      }
    }
    return new PlanSummary(changes);
  }

  private static void add(JsonNode resource, Cluster cluster, Map<String, List<Change>> changes) {
    List<String> actions = new ArrayList<>();
    resource.path("change").path("actions").forEach(action -> actions.add(action.asText()));
    if (actions.equals(List.of("no-op")) || actions.equals(List.of("read"))) {
      return;
    }
    String action = actions.size() == 2 ? "replace" : String.join("+", actions);
    String node = nodeOf(resource.path("name").asText(), cluster);
    changes
        .computeIfAbsent(node, name -> new ArrayList<>())
        .add(new Change(resource.path("address").asText(), action));
  }

  /** Resources of a node are named after it: {@code redis-1}, {@code redis-1-data}. */
  private static String nodeOf(String resource, Cluster cluster) {
    return cluster.nodes().stream()
        .map(Node::name)
        .filter(node -> resource.equals(node) || resource.startsWith(node + "-"))
        .findFirst()
        .orElseGet(
            () -> resource.matches("(redis|sentinel)-\\d+(-.*)?") ? removed(resource) : SHARED);
  }

  /** A node that the environment no longer has. */
  private static String removed(String resource) {
    return resource.replaceFirst("^((?:redis|sentinel)-\\d+).*", "$1");
  }

  /** One line per node: {@code redis-2: create aws_instance.redis-2, …}. */
  public List<String> lines() {
    return changes.entrySet().stream()
        .map(entry -> entry.getKey() + ": " + describe(entry.getValue()))
        .toList();
  }

  private static String describe(List<Change> changes) {
    Map<String, List<String>> byAction =
        changes.stream()
            .collect(
                Collectors.groupingBy(
                    Change::action,
                    TreeMap::new,
                    Collectors.mapping(Change::address, Collectors.toList())));
    return byAction.entrySet().stream()
        .map(entry -> entry.getKey() + " " + String.join(", ", entry.getValue()))
        .collect(Collectors.joining("; "));
  }
}
