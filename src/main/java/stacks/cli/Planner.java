package stacks.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import stacks.cluster.Cluster;
import stacks.platform.Identity;
import stacks.review.Review;

/**
 * Makes the plan that a deploy carries out: every node that it changes passes its gate, also where
 * the file says nothing new and something is put back (docs/decisions/0024).
 */
final class Planner {
  private final Cluster cluster;
  private final Terraform terraform;
  private final Consumer<String> say;

  /**
   * A plan that is kept in the stack's folder.
   *
   * @param changes whether carrying it out would change anything
   */
  record Planned(boolean changes, Review review) {}

  Planner(Cluster cluster, Terraform terraform, Consumer<String> say) {
    this.cluster = cluster;
    this.terraform = terraform;
    this.say = say;
  }

  /**
   * Plans, and reviews what was planned.
   *
   * @param file the plan's name in the stack's folder
   * @param approved whether somebody has approved of what needs approval
   */
  Planned plan(String file, boolean approved, String... options) {
    List<String> words = new ArrayList<>(List.of(options));
    boolean changes = terraform.plan(file, words);
    Review review = Reviews.made(cluster, file, approved);
    boolean adopts = review.known().isOlder();
    if (adopts) {
      words.add("-var=" + Identity.ADOPT + "=true");
    }
    review.ungated().forEach(node -> words.add("-replace=terraform_data." + node + "-gate"));
    if (adopts || !review.ungated().isEmpty()) {
      if (!review.ungated().isEmpty()) {
        say.accept("plans again, so that the gates run of " + String.join(", ", review.ungated()));
      }
      changes = terraform.plan(file, words);
      review = Reviews.made(cluster, file, approved);
    }
    return new Planned(changes, review);
  }
}
