package stacks.lab;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import stacks.cluster.Cluster;
import stacks.testing.Account;
import stacks.testing.Environments;
import stacks.testing.FakeAws;
import stacks.testing.Project;
import stacks.testing.Run;

/**
 * A small EC2: the emulated AWS API, whose instances are hosts of the lab and whose volumes are
 * theirs. {@code ./rediform deploy} in its project brings up real machines.
 */
public final class Ec2 implements AutoCloseable {
  /** What a GiB of a volume is here. */
  private static final int MIB_PER_GIB = 8;

  private static final ObjectMapper JSON = new ObjectMapper();

  private final Lab lab;

  /** Debian releases by the image that the emulated API knows them as. */
  private final Map<String, Path> images;

  private final FakeAws aws;
  private final Account account;
  private final Project project;
  private final Path key;
  private final Map<String, Host> hosts = new ConcurrentHashMap<>();
  private final Map<String, String> instances = new ConcurrentHashMap<>();
  private final Map<String, ExecutorService> work = new ConcurrentHashMap<>();
  private final List<String> failures = new ArrayList<>();

  private Ec2(Lab lab) throws IOException, InterruptedException {
    this.lab = lab;
    images =
        Map.of(
            "ami-0000000000000012a", BaseImage.of("bookworm"),
            "ami-0000000000000013a", BaseImage.of("trixie"));
    key = lab.folder().resolve("id");
    Run.of(lab.folder(), Map.of(), "ssh-keygen", "-q", "-t", "ed25519", "-f", "id", "-N", "")
        .succeeded();
    project = Project.create();
    aws = FakeAws.withMachines(this::happened);
    account = aws.account();
    // Objects are those that the account has when a host asks.
    JSON.writeValue(
        lab.folder().resolve("s3.json").toFile(),
        Map.of("endpoint", aws.environment().get("AWS_ENDPOINT_URL")));
  }

  /** Starts one without any machines. */
  public static Ec2 start(String name) throws IOException, InterruptedException {
    return new Ec2(Lab.start(name));
  }

  private void happened(String line) {
    try {
      JsonNode event = JSON.readTree(line);
      Files.writeString(
          lab.folder().resolve("ec2.log"),
          line + "\n",
          StandardOpenOption.CREATE,
          StandardOpenOption.APPEND);
      String name = event.path("name").asText();
      // What happens to one machine happens in order; machines do not wait for each other.
      work.computeIfAbsent(
              name.replaceFirst("-data$", ""),
              key -> Executors.newSingleThreadExecutor(Ec2::daemon))
          .execute(() -> carryOut(event));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Thread daemon(Runnable task) {
    Thread thread = new Thread(task, "ec2");
    thread.setDaemon(true);
    return thread;
  }

  private void carryOut(JsonNode event) {
    try {
      String name = event.path("name").asText().replaceFirst("^.*-((redis|sentinel)-\\d+).*", "$1");
      Host host = host(name, event);
      int mib = event.path("gib").asInt() * MIB_PER_GIB;
      switch (event.path("event").asText()) {
        case "start" -> start(host, event);
        case "stop" -> {
          host.powerOff();
          aws.arrived(event.path("id").asText());
        }
        case "terminate" -> {
          if (host.isOn()) {
            host.powerOff();
          }
          aws.arrived(event.path("id").asText());
        }
        case "tags" -> host.tags(tags(event));
        case "attach" -> host.attach(mib);
        case "detach" -> host.detachVolume();
        case "resize" -> host.resizeVolume(mib);
        default -> host.deleteVolume();
      }
    } catch (IOException | InterruptedException | RuntimeException | AssertionError e) {
      synchronized (failures) {
        failures.add(event.path("event") + " of " + event.path("name") + ": " + e);
      }
    }
  }

  private Host host(String name, JsonNode event) {
    return hosts.computeIfAbsent(
        name,
        key -> {
          try {
            return new Host(lab, image(event), name, event.path("address").asText());
          } catch (IOException e) {
            throw new UncheckedIOException(e);
          }
        });
  }

  private Path image(JsonNode event) {
    return images.get(event.path("image").asText());
  }

  private void start(Host host, JsonNode event) throws IOException, InterruptedException {
    String id = event.path("id").asText();
    String before = instances.put(host.name(), id);
    if (before != null && !before.equals(id)) {
      host.base(image(event));
      host.newRootDisk();
    }
    JsonNode found = JSON.readTree(aws.readBack());
    ObjectMapper mapper = new ObjectMapper();
    Map<String, Object> secrets = new HashMap<>();
    found
        .path("secrets")
        .properties()
        .forEach(secret -> secrets.put(secret.getKey(), secret.getValue().path("value")));
    mapper.writeValue(lab.folder().resolve("secrets.json").toFile(), secrets);
    String role =
        found.path("instances").path(event.path("name").asText()).path("profile").asText();
    host.metadata(event.path("userData").asText(), role, tags(event));
    host.powerOn();
  }

  private static Map<String, String> tags(JsonNode event) {
    return JSON.convertValue(event.path("tags"), new TypeReference<>() {});
  }

  /** The account that it is in, with the calls that were made of it. */
  Account account() {
    return account;
  }

  public Lab lab() {
    return lab;
  }

  public Project project() {
    return project;
  }

  /** The host of a node, if it was ever made. */
  public Host host(String name) {
    return hosts.get(name);
  }

  /** What could not be done as the API was told. */
  public List<String> failures() {
    synchronized (failures) {
      return List.copyOf(failures);
    }
  }

  /** The password of a purpose, as the secret of an environment has it. */
  public String password(String environment, String purpose) throws IOException {
    return JSON.readTree(lab.folder().resolve("secrets.json").toFile())
        .path("rediform/" + environment + "/nodes")
        .path(purpose)
        .asText();
  }

  /** The operators' public key, for {@code network.keys}. */
  public String publicKey() throws IOException {
    return Files.readString(lab.folder().resolve("id.pub")).strip();
  }

  /**
   * Words for {@code network.shell}: from where Terraform runs, by way of the operators' network,
   * as over a jump host.
   */
  public String shell() throws IOException {
    List<String> words =
        lab.at(
            Lab.Place.OPERATOR,
            List.of(
                "ssh",
                "-i",
                key.toString(),
                "-o",
                "StrictHostKeyChecking=no",
                "-o",
                "UserKnownHostsFile=/dev/null",
                "-o",
                "LogLevel=ERROR",
                "-o",
                "ConnectTimeout=3",
                "-o",
                "BatchMode=yes"));
    Path jump = lab.folder().resolve("jump");
    Files.writeString(
        jump,
        "#!/bin/sh\naddress=$1; shift\nexec "
            + String.join(" ", words)
            + " admin@$address \"$@\"\n");
    Files.setPosixFilePermissions(jump, PosixFilePermissions.fromString("rwxr-xr-x"));
    return "[\"" + jump + "\", \"{address}\"]";
  }

  /** Variables of an operator who has credentials for this EC2. */
  public Map<String, String> credentials() throws IOException {
    Map<String, String> environment = new HashMap<>(aws.environment());
    environment.putAll(project.providerMirror());
    return environment;
  }

  /** Runs {@code ./rediform} as that operator. */
  public Run rediform(Map<String, String> more, String... words)
      throws IOException, InterruptedException {
    Map<String, String> environment = credentials();
    environment.putAll(more);
    return project.rediform(environment, words);
  }

  /** An application that reads and writes all the time from now on. */
  public LabClient client(String environment) throws IOException {
    return LabClient.start(
        lab,
        project.folder().resolve("environments/" + environment + ".yaml"),
        password(environment, "app"));
  }

  /** The versions of Terraform and the provider that the last deploy of an environment used. */
  String terraform(String environment) throws IOException, InterruptedException {
    String terraform =
        Run.of(project.folder(), Map.of(), "terraform", "version")
            .out()
            .lines()
            .findFirst()
            .orElseThrow();
    Path lock =
        project.folder().resolve("cdktf.out/stacks/" + environment + "/.terraform.lock.hcl");
    String provider =
        Files.exists(lock)
            ? Files.readString(lock)
                .replaceFirst("(?s).*hashicorp/aws\" \\{\\s+version += \"([^\"]+)\".*", "$1")
            : "not known";
    return terraform + ", AWS provider " + provider;
  }

  /** The hosts of an environment as its file is now. */
  Hosts hosts(String environment) {
    return new Machines(environment);
  }

  private final class Machines implements Hosts {
    private final String environment;

    private Machines(String environment) {
      this.environment = environment;
    }

    @Override
    public Cluster cluster() {
      try {
        return Environments.cluster(
            environment,
            Files.readString(project.folder().resolve("environments/" + environment + ".yaml")));
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    @Override
    public Host host(String name) {
      return Ec2.this.host(name);
    }

    @Override
    public String password(String purpose) throws IOException {
      return Ec2.this.password(environment, purpose);
    }

    @Override
    public LabClient client() throws IOException {
      return Ec2.this.client(environment);
    }

    @Override
    public void replace(Host host) throws IOException {
      host.newRootDisk();
      host.tellAgain();
    }
  }

  @Override
  public void close() throws IOException {
    lab.close();
    aws.close();
    project.close();
  }
}
