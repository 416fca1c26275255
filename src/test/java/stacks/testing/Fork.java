package stacks.testing;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import stacks.testing.Account.Call;
import stacks.testing.Account.Fault;
import stacks.testing.Account.Instance;

/**
 * An emulated account of its own, and a project folder from which the environment {@link
 * DeployLab#NAME} is deployed into it.
 */
public final class Fork implements AutoCloseable {
  private final Account account;
  private final Project project;

  Fork(Account account, Project project) {
    this.account = account;
    this.project = project;
  }

  /** A copy of both. It ends with this one at the latest. */
  public Fork fork() throws IOException, InterruptedException {
    return new Fork(account.fork(), project.copy());
  }

  /**
   * What someone else has who gets the environment's file, and the same account: neither state on
   * disk nor what was synthesized.
   */
  public Fork freshClone() throws IOException {
    return new Fork(
        account.borrowed(), Project.create().environment(DeployLab.NAME, Files.readString(file())));
  }

  /** The project's folder. */
  public Path folder() {
    return project.folder();
  }

  /** Variables by which Terraform and the project find account and provider. */
  public Map<String, String> environment() throws IOException {
    Map<String, String> variables = new HashMap<>(project.providerMirror());
    variables.putAll(account.environment());
    return variables;
  }

  /** Runs {@code ./rediform}. */
  public Run rediform(String... words) throws IOException, InterruptedException {
    return rediform(Map.of(), words);
  }

  /** Runs {@code ./rediform} with more environment variables. */
  public Run rediform(Map<String, String> more, String... words)
      throws IOException, InterruptedException {
    Map<String, String> variables = environment();
    variables.putAll(more);
    return project.rediform(variables, words);
  }

  /** Deploys, and kills Terraform after a while, as {@link RunningDeploy#killAfter} does. */
  public void deployKilledAfter(int millis) throws IOException, InterruptedException {
    RunningDeploy.start(project, environment(), DeployLab.NAME, "--auto-approve").killAfter(millis);
  }

  /**
   * Deploys, and kills Terraform as soon as something has happened.
   *
   * @return whether it had, before the deploy came to its end
   */
  public boolean deployKilledOnce(Map<String, String> more, Callable<Boolean> happened)
      throws Exception {
    Map<String, String> variables = environment();
    variables.putAll(more);
    return RunningDeploy.start(project, variables, DeployLab.NAME, "--auto-approve")
        .killOnce(happened);
  }

  /** Runs the CDKTF CLI by itself. */
  public Run cdktf(String... words) throws IOException, InterruptedException {
    return cdktf(Map.of(), words);
  }

  /** Runs the CDKTF CLI by itself, with more environment variables. */
  public Run cdktf(Map<String, String> more, String... words)
      throws IOException, InterruptedException {
    Map<String, String> variables = environment();
    variables.putAll(more);
    variables.put("CI", "1");
    // The launcher's, which the tests run with, is for its own Node.
    variables.put("NODE_OPTIONS", "");
    return run(folder(), variables, "node_modules/.bin/cdktf", words);
  }

  /** Runs Terraform on the synthesized stack. */
  public Run terraform(String... words) throws IOException, InterruptedException {
    Path stack = folder().resolve("cdktf.out/stacks/" + DeployLab.NAME);
    return run(stack, environment(), "terraform", words);
  }

  private static Run run(
      Path folder, Map<String, String> variables, String program, String... words)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of(program));
    command.addAll(List.of(words));
    return Run.of(folder, variables, command);
  }

  /** Changes the environment's file. */
  public void edit(String old, String replacement) throws IOException {
    String text = Files.readString(file());
    assertThat(text).contains(old);
    Files.writeString(file(), text.replace(old, replacement));
  }

  private Path file() {
    return folder().resolve("environments/" + DeployLab.NAME + ".yaml");
  }

  /** From now on, calls are noted in a new file of this name in the project's folder. */
  public void log(String name) throws IOException, InterruptedException {
    account.log(folder().resolve(name + ".jsonl"));
  }

  /** The calls since {@link #log}. */
  public List<Call> calls() throws IOException {
    return account.calls();
  }

  /** The actions that were called since {@link #log}, such as {@code RunInstances}. */
  public List<String> actions() throws IOException {
    return calls().stream().map(Call::action).toList();
  }

  /** From now on, calls meet these errors and no others. */
  public void faults(Fault... faults) throws IOException, InterruptedException {
    account.faults(faults);
  }

  /** All machines, the terminated too. */
  public List<Instance> instances() throws IOException, InterruptedException {
    return account.instances();
  }

  /** See {@link Account#byHand}. */
  public String byHand(String python) throws IOException, InterruptedException {
    return account.byHand(python);
  }

  /** See {@link Account#inside}. */
  public String inside(String python) throws IOException, InterruptedException {
    return account.inside(python);
  }

  /** Makes a bucket, for Terraform's state. */
  public void bucket(String name) throws IOException, InterruptedException {
    byHand(
        "s3.create_bucket(Bucket='%s', CreateBucketConfiguration={'LocationConstraint': '%s'})"
            .formatted(name, account.environment().get("AWS_REGION")));
  }

  /** What is in the account, such as {@code instance exp-redis-1}, in order. */
  public List<String> left() throws IOException, InterruptedException {
    return account.left();
  }

  @Override
  public void close() {
    account.close();
    project.close();
  }
}
