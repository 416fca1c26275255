package stacks.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import stacks.cluster.Cluster;
import stacks.environment.Environment.Backend;
import stacks.environment.Platform;

/** Where the state of an environment is, and how it gets to where the file says. */
final class StatePlace {
  private static final ObjectMapper MAPPER = new ObjectMapper();

  private StatePlace() {}

  /**
   * Makes Terraform ready; ends the command where the state is elsewhere than the file says, since
   * an empty state would build a second cluster.
   */
  static void init(Cluster cluster, Terraform terraform) {
    if (left(cluster).isPresent()) {
      throw Failure.no(
          "the file of %1$s keeps its state in a bucket (aws.state), and the state is still in %2$s. Nothing was changed. To move it: ./rediform move-state %1$s"
              .formatted(cluster.name(), left(cluster).get()));
    }
    terraform.init();
  }

  /** The state file beside the project, where it holds something and the file wants a bucket. */
  private static Optional<Path> left(Cluster cluster) {
    Path file = Path.of(".rediform", cluster.name(), "terraform.tfstate");
    boolean bucket =
        cluster.environment().platform() == Platform.AWS
            && cluster.environment().aws().state().backend() == Backend.S3;
    return bucket && Files.exists(file) && !read(file).path("resources").isEmpty()
        ? Optional.of(file)
        : Optional.empty();
  }

  private static JsonNode read(Path file) {
    try {
      return MAPPER.readTree(file.toFile());
    } catch (IOException e) {
      throw Failure.missing("%s cannot be read".formatted(file), e);
    }
  }

  /**
   * Moves the state to where the file says. The old copy holds nothing afterwards, so that nobody
   * deploys from it.
   *
   * @return whether there was anything to move
   */
  static boolean move(Cluster cluster, Terraform terraform, Consumer<String> say) {
    Optional<Path> beside = left(cluster);
    if (beside.isPresent()) {
      terraform.must("init", "-json", "-input=false", "-reconfigure");
      terraform.plainly("state", "push", beside.get().toAbsolutePath().toString());
      Path aside = beside.get().resolveSibling("terraform.tfstate.moved");
      try {
        Files.move(beside.get(), aside, StandardCopyOption.REPLACE_EXISTING);
      } catch (IOException e) {
        throw Failure.missing("%s cannot be renamed".formatted(beside.get()), e);
      }
      say.accept("the old copy is out of use, and kept as " + aside);
      return true;
    }
    Path knows = terraform.stack().resolve(".terraform/terraform.tfstate");
    if (!Files.exists(knows)) {
      terraform.init();
      return false;
    }
    JsonNode old = read(knows).path("backend").deepCopy();
    // It would ask, and so knows no machine-readable lines.
    terraform.plainly("init", "-input=false", "-no-color", "-migrate-state", "-force-copy");
    if (old.path("hash").equals(read(knows).path("backend").path("hash"))) {
      return false;
    }
    if (old.path("type").asText().equals("s3")) {
      emptyBucket(cluster, terraform, old.path("config"), say);
    }
    return true;
  }

  /**
   * Leaves a state without resources in the old bucket, by a Terraform that knows no more of it.
   */
  private static void emptyBucket(
      Cluster cluster, Terraform terraform, JsonNode config, Consumer<String> say) {
    try {
      Path folder = Files.createDirectories(terraform.stack().resolve("old-state"));
      ObjectNode backend = MAPPER.createObjectNode();
      config.properties().stream()
          .filter(entry -> !entry.getValue().isNull())
          .forEach(entry -> backend.set(entry.getKey(), entry.getValue()));
      MAPPER.writeValue(
          folder.resolve("main.tf.json").toFile(),
          Map.of("terraform", Map.of("backend", Map.of("s3", backend))));
      Terraform there = terraform.in(folder);
      there.must("init", "-json", "-input=false", "-reconfigure");
      ObjectNode state = (ObjectNode) MAPPER.readTree(there.plainly("state", "pull"));
      state.put("serial", state.path("serial").asLong() + 1);
      state.set("resources", MAPPER.createArrayNode());
      state.set("outputs", MAPPER.createObjectNode());
      Path empty = folder.resolve("empty.tfstate");
      MAPPER.writeValue(empty.toFile(), state);
      there.plainly("state", "push", empty.toAbsolutePath().toString());
      say.accept(
          "the old copy in bucket %s holds nothing any more"
              .formatted(config.path("bucket").asText()));
    } catch (IOException e) {
      throw Failure.missing(
          "the state of %s has moved; its old copy could not be emptied".formatted(cluster.name()),
          e);
    }
  }
}
