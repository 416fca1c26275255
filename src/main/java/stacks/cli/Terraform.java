package stacks.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;
import stacks.Synth;
import stacks.cluster.Cluster;
import stacks.platform.Gates;

/**
 * Terraform in the folder of an environment's stack, spoken to in its own machine-readable lines
 * (developer.hashicorp.com/terraform/internals/machine-readable-ui).
 */
final class Terraform {
  private static final ObjectMapper MAPPER = new ObjectMapper();

  /** {@code -detailed-exitcode}: the plan is made, and would change something. */
  private static final int CHANGES = 2;

  /** How long a second deploy waits for the first: as long as one node takes, not a whole roll. */
  private static final String LOCK_TIMEOUT = "-lock-timeout=60s";

  /** The state has it when the cluster was whole once. */
  static final String FORMED = "terraform_data." + Gates.FORMED;

  /** Seconds. EC2 runs a machine within some 15. */
  private static final int EC2_IS_LATE = 60;

  private static final String NO_MACHINE_YET =
      ": EC2 has given no machine yet, for want of capacity perhaps, or of quota; it is asked for up"
          + " to three minutes, and then the reason is said";

  private static final Set<String> PROGRESS =
      Set.of("apply_start", "apply_progress", "apply_complete", "apply_errored");

  private final Cluster cluster;
  private final Path stack;
  private final Consumer<String> say;
  private final Map<String, String> variables = new HashMap<>();

  /**
   * What Terraform has to say of a failure.
   *
   * @param address the resource that it is about; empty where it is about none
   */
  record Diagnostic(String summary, String detail, String address) {}

  /**
   * What an apply came to.
   *
   * @param done addresses that were made, changed or destroyed
   * @param code exit code
   */
  record Applied(int code, Set<String> done, List<Diagnostic> errors) {}

  /**
   * Terraform on a stack that has been synthesized.
   *
   * @param say told what is under way, a line each
   */
  Terraform(Cluster cluster, Consumer<String> say) {
    this(cluster, Synth.stack(SynthCommand.outdir(), cluster.name()), say);
  }

  private Terraform(Cluster cluster, Path stack, Consumer<String> say) {
    this.cluster = cluster;
    this.stack = stack;
    this.say = say;
  }

  /** The same in another folder. */
  Terraform in(Path folder) {
    return new Terraform(cluster, folder, say);
  }

  /** Sets a variable of the environment in which Terraform, and so each gate, runs. */
  void with(String variable, String value) {
    variables.put(variable, value);
  }

  Path stack() {
    return stack;
  }

  /** Makes backend and providers ready. */
  void init() {
    say.accept("terraform init");
    must("init", "-json", "-input=false");
  }

  /**
   * Makes a plan and keeps it; ends the command when there is none.
   *
   * @param file the plan's name in the stack's folder
   * @return whether it would change anything
   */
  boolean plan(String file, List<String> options) {
    return made(tryPlan(file, options));
  }

  /** Whether a plan would change anything; ends the command when there is none. */
  boolean made(Attempt attempt) {
    if (!attempt.errors().isEmpty()) {
      throw TerraformFailure.of(cluster, "plan", attempt.errors(), state().contains(FORMED));
    }
    return attempt.changes();
  }

  /**
   * What came of a plan.
   *
   * @param errors why there is none; empty when there is one
   */
  record Attempt(boolean changes, List<Diagnostic> errors) {}

  /** Makes a plan and keeps it, or says why there is none. */
  Attempt tryPlan(String file, List<String> options) {
    say.accept("terraform plan");
    List<String> words = new ArrayList<>(List.of("plan", "-json", "-input=false", LOCK_TIMEOUT));
    words.addAll(List.of("-detailed-exitcode", "-out=" + file));
    words.addAll(options);
    List<Diagnostic> errors = new ArrayList<>();
    int code = run(words, this::waits, errors);
    return new Attempt(code == CHANGES, code == 0 || code == CHANGES ? List.of() : errors);
  }

  /** Carries out a plan, and says what it does while it does it. */
  Applied apply(String file) {
    Set<String> done = new TreeSet<>();
    List<Diagnostic> errors = new ArrayList<>();
    int code =
        run(
            List.of("apply", "-json", "-input=false", LOCK_TIMEOUT, file),
            event -> {
              waits(event);
              progress(event);
              if (event.path("type").asText().equals("apply_complete")) {
                done.add(event.at("/hook/resource/addr").asText());
              }
            },
            errors);
    return new Applied(code, done, errors);
  }

  /** Runs a verb that has no progress to show; ends the command when it fails. */
  void must(String... words) {
    List<Diagnostic> errors = new ArrayList<>();
    int code = run(List.of(words), event -> {}, errors);
    if (code != 0) {
      throw TerraformFailure.of(cluster, words[0], errors, true);
    }
  }

  /** Runs a verb that knows no machine-readable lines, and gives what it printed. */
  String plainly(String... words) {
    Tool.Output output = Tool.terraform(stack, words).read();
    if (output.exitCode() != 0) {
      throw Failure.missing(
          "terraform %s ended with code %d: %s"
              .formatted(
                  String.join(" ", List.of(words).subList(0, 2)),
                  output.exitCode(),
                  output.err().strip()));
    }
    return new String(output.out(), StandardCharsets.UTF_8);
  }

  /** Addresses of what the configuration has. */
  List<String> configured() {
    try {
      List<String> addresses = new ArrayList<>();
      MAPPER
          .readTree(stack.resolve("cdk.tf.json").toFile())
          .path("resource")
          .properties()
          .forEach(
              type ->
                  type.getValue()
                      .fieldNames()
                      .forEachRemaining(name -> addresses.add(type.getKey() + "." + name)));
      return addresses;
    } catch (IOException e) {
      throw Failure.missing("%s cannot be read".formatted(stack.resolve("cdk.tf.json")), e);
    }
  }

  /** What the state holds, as {@code terraform show -json} has it. */
  JsonNode resources() {
    Tool.Output output = Tool.terraform(stack, "show", "-json").read();
    try {
      return MAPPER.readTree(output.out()).at("/values/root_module/resources");
    } catch (IOException e) {
      throw Failure.missing(
          "the state of %s cannot be read: %s".formatted(cluster.name(), output.err().strip()), e);
    }
  }

  /** Addresses of what the state holds; none where there is no state yet. */
  List<String> state() {
    Tool.Output output = Tool.terraform(stack, "state", "list").read();
    if (output.exitCode() != 0 && !output.err().contains("No state file was found")) {
      throw Failure.missing(
          "the state of %s cannot be read: %s".formatted(cluster.name(), output.err().strip()));
    }
    return new String(output.out(), StandardCharsets.UTF_8).lines().toList();
  }

  private int run(List<String> words, Consumer<JsonNode> event, List<Diagnostic> errors) {
    List<String> plain = new ArrayList<>();
    int code =
        Tool.terraform(stack, words.toArray(String[]::new))
            .with(variables)
            .lines(
                line -> {
                  JsonNode json = parse(line);
                  if (json == null) {
                    plain.add(line); // backends and crashes speak to people only
                  } else if (isError(json)) {
                    JsonNode diagnostic = json.path("diagnostic");
                    errors.add(
                        new Diagnostic(
                            diagnostic.path("summary").asText(),
                            diagnostic.path("detail").asText(),
                            diagnostic.path("address").asText()));
                  } else {
                    event.accept(json);
                  }
                });
    if (code == Tool.INTERRUPTED) {
      throw Failure.missing(
          "interrupted. What is done stays; to go on from there: ./rediform deploy "
              + cluster.name());
    }
    if (code != 0 && code != CHANGES && errors.isEmpty()) {
      errors.add(new Diagnostic(String.join("\n", plain), "", ""));
    }
    return code;
  }

  private static boolean isError(JsonNode event) {
    return event.path("type").asText().equals("diagnostic")
        && event.at("/diagnostic/severity").asText().equals("error");
  }

  private static JsonNode parse(String line) {
    try {
      JsonNode json = MAPPER.readTree(line);
      return json != null && json.isObject() ? json : null;
    } catch (JsonProcessingException e) {
      return null;
    }
  }

  /** Another run has the state: whoever waits shall know for what. */
  private void waits(JsonNode event) {
    String message = event.path("@message").asText();
    if (message.contains("state lock") && !message.startsWith("Releasing")) {
      say.accept(message.strip());
    }
  }

  private void progress(JsonNode event) {
    String type = event.path("type").asText();
    if (PROGRESS.contains(type)) {
      String message = event.path("@message").asText().replaceFirst(" \\[id=[^]]*]$", "");
      boolean machine = event.at("/hook/resource/resource_type").asText().equals("aws_instance");
      boolean making = event.at("/hook/action").asText().equals("create");
      boolean late = event.at("/hook/elapsed_seconds").asInt() >= EC2_IS_LATE;
      say.accept(machine && making && late ? message + NO_MACHINE_YET : message);
    } else if (type.equals("provision_progress")) {
      String line = event.at("/hook/output").asText();
      if (!line.startsWith("local-exec: Executing: ")) { // what is run is no news, what it says is
        say.accept(line);
      }
    }
  }
}
