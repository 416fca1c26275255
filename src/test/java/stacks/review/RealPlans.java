package stacks.review;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.Stream;
import stacks.Synth;
import stacks.testing.Environments;
import stacks.testing.FakeAws;
import stacks.testing.Run;
import stacks.testing.Terraform;

/**
 * Plans by real Terraform with the real AWS provider, all from one cluster that was applied once to
 * an emulated AWS: an apply takes a minute, a plan two seconds.
 */
final class RealPlans implements AutoCloseable {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Path root;
  private final String name;
  private final Path stack;
  private final FakeAws aws = new FakeAws();
  private final Map<String, String> environment = new HashMap<>(aws.environment());
  private final Map<String, List<Expected>> expected = new HashMap<>();
  private String synthesized = "";
  private JsonNode configuration;

  /**
   * Applies an environment.
   *
   * @param root an empty folder
   */
  RealPlans(Path root, String name, String yaml) throws IOException, InterruptedException {
    this.root = root;
    this.name = name;
    this.stack = Synth.stack(root.resolve("cdktf.out"), name);
    environment.put("TF_IN_AUTOMATION", "1");
    environment.put("TF_INPUT", "0");
    write(yaml, RealPlans::withoutGates);
    Terraform terraform = new Terraform(stack, aws.environment());
    terraform.init();
    terraform.plan();
    terraform.applyPlan();
  }

  /** Gates would make the machines one after the other, and run a launcher that is not here. */
  private static void withoutGates(ObjectNode resources) {
    resources.get("aws_instance").forEach(machine -> ((ObjectNode) machine).remove("depends_on"));
    resources
        .get("terraform_data")
        .forEach(gate -> ((ObjectNode) gate).remove(List.of("depends_on", "provisioner")));
  }

  /**
   * The JSON of a plan.
   *
   * @param yaml the environment's file
   * @param edit what is done to the resources of the configuration that comes of it
   * @param options of {@code terraform plan}
   */
  String of(String yaml, Consumer<ObjectNode> edit, String... options)
      throws IOException, InterruptedException {
    write(yaml, edit);
    List<String> plan = new ArrayList<>(List.of("plan", "-no-color", "-lock=false", "-out=plan"));
    plan.addAll(List.of(options));
    // One that fails is kept too, and says in itself that it did.
    Files.deleteIfExists(stack.resolve("plan"));
    Run planned = terraform(plan.toArray(String[]::new));
    if (!Files.exists(stack.resolve("plan"))) {
      planned.succeeded();
    }
    return terraform("show", "-json", "plan").succeeded().out();
  }

  /** The same, without a look at what is there: that is what the state says. */
  String quick(String yaml, Consumer<ObjectNode> edit, String... options)
      throws IOException, InterruptedException {
    List<String> all = new ArrayList<>(List.of("-refresh=false"));
    all.addAll(List.of(options));
    return of(yaml, edit, all.toArray(String[]::new));
  }

  /** The same, as if nothing had been applied yet. */
  String first(String yaml, Consumer<ObjectNode> edit) throws IOException, InterruptedException {
    Path state = root.resolve(".rediform").resolve(name).resolve("terraform.tfstate");
    Path aside = state.resolveSibling("aside");
    Files.move(state, aside);
    try {
      return quick(yaml, edit);
    } finally {
      Files.deleteIfExists(state);
      Files.move(aside, state);
    }
  }

  /** The same as {@link #quick}, by a state that has lost some resources. */
  String forgetting(String yaml, String... addresses) throws IOException, InterruptedException {
    Path state = root.resolve(".rediform").resolve(name).resolve("terraform.tfstate");
    Path aside = state.resolveSibling("aside");
    Files.copy(state, aside);
    try {
      List<String> words = new ArrayList<>(List.of("state", "rm"));
      words.addAll(List.of(addresses));
      terraform(words.toArray(String[]::new)).succeeded();
      return quick(yaml, resources -> {});
    } finally {
      Files.move(aside, state, java.nio.file.StandardCopyOption.REPLACE_EXISTING);
    }
  }

  /** The same as {@link #of}, in an account that has nothing of this. */
  String elsewhere(String yaml) throws IOException, InterruptedException {
    Map<String, String> here = new HashMap<>(environment);
    try (FakeAws other = new FakeAws()) {
      environment.putAll(other.environment());
      return of(yaml, resources -> {});
    } finally {
      environment.putAll(here);
    }
  }

  /** Whether the configuration of the last plan is just what rediform makes of this file. */
  boolean isAsSynthesized(String yaml) throws IOException {
    JsonNode now = JSON.readTree(stack.resolve("cdk.tf.json").toFile());
    JsonNode ours = configuration.deepCopy();
    ((ObjectNode) ours.at("/resource/terraform_data/identity/lifecycle")).remove("postcondition");
    for (JsonNode one : List.of(now, ours)) { // what only guards is not in a plan
      one.get("resource")
          .forEach(type -> type.forEach(each -> ((ObjectNode) each).remove("lifecycle")));
    }
    return yaml.equals(synthesized) && now.equals(ours);
  }

  /**
   * What a plan of this file must be made of; then what one of a first deploy may be made of. The
   * stack's folder is not looked at.
   */
  List<Expected> expected(String yaml) throws IOException {
    List<Expected> known = expected.get(yaml);
    if (known == null) {
      known = anew(yaml);
      expected.put(yaml, known);
    }
    return known;
  }

  private List<Expected> anew(String yaml) throws IOException {
    List<Expected> both = new ArrayList<>();
    for (boolean first : new boolean[] {false, true}) {
      Path folder = root.resolve("expected");
      Synth.write(folder, List.of(Environments.cluster(name, yaml)), first);
      both.add(Expected.of(Synth.stack(folder, name)));
    }
    return both;
  }

  /** What somebody does by hand, in Python with {@code ec2} and {@code iam} at hand. */
  void byHand(String python) throws IOException, InterruptedException {
    Run.of(
            root,
            environment,
            "python3",
            "-c",
            "import boto3\nec2 = boto3.client('ec2')\niam = boto3.client('iam')\n" + python)
        .succeeded();
  }

  private void write(String yaml, Consumer<ObjectNode> edit) throws IOException {
    Path file = stack.resolve("cdk.tf.json");
    if (!yaml.equals(synthesized)) {
      Synth.write(root.resolve("cdktf.out"), List.of(Environments.cluster(name, yaml)));
      configuration = JSON.readTree(file.toFile());
      synthesized = yaml;
    }
    JsonNode edited = configuration.deepCopy();
    ObjectNode resources = (ObjectNode) edited.get("resource");
    // What the identity refuses no review would ever see; its rules see what was planned without.
    ((ObjectNode) resources.at("/terraform_data/identity/lifecycle")).remove("postcondition");
    edit.accept(resources);
    JSON.writeValue(file.toFile(), edited);
  }

  private Run terraform(String... words) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of("terraform"));
    command.addAll(List.of(words));
    return Run.of(stack, environment, command);
  }

  @Override
  public void close() throws IOException {
    aws.close();
    try (Stream<Path> files = Files.walk(root)) {
      files.sorted(Comparator.reverseOrder()).forEach(path -> path.toFile().delete());
    }
  }
}
