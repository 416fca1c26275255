package stacks.cli;

import java.io.PrintWriter;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import stacks.cluster.Cluster;

/** The environment that most verbs are about. */
final class EnvironmentArgument {
  @Parameters(index = "0", paramLabel = "ENV", description = "Environment, by name or file.")
  private String name;

  @Spec(Spec.Target.MIXEE)
  private CommandSpec spec;

  /** The cluster of an environment that is to be deployed: on the way, gates ask for it by name. */
  Cluster deployable() {
    if (!Environments.isOurs(name)) {
      throw Failure.usage(
          "%s is not in the folder environments; what is deployed must be: move it there"
              .formatted(name));
    }
    return cluster();
  }

  /** Its cluster; warnings are shown, errors end the command. */
  Cluster cluster() {
    PrintWriter err = spec.commandLine().getErr();
    return Environments.cluster(name, err::println);
  }

  /** Its cluster, without a word about warnings; errors are shown, and end the command. */
  Cluster quietly() {
    PrintWriter err = spec.commandLine().getErr();
    return Environments.quietly(name, err::println);
  }
}
