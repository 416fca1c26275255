package stacks.testing;

import java.io.IOException;
import java.nio.file.Path;

/**
 * A world in which a deploy takes as long as Terraform does: the environment {@value #NAME} in an
 * emulated account, whose nodes answer as those of a whole cluster do ({@code node_stand_in.py}).
 * It is deployed once; each test changes a copy.
 */
public final class DeployLab implements AutoCloseable {
  /** The environment. */
  public static final String NAME = "exp";

  private static final Path STAND_IN =
      Path.of("src", "test", "python", "node_stand_in.py").toAbsolutePath();

  private final FakeAws aws;
  private final Fork origin;

  private DeployLab(String yaml) throws IOException {
    aws = new FakeAws();
    origin = new Fork(aws.account(), Project.create().environment(NAME, yaml));
  }

  /**
   * A world with a living cluster; that takes about two minutes.
   *
   * @param yaml the environment file, in which {@code SHELL} is a way to the nodes, as in {@code
   *     network: {shell: SHELL}}
   */
  public static DeployLab start(String yaml) throws IOException, InterruptedException {
    DeployLab lab = empty(yaml);
    try {
      lab.origin.rediform("deploy", NAME, "--auto-approve").succeeded();
      return lab;
    } catch (IOException | InterruptedException | AssertionError e) {
      lab.close();
      throw e;
    }
  }

  /** A world with an empty account. */
  public static DeployLab empty(String yaml) throws IOException {
    String shell = "[python3, '%s', '{node}', '{address}']".formatted(STAND_IN);
    return new DeployLab(yaml.replace("SHELL", shell));
  }

  /** Whether this machine has what it takes. */
  public static boolean isPossible() throws InterruptedException {
    return FakeAws.isPossible() && Terraform.isPossible();
  }

  /** A copy of the account and of the project's folder. It ends with this one at the latest. */
  public Fork fork() throws IOException, InterruptedException {
    return origin.fork();
  }

  /** What the copies are copies of; a test only looks at it. */
  public Fork origin() {
    return origin;
  }

  @Override
  public void close() {
    origin.close();
    aws.close();
  }
}
