package stacks.review.report;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import stacks.review.NodeReview;
import stacks.review.Place;

/**
 * A drawing of a cluster for {@code templates/review/topology.svg}: a band for each zone, data
 * nodes on the left and Sentinels on the right, and an arrow from the first master to each replica.
 * As narrow as a phone, and as high as it must be.
 */
final class Topology {
  /** More boxes than these nobody looks at; then only what changes is drawn. */
  private static final int MOST_NODES = 60;

  private static final int GUTTER = 26;
  private static final int DATA_WIDTH = 164;
  private static final int SENTINEL_X = GUTTER + DATA_WIDTH + 8;
  private static final int SENTINEL_WIDTH = 156;
  private static final int WIDTH = SENTINEL_X + SENTINEL_WIDTH + 6;
  private static final int BOX = 56;
  private static final int STEP = BOX + 8;
  private static final int TITLE = 22;

  private final List<Map<String, Object>> bands = new ArrayList<>();
  private final List<Map<String, Object>> boxes = new ArrayList<>();
  private final List<Integer> replicas = new ArrayList<>();
  private int master;
  private int height;

  private Topology() {}

  /** The drawing's numbers and words. */
  static Map<String, Object> of(List<Place> places) {
    Topology topology = new Topology();
    List<Place> drawn =
        places.size() <= MOST_NODES
            ? places
            : places.stream()
                .filter(place -> place.change().isPresent() || place.isFirstMaster())
                .limit(MOST_NODES)
                .toList();
    Map<String, List<Place>> zones = new TreeMap<>();
    drawn.forEach(place -> zones.computeIfAbsent(place.zone(), z -> new ArrayList<>()).add(place));
    zones.forEach(topology::band);
    Map<String, Object> drawing = new LinkedHashMap<>();
    drawing.put("width", WIDTH);
    drawing.put("height", topology.height);
    drawing.put("bands", topology.bands);
    drawing.put("boxes", topology.boxes);
    drawing.put("arrows", topology.arrows());
    int undrawn = places.size() - drawn.size();
    drawing.put("undrawn", undrawn == 0 ? List.of() : List.of(undrawn));
    return drawing;
  }

  private void band(String zone, List<Place> places) {
    int top = height;
    int data = top + TITLE;
    int sentinels = data;
    for (Place place : places) {
      if (place.isRedis()) {
        box(place, GUTTER, data, DATA_WIDTH);
        data += STEP;
      } else {
        box(place, SENTINEL_X, sentinels, SENTINEL_WIDTH);
        sentinels += STEP;
      }
    }
    height = Math.max(data, sentinels) + 6;
    bands.add(
        Map.of(
            "name",
            zone.isEmpty() ? "this machine" : zone,
            "y",
            top + 1,
            "title",
            top + 15,
            "width",
            WIDTH - 2,
            "height",
            height - top - 4));
  }

  private void box(Place place, int x, int y, int width) {
    if (place.isFirstMaster()) {
      master = y + BOX / 2;
    } else if (place.isRedis() && !place.leaves()) {
      replicas.add(y + BOX / 2);
    }
    Map<String, Object> box = new LinkedHashMap<>();
    box.put("x", x);
    box.put("y", y);
    box.put("width", width);
    box.put("box", BOX);
    box.put("radius", place.isRedis() ? 6 : 20);
    box.put("textX", x + (place.isRedis() ? 10 : 16));
    box.put("nameY", y + 17);
    box.put("sizeY", y + 32);
    box.put("changeY", y + 47);
    box.put("name", place.name());
    box.put("role", place.isFirstMaster() ? "first master" : place.isRedis() ? "replica" : "");
    box.put("size", place.size());
    box.put("effect", place.change().map(change -> change.effect().toString()).orElse("nothing"));
    box.put("change", place.change().map(Topology::words).orElse("stays as it is"));
    boxes.add(box);
  }

  private static String words(NodeReview change) {
    return change.turn() + ". " + change.effect().words();
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

  /** A sentence for who does not see the drawing. */
  static String description(List<Place> places) {
    long sentinels = places.stream().filter(place -> !place.isRedis()).count();
    long zones = places.stream().map(Place::zone).distinct().count();
    Optional<Place> first = places.stream().filter(Place::isFirstMaster).findFirst();
    return "%d data nodes and %d Sentinels in %s; the first master is %s. The table has the same."
        .formatted(
            places.size() - sentinels,
            sentinels,
            zones == 1 ? "one place" : zones + " zones",
            first.map(Place::name).orElse("not in the file"));
  }
}
