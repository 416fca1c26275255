package stacks.platform.aws;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import stacks.Synth;
import stacks.node.AgentBundle;
import stacks.node.Checksum;
import stacks.node.Documents;
import stacks.node.Layout;
import stacks.node.NodeDocument;
import stacks.platform.Platforms;
import stacks.testing.Environments;
import stacks.testing.Golden;

/** What the environments, and files that differ from them, synthesize to. */
class AwsSynthTest {
  /** Whatever the environments of the repository leave out. */
  static final String EXISTING =
      """
      platform: aws
      network:
        clients: [10.0.0.0/16, 10.0.0.0/16]
        operators: [10.9.0.0/24]
        existing:
          vpc: vpc-0a1b2c3d
          subnets:
            - {id: subnet-0a1b2c3d, zone: eu-west-1b, cidr: 10.0.16.0/20}
      replicas: {count: 8}
      sentinels: {instanceType: t3.small}
      aws:
        region: eu-west-1
        image: debian-12
        state: {backend: s3, bucket: states, region: eu-north-1}
        tags: {Team: search, Name: ours, Cost: "${var.x} and %{if} at 50%, 5$", "${key}": x}
      """;

  @TempDir static Path out;

  @BeforeAll
  static void synthesizeOnce() throws IOException {
    Synth.write(
        out,
        List.of(
            Environments.cluster("staging"),
            Environments.cluster("production"),
            Environments.cluster("production-symmetric"),
            Environments.cluster("existing", EXISTING),
            Environments.cluster("backed-up", "backup: {bucket: mine}\n" + EXISTING),
            Environments.cluster("locked", "backup: {lock: 49h}\n" + EXISTING),
            Environments.cluster(
                "metrics", "metrics: {networks: [10.62.0.0/24, 10.62.0.0/24]}\n" + EXISTING),
            Environments.cluster("without", "backup: {enabled: false}\n" + EXISTING)));
  }

  @ParameterizedTest
  @ValueSource(strings = {"staging", "production", "production-symmetric"})
  void environment_synthesizes_to_its_golden_file(String name) throws IOException {
    String text = Files.readString(file(name));
    for (NodeDocument document :
        Documents.of(Environments.cluster(name), Layout.MACHINE).values()) {
      // It changes whenever the agent does.
      text = text.replace(document.sha256(), "(document)");
    }
    Golden.check(name + ".tf.json", text);
  }

  @ParameterizedTest
  @ValueSource(strings = {"staging", "production", "production-symmetric", "existing"})
  void no_path_of_this_machine_is_written(String name) throws IOException {
    assertThat(Files.readString(file(name)))
        .doesNotContain(Path.of("").toAbsolutePath().toString(), out.toString(), "\"/tmp");
  }

  @ParameterizedTest
  @ValueSource(strings = {"staging", "production", "production-symmetric", "existing"})
  void every_machine_finds_its_user_data(String name) throws IOException {
    JsonNode machines = resources(name, "aws_instance");
    for (String machine : names(machines)) {
      assertThat(machines.path(machine).path("user_data_base64").asText())
          .isEqualTo("${file(\"${path.module}/nodes/" + machine + ".user-data.gz.b64\")}");
      assertThat(out.resolve("stacks/" + name + "/nodes/" + machine + ".user-data.gz.b64"))
          .exists();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"staging", "production", "production-symmetric", "existing"})
  void every_machine_is_told_the_document_that_is_uploaded_for_it(String name) throws IOException {
    JsonNode machines = resources(name, "aws_instance");
    for (String machine : names(machines)) {
      String key = "nodes/" + machine + ".json";
      JsonNode object = resources(name, "aws_s3_object").path(machine + "-document");
      assertThat(object.path("key").asText()).isEqualTo(key);
      assertThat(object.path("content").asText())
          .isEqualTo("${file(\"${path.module}/" + key + "\")}");
      byte[] file = Files.readAllBytes(out.resolve("stacks/" + name + "/" + key));
      assertThat(machines.path(machine).path("tags").path("rediform.document").asText())
          .isEqualTo(Checksum.of(file));
      assertThat(NodeDocument.parse(new String(file, StandardCharsets.UTF_8)).agent())
          .isEqualTo(AgentBundle.sha256());
    }
    Path program = out.resolve("stacks/" + name + "/nodes/program.pyz.b64");
    assertThat(Checksum.of(Base64.getDecoder().decode(Files.readString(program))))
        .isEqualTo(AgentBundle.sha256());
  }

  /** The other side: {@code test_constants.py}. */
  @Test
  void what_a_node_relies_on_is_what_it_gets() throws IOException {
    JsonNode constants =
        new ObjectMapper().readTree(Path.of("src/test/resources/contract/constants.json").toFile());
    assertThat(resources("production", "aws_instance").path("redis-1").path("tags").fieldNames())
        .toIterable()
        .contains(constants.path("tag").asText());
    assertThat(
            resources("production", "aws_volume_attachment")
                .path("redis-1-data-attachment")
                .path("device_name")
                .asText())
        .isEqualTo(constants.path("device").asText());
    JsonNode objects = resources("production", "aws_s3_object");
    assertThat(objects.path("program").path("key").asText())
        .isEqualTo(constants.path("programKey").asText());
    assertThat(objects.path("redis-1-document").path("key").asText())
        .isEqualTo(constants.path("documentKey").asText().replace("{node}", "redis-1"));
    for (String name : List.of("production", "local")) {
      NodeDocument document = Platforms.documents(Environments.cluster(name)).get("redis-1");
      assertThat(document.text())
          .contains(
              "\"layout\" : \""
                  + constants.path("layouts").path(name.equals("local") ? 1 : 0).asText());
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"staging", "production", "production-symmetric", "existing"})
  void nobody_in_the_world_gets_in(String name) throws IOException {
    for (JsonNode rule : resources(name, "aws_vpc_security_group_ingress_rule")) {
      assertThat(rule.path("cidr_ipv4").asText("")).isNotEqualTo("0.0.0.0/0");
      assertThat(rule.path("ip_protocol").asText()).isEqualTo("tcp");
      assertThat(rule.path("from_port").asInt()).isIn(22, 6379, 26379);
      assertThat(rule.path("to_port")).isEqualTo(rule.path("from_port"));
    }
  }

  @Test
  void existing_network_is_used_and_not_made() throws IOException {
    assertThat(names(read("existing").path("resource")))
        .doesNotContain("aws_vpc", "aws_subnet", "aws_nat_gateway", "aws_internet_gateway");
    assertThat(resources("existing", "aws_security_group").path("redis").path("vpc_id").asText())
        .isEqualTo("vpc-0a1b2c3d");
    assertThat(
            resources("existing", "aws_network_interface")
                .path("redis-1-address")
                .path("subnet_id")
                .asText())
        .isEqualTo("subnet-0a1b2c3d");
  }

  @Test
  void operators_reach_ssh_and_nothing_else() throws IOException {
    JsonNode rules = resources("existing", "aws_vpc_security_group_ingress_rule");
    JsonNode rule = rules.path("redis-ssh-from-10-9-0-0-24");
    assertThat(rule.path("from_port").asInt()).isEqualTo(22);
    assertThat(names(rules))
        .filteredOn(name -> name.endsWith("10-9-0-0-24"))
        .containsExactly("redis-ssh-from-10-9-0-0-24", "sentinel-ssh-from-10-9-0-0-24");
  }

  @Test
  void prometheus_reaches_the_exporters_and_nothing_else() throws IOException {
    JsonNode rules = resources("metrics", "aws_vpc_security_group_ingress_rule");
    Map<String, Integer> wanted =
        Map.of(
            "redis-node-exporter-from-10-62-0-0-24", 9100,
            "redis-redis-exporter-from-10-62-0-0-24", 9121,
            "sentinel-node-exporter-from-10-62-0-0-24", 9100,
            "sentinel-redis-exporter-from-10-62-0-0-24", 9121);
    assertThat(names(rules))
        .filteredOn(name -> name.endsWith("10-62-0-0-24"))
        .containsExactlyInAnyOrderElementsOf(wanted.keySet());
    wanted.forEach(
        (name, port) -> {
          JsonNode rule = rules.path(name);
          assertThat(rule.path("from_port").asInt()).as(name).isEqualTo(port);
          assertThat(rule.path("to_port").asInt()).as(name).isEqualTo(port);
          assertThat(rule.path("cidr_ipv4").asText()).as(name).isEqualTo("10.62.0.0/24");
        });
    assertThat(names(resources("existing", "aws_vpc_security_group_ingress_rule")))
        .noneMatch(name -> name.contains("exporter"));
  }

  @Test
  void bucket_holds_the_state_encrypted_and_locked() throws IOException {
    JsonNode backend = read("existing").path("terraform").path("backend").path("s3");
    assertThat(backend.path("bucket").asText()).isEqualTo("states");
    assertThat(backend.path("key").asText()).isEqualTo("rediform/existing.tfstate");
    assertThat(backend.path("region").asText()).isEqualTo("eu-north-1");
    assertThat(backend.path("encrypt").asBoolean()).isTrue();
    assertThat(backend.path("use_lockfile").asBoolean()).isTrue();
  }

  @Test
  void words_of_a_tag_are_no_template_of_terraform() throws IOException {
    JsonNode tags =
        read("existing")
            .path("provider")
            .path("aws")
            .get(0)
            .path("default_tags")
            .get(0)
            .path("tags");
    assertThat(tags.path("Cost").asText()).isEqualTo("$${var.x} and %%{if} at 50%, 5$");
    assertThat(tags.path("$${key}").asText()).isEqualTo("x");
  }

  @Test
  void eighth_node_of_a_zone_opens_another_spread_group() throws IOException {
    JsonNode machines = resources("existing", "aws_instance");
    assertThat(machines.path("redis-7").path("placement_group").asText())
        .contains("redis-spread-1");
    assertThat(machines.path("redis-8").path("placement_group").asText())
        .contains("redis-spread-2");
    assertThat(machines.path("sentinel-3").path("placement_group").asText())
        .contains("sentinel-spread-1");
  }

  @Test
  void image_and_types_are_those_of_the_file() throws IOException {
    assertThat(read("existing").path("data").path("aws_ami").toString())
        .contains("debian-12-amd64-*", "136693071363");
    assertThat(
            resources("existing", "aws_instance").path("sentinel-1").path("instance_type").asText())
        .isEqualTo("t3.small");
  }

  @Test
  void protection_follows_the_file() throws IOException {
    for (String name : List.of("staging", "production")) {
      boolean protect = Environments.cluster(name).environment().aws().protect();
      for (JsonNode volume : resources(name, "aws_ebs_volume")) {
        assertThat(volume.path("lifecycle").path("prevent_destroy").asBoolean()).isEqualTo(protect);
      }
      for (JsonNode machine : resources(name, "aws_instance")) {
        assertThat(machine.path("disable_api_termination").asBoolean()).isEqualTo(protect);
      }
      assertThat(
              resources(name, "aws_secretsmanager_secret")
                  .path("passwords")
                  .path("recovery_window_in_days")
                  .asInt())
          .isEqualTo(protect ? 30 : 0);
    }
  }

  @Test
  void nodes_keep_backups_below_the_name_of_their_cluster_only() throws IOException {
    String bucket = "arn:(partition):s3:::mine";
    String all = bucket + "/rediform/backed-up/*";
    assertThat(statements("backed-up"))
        .hasSize(8)
        .startsWith(statements("without").toArray(JsonNode[]::new))
        .extracting(
            statement ->
                "%s %s %s %s"
                    .formatted(
                        statement.path("Effect").asText(),
                        statement.path("Action").asText(),
                        statement.path("Resource").asText(),
                        statement.path("Condition")))
        .endsWith(
            "Allow s3:PutObject " + all + " ",
            "Allow s3:GetObject " + all + " ",
            "Allow s3:DeleteObject " + all + " ",
            "Allow s3:AbortMultipartUpload " + all + " ",
            "Allow s3:ListBucket "
                + bucket
                + " {\"StringLike\":{\"s3:prefix\":\"rediform/backed-up/*\"}}");
  }

  @Test
  void nodes_use_the_bucket_that_the_stack_makes_in_the_same_way() throws IOException {
    assertThat(resources("existing", "aws_iam_role_policy").toString().replace("existing", "X"))
        .isEqualTo(
            resources("backed-up", "aws_iam_role_policy")
                .toString()
                .replace("backed-up", "X")
                .replace(":s3:::mine", ":s3:::${aws_s3_bucket.backups.bucket}"));
    assertThat(resources("existing", "aws_s3_bucket").path("backups").path("bucket").asText())
        .matches("rediform-existing-\\$\\{substr\\(.*\\)}-backups");
    String document =
        Documents.of(Environments.cluster("existing", EXISTING), Layout.MACHINE)
            .get("redis-1")
            .text();
    assertThat(document).contains("s3://rediform-existing-{id}-backups/rediform/existing");
  }

  @Test
  void bucket_for_backups_is_made_where_the_file_names_none_and_forgotten_elsewhere()
      throws IOException {
    List<String> types =
        List.of(
            "aws_s3_bucket",
            "aws_s3_bucket_versioning",
            "aws_s3_bucket_public_access_block",
            "aws_s3_bucket_server_side_encryption_configuration",
            "aws_s3_bucket_policy",
            "aws_s3_bucket_lifecycle_configuration",
            "aws_s3_bucket_object_lock_configuration");
    for (String type : types) {
      boolean lock = type.endsWith("lock_configuration");
      assertThat(resources("existing", type).has("backups")).as(type).isEqualTo(!lock);
      assertThat(resources("locked", type).has("backups")).as(type).isTrue();
      for (String name : List.of("backed-up", "without")) {
        assertThat(resources(name, type).has("backups")).as(type).isFalse();
      }
    }
    for (String name : List.of("backed-up", "without")) {
      assertThat(read(name).path("removed"))
          .extracting(each -> each.path("from").asText() + each.at("/lifecycle/destroy").asText())
          .containsExactlyElementsOf(types.stream().map(type -> type + ".backupsfalse").toList());
      assertThat(read(name).has("import")).isFalse();
    }
    assertThat(read("existing").has("import")).isTrue();
    assertThat(read("existing").path("removed"))
        .as("a lock that the file no longer wants ends")
        .isEmpty();
  }

  @Test
  void a_lock_is_of_whole_days() throws IOException {
    assertThat(
            resources("locked", "aws_s3_bucket_object_lock_configuration")
                .at("/backups/rule/0/default_retention/0")
                .toString())
        .isEqualTo("{\"days\":3,\"mode\":\"GOVERNANCE\"}");
  }

  private static List<JsonNode> statements(String name) throws IOException {
    String policy =
        resources(name, "aws_iam_role_policy")
            .path("node-reads-passwords")
            .path("policy")
            .asText()
            // No JSON before Terraform has filled it in: an expression has quotation marks, too.
            .replaceAll("\\$\\{split\\([^}]*}", "(partition)");
    List<JsonNode> statements = new ArrayList<>();
    new ObjectMapper().readTree(policy).path("Statement").forEach(statements::add);
    return statements;
  }

  @Test
  void only_data_nodes_have_a_volume() throws IOException {
    assertThat(names(resources("production", "aws_ebs_volume")))
        .containsExactly("redis-1-data", "redis-2-data", "redis-3-data");
  }

  @ParameterizedTest
  @ValueSource(strings = {"staging", "production", "production-symmetric", "existing"})
  void every_stack_gets_the_lock_file_that_is_kept(String name) throws IOException {
    Path lock = out.resolve("stacks/" + name + "/.terraform.lock.hcl");
    assertThat(lock)
        .hasSameBinaryContentAs(Path.of("src/main/resources/terraform/providers.lock.hcl"));
    // With other words in it, cdktf would ask the registry at every diff and deploy.
    JsonNode aws = read(name).path("terraform").path("required_providers").path("aws");
    assertThat(lock)
        .content()
        .contains(
            "provider \"registry.terraform.io/" + aws.path("source").asText() + "\" {",
            "  constraints = \"" + aws.path("version").asText() + "\"");
  }

  private static Path file(String name) {
    return out.resolve("stacks/" + name + "/cdk.tf.json");
  }

  private static JsonNode read(String name) throws IOException {
    return new ObjectMapper().readTree(file(name).toFile());
  }

  private static JsonNode resources(String name, String type) throws IOException {
    return read(name).path("resource").path(type);
  }

  private static Set<String> names(JsonNode object) {
    Set<String> names = new TreeSet<>();
    object.fieldNames().forEachRemaining(names::add);
    return names;
  }
}
