package stacks.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import stacks.cluster.Cluster;
import stacks.node.BackupSection;
import stacks.platform.Identity;
import stacks.platform.Lasting;
import stacks.review.Review;

/**
 * Makes the plan that a deploy carries out: every node that it changes passes its gate, also where
 * the file says nothing new and something is put back (docs/decisions/0024).
 */
final class Planner {
  private static final String ADOPT = "TF_VAR_" + Lasting.ADOPT;

  private final Cluster cluster;
  private final Terraform terraform;
  private final Consumer<String> say;
  private boolean isNewBucket;

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
    boolean changes = planned(file, words);
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
      changes = planned(file, words);
      review = Reviews.made(cluster, file, approved);
    }
    return new Planned(changes, review);
  }

  /**
   * Makes a plan that takes over the bucket for backups, if the state does not know it and it is
   * there: nothing else can tell. Terraform passes over one that the state has.
   */
  private boolean planned(String file, List<String> options) {
    if (!BackupSection.makesBucket(cluster) || isNewBucket) {
      return terraform.plan(file, options);
    }
    terraform.with(ADOPT, "true");
    Terraform.Attempt attempt = terraform.tryPlan(file, options);
    isNewBucket = attempt.errors().stream().anyMatch(Planner::isNotThere);
    if (isNewBucket) {
      say.accept("there is no bucket for backups of " + cluster.name() + " yet: plans to make one");
      terraform.with(ADOPT, "false");
      return terraform.plan(file, options);
    }
    return terraform.made(attempt);
  }

  /** As Terraform says it of what an import block names. */
  private static boolean isNotThere(Terraform.Diagnostic error) {
    return error.summary().equals("Cannot import non-existent remote object")
        && error.detail().contains('"' + Lasting.BUCKET + '"');
  }
}
