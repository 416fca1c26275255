package stacks.lab;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.function.Consumer;
import stacks.testing.Evidence;
import stacks.testing.Load.Seen;
import stacks.testing.Run;

/** An environment file and the machines that deploys of it bring up, in the lab's EC2. */
final class Rollout implements AutoCloseable {
  private final String name;
  private final Ec2 ec2;
  private final Evidence evidence;
  private String yaml;

  private Rollout(String name, Ec2 ec2, String yaml, Evidence evidence) {
    this.name = name;
    this.ec2 = ec2;
    this.yaml = yaml;
    this.evidence = evidence;
  }

  /**
   * Starts an EC2 without machines; the file has the lab's key and way to its nodes for {@code %s}.
   */
  static Rollout start(String name, String yaml, Evidence evidence) throws Exception {
    Ec2 ec2 = Ec2.start(name);
    return new Rollout(name, ec2, yaml.formatted(ec2.publicKey(), ec2.shell()), evidence);
  }

  /** Changes the environment file: each text that is there to the one after it. */
  void write(String... oldAndNew) throws Exception {
    for (int i = 0; i < oldAndNew.length; i += 2) {
      assertThat(yaml).contains(oldAndNew[i]);
      yaml = yaml.replace(oldAndNew[i], oldAndNew[i + 1]);
    }
    ec2.project().environment(name, yaml);
  }

  Run deploy() throws Exception {
    return deploy(Map.of());
  }

  Run deploy(Map<String, String> environment) throws Exception {
    long start = System.nanoTime();
    Run run = ec2.rediform(environment, "deploy", name, "--auto-approve");
    System.out.printf("deploy took %.0f s%n", (System.nanoTime() - start) / 1e9);
    Files.writeString(Path.of("target", name + "-deploy.log"), run.all());
    assertThat(ec2.failures()).isEmpty();
    return run;
  }

  /** A deploy that may wait for no more than 20 s for a node that is down. */
  Run impatientDeploy() throws Exception {
    return deploy(Map.of("REDIFORM_WAIT_TIMEOUT", "20s"));
  }

  interface Change {
    void make() throws Exception;
  }

  /** A change under an application, from a healthy cluster to a healthy cluster. */
  Seen under(String what, Consumer<Seen> limit, Change change) throws Exception {
    LabClient client = ec2.client(name);
    long start = System.nanoTime();
    try {
      change.make();
    } catch (AssertionError | Exception e) {
      client.abandon();
      throw e;
    }
    double seconds = (System.nanoTime() - start) / 1e9;
    Seen seen = client.stop();
    evidence.change(what, limit, seconds, seen);
    return seen;
  }

  Ec2 ec2() {
    return ec2;
  }

  Hosts hosts() {
    return ec2.hosts(name);
  }

  @Override
  public void close() throws IOException {
    ec2.close();
  }
}
