package stacks.cli;

import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;
import stacks.cluster.Cluster;

@Command(
    name = "move-state",
    description =
        "Moves an environment's Terraform state to where its file says (aws.state), and takes the"
            + " old copy out of use.",
    footer = {
      "",
      "Change aws.state in the file first, on the machine that has deployed before.",
      "",
      "Example:",
      "  ./rediform move-state production"
    })
final class MoveStateCommand implements Callable<Integer> {
  @Mixin private EnvironmentArgument environment;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    Cluster cluster = environment.deployable();
    SynthCommand.write(List.of(cluster));
    Progress say = Progress.of(spec);
    boolean moved = StatePlace.move(cluster, new Terraform(cluster, say), say);
    spec.commandLine()
        .getOut()
        .println(
            moved
                ? "the state of %s is now where its file says".formatted(cluster.name())
                : "nothing to move: the state of %s is where its file says"
                    .formatted(cluster.name()));
    return ExitCode.FINE;
  }
}
