package stacks.review;

import static java.util.stream.Collectors.joining;

import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import stacks.platform.ResourceKind;

/**
 * Nodes and data that the state knows and that are not found any more: they were removed outside of
 * Terraform, or it looks into another account or region.
 */
final class Gone {
  private static final String WHERE = "is this the right account, and the right region?";

  private static final Pattern NODE =
      Pattern.compile("(?:aws_instance|terraform_data)\\.(" + ResourceKind.NODE + ")");

  private final Classifier classifier;
  private final Set<String> there = new TreeSet<>();
  private final Set<String> nodes = new TreeSet<>();
  private final Map<String, String> data = new TreeMap<>();

  Gone(Classifier classifier) {
    this.classifier = classifier;
  }

  /** Takes in a resource that the state has. */
  void prior(String address) {
    Matcher node = NODE.matcher(address);
    if (node.matches()) {
      there.add(node.group(1));
    }
  }

  /** Takes in what has happened to one resource. */
  void see(ResourceChange drift) {
    if (drift.action() != Action.DELETE || Kinds.isFormer(drift)) {
      return;
    }
    if (classifier.isNode(drift)) {
      Classifier.node(drift).ifPresent(nodes::add);
    }
    if (classifier.isData(drift) && !classifier.leaves(drift)) {
      data.put(drift.address(), "is gone with its data; a deploy would make an empty one");
    } else if (Kinds.lasts(drift) && drift.type().equals("aws_s3_bucket")) {
      data.put(drift.address(), "is gone with all backups in it; " + WHERE);
    }
  }

  /** Names of nodes that are not found any more. */
  Set<String> nodes() {
    return nodes;
  }

  /** What of it is a danger, by place. One machine alone a deploy brings back, with its volume. */
  Map<String, String> found(Plan plan) {
    Map<String, String> found = new TreeMap<>(data);
    boolean was =
        !nodes.isEmpty()
            || plan.isComplete() && plan.known().formed() && plan.nodes().findAny().isPresent();
    if (was && there.isEmpty()) {
      found.put(Change.SHARED, "every node is gone: " + WHERE);
    } else if (of(nodes, "redis-").count() > 1 || isQuorumGone()) {
      found.put(
          Change.SHARED,
          "%s are gone at the same time: %s"
              .formatted(nodes.stream().limit(5).collect(joining(", ")), WHERE));
    }
    return found;
  }

  private boolean isQuorumGone() {
    long gone = of(nodes, "sentinel-").count();
    long left = of(there, "sentinel-").count();
    return gone > 0 && left < (gone + left) / 2 + 1;
  }

  private static Stream<String> of(Set<String> names, String kind) {
    return names.stream().filter(name -> name.startsWith(kind));
  }
}
