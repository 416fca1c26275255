package stacks.testing;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * An emulated AWS account, and what a test may ask of it beyond what AWS offers ({@code
 * aws_lab.py}).
 */
public final class Account implements AutoCloseable {
  private static final ObjectMapper JSON =
      JsonMapper.builder().disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES).build();
  private static final HttpClient HTTP = HttpClient.newHttpClient();
  private static final Path SCRIPTS = Path.of("src", "test", "python").toAbsolutePath();
  private static final String CLIENTS =
      """
      import boto3
      ec2, sm, iam, s3 = map(boto3.client, ("ec2", "secretsmanager", "iam", "s3"))
      """;

  private final String url;
  private final Optional<ProcessHandle> process;
  private Optional<Path> log = Optional.empty();

  /**
   * A call that was made of the account.
   *
   * @param time seconds since 1970
   * @param service such as {@code ec2}
   * @param action such as {@code RunInstances}; of S3, the HTTP method
   * @param about what it asked for; of S3, {@code path} and {@code query}
   * @param status HTTP's
   * @param note how an error answer begins, the code of a fault; empty when there was none
   */
  public record Call(
      double time,
      String service,
      String action,
      Map<String, String> about,
      int status,
      String note) {}

  /**
   * A machine.
   *
   * @param name its tag {@code Name}; empty when it has none
   * @param address its private address
   * @param state such as {@code running}
   */
  public record Instance(
      String id,
      String name,
      String region,
      String address,
      String state,
      String type,
      Map<String, String> tags) {}

  /**
   * An error that calls meet.
   *
   * @param action such as {@code RunInstances}; of S3, the HTTP method
   * @param where what a call must be about to meet it, as in {@link Call#about}
   * @param after how many such calls succeed first
   * @param times how many fail then
   * @param code such as {@code UnauthorizedOperation}
   * @param message the error's text
   * @param status HTTP's
   */
  public record Fault(
      String action,
      Map<String, String> where,
      int after,
      int times,
      String code,
      String message,
      int status) {

    /** One that every such call meets. */
    public static Fault always(String action, String code) {
      return new Fault(
          action, Map.of(), 0, Integer.MAX_VALUE, code, "a fault of the test: " + code, 400);
    }

    /** The same for calls that are about this, too. */
    public Fault where(String name, String value) {
      Map<String, String> more = new HashMap<>(where);
      more.put(name, value);
      return new Fault(action, more, after, times, code, message, status);
    }

    /** The same after so many calls that succeed. */
    public Fault after(int calls) {
      return new Fault(action, where, calls, times, code, message, status);
    }

    /** The same for no more than so many calls. */
    public Fault times(int calls) {
      return new Fault(action, where, after, calls, code, message, status);
    }

    /** The same with another HTTP status; clients try again after one of 500 and more. */
    public Fault status(int other) {
      return new Fault(action, where, after, times, code, message, other);
    }
  }

  /**
   * An account.
   *
   * @param process what ends with it; empty when that is someone else's
   */
  Account(String url, Optional<ProcessHandle> process) {
    this.url = url;
    this.process = process;
  }

  /** A copy with a life of its own, which ends with this one at the latest. */
  public Account fork() throws IOException, InterruptedException {
    JsonNode answer = JSON.readTree(post("fork", ""));
    return new Account(
        "http://127.0.0.1:" + answer.path("port").asInt(),
        ProcessHandle.of(answer.path("pid").asLong()));
  }

  /** The same account for someone who does not end it. Its log is one for all of them. */
  Account borrowed() {
    return new Account(url, Optional.empty());
  }

  /** Variables that make the AWS provider, boto3, and the node stand-in speak to it. */
  public Map<String, String> environment() {
    return FakeAws.environment(url);
  }

  /** From now on, calls are noted in this file, which is a new one. */
  public void log(Path file) throws IOException, InterruptedException {
    Files.writeString(file, "");
    post("log", JSON.writeValueAsString(Map.of("file", file.toAbsolutePath().toString())));
    log = Optional.of(file);
  }

  /** The calls that the log has. */
  public List<Call> calls() throws IOException {
    List<Call> calls = new ArrayList<>();
    for (String line : Files.readAllLines(log.orElseThrow())) {
      calls.add(JSON.readValue(line, Call.class));
    }
    return calls;
  }

  /** From now on, calls meet these errors and no others. */
  public void faults(Fault... faults) throws IOException, InterruptedException {
    post("faults", JSON.writeValueAsString(faults));
  }

  /** All machines, the terminated too. */
  public List<Instance> instances() throws IOException, InterruptedException {
    String answer = send(HttpRequest.newBuilder(URI.create(url + "/lab/instances")).GET());
    return JSON.readValue(answer, new TypeReference<>() {});
  }

  /**
   * Runs Python that changes something through the API.
   *
   * @param python has boto3's clients {@code ec2}, {@code sm} (Secrets Manager), {@code iam}, and
   *     {@code s3}
   * @return what it printed
   */
  public String byHand(String python) throws IOException, InterruptedException {
    return Run.of(Path.of("."), environment(), "python3", "-c", CLIENTS + python).succeeded().out();
  }

  /**
   * Runs Python inside the emulator, for what no call can change.
   *
   * @param python has {@code ec2(region)}, which gives moto's models, and may set {@code answer}
   * @return the answer as JSON
   */
  public String inside(String python) throws IOException, InterruptedException {
    return post("python", python);
  }

  /** What is in the account, such as {@code instance exp-redis-1}, in order. */
  public List<String> left() throws IOException, InterruptedException {
    return Run.of(Path.of("."), environment(), "python3", SCRIPTS.resolve("left.py").toString())
        .succeeded()
        .out()
        .lines()
        .toList();
  }

  private String post(String what, String body) throws IOException, InterruptedException {
    return send(
        HttpRequest.newBuilder(URI.create(url + "/lab/" + what))
            .POST(HttpRequest.BodyPublishers.ofString(body)));
  }

  private static String send(HttpRequest.Builder request) throws IOException, InterruptedException {
    HttpResponse<String> answer =
        HTTP.send(
            request.version(HttpClient.Version.HTTP_1_1).build(),
            HttpResponse.BodyHandlers.ofString());
    if (answer.statusCode() != 200) {
      throw new AssertionError(answer.body());
    }
    return answer.body();
  }

  @Override
  public void close() {
    process.ifPresent(ProcessHandle::destroy);
  }
}
