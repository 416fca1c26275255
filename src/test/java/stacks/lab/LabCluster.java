package stacks.lab;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import stacks.Synth;
import stacks.cluster.Cluster;
import stacks.cluster.Node;
import stacks.cluster.RedisNode;
import stacks.node.NodeDocument;
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

  /** Whether Secrets Manager gives the nodes their passwords. */
  void mayRead(boolean yes) throws IOException {
    put("secrets.json", yes ? Map.of(secret(), PASSWORDS) : Map.of());
  }

  /** What the secret holds from now on. */
  void secret(Map<String, String> passwords) throws IOException {
    put("secrets.json", Map.of(secret(), passwords));
  }

  /** What is wrong with S3 from now on, in the words of fake_s3_writes.py; nothing when empty. */
  void bucket(String fault) throws IOException {
    put("s3.json", fault.isEmpty() ? Map.of() : Map.of("fault", fault));
  }

  /** From now on S3 takes and gives so many bytes a second, of each connection. */
  void slowBucket(int bytesPerSecond) throws IOException {
    put("s3.json", Map.of("rate", bytesPerSecond));
  }

  /** Where the objects of its backups are, as files. */
  Path backups() {
    return lab.folder().resolve("s3/" + Lab.BACKUPS + "/rediform/" + cluster.name());
  }

  /** As a whole: a host may be asking just now. */
  private void put(String name, Object value) throws IOException {
    put(lab.folder().resolve(name), JSON.writeValueAsBytes(value));
  }

  private static void put(Path file, byte[] content) throws IOException {
    Path complete = file.resolveSibling(file.getFileName() + ".new");
    Files.write(complete, content);
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
    upload();
  }

  /** Puts the plan's objects into the bucket, as Terraform does before it changes a machine. */
  private void upload() throws IOException {
    String bucket = planned("aws_s3_bucket.nodes").path("bucket").asText();
    for (JsonNode change : plan.path("resource_changes")) {
      if (change.path("type").asText().equals("aws_s3_object")) {
        JsonNode object = change.path("change").path("after");
        object(
            bucket,
            object.path("key").asText(),
            object.hasNonNull("content")
                ? object.path("content").asText().getBytes(StandardCharsets.UTF_8)
                : Base64.getDecoder().decode(object.path("content_base64").asText()));
      }
    }
  }

  private void object(String bucket, String key, byte[] content) throws IOException {
    Path file = lab.folder().resolve("s3").resolve(bucket).resolve(key);
    Files.createDirectories(file.getParent());
    put(file, content);
  }

  /** Puts something else into the bucket. */
  void object(String key, String content) throws IOException {
    object(key, content.getBytes(StandardCharsets.UTF_8));
  }

  /** Puts something else into the bucket. */
  void object(String key, byte[] content) throws IOException {
    object(planned("aws_s3_bucket.nodes").path("bucket").asText(), key, content);
  }

  /** Puts a host's document and its agent into the bucket, as a release that was not planned. */
  void upload(Host host, byte[] agent, NodeDocument document) throws IOException {
    object("program.pyz", agent);
    object("nodes/" + host.name() + ".json", document.text());
  }

  /** Names a document in a host's tag, as a deploy does when it is the host's turn. */
  void tag(Host host, NodeDocument document) throws IOException {
    Map<String, String> tags = plannedTags(host);
    tags.put("rediform.document", document.sha256());
    host.tags(tags);
  }

  /** Puts what the plan has into the bucket again. */
  void objectsAsPlanned() throws IOException {
    upload();
  }

  /** The document that the plan wants a host to have. */
  NodeDocument plannedDocument(Host host) {
    return NodeDocument.parse(
        planned("aws_s3_object." + host.name() + "-document").path("content").asText());
  }

  /** Its checksum. */
  String document(Host host) {
    return planned("aws_instance." + host.name()).path("tags").path("rediform.document").asText();
  }

  /** Gives a host the user-data that the plan has for it; it reads it at its next boot. */
  public void tell(Host host) throws IOException {
    JsonNode instance = planned("aws_instance." + host.name());
    assertThat(planned("aws_network_interface." + host.name() + "-address").path("private_ips"))
        .extracting(JsonNode::asText)
        .containsExactly(host.address());
    assertThat(instance.path("iam_instance_profile").asText()).isEqualTo(role());
    host.metadata(instance.path("user_data_base64").asText(), role(), plannedTags(host));
  }

  private Map<String, String> plannedTags(Host host) {
    Map<String, String> tags = new TreeMap<>();
    planned("aws_instance." + host.name())
        .path("tags_all")
        .properties()
        .forEach(tag -> tags.put(tag.getKey(), tag.getValue().asText()));
    return tags;
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
