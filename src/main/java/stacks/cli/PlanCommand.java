package stacks.cli;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;
import stacks.Synth;
import stacks.cluster.Cluster;
import stacks.review.PlanSummary;

@Command(
    name = "plan",
    description = "Shows what a deploy would change, node by node. Changes nothing itself.",
    footer = {
      "",
      "The plan is kept as cdktf.out/stacks/ENV/plan.",
      "",
      "Example:",
      "  ./rediform plan production"
    })
final class PlanCommand implements Callable<Integer> {
  @Mixin private EnvironmentArgument environment;

  @Option(names = "--json", description = "Reports as JSON.")
  private boolean json;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    PrintWriter out = spec.commandLine().getOut();
    Cluster cluster = environment.cluster();
    SynthCommand.write(List.of(cluster));
    Path stack = Synth.stack(SynthCommand.outdir(), cluster.name());
    PrintWriter err = spec.commandLine().getErr();
    err.println("rediform: terraform init");
    terraform(stack, "init", "-input=false", "-no-color");
    err.println("rediform: terraform plan");
    terraform(stack, "plan", "-input=false", "-no-color", "-out=plan");
    PlanSummary summary = read(terraform(stack, "show", "-json", "plan"), cluster);
    if (json) {
      out.println(Json.write(summary.changes()));
    } else if (summary.changes().isEmpty()) {
      out.println(cluster.name() + " is what its file says; a deploy would change nothing");
    } else {
      summary.lines().forEach(out::println);
    }
    return ExitCode.FINE;
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

  private static PlanSummary read(byte[] plan, Cluster cluster) {
    try {
      return PlanSummary.of(new ByteArrayInputStream(plan), cluster);
    } catch (IOException e) {
      throw Failure.missing("terraform show -json gave no plan: " + e.getMessage(), e);
    }
  }
}
