package stacks.review;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Predicate;
import stacks.platform.Effect;

/** A plan in a few sentences, as a person wants them first. */
public final class Summary {
  /** More names than this are a number. */
  private static final int MOST_NAMES = 3;

  private final Review review;
  private final List<String> sentences = new ArrayList<>();

  private Summary(Review review) {
    this.review = review;
  }

  /** The sentences, without a full stop. */
  public static List<String> of(Review review) {
    Summary summary = new Summary(review);
    summary.stop();
    summary.lowered();
    summary.nodes();
    summary.writes();
    summary.bucket();
    summary.warnings();
    return List.copyOf(summary.sentences);
  }

  /** Whoever reads no further must have read this. */
  private void stop() {
    List<Finding> blocking =
        review.findings().stream()
            .filter(finding -> finding.counts() && finding.severity() == Severity.BLOCK)
            .toList();
    if (!blocking.isEmpty()) {
      Finding first = blocking.get(0);
      String more = blocking.size() > 1 ? "; and " + (blocking.size() - 1) + " more" : "";
      add("STOP: %s: %s%s".formatted(first.place(), first.message(), more));
    }
  }

  /** Whoever reads a plan must see that its own file has made it look harmless. */
  private void lowered() {
    review.findings().stream()
        .filter(finding -> finding.severity().compareTo(finding.rule().severity()) > 0)
        .map(
            finding ->
                finding.rule().id()
                    + " weighs "
                    + finding.severity()
                    + " in this file, not "
                    + finding.rule().severity())
        .distinct()
        .forEach(this::add);
  }

  private void nodes() {
    Costs costs = review.costs();
    if (review.changesNothing()) {
      add(review.environment() + " is what its file says; a deploy would change nothing");
    } else if (review.nodes().isEmpty() && !review.isPartial()) {
      add("no node restarts");
    }
    if (review.changes().isEmpty() && !review.outputs().isEmpty()) {
      add("no resource changes; outputs do: " + String.join(", ", review.outputs()));
    }
    named(node -> node.effect() == Effect.NEW_NODE && !node.lost(), "is new", "are new");
    named(NodeReview::lost, "is gone, and made again", "are gone, and made again");
    named(NodeReview::machineRestarts, "restarts", "restart, one after the other");
    named(
        node -> node.restarts() && !node.machineRestarts(),
        "restarts its server, and its machine stays",
        "restart their servers, one after the other, and their machines stay");
    named(NodeReview::started, "was stopped, and starts again", "were stopped, and start again");
    named(
        node -> node.effect() == Effect.LIVE_SETTING && !node.started(),
        "changes while it runs",
        "change while they run");
    named(
        node -> node.triesRelease() && !node.machineRestarts(),
        "tries a new release of rediform, and takes it back if it does not serve",
        "try a new release of rediform, and take it back if it does not serve");
    count(costs.replacedNodes(), "is made anew", "are made anew");
    count(costs.removedNodes(), "leaves the cluster", "leave the cluster");
    count(costs.bigger(), "gets a larger machine", "get larger machines");
    count(costs.smaller(), "gets a smaller machine", "get smaller machines");
    count(costs.otherwise(), "gets another machine", "get other machines");
  }

  private void writes() {
    Costs costs = review.costs();
    if (costs.mostMasterChanges() > 0) {
      add(
          String.format(
              Locale.ROOT,
              "writes pause %s, about %.1f s each time (measured: %s)",
              times(costs.fewestMasterChanges(), costs.mostMasterChanges()),
              Costs.WRITE_GAP,
              Costs.SOURCE));
    }
    if (costs.fullResyncs() > 0) {
      add(
          "%s of all data between nodes, up to maxmemory each, %s in all"
              .formatted(
                  costs.fullResyncs() == 1 ? "one copy" : costs.fullResyncs() + " copies",
                  costs.mostData()));
    }
    if (costs.restarts() == 0
        && review.nodes().stream()
            .anyMatch(node -> node.effect() == Effect.LIVE_SETTING && !node.started())) {
      add("no node restarts for that, and writes do not pause");
    } else if (review.losesNothing() && costs.restarts() > 0) {
      add("nothing is lost");
    }
  }

  private void bucket() {
    if (does(Effect.LEFT_BEHIND)) {
      add("the bucket for backups stays with all that it holds, and rediform no longer manages it");
    }
    if (does(Effect.TAKEN_OVER)) {
      add(
          "the bucket for backups of a cluster of this name is there already, and is taken over with"
              + " all that it holds");
    }
  }

  /** What the file itself warns of is as true of the plan, whatever that changes. */
  private void warnings() {
    review.warnings().forEach(warning -> add("the file warns: " + warning));
  }

  private boolean does(Effect effect) {
    return review.changes().stream().anyMatch(change -> change.effect() == effect);
  }

  private void named(Predicate<NodeReview> which, String one, String several) {
    List<String> names = review.nodes().stream().filter(which).map(NodeReview::name).toList();
    if (names.size() <= MOST_NAMES && !names.isEmpty()) {
      add(String.join(", ", names) + " " + (names.size() == 1 ? one : several));
    } else {
      count(names.size(), one, several);
    }
  }

  private void count(int count, String one, String several) {
    if (count > 0) {
      add(count == 1 ? "one node " + one : count + " nodes " + several);
    }
  }

  private void add(String sentence) {
    sentences.add(sentence);
  }

  private static String times(int fewest, int most) {
    if (fewest == most) {
      return most == 1 ? "once" : most + " times";
    } else if (fewest > 0) {
      return "once to " + most + " times";
    }
    return most == 1 ? "once, or not at all" : "up to " + most + " times";
  }
}
