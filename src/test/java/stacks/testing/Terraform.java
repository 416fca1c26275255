package stacks.testing;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The real Terraform, in one stack's folder. */
public final class Terraform {
  /** Names the folder that holds {@code registry.terraform.io}, where nothing can be downloaded. */
  private static final String MIRROR = "REDIFORM_TF_MIRROR";

  /** What {@code -detailed-exitcode} says of a plan with changes. */
  private static final int CHANGES = 2;

  private final Path folder;
  private final Map<String, String> environment;

  /**
   * Terraform in a folder with a {@code cdk.tf.json}.
   *
   * @param environment variables that the provider needs
   */
  public Terraform(Path folder, Map<String, String> environment) {
    this.folder = folder;
    this.environment = new HashMap<>(environment);
    this.environment.put("TF_IN_AUTOMATION", "1");
    this.environment.put("TF_INPUT", "0");
  }

  /** Whether this machine has it. */
  public static boolean isPossible() throws InterruptedException {
    return Run.isPossible("terraform", "version");
  }

  /** Makes provider and backend ready. */
  public void init(String... options) throws IOException, InterruptedException {
    List<String> arguments = new ArrayList<>(List.of("init", "-no-color"));
    arguments.addAll(List.of(options));
    if (System.getenv(MIRROR) != null) {
      arguments.add("-plugin-dir=" + System.getenv(MIRROR));
    }
    run(arguments.toArray(String[]::new)).succeeded();
  }

  /** Makes the provider ready, for a backend that cannot be reached from here. */
  public void initWithoutBackend() throws IOException, InterruptedException {
    init("-backend=false");
  }

  /** Writes the lock file as for one platform; where there is no mirror, the registry is asked. */
  public void lockProviders(String platform) throws IOException, InterruptedException {
    List<String> arguments =
        new ArrayList<>(List.of("providers", "lock", "-no-color", "-platform=" + platform));
    if (System.getenv(MIRROR) != null) {
      arguments.add("-fs-mirror=" + System.getenv(MIRROR));
    }
    run(arguments.toArray(String[]::new)).succeeded();
  }

  /** Checks the configuration against the provider's schemas. */
  public void validate() throws IOException, InterruptedException {
    run("validate", "-no-color").succeeded();
  }

  /** Plans, and tells what would happen. */
  public TerraformPlan plan() throws IOException, InterruptedException {
    Run planned = run("plan", "-no-color", "-detailed-exitcode", "-out=plan");
    planned.ended(planned.exitCode() == 0 ? 0 : CHANGES);
    return TerraformPlan.of(planned.out(), run("show", "-json", "plan").succeeded().out());
  }

  /** Does what was planned last. */
  public String applyPlan() throws IOException, InterruptedException {
    return run("apply", "-no-color", "plan").succeeded().all();
  }

  /** The state as Terraform's own JSON. */
  public String state() throws IOException, InterruptedException {
    return run("show", "-json").succeeded().out();
  }

  /** Destroys everything, or says why not. */
  public Run destroy() throws IOException, InterruptedException {
    return run("destroy", "-auto-approve", "-no-color");
  }

  private Run run(String... arguments) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of("terraform"));
    command.addAll(List.of(arguments));
    return Run.of(folder, environment, command);
  }
}
