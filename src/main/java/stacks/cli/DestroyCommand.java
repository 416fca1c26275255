package stacks.cli;

import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import stacks.cluster.Cluster;

@Command(
    name = "destroy",
    description = "Stops an environment's nodes and removes all that belongs to it.",
    footer = {"", "Example:", "  ./rediform destroy local"})
final class DestroyCommand implements Callable<Integer> {
  @Mixin private EnvironmentArgument environment;

  @Option(names = "--auto-approve", description = "Does not ask; local environments never ask.")
  private boolean autoApprove;

  @Override
  public Integer call() {
    Cluster cluster = environment.cluster();
    SynthCommand.write(List.of(cluster));
    DeployCommand.cdktf("destroy", cluster, autoApprove);
    return ExitCode.FINE;
  }
}
