package stacks.cli;

import java.util.Optional;
import stacks.cluster.Cluster;
import stacks.operate.ClusterStatus;
import stacks.operate.Look;
import stacks.review.Change;
import stacks.review.Review;

/** Whether the gates of a deploy will see anything; better asked before the first machine stops. */
final class Reach {
  private Reach() {}

  /** Ends the command where a living cluster would be changed from where nobody sees it. */
  static void check(Cluster cluster, Review review, boolean withoutGates) {
    check(cluster, review, withoutGates, Access.blind(cluster));
  }

  static void check(Cluster cluster, Review review, boolean withoutGates, Optional<String> blind) {
    boolean touches =
        review.changes().stream().map(Change::address).anyMatch(Reach::waits)
            || review.costs().removedNodes() > 0;
    if (withoutGates || cluster.isLocal() || !review.known().isLiving() || !touches) {
      return;
    }
    // Its gates would say so too, machines running or not, but in the middle of the deploy.
    blind.ifPresent(
        why -> {
          throw Failure.missing(refusal(cluster, why));
        });
    if (!review.known().running()) {
      return;
    }
    Optional<Look> look = Access.look(cluster);
    if (look.isEmpty()) {
      throw Failure.missing(refusal(cluster, Access.howToLook(cluster)));
    }
    ClusterStatus status = look.get().at(cluster);
    if (status.isUnreached()) {
      throw Failure.missing(
          refusal(cluster, "not one node answers: " + String.join("; ", status.problems())));
    }
  }

  private static boolean waits(String address) {
    return address.matches("terraform_data\\.(.*-gate|whole)");
  }

  private static String refusal(Cluster cluster, String why) {
    return "%s. A deploy looks at the others before it changes a node, and from here it could not: nothing was changed. Deploy from a machine that reaches the nodes; or, if they are down for good, --without-gates"
        .formatted(why);
  }
}
