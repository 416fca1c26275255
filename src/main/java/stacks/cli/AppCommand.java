package stacks.cli;

import java.io.PrintWriter;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;
import stacks.cluster.Cluster;

/** What {@code cdktf.json} names as the app: the CDKTF CLI wants all stacks at once. */
@Command(name = "app", hidden = true, description = "Synthesizes all environments, for cdktf.")
final class AppCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    PrintWriter err = spec.commandLine().getErr();
    List<Cluster> clusters =
        Environments.names().stream()
            .map(name -> Environments.cluster(name, err::println))
            .toList();
    SynthCommand.write(clusters);
    return ExitCode.FINE;
  }
}
