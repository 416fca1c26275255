package stacks.cli;

import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;
import stacks.cluster.Cluster;
import stacks.review.Review;

@Command(
    name = "plan",
    description = {
      "Plans a deploy and reviews the plan: what it does to each node, and what is dangerous in it."
          + " Changes nothing itself."
    },
    footer = {
      "",
      "The plan is kept as cdktf.out/stacks/ENV/plan; ./rediform review looks at it again.",
      "Where it endangers data, the nodes are asked how old their last backup and its",
      "proof are, if network.shell says how to reach them.",
      "Exit code 0 when it may be applied, 1 when it is blocked.",
      "",
      "Examples:",
      "  ./rediform plan production",
      "  ./rediform plan production --output review.md --output review.html"
    })
final class PlanCommand implements Callable<Integer> {
  @Mixin private EnvironmentArgument environment;

  @Mixin private ReviewOptions options;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    options.check();
    Cluster cluster = environment.cluster();
    SynthCommand.write(List.of(cluster));
    Progress say = Progress.of(spec);
    Terraform terraform = new Terraform(cluster, say);
    StatePlace.init(cluster, terraform);
    Review review =
        new Planner(cluster, terraform, say).plan(Reviews.KEPT, options.approved()).review();
    Reviews.keep(cluster);
    return options.say(review);
  }
}
