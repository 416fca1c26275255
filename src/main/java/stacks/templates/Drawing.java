package stacks.templates;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * A drawing of a cluster for {@code templates/page/topology.svg}: a band for each zone, data nodes
 * on the left and Sentinels on the right, and an arrow from the master to each replica. As narrow
 * as a phone, and as high as it must be.
 */
public final class Drawing {
  /** More boxes than these nobody looks at; then only those that matter are drawn. */
  private static final int MOST_NODES = 60;

  private static final int GUTTER = 26;
  private static final int DATA_WIDTH = 164;
  private static final int SENTINEL_X = GUTTER + DATA_WIDTH + 8;
  private static final int SENTINEL_WIDTH = 156;
  private static final int WIDTH = SENTINEL_X + SENTINEL_WIDTH + 6;
  private static final int BOX = 56;
  private static final int STEP = BOX + 8;
  private static final int TITLE = 22;

  /** What a node is in the drawing. */
  public enum Kind {
    /** Arrows begin here. */
    MASTER,
    /** An arrow ends here. */
    REPLICA,
    /** A data node without an arrow. */
    ALONE,
    SENTINEL
  }

  /**
   * A node.
   *
   * @param zone its zone; empty where there are none
   * @param role beside the name
   * @param size below it
   * @param style a class of the page's style
   * @param words below that: what is the matter with it
   * @param matters whether it is drawn in any case
   */
  public record Box(
      Kind kind,
      String zone,
      String name,
      String role,
      String size,
      String style,
      String words,
      boolean matters) {}

  private final List<Map<String, Object>> bands = new ArrayList<>();
  private final List<Map<String, Object>> boxes = new ArrayList<>();
  private final List<Integer> replicas = new ArrayList<>();
  private int master;
  private int height;

  private Drawing() {}

  /**
   * The drawing's numbers and words.
   *
   * @param title what it shows
   * @param description a sentence for who does not see it
   */
  public static Map<String, Object> of(List<Box> nodes, String title, String description) {
    Drawing drawing = new Drawing();
    List<Box> drawn =
        nodes.size() <= MOST_NODES
            ? nodes
            : nodes.stream().filter(Box::matters).limit(MOST_NODES).toList();
    Map<String, List<Box>> zones = new TreeMap<>();
    drawn.forEach(node -> zones.computeIfAbsent(node.zone(), z -> new ArrayList<>()).add(node));
    zones.forEach(drawing::band);
    Map<String, Object> all = new LinkedHashMap<>();
    all.put("title", title);
    all.put("description", description);
    all.put("width", WIDTH);
    all.put("height", drawing.height);
    all.put("bands", drawing.bands);
    all.put("boxes", drawing.boxes);
    all.put("arrows", drawing.arrows());
    int undrawn = nodes.size() - drawn.size();
    all.put("undrawn", undrawn == 0 ? List.of() : List.of(undrawn));
    return all;
  }

  private void band(String zone, List<Box> nodes) {
    int top = height;
    int data = top + TITLE;
    int sentinels = data;
    for (Box node : nodes) {
      if (node.kind() == Kind.SENTINEL) {
        box(node, SENTINEL_X, sentinels, SENTINEL_WIDTH);
        sentinels += STEP;
      } else {
        box(node, GUTTER, data, DATA_WIDTH);
        data += STEP;
      }
    }
    height = Math.max(data, sentinels) + 6;
    Map<String, Object> band = new LinkedHashMap<>();
    band.put("name", zone.isEmpty() ? "this machine" : zone);
    band.put("y", top + 1);
    band.put("nameY", top + 15);
    band.put("width", WIDTH - 2);
    band.put("height", height - top - 4);
    bands.add(band);
  }

  private void box(Box node, int x, int y, int width) {
    if (node.kind() == Kind.MASTER) {
      master = y + BOX / 2;
    } else if (node.kind() == Kind.REPLICA) {
      replicas.add(y + BOX / 2);
    }
    boolean sentinel = node.kind() == Kind.SENTINEL;
    Map<String, Object> box = new LinkedHashMap<>();
    box.put("x", x);
    box.put("y", y);
    box.put("width", width);
    box.put("box", BOX);
    box.put("radius", sentinel ? 20 : 6);
    box.put("textX", x + (sentinel ? 16 : 10));
    box.put("nameY", y + 17);
    box.put("sizeY", y + 32);
    box.put("wordsY", y + 47);
    box.put("name", node.name());
    box.put("role", node.role());
    box.put("size", node.size());
    box.put("style", node.style());
    box.put("words", node.words());
    boxes.add(box);
  }

  /** Down or up along the gutter, and into the replica. */
  private List<Map<String, Object>> arrows() {
    if (master == 0) {
      return List.of();
    }
    return replicas.stream()
        .map(
            y ->
                Map.<String, Object>of(
                    "path", "M%d %d H12 V%d H%d".formatted(GUTTER, master, y, GUTTER - 1)))
        .toList();
  }
}
