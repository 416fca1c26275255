package stacks.cli;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ScopeType;

/** The command line: {@code ./rediform VERB …}. */
@Command(
    name = "rediform",
    description = "Highly available Redis on virtual machines, from one environment file.",
    synopsisSubcommandLabel = "VERB",
    versionProvider = Cli.Version.class,
    subcommands = {
      CheckCommand.class,
      SynthCommand.class,
      RenderCommand.class,
      PlanCommand.class,
      ReviewCommand.class,
      DeployCommand.class,
      DestroyCommand.class,
      WaitCommand.class,
      StatusCommand.class,
      FailoverCommand.class,
      ReplaceCommand.class,
      BackupCommand.class,
      RestoreCommand.class,
      MoveStateCommand.class,
      DrillCommand.class,
      MonitoringCommand.class,
      ClientCommand.class,
      AppCommand.class,
    },
    footer = {
      "",
      "Examples:",
      "  ./rediform check                 every problem of every environment file",
      "  ./rediform deploy local          the whole cluster as processes on this machine",
      "  ./rediform status local          who is master, who follows, what Sentinel thinks",
      "  ./rediform plan production       what a deploy would do",
      "",
      "Exit codes: 0 fine, 1 the answer is no, 2 wrong usage, 3 something needed is missing or failed.",
    })
public final class Cli implements Runnable {
  @Option(
      names = {"-h", "--help"},
      usageHelp = true,
      scope = ScopeType.INHERIT,
      description = "Shows this text.")
  private boolean help;

  @Option(
      names = "--debug",
      scope = ScopeType.INHERIT,
      description = "Shows stack traces of failures.")
  private boolean debug;

  @Option(
      names = {"-V", "--version"},
      versionHelp = true,
      description = "Shows which release this is.")
  private boolean version;

  @CommandLine.Spec private CommandLine.Model.CommandSpec spec;

  private Cli() {}

  /** The release, as Maven wrote it into the jar. */
  static final class Version implements CommandLine.IVersionProvider {
    @Override
    public String[] getVersion() {
      return new String[] {"rediform " + Cli.class.getPackage().getImplementationVersion()};
    }
  }

  /** The command line with all verbs, as help texts are made from it. */
  static CommandLine commandLine() {
    return new CommandLine(new Cli())
        .setCaseInsensitiveEnumValuesAllowed(true)
        .registerConverter(Path.class, CallersFolder::path);
  }

  /**
   * Runs one command.
   *
   * @return the exit code
   */
  public static int run(PrintWriter out, PrintWriter err, String... args) {
    CommandLine commandLine =
        commandLine()
            .setOut(out)
            .setErr(err)
            .setParameterExceptionHandler((e, words) -> usage(e, err))
            .setExecutionExceptionHandler((e, command, parsed) -> failure(e, err, List.of(args)));
    try {
      return commandLine.execute(args);
    } catch (Error e) { // picocli leaves those to us: out of memory, say
      return failure(e, err, List.of(args));
    }
  }

  @Override
  public void run() {
    spec.commandLine().usage(spec.commandLine().getOut());
  }

  private static int usage(CommandLine.ParameterException e, PrintWriter err) {
    err.println("rediform: " + e.getMessage());
    if (!CommandLine.UnmatchedArgumentException.printSuggestions(e, err)) {
      err.println("Try: ./" + e.getCommandLine().getCommandSpec().qualifiedName() + " --help");
    }
    return ExitCode.USAGE;
  }

  private static int failure(Throwable e, PrintWriter err, List<String> args) {
    boolean known = e instanceof Failure;
    // Only the first line: what comes out of Node brings its stack along in the others.
    String message =
        known
            ? e.getMessage()
            : "unexpected: %s; --debug shows where it comes from"
                .formatted(e.toString().lines().findFirst().orElse(""));
    err.println("rediform: " + message);
    if (args.contains("--debug")) {
      e.printStackTrace(err);
    }
    return known ? ((Failure) e).exitCode() : ExitCode.MISSING;
  }
}
