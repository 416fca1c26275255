package stacks.cli;

import java.io.PrintWriter;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import stacks.cluster.Cluster;
import stacks.cluster.Node;
import stacks.platform.Platforms;
import stacks.values.Nearest;

@Command(
    name = "render",
    description =
        "Shows what a node is told, without any secret: its document, and the settings in it as lines of redis.conf.",
    footer = {"", "Example:", "  ./rediform render production redis-1"})
final class RenderCommand implements Callable<Integer> {
  @Mixin private EnvironmentArgument environment;

  @Parameters(index = "1", paramLabel = "NODE", description = "Name of the node, such as redis-1.")
  private String nodeName;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    PrintWriter out = spec.commandLine().getOut();
    Cluster cluster = environment.cluster();
    Node node = cluster.node(nodeName).orElseThrow(() -> unknown(cluster));
    Platforms.of(cluster.environment().platform())
        .render(cluster, node)
        .forEach((name, text) -> out.println("# " + name + "\n" + text));
    return ExitCode.FINE;
  }

  private Failure unknown(Cluster cluster) {
    var names = cluster.nodes().stream().map(Node::name).toList();
    String nearest =
        Nearest.of(nodeName, names).map(name -> " Did you mean \"" + name + "\"?").orElse("");
    return Failure.no(
        "%s has no node \"%s\".%s Its nodes: %s"
            .formatted(cluster.name(), nodeName, nearest, String.join(", ", names)));
  }
}
