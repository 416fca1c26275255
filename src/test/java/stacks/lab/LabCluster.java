package stacks.lab;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import stacks.Synth;
import stacks.cluster.Cluster;
import stacks.cluster.Node;
import stacks.cluster.RedisNode;
import stacks.testing.Environments;
import stacks.testing.FakeAws;
import stacks.testing.Run;
import stacks.testing.Terraform;

/** A cluster of lab hosts that boot exactly what Terraform's plan gives to the machines. */
public final class LabCluster implements Hosts, AutoCloseable {
  /** Passwords as a secret holds them; each has a word of its own to search for. */
  static final Map<String, String> PASSWORDS = passwords();

  private static final ObjectMapper JSON = new ObjectMapper();
  static final int VOLUME_MIB = 256;

  /** Stands for the operators' public key in the text of an environment file. */
  static final String KEY = "{operators-key}";

  private final Lab lab;
  private final Path base;
  private final Map<String, Host> hosts = new LinkedHashMap<>();
  private final String sshKey;
  private Cluster cluster;
  private Path file;
  private JsonNode plan;

  private LabCluster(Lab lab, Path base) throws IOException, InterruptedException {
    this.lab = lab;
    this.base = base;
    Path key = lab.folder().resolve("id");
    Run.of(
            Path.of("."),
            Map.of(),
            "ssh-keygen",
            "-q",
            "-t",
            "ed25519",
            "-N",
            "",
            "-f",
            key.toString())
        .succeeded();
    sshKey = Files.readString(key.resolveSibling("id.pub")).strip();
  }

  private static Map<String, String> passwords() {
    Map<String, String> passwords = new TreeMap<>();
    for (String purpose : List.of("admin", "app", "backup", "exporter", "replica", "sentinel")) {
      passwords.put(purpose, "canary" + purpose + "0123456789abcdef");
    }
    return passwords;
  }

  /** The hosts of an environment file on a Debian release; all are off. */
  public static LabCluster of(String name, String suite, String yaml)
      throws IOException, InterruptedException {
    Path base = BaseImage.of(suite);
    LabCluster made = new LabCluster(Lab.start(name), base);
    made.environment(name, yaml);
    made.mayRead(true);
    for (Node node : made.cluster.nodes()) {
      Host host = new Host(made.lab, base, node.name(), node.address());
      made.hosts.put(node.name(), host);
      if (node instanceof RedisNode) {
        host.newVolume(VOLUME_MIB);
      }
      made.tell(host);
    }
    return made;
  }

  /** Whether Secrets Manager gives the nodes their secrets. */
  void mayRead(boolean yes) throws IOException {
    secrets(yes ? Map.of(secret(), PASSWORDS, programSecret(), program()) : Map.of());
  }

  /** Secrets Manager refuses the passwords alone. */
  void mayReadProgramOnly() throws IOException {
    secrets(Map.of(programSecret(), program()));
  }

  /** Secrets Manager gives the passwords, and this in place of the program. */
  void programIs(String value) throws IOException {
    secrets(Map.of(secret(), PASSWORDS, programSecret(), value));
  }

  /** As a whole: a host may be asking just now. */
  private void secrets(Map<String, Object> byName) throws IOException {
    Path file = lab.folder().resolve("secrets.json");
    Path complete = file.resolveSibling("secrets.json.new");
    JSON.writeValue(complete.toFile(), byName);
    Files.move(complete, file, StandardCopyOption.ATOMIC_MOVE);
  }

  /** Plans an environment file anew. Hosts learn of it when they are told. */
  public void environment(String name, String yaml) throws IOException, InterruptedException {
    String text = withKey(yaml);
    cluster = Environments.cluster(name, text);
    file = Files.writeString(lab.folder().resolve(name + ".yaml"), text);
    Path root = Files.createDirectories(lab.folder().resolve("terraform"));
    Synth.write(root, List.of(cluster));
    try (FakeAws aws = new FakeAws()) {
      Terraform terraform = new Terraform(root.resolve("stacks/" + name), aws.environment());
      terraform.init();
      plan = JSON.readTree(terraform.plan().json());
    }
  }

  /** Gives a host the user-data that the plan has for it; it reads it at its next boot. */
  public void tell(Host host) throws IOException {
    JsonNode instance = planned("aws_instance." + host.name());
    assertThat(planned("aws_network_interface." + host.name() + "-address").path("private_ips"))
        .extracting(JsonNode::asText)
        .containsExactly(host.address());
    assertThat(instance.path("iam_instance_profile").asText()).isEqualTo(role());
    Map<String, String> tags = new TreeMap<>();
    instance
        .path("tags_all")
        .properties()
        .forEach(tag -> tags.put(tag.getKey(), tag.getValue().asText()));
    host.metadata(instance.path("user_data_base64").asText(), role(), tags);
  }

  private JsonNode planned(String address) {
    for (JsonNode change : plan.path("resource_changes")) {
      if (change.path("address").asText().equals(address)) {
        return change.path("change").path("after");
      }
    }
    throw new IllegalArgumentException("the plan has no " + address);
  }

  private String role() {
    return cluster.name() + "-" + cluster.environment().aws().region().orElseThrow() + "-node";
  }

  String secret() {
    return planned("aws_secretsmanager_secret.passwords").path("name").asText();
  }

  private String programSecret() {
    return planned("aws_secretsmanager_secret.program").path("name").asText();
  }

  /** What Terraform would upload; a write-only value is not in its plan. */
  String program() throws IOException {
    Path stack = lab.folder().resolve("terraform/stacks/" + cluster.name());
    String expression =
        JSON.readTree(stack.resolve("cdk.tf.json").toFile())
            .at("/resource/aws_secretsmanager_secret_version/program-value/secret_string_wo")
            .asText();
    Matcher file =
        Pattern.compile("\\$\\{file\\(\"\\$\\{path\\.module}/(.+)\"\\)}").matcher(expression);
    assertThat(file.matches()).as(expression).isTrue();
    return Files.readString(stack.resolve(file.group(1)));
  }

  /** The text of an environment file with the operators' public key in its place. */
  String withKey(String yaml) {
    return yaml.replace(KEY, sshKey);
  }

  /** The private half of {@link #KEY}. */
  Path sshKey() {
    return lab.folder().resolve("id");
  }

  public Lab lab() {
    return lab;
  }

  @Override
  public Cluster cluster() {
    return cluster;
  }

  @Override
  public Host host(String name) {
    return hosts.get(name);
  }

  @Override
  public String password(String purpose) {
    return PASSWORDS.get(purpose);
  }

  @Override
  public void replace(Host host) throws IOException {
    host.newRootDisk();
    tell(host);
  }

  @Override
  public LabClient client() throws IOException {
    return LabClient.start(lab, file, PASSWORDS.get("app"));
  }

  /**
   * TCP ports that answer at all, whether or not something listens, seen from a place: by host, all
   * ports of all hosts.
   */
  public Map<String, List<String>> openPorts(Lab.Place place)
      throws IOException, InterruptedException {
    List<String> scan =
        new ArrayList<>(
            List.of("nmap -n -Pn -sS -p- --min-rate 20000 --max-retries 0 -oG -".split(" ")));
    hosts.values().forEach(host -> scan.add(host.address()));
    Run run = Run.of(Path.of("."), Map.of(), lab.at(place, scan)).succeeded();
    Map<String, List<String>> found = new TreeMap<>();
    for (Host host : hosts.values()) {
      String lines =
          run.out()
              .lines()
              .filter(line -> line.startsWith("Host: " + host.address() + " "))
              .collect(Collectors.joining());
      found.put(
          host.name(),
          Pattern.compile("(\\d+)/(?:open|closed)/tcp")
              .matcher(lines)
              .results()
              .map(result -> result.group(1))
              .toList());
    }
    return found;
  }

  @Override
  public void close() throws IOException {
    lab.close();
  }
}
