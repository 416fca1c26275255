package stacks.cli;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import stacks.cluster.Cluster;

/**
 * Starts a machine again, as it was, when its change has failed after it was stopped: AWS refuses a
 * type only then. It is a Terraform configuration of its own, since in the environment's the
 * machine waits for the change that has failed.
 */
final class StartAgain {
  private static final ObjectMapper MAPPER = new ObjectMapper();
  private static final String MACHINE = "aws_instance.";

  private StartAgain() {}

  /** Looks after each machine whose change has failed; that must not hide why it failed. */
  static void whatStopped(
      Cluster cluster, Terraform.Applied applied, Terraform terraform, Consumer<String> say) {
    applied.errors().stream()
        .map(Terraform.Diagnostic::address)
        .filter(address -> address.startsWith(MACHINE))
        .map(address -> address.substring(MACHINE.length()))
        .distinct()
        .forEach(node -> start(cluster, node, terraform, say));
  }

  private static void start(
      Cluster cluster, String node, Terraform terraform, Consumer<String> say) {
    try {
      Path folder = Files.createDirectories(terraform.stack().resolve("start-again"));
      MAPPER.writeValue(
          folder.resolve("main.tf.json").toFile(), configuration(cluster, node, terraform));
      Files.deleteIfExists(folder.resolve("terraform.tfstate"));
      Terraform there = terraform.in(folder);
      there.must("init", "-json", "-input=false");
      if (there.tryPlan("plan", List.of()).changes()) {
        say.accept(node + " stands stopped, and is started again as it was");
        there.apply("plan");
      }
    } catch (IOException | Failure e) {
      say.accept("whether %s runs could not be seen: %s".formatted(node, e.getMessage()));
    }
  }

  private static Map<String, Object> configuration(
      Cluster cluster, String node, Terraform terraform) throws IOException {
    var stack = MAPPER.readTree(terraform.stack().resolve("cdk.tf.json").toFile());
    return Map.of(
        "terraform",
        Map.of("required_providers", stack.at("/terraform/required_providers")),
        "provider",
        stack.path("provider"),
        "data",
        Map.of(
            "aws_instances",
            Map.of(
                "stopped",
                Map.of(
                    "instance_tags",
                    Map.of("rediform", cluster.name(), "Name", cluster.name() + "-" + node),
                    "instance_state_names",
                    List.of("stopping", "stopped")))),
        "resource",
        Map.of(
            "aws_ec2_instance_state",
            Map.of(
                "again",
                Map.of(
                    "for_each",
                    "${toset(data.aws_instances.stopped.ids)}",
                    "instance_id",
                    "${each.value}",
                    "state",
                    "running"))));
  }
}
