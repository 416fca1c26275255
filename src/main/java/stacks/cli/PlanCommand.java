package stacks.cli;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;
import stacks.Synth;
import stacks.cluster.Cluster;

@Command(
    name = "plan",
    description = {
      "Plans a deploy and reviews the plan: what it does to each node, and what is dangerous in it."
          + " Changes nothing itself."
    },
    footer = {
      "",
      "The plan is kept as cdktf.out/stacks/ENV/plan; ./rediform review looks at it again.",
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
    Path stack = Synth.stack(SynthCommand.outdir(), cluster.name());
    PrintWriter err = spec.commandLine().getErr();
    err.println("rediform: terraform init");
    terraform(stack, "init", "-input=false", "-no-color");
    err.println("rediform: terraform plan");
    terraform(stack, "plan", "-input=false", "-no-color", "-out=plan");
    Reviews.keep(cluster);
    return options.say(Reviews.made(cluster, "plan", options.approved()));
  }

  /** What a quiet run of Terraform printed; ends the command when it failed. */
  static byte[] terraform(Path stack, String... arguments) {
    Tool.Output output = Tool.terraform(stack, arguments).read();
    if (output.exitCode() != 0) {
      throw Failure.missing(
          "terraform %s ended with code %d:%n%s"
              .formatted(arguments[0], output.exitCode(), output.err().strip()));
    }
    return output.out();
  }
}
