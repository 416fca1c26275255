package stacks.testing;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;

/** A {@code ./rediform deploy} that goes on while a test does something else. */
public final class RunningDeploy {
  /** Between two looks at whether something has happened; Terraform's next step takes longer. */
  private static final Duration LOOK = Duration.ofMillis(20);

  private final Process process;

  private RunningDeploy(Process process) {
    this.process = process;
  }

  /** Starts one in a project. */
  public static RunningDeploy start(
      Project project, Map<String, String> environment, String... options) throws IOException {
    Path log = project.folder().resolve("deploy.log");
    ProcessBuilder builder = new ProcessBuilder("./rediform", "deploy");
    builder.command().addAll(List.of(options));
    builder.environment().putAll(environment);
    return new RunningDeploy(
        builder
            .directory(project.folder().toFile())
            .redirectErrorStream(true)
            .redirectOutput(log.toFile())
            .start());
  }

  /** Its exit code. */
  public int await() throws InterruptedException {
    return process.waitFor();
  }

  /** Terraform gets SIGKILL after a while, and all that it had started for the deploy with it. */
  public void killAfter(int millis) throws InterruptedException {
    process.waitFor(millis, TimeUnit.MILLISECONDS); // a moment that nothing announces is the point
    kill();
  }

  /**
   * The same as soon as something has happened.
   *
   * @return whether it had, before the deploy came to its end
   */
  public boolean killOnce(Callable<Boolean> happened) throws Exception {
    boolean seen = false;
    while (!seen && !process.waitFor(LOOK.toMillis(), TimeUnit.MILLISECONDS)) {
      seen = happened.call();
    }
    kill();
    return seen;
  }

  private void kill() throws InterruptedException {
    process
        .descendants()
        .filter(each -> each.info().command().orElse("").endsWith("/terraform"))
        .findFirst()
        .ifPresent(RunningDeploy::kill);
    process.waitFor();
  }

  private static void kill(ProcessHandle terraform) {
    List<ProcessHandle> below = terraform.descendants().toList();
    terraform.destroyForcibly();
    below.stream().filter(RunningDeploy::isPartOfTheDeploy).forEach(ProcessHandle::destroyForcibly);
  }

  /** The local platform's servers and their supervisors are not, once they are started. */
  private static boolean isPartOfTheDeploy(ProcessHandle process) {
    String line = process.info().commandLine().orElse("");
    return !line.contains(" supervise ") && !line.contains("redis-server");
  }
}
