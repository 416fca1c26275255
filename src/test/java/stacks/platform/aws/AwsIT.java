package stacks.platform.aws;

import static java.util.stream.Collectors.toMap;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import stacks.Synth;
import stacks.cluster.Cluster;
import stacks.cluster.Node;
import stacks.cluster.RedisNode;
import stacks.testing.Environments;
import stacks.testing.FakeAws;
import stacks.testing.Project;
import stacks.testing.Terraform;
import stacks.testing.TerraformPlan;

/** The real Terraform with the real AWS provider, against an emulated AWS API on loopback. */
@Execution(ExecutionMode.CONCURRENT)
class AwsIT {
  private static final ObjectMapper JSON = new ObjectMapper();

  /** How an environment file is changed before it is deployed again. */
  private static final Map<String, UnaryOperator<String>> EDITS =
      Map.of(
          "as-it-is", text -> text,
          "one-replica-more",
              text -> text.replace("replicas:\n  count: 2", "replicas:\n  count: 3"),
          "two-sentinels-more",
              text ->
                  text.contains("sentinels:\n  count: 3")
                      ? text.replace("sentinels:\n  count: 3", "sentinels:\n  count: 5")
                      : text.replace("sentinels:\n", "sentinels:\n  count: 5\n"),
          "larger-master",
              text ->
                  text.replaceFirst("  cpu: \\d", "  cpu: 8")
                      .replaceFirst("  memory: \\dGB", "  memory: 16GB"),
          "one-client-network-more",
              text -> text.replace("clients: [", "clients: [192.168.7.0/24, "),
          "unprotected",
              text ->
                  text.contains("protect: false")
                      ? text
                      : text.replace("\naws:\n", "\naws:\n  protect: false\n"));

  @TempDir static Path root;

  /** Where Terraform runs, with the launcher that its gates call. */
  private static Project project;

  @BeforeAll
  static void synthesizeEverythingFirst() throws IOException, InterruptedException {
    assumeTrue(Terraform.isPossible(), "Terraform is missing");
    assumeTrue(FakeAws.isPossible(), "python3 with moto, boto3 and flask is missing");
    List<String> names = List.of("staging", "production", "production-symmetric");
    project = Project.create();
    for (String name : names) {
      project.environment(name, Environments.text(name));
    }
    for (Map.Entry<String, UnaryOperator<String>> edit : EDITS.entrySet()) {
      Synth.write(
          root.resolve(edit.getKey()),
          names.stream()
              .map(
                  name ->
                      Environments.cluster(name, edit.getValue().apply(Environments.text(name))))
              .toList());
    }
  }

  @AfterAll
  static void end() {
    if (project != null) {
      project.close();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"staging", "production", "production-symmetric"})
  void environment_is_created_changed_and_destroyed(String name)
      throws IOException, InterruptedException {
    Cluster cluster = Environments.cluster(name);
    Path folder = Files.createDirectories(project.folder().resolve("cdktf.out/stacks/" + name));
    try (FakeAws aws = new FakeAws()) {
      Terraform terraform = new Terraform(folder, aws.environment());
      write(folder, "as-it-is");
      terraform.init();
      terraform.validate();
      TerraformPlan first = terraform.plan();
      assertThat(first.changes().values()).containsOnly("create");
      String said = terraform.applyPlan();
      assertThat(project.folder().resolve(".rediform/" + name + "/terraform.tfstate")).exists();
      assertThat(terraform.plan().changes()).as("a second plan").isEmpty();

      JsonNode found = JSON.readTree(aws.readBack());
      assertMachines(cluster, found);
      assertFirewall(cluster, found);
      assertNetwork(cluster, found);
      assertPasswords(cluster, found);
      assertNowhere(
          passwords(found), first.text(), first.json(), said, terraform.state(), files(folder));
      assertThat(texts(found.path("types"))).as("types of AWS").containsAll(listedTypes());

      assertChanges(folder, terraform, cluster);
      assertANewProgramIsUploaded(folder, terraform);
      if (cluster.environment().aws().protect()) {
        write(folder, "as-it-is");
        assertThat(terraform.destroy().ended(1).err()).contains("prevent_destroy");
        assertThat(JSON.readTree(aws.readBack())).as("after the refusal").isEqualTo(found);
        write(folder, "unprotected");
        TerraformPlan lift = terraform.plan();
        assertThat(lift.changes().values()).containsOnly("update");
        terraform.applyPlan();
      }
      terraform.destroy().succeeded();
      JsonNode left = JSON.readTree(aws.readBack());
      assertThat(left.path("instances")).isEmpty();
      assertThat(left.path("volumes")).isEmpty();
      assertThat(left.path("secrets")).isEmpty();
    }
  }

  private static void assertMachines(Cluster cluster, JsonNode found) {
    JsonNode machines = found.path("instances");
    assertThat(names(machines))
        .containsExactlyInAnyOrderElementsOf(
            cluster.nodes().stream().map(node -> cluster.name() + "-" + node.name()).toList());
    for (Node node : cluster.nodes()) {
      String name = cluster.name() + "-" + node.name();
      JsonNode machine = machines.path(name);
      InstanceType type = InstanceTypes.named(machine.path("type").asText()).orElseThrow();
      assertThat(type.fits(node.size())).as("%s has its size: %s", name, type).isTrue();
      assertThat(machine.path("address").asText()).isEqualTo(node.address());
      assertThat(machine.path("public").asText()).as("public address").isEmpty();
      assertThat(machine.path("zone").asText()).isEqualTo(node.subnet().zone());
      assertThat(machine.path("image").asText()).as("Debian 13").endsWith("13a");
      assertThat(texts(machine.path("interfaceGroups")))
          .containsExactly(cluster.name() + "-" + node.kind());
      assertThat(machine.path("tokens").asText()).isEqualTo("required");
      assertThat(machine.path("hops").asInt()).isEqualTo(1);
      assertThat(machine.path("protected").asBoolean())
          .isEqualTo(cluster.environment().aws().protect());
      assertThat(machine.path("profile").asText()).isEqualTo(role(cluster));
      assertThat(machine.path("tags").path("rediform").asText()).isEqualTo(cluster.name());
      assertDisks(node, name, machine);
    }
  }

  /** A role is the whole account's, so its name has the region. */
  private static String role(Cluster cluster) {
    return cluster.name() + "-" + cluster.environment().aws().region().orElseThrow() + "-node";
  }

  private static void assertDisks(Node node, String name, JsonNode machine) {
    boolean redis = node instanceof RedisNode;
    JsonNode devices = machine.path("devices");
    for (JsonNode device : devices) {
      assertThat(device.path("encrypted").asBoolean()).as("%s is encrypted", name).isTrue();
      assertThat(device.path("type").asText()).isEqualTo("gp3");
    }
    int disk = node.size().disk().toGibRoundedUp();
    assertThat(devices.path(machine.path("root").asText()).path("gib").asInt())
        .isEqualTo(redis ? 20 : disk);
    assertThat(devices.size()).isEqualTo(redis ? 2 : 1);
    if (redis) {
      JsonNode data = devices.path("/dev/sdf");
      assertThat(data.path("gib").asInt()).isEqualTo(disk);
      assertThat(data.path("zone").asText()).isEqualTo(node.subnet().zone());
      assertThat(data.path("name").asText()).isEqualTo(name + "-data");
    }
  }

  private static void assertFirewall(Cluster cluster, JsonNode found) {
    String redis = cluster.name() + "-redis";
    String sentinel = cluster.name() + "-sentinel";
    List<String> expected = new ArrayList<>();
    for (String source :
        Stream.concat(
                Stream.of(redis, sentinel),
                cluster.environment().network().clients().stream().map(Object::toString))
            .toList()) {
      expected.add(redis + " in tcp 6379 " + source);
      expected.add(sentinel + " in tcp 26379 " + source);
    }
    expected.add(redis + " out -1 all 0.0.0.0/0");
    expected.add(sentinel + " out -1 all 0.0.0.0/0");
    assertThat(texts(found.path("rules"))).containsExactlyInAnyOrderElementsOf(expected);
  }

  private static void assertNetwork(Cluster cluster, JsonNode found) {
    Map<String, String> expected =
        cluster.subnets().stream()
            .collect(
                toMap(
                    subnet -> cluster.name() + "-private-" + subnet.zone(),
                    subnet -> subnet.cidr() + " " + subnet.zone(),
                    (a, b) -> a,
                    HashMap::new));
    expected.put(
        cluster.name() + "-public",
        AwsAddresses.gatewayBlock(cluster.environment().network().cidr())
            + " "
            + cluster.subnets().get(0).zone());
    Map<String, String> actual = new HashMap<>();
    for (String name : names(found.path("subnets"))) {
      JsonNode subnet = found.path("subnets").path(name);
      actual.put(name, subnet.path("cidr").asText() + " " + subnet.path("zone").asText());
    }
    assertThat(actual).isEqualTo(expected);
    assertThat(names(found.path("placementGroups")))
        .containsExactlyInAnyOrder(
            cluster.name() + "-redis-spread-1", cluster.name() + "-sentinel-spread-1");
  }

  private static void assertPasswords(Cluster cluster, JsonNode found) {
    JsonNode secret = found.path("secrets").path("rediform/" + cluster.name() + "/nodes");
    assertThat(names(secret.path("value")))
        .containsExactlyInAnyOrder("admin", "app", "backup", "exporter", "replica", "sentinel");
    assertThat(new TreeSet<>(passwords(found))).hasSize(6).allMatch(p -> p.matches("\\w{32}"));
    JsonNode statements = found.path("policies").path(role(cluster)).path("read-passwords");
    assertThat(found.path("secrets")).hasSize(1);
    List<String> allowed = new ArrayList<>();
    for (JsonNode statement : statements.path("Statement")) {
      allowed.add(statement.path("Action").asText() + " " + statement.path("Resource").asText());
    }
    // Of the account and the region of the emulator.
    String bucket = "arn:aws:s3:::rediform-" + cluster.name() + "-1ff32a09daa4";
    String backups = bucket + "-backups";
    String below = backups + "/rediform/" + cluster.name() + "/*";
    assertThat(allowed)
        .containsExactlyInAnyOrder(
            "secretsmanager:GetSecretValue " + secret.path("arn").asText(),
            "s3:GetObject " + bucket + "/*",
            "s3:ListBucket " + bucket,
            "s3:PutObject " + below,
            "s3:GetObject " + below,
            "s3:DeleteObject " + below,
            "s3:AbortMultipartUpload " + below,
            "s3:ListBucket " + backups);
  }

  /** Each edit of the file changes what it must, and nothing else. */
  private static void assertChanges(Path folder, Terraform terraform, Cluster cluster)
      throws IOException, InterruptedException {
    write(folder, "one-replica-more");
    assertThat(terraform.plan().changes())
        .isEqualTo(
            Map.of(
                "aws_instance.redis-4", "create",
                "aws_ec2_instance_state.redis-4-running", "create",
                "aws_network_interface.redis-4-address", "create",
                "aws_ebs_volume.redis-4-data", "create",
                "aws_volume_attachment.redis-4-data-attachment", "create",
                "aws_s3_object.redis-4-document", "create",
                "terraform_data.redis-4-gate", "create",
                "terraform_data.whole", "delete create"));

    // Where the file gives no quorum it is the majority, and each Sentinel must know of the new
    // one.
    write(folder, "two-sentinels-more");
    boolean quorumIsGiven = cluster.environment().sentinels().quorum().isPresent();
    Map<String, String> sentinels = quorumIsGiven ? new HashMap<>() : updates(cluster.sentinels());
    for (String name : List.of("sentinel-4", "sentinel-5")) {
      sentinels.put("aws_instance." + name, "create");
      sentinels.put("aws_ec2_instance_state." + name + "-running", "create");
      sentinels.put("terraform_data." + name + "-gate", "create");
      sentinels.put("aws_s3_object." + name + "-document", "create");
      sentinels.put("aws_network_interface." + name + "-address", "create");
    }
    sentinels.put("terraform_data.whole", "delete create");
    assertThat(terraform.plan().changes()).isEqualTo(sentinels);

    // Each node's own firewall lists the clients too.
    write(folder, "one-client-network-more");
    Map<String, String> clients = updates(cluster.nodes());
    String rule = "aws_vpc_security_group_ingress_rule.%s-from-192-168-7-0-24";
    clients.put(rule.formatted("redis"), "create");
    clients.put(rule.formatted("sentinel"), "create");
    assertThat(terraform.plan().changes()).isEqualTo(clients);

    write(folder, "larger-master");
    Path userData = folder.resolve("nodes/sentinel-1.user-data.gz.b64");
    Files.writeString(
        userData,
        Base64.getEncoder().encodeToString("#cloud-config\n".getBytes(StandardCharsets.UTF_8)));
    assertThat(terraform.plan().changes())
        .as("size and user data change machines in place")
        .containsEntry("aws_instance.redis-1", "update")
        .containsEntry("aws_instance.sentinel-1", "update")
        .allSatisfy(
            (address, action) ->
                assertThat(action)
                    .as(address)
                    .isEqualTo(address.startsWith("terraform_data.") ? "delete create" : "update"));
  }

  /** What was planned is what is uploaded, in place: nothing that a machine may need is deleted. */
  private static void assertANewProgramIsUploaded(Path folder, Terraform terraform)
      throws IOException, InterruptedException {
    for (String text : List.of("another program", "a third one")) {
      write(folder, "as-it-is");
      Files.writeString(
          folder.resolve("nodes/program.pyz.b64"),
          Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.UTF_8)));
      assertThat(terraform.plan().changes()).isEqualTo(Map.of("aws_s3_object.program", "update"));
      terraform.applyPlan();
      assertThat(terraform.plan().changes()).as("a second plan").isEmpty();
    }
  }

  /** A node that changes waits at its gate, and the deploy at its end. */
  private static Map<String, String> updates(List<? extends Node> nodes) {
    Map<String, String> updates = new HashMap<>(Map.of("terraform_data.whole", "delete create"));
    for (Node node : nodes) {
      updates.put("aws_instance." + node.name(), "update");
      updates.put("aws_s3_object." + node.name() + "-document", "update");
      updates.put("terraform_data." + node.name() + "-gate", "delete create");
    }
    return updates;
  }

  private static void assertNowhere(List<String> secrets, String... texts) {
    for (String secret : secrets) {
      for (String text : texts) {
        assertThat(text.contains(secret)).as("a password where none may be").isFalse();
      }
    }
  }

  /** Puts what an edit of the environment file synthesizes to where Terraform runs. */
  private static void write(Path folder, String edit) throws IOException {
    Path source = root.resolve(edit).resolve("stacks").resolve(folder.getFileName());
    try (Stream<Path> files = Files.walk(source)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        Path target = folder.resolve(source.relativize(file));
        Files.createDirectories(target.getParent());
        Files.copy(file, target, java.nio.file.StandardCopyOption.REPLACE_EXISTING);
      }
    }
  }

  /** Everything that lies in the stack's folder and beside it, the state among it. */
  private static String files(Path folder) throws IOException {
    StringBuilder all = new StringBuilder();
    for (Path place :
        List.of(folder, project.folder().resolve(".rediform/" + folder.getFileName()))) {
      try (Stream<Path> files = Files.walk(place)) {
        for (Path file :
            files
                .filter(Files::isRegularFile)
                .filter(path -> !path.toString().contains("/.terraform/"))
                .toList()) {
          all.append(Files.readString(file, StandardCharsets.ISO_8859_1));
        }
      }
    }
    return all.toString();
  }

  private static List<String> passwords(JsonNode found) {
    List<String> passwords = new ArrayList<>();
    found
        .path("secrets")
        .forEach(secret -> secret.path("value").forEach(p -> passwords.add(p.asText())));
    return passwords;
  }

  private static List<String> listedTypes() throws IOException {
    try (var lines = AwsIT.class.getResourceAsStream("/ec2-instance-types.txt")) {
      return Arrays.stream(new String(lines.readAllBytes(), StandardCharsets.UTF_8).split("\n"))
          .filter(line -> !line.startsWith("#"))
          .toList();
    }
  }

  private static List<String> texts(JsonNode array) {
    List<String> texts = new ArrayList<>();
    array.forEach(element -> texts.add(element.asText()));
    return texts;
  }

  private static Set<String> names(JsonNode object) {
    Set<String> names = new TreeSet<>();
    object.fieldNames().forEachRemaining(names::add);
    return names;
  }
}
