package stacks.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
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

  private final Cluster cluster;
  private final Path stack;
  private final Steps steps;
  private final TerraformLog log;
  private final Map<String, String> variables = new HashMap<>();
  private boolean destroys;

  /**
   * What Terraform has to say of a failure.
   *
   * @param address the resource that it is about; empty where it is about none
   */
  record Diagnostic(String summary, String detail, String address) {}

  /**
   * What an apply came to.
   *
   * @param done addresses of which nothing is left to do
   * @param code exit code
   */
  record Applied(int code, Set<String> done, List<Diagnostic> errors) {}

  /**
   * Terraform on a stack that has been synthesized.
   *
   * @param progress told what is under way
   */
  Terraform(Cluster cluster, Progress progress) {
    this.cluster = cluster;
    this.stack = Synth.stack(SynthCommand.outdir(), cluster.name());
    this.steps = new Steps(cluster.name(), progress, InstantSource.system());
    this.log = new TerraformLog(stack, progress);
  }

  private Terraform(Terraform other, Path stack) {
    this.cluster = other.cluster;
    this.stack = stack;
    this.steps = other.steps;
    this.log = other.log;
  }

  /** The same in another folder. */
  Terraform in(Path folder) {
    return new Terraform(this, folder);
  }

  /** Sets a variable of the environment in which Terraform, and so each gate, runs. */
  void with(String variable, String value) {
    variables.put(variable, value);
  }

  /** From now on, what is destroyed is not to be created again. */
  void destroys() {
    destroys = true;
  }

  Path stack() {
    return stack;
  }

  /** Where all that it printed is. */
  Path log() {
    return log.file();
  }

  /** Makes backend and providers ready. */
  void init() {
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
      throw failure("plan", attempt.errors(), state().contains(FORMED));
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
    List<String> words = new ArrayList<>(List.of("plan", "-json", "-input=false", LOCK_TIMEOUT));
    words.addAll(List.of("-detailed-exitcode", "-out=" + file));
    words.addAll(options);
    TerraformOutput output = new TerraformOutput(steps);
    int code = run(words, output);
    boolean made = code == 0 || code == CHANGES;
    return new Attempt(code == CHANGES, made ? List.of() : output.errors());
  }

  /** Carries out a plan, and says what it does while it does it. */
  Applied apply(String file) {
    TerraformOutput output = new TerraformOutput(steps);
    int code = run(List.of("apply", "-json", "-input=false", LOCK_TIMEOUT, file), output);
    Set<String> done = output.done(destroys ? List::of : this::configured);
    return new Applied(code, done, code == 0 ? List.of() : output.errors());
  }

  /** Runs a verb that has no progress to show; ends the command when it fails. */
  void must(String... words) {
    TerraformOutput output = new TerraformOutput(steps);
    if (run(List.of(words), output) != 0) {
      throw failure(words[0], output.errors(), true);
    }
  }

  /** The failure of a verb that changes nothing. */
  Failure failure(String verb, List<Diagnostic> errors, boolean formed) {
    return TerraformFailure.of(cluster, verb, errors, formed, log());
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

  private int run(List<String> words, TerraformOutput output) {
    log.begin(words);
    steps.begin(words);
    ScheduledExecutorService seconds =
        Executors.newSingleThreadScheduledExecutor(
            task -> {
              Thread thread = new Thread(task, "rediform-seconds");
              thread.setDaemon(true);
              return thread;
            });
    seconds.scheduleAtFixedRate(steps::tick, 1, 1, TimeUnit.SECONDS);
    int code;
    try {
      code =
          Tool.terraform(stack, words.toArray(String[]::new))
              .with(variables)
              .lines(
                  line -> {
                    log.line(line);
                    output.accept(line);
                  });
    } finally {
      seconds.shutdownNow();
    }
    log.end(code);
    steps.end(code == 0 || code == CHANGES);
    if (code == Tool.INTERRUPTED) {
      throw Failure.missing(
          words.get(0).equals("apply")
              ? "interrupted. What is done stays; to go on from there: ./rediform %s %s"
                  .formatted(destroys ? "destroy" : "deploy", cluster.name())
              : "interrupted during terraform %s, which changes nothing".formatted(words.get(0)));
    }
    return code;
  }
}
