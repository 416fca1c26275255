package stacks.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;
import stacks.Synth;
import stacks.cluster.Cluster;
import stacks.platform.Platforms;

@Command(
    name = "synth",
    description = "Writes an environment's Terraform configuration to cdktf.out/.",
    footer = {"", "Example:", "  ./rediform synth production"})
final class SynthCommand implements Callable<Integer> {
  @Mixin private EnvironmentArgument environment;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    PrintWriter out = spec.commandLine().getOut();
    Cluster cluster = environment.cluster();
    write(List.of(cluster));
    Platforms.of(cluster.environment().platform()).explain(cluster).forEach(out::println);
    out.println("written: " + Synth.stack(outdir(), cluster.name()).resolve("cdk.tf.json"));
    return ExitCode.FINE;
  }

  /** Where CDKTF wants its output: its CLI says so in the environment. */
  static Path outdir() {
    return Path.of(System.getenv().getOrDefault("CDKTF_OUTDIR", "cdktf.out"));
  }

  static void write(List<Cluster> clusters) {
    write(clusters, false);
  }

  /** See {@link Synth#write(Path, List, boolean)}. */
  static void write(List<Cluster> clusters, boolean first) {
    try {
      Synth.write(outdir(), clusters, first);
    } catch (IOException | UncheckedIOException e) {
      throw Failure.missing(
          "cannot write to %s: %s; make room for it there and run the same command again"
              .formatted(outdir(), e.getMessage()),
          e);
    }
  }
}
