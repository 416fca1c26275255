package stacks.testing;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/** An AWS API on loopback, in a process of its own that ends with this one. */
public final class FakeAws implements AutoCloseable {
  private static final Path SCRIPTS = Path.of("src", "test", "python").toAbsolutePath();

  /** What went wrong inside the emulator. */
  private static final Path LOG = Path.of("target", "fake-aws.log");

  private final Process process;
  private final BufferedReader out;
  private final String url;

  /** Starts it on a free port and waits until it listens. */
  public FakeAws() throws IOException {
    this(List.of());
  }

  /**
   * One whose instances are real machines.
   *
   * @param event told, line by line, what becomes of instances and volumes ({@code Machines} in
   *     {@code fake_aws.py}), in order
   */
  public static FakeAws withMachines(Consumer<String> event) throws IOException {
    FakeAws aws = new FakeAws(List.of("--machines"));
    Thread reader = new Thread(() -> aws.out.lines().forEach(event), "fake-aws-events");
    reader.setDaemon(true);
    reader.start();
    return aws;
  }

  private FakeAws(List<String> options) throws IOException {
    List<String> command =
        new ArrayList<>(List.of("python3", SCRIPTS.resolve("fake_aws.py").toString()));
    command.addAll(options);
    process =
        new ProcessBuilder(command)
            .redirectError(ProcessBuilder.Redirect.appendTo(LOG.toFile()))
            .start();
    out =
        new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
    String line = out.readLine();
    if (line == null) {
      throw new IllegalStateException("fake_aws.py ended before it listened");
    }
    url = "http://127.0.0.1:" + line.replace("listening on ", "");
  }

  /** Whether this machine has what it takes: Python with moto's server. */
  public static boolean isPossible() throws InterruptedException {
    return Run.isPossible("python3", "-c", "import boto3, flask, moto.server");
  }

  /** What a test may ask of it beyond what AWS offers. It ends with this. */
  public Account account() {
    return new Account(url, Optional.empty());
  }

  /** Variables that make the AWS provider and boto3 speak to it. */
  public Map<String, String> environment() {
    return environment(url);
  }

  /** Variables that make the AWS provider and boto3 speak to an emulated API. */
  static Map<String, String> environment(String url) {
    return Map.of(
        "AWS_ENDPOINT_URL",
        url,
        "AWS_ACCESS_KEY_ID",
        "test",
        "AWS_SECRET_ACCESS_KEY",
        "test",
        "AWS_REGION",
        "eu-central-1",
        "AWS_DEFAULT_REGION",
        "eu-central-1",
        "AWS_EC2_METADATA_DISABLED",
        "true",
        // Some machines name a bundle of certificates here; there is no TLS on loopback.
        "AWS_CA_BUNDLE",
        "",
        // An error of the emulator shall fail the test now, not after 25 attempts.
        "AWS_MAX_ATTEMPTS",
        "3");
  }

  /** An instance has stopped or is gone, as it was told to. */
  public synchronized void arrived(String instance) throws IOException {
    process.getOutputStream().write((instance + "\n").getBytes(StandardCharsets.UTF_8));
    process.getOutputStream().flush();
  }

  /** What it holds now, as the JSON that {@code read_back.py} prints. */
  public String readBack() throws IOException, InterruptedException {
    return Run.of(
            Path.of("."), environment(), "python3", SCRIPTS.resolve("read_back.py").toString())
        .succeeded()
        .out();
  }

  /** Ends its standard input, upon which it ends itself. */
  @Override
  public void close() {
    try {
      process.getOutputStream().close();
      if (!process.waitFor(10, TimeUnit.SECONDS)) {
        process.destroyForcibly();
      }
    } catch (IOException | InterruptedException e) {
      process.destroyForcibly();
    }
  }
}
