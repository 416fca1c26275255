package stacks.cli;

import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import stacks.cluster.Cluster;
import stacks.review.Review;
import stacks.review.ReviewRule;
import stacks.review.ReviewRules;
import stacks.values.Nearest;

@Command(
    name = "review",
    description = "Says what a plan does to each node, and what is dangerous in it.",
    footer = {
      "",
      "Without PLAN it looks at the plan that `plan` has kept.",
      "Exit code 0 when the plan may be applied, 1 when it is blocked.",
      "",
      "Examples:",
      "  ./rediform review production",
      "  ./rediform review production plan.json --output review.md --output review.sarif",
      "  ./rediform review --explain disk-shrunk"
    })
final class ReviewCommand implements Callable<Integer> {
  @Parameters(
      index = "0",
      arity = "0..1",
      paramLabel = "ENV",
      description = "Environment, by name or file.")
  private String environment;

  @Parameters(
      index = "1",
      arity = "0..1",
      paramLabel = "PLAN",
      description = "Output of terraform show -json, or - for standard input.")
  private String plan;

  @Mixin private ReviewOptions options;

  @Option(names = "--explain", paramLabel = "RULE", description = "Explains a rule.")
  private String rule;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    PrintWriter out = spec.commandLine().getOut();
    if (rule != null) {
      explain(rule, out);
      return ExitCode.FINE;
    }
    if (environment == null) {
      throw Failure.usage("name an environment: ./rediform review ENV [PLAN]");
    }
    options.check();
    Cluster cluster = Environments.cluster(environment, spec.commandLine().getErr()::println);
    return options.say(review(cluster));
  }

  private Review review(Cluster cluster) {
    if (plan == null) {
      return Reviews.kept(cluster, options.approved());
    } else if (plan.equals("-")) {
      return Reviews.of(System.in, cluster, options.approved());
    }
    try (InputStream file = Files.newInputStream(CallersFolder.path(plan))) {
      return Reviews.of(file, cluster, options.approved());
    } catch (IOException e) {
      throw Failure.missing(
          "%1$s cannot be read; is it there? To get one: terraform show -json plan > %1$s"
              .formatted(plan),
          e);
    }
  }

  private static void explain(String id, PrintWriter out) {
    ReviewRule rule =
        ReviewRules.named(id)
            .orElseThrow(
                () -> {
                  List<String> ids = ReviewRules.ALL.stream().map(ReviewRule::id).toList();
                  return Failure.usage(
                      "the plan review has no rule \"%s\"%s There are: %s. Those of a file are in docs/environments.md"
                          .formatted(
                              id,
                              Nearest.of(id, ids)
                                  .map(name -> "; did you mean \"" + name + "\"?")
                                  .orElse("."),
                              String.join(", ", ids)));
                });
    out.println(rule.id() + " (" + rule.severity() + ")");
    out.println("  " + rule.meaning());
    out.println("  " + rule.remedy());
  }
}
