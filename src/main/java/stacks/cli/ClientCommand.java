package stacks.cli;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;
import stacks.clients.ClientSnippet;

@Command(
    name = "client",
    description = "Prints what an application needs to connect, with the real addresses.",
    footer = {"", "Example:", "  ./rediform client local --language python"})
final class ClientCommand implements Callable<Integer> {
  /** Languages there is a snippet for. */
  enum Language {
    python
  }

  @Mixin private EnvironmentArgument environment;

  @Option(
      names = "--language",
      defaultValue = "python",
      description = "One of: ${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}).")
  private Language language;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    String snippet =
        switch (language) {
          case python -> ClientSnippet.python(environment.cluster());
        };
    spec.commandLine().getOut().print(snippet);
    spec.commandLine().getOut().flush();
    return ExitCode.FINE;
  }
}
