package stacks.review;

import static stacks.review.Plans.INGRESS;
import static stacks.review.Plans.at;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;
import stacks.cluster.Cluster;
import stacks.node.NodeDocument;
import stacks.node.UserData;
import stacks.platform.aws.AwsPlatform;
import stacks.review.Plans.Case;
import stacks.testing.EditedDocument;
import stacks.testing.Environments;

/** Plans of a configuration that was changed behind rediform's back. */
final class EditedPlans {
  private static final String REDIS_10 = "redis-from-10-60-0-0-16";
  private static final String REDIS_172 = "redis-from-172-16-0-0-16";
  private static final String SENTINEL_10 = "sentinel-from-10-60-0-0-16";
  private static final String SENTINEL_172 = "sentinel-from-172-16-0-0-16";

  private EditedPlans() {}

  /** What has nothing to do with each other shares a plan. */
  static Stream<Case> all() {
    return Stream.of(
        together(
            edit(
                "clients from half of the world",
                resources -> at(resources, INGRESS, REDIS_10).put("cidr_ipv4", "0.0.0.0/7"),
                "world-open " + INGRESS + "." + REDIS_10),
            edit(
                "clients from a large network",
                resources -> at(resources, INGRESS, SENTINEL_10).put("cidr_ipv4", "10.0.0.0/8"),
                "access-widened " + INGRESS + "." + SENTINEL_10),
            edit(
                "clients from a part of their network",
                resources -> at(resources, INGRESS, REDIS_172).put("cidr_ipv4", "172.16.0.0/17"),
                "access-narrowed " + INGRESS + "." + REDIS_172),
            edit(
                "clients from all of IPv6",
                resources -> {
                  at(resources, INGRESS, SENTINEL_172).remove("cidr_ipv4");
                  at(resources, INGRESS, SENTINEL_172).put("cidr_ipv6", "::/0");
                },
                "world-open " + INGRESS + "." + SENTINEL_172),
            edit(
                "something that is not ours",
                resources ->
                    resources.withObject("aws_s3_bucket").putObject("mine").put("bucket", "mine"),
                "unknown-resource-touched aws_s3_bucket.mine")),
        together(
            edit(
                "one port more",
                resources -> at(resources, INGRESS, REDIS_10).put("to_port", 6380),
                "port-widened " + INGRESS + "." + REDIS_10),
            edit(
                "another protocol",
                resources -> at(resources, INGRESS, SENTINEL_10).put("ip_protocol", "udp"),
                "port-widened " + INGRESS + "." + SENTINEL_10),
            edit(
                "replicas cut off",
                resources -> remove(resources, INGRESS, "redis-from-redis"),
                "peers-cut-off " + INGRESS + ".redis-from-redis"),
            edit(
                "public addresses",
                resources ->
                    at(resources, "aws_subnet", "public-subnet")
                        .put("map_public_ip_on_launch", true),
                "public-address aws_subnet.public-subnet"),
            edit(
                "metadata without a token",
                resources ->
                    at(resources, "aws_instance", "redis-3")
                        .withObject("metadata_options")
                        .put("http_tokens", "optional"),
                "imds-v1 aws_instance.redis-3"),
            edit(
                "metadata from further away",
                resources ->
                    at(resources, "aws_instance", "redis-2")
                        .withObject("metadata_options")
                        .put("http_put_response_hop_limit", 2),
                "imds-v1 aws_instance.redis-2"),
            edit(
                "a node that does not see its tags",
                resources ->
                    at(resources, "aws_instance", "redis-1")
                        .withObject("metadata_options")
                        .put("instance_metadata_tags", "disabled"),
                "settings-unreadable aws_instance.redis-1")),
        together(
            edit(
                "a node may do anything",
                resources ->
                    at(resources, "aws_iam_role_policy", "node-reads-passwords")
                        .put("policy", policy("\"Action\": \"*\", \"Resource\": \"*\"")),
                "iam-widened aws_iam_role_policy.node-reads-passwords"),
            edit(
                "anybody may write documents",
                resources ->
                    at(resources, "aws_s3_bucket_public_access_block", "nodes")
                        .put("block_public_policy", false),
                "access-widened aws_s3_bucket_public_access_block.nodes"),
            edit(
                "another account may be a node",
                resources ->
                    at(resources, "aws_iam_role", "node-role")
                        .put(
                            "assume_role_policy",
                            policy(
                                "\"Action\": \"sts:AssumeRole\","
                                    + " \"Principal\": {\"AWS\": \"123456789012\"}")),
                "iam-widened aws_iam_role.node-role"),
            edit(
                "the secret can be had back for less long",
                resources ->
                    at(resources, "aws_secretsmanager_secret", "passwords")
                        .put("recovery_window_in_days", 29),
                "protection-off aws_secretsmanager_secret.passwords"),
            edit(
                "something of which nobody knows what it does",
                resources -> at(resources, "aws_instance", "redis-1").put("monitoring", true),
                "unknown-change aws_instance.redis-1"),
            edit(
                "one node restarts beside its gate",
                resources ->
                    at(resources, "aws_instance", "redis-2").put("instance_type", "c7i.2xlarge"),
                "gate-removed redis-2")),
        together(
            edit(
                "the volume of a node that stays goes",
                resources -> {
                  remove(resources, "aws_ebs_volume", "redis-3-data");
                  remove(resources, "aws_volume_attachment", "redis-3-data-attachment");
                  withoutOrder(resources);
                },
                "data-volume-destroyed aws_ebs_volume.redis-3-data",
                "data-volume-detached aws_volume_attachment.redis-3-data-attachment"),
            edit(
                "a machine is stopped",
                resources ->
                    at(resources, "aws_ec2_instance_state", "sentinel-3-running")
                        .put("state", "stopped"),
                "node-stopped aws_ec2_instance_state.sentinel-3-running"),
            edit(
                "another version of the passwords",
                resources ->
                    at(resources, "aws_secretsmanager_secret_version", "passwords-value")
                        .put("secret_string_wo_version", 2),
                "passwords-renewed aws_secretsmanager_secret_version.passwords-value"),
            edit(
                "a gate is gone",
                resources -> {
                  remove(resources, "terraform_data", "redis-2-gate");
                  at(resources, "terraform_data", "whole").remove("triggers_replace");
                },
                "gate-removed terraform_data.redis-2-gate"),
            edit(
                "no way out",
                resources -> remove(resources, "aws_route", "private-to-internet"),
                "part-destroyed aws_route.private-to-internet")),
        together(
            edit(
                "a volume is made anew",
                resources -> {
                  unprotect(resources, "redis-3");
                  at(resources, "aws_ebs_volume", "redis-3-data").put("encrypted", false);
                },
                "data-volume-replaced aws_ebs_volume.redis-3-data",
                "data-volume-detached aws_volume_attachment.redis-3-data-attachment",
                "encryption-off aws_ebs_volume.redis-3-data"),
            edit(
                "the tag by which gates find a machine",
                resources ->
                    at(resources, "aws_instance", "redis-2")
                        .withObject("tags")
                        .put("rediform", "other"),
                "gate-removed aws_instance.redis-2"),
            edit(
                "an image",
                resources -> {
                  at(resources, "aws_instance", "redis-1").put("ami", "ami-0000000000000012a");
                  at(resources, "aws_instance", "redis-1").remove("lifecycle");
                },
                "image-forces-replacement aws_instance.redis-1")),
        edit(
            "all volumes but one made anew",
            resources ->
                List.of("redis-2", "redis-3")
                    .forEach(
                        node -> {
                          unprotect(resources, node);
                          at(resources, "aws_ebs_volume", node + "-data")
                              .put("availability_zone", "eu-central-1a");
                        }),
            "all-replicas-removed shared",
            "data-volume-replaced aws_ebs_volume.redis-2-data",
            "data-volume-replaced aws_ebs_volume.redis-3-data",
            "data-volume-detached aws_volume_attachment.redis-2-data-attachment",
            "data-volume-detached aws_volume_attachment.redis-3-data-attachment",
            "master-and-replica-same-zone shared"),
        edit(
                "one node of each kind made anew",
                resources -> {},
                "node-replaced aws_instance.redis-1",
                "node-replaced aws_instance.sentinel-1")
            .with("-replace=aws_instance.redis-1", "-replace=aws_instance.sentinel-1"),
        edit(
                "two nodes of each kind made anew",
                resources -> {},
                "more-than-one-data-node-down shared",
                "quorum-lost shared",
                "node-replaced aws_instance.redis-1",
                "node-replaced aws_instance.redis-2",
                "node-replaced aws_instance.sentinel-1",
                "node-replaced aws_instance.sentinel-2")
            .with(
                "-replace=aws_instance.redis-1",
                "-replace=aws_instance.redis-2",
                "-replace=aws_instance.sentinel-1",
                "-replace=aws_instance.sentinel-2"),
        edit(
            "nodes restart beside their gates",
            resources ->
                List.of("redis-2", "redis-3")
                    .forEach(
                        node ->
                            at(resources, "aws_instance", node)
                                .put("instance_type", "c7i.2xlarge")),
            "more-than-one-data-node-down shared",
            "gate-removed redis-2",
            "gate-removed redis-3"),
        edit(
            "another address",
            resources ->
                at(resources, "aws_network_interface", "redis-1-address")
                    .putArray("private_ips")
                    .add("10.60.0.99"),
            "node-replaced aws_instance.redis-1",
            "address-changes aws_network_interface.redis-1-address"),
        edit(
            "another program than documents name",
            resources -> at(resources, "aws_s3_object", "program").put("content_base64", "AAAA"),
            "document-mismatch redis-1",
            "document-mismatch redis-2",
            "document-mismatch redis-3",
            "document-mismatch sentinel-1",
            "document-mismatch sentinel-2",
            "document-mismatch sentinel-3"),
        together(
            edit(
                "a password in a machine's document",
                resources -> setting(resources, "requirepass hunter2"),
                "secret-in-plan aws_s3_object.redis-1-document"),
            edit(
                "a password in a machine's user-data",
                resources -> userData(resources, "requirepass hunter2"),
                "secret-in-plan aws_instance.redis-2"),
            edit(
                "a password in the configuration",
                resources -> {
                  ObjectNode value =
                      at(resources, "aws_secretsmanager_secret_version", "passwords-value");
                  value.remove(List.of("secret_string_wo", "secret_string_wo_version"));
                  value.put("secret_string", "hunter2");
                },
                "secret-in-plan aws_secretsmanager_secret_version.passwords-value",
                "passwords-renewed aws_secretsmanager_secret_version.passwords-value")),
        together(
            edit(
                "a setting that is no password",
                resources -> setting(resources, "latency-monitor-threshold 7")),
            edit(
                "another name of the secret",
                resources ->
                    at(resources, "aws_secretsmanager_secret", "passwords").put("name", "other"),
                "secret-destroyed aws_secretsmanager_secret.passwords",
                "passwords-renewed aws_secretsmanager_secret_version.passwords-value",
                // Which secret a node may read is known after the apply only.
                "access-widened aws_iam_role_policy.node-reads-passwords")),
        edit(
            "a document and the program are gone, and nodes may not fetch any",
            resources -> {
              remove(resources, "aws_s3_object", "program");
              remove(resources, "aws_s3_object", "redis-3-document");
              at(resources, "aws_iam_role_policy", "node-reads-passwords").remove("policy");
              at(resources, "aws_iam_role_policy", "node-reads-passwords")
                  .put(
                      "policy",
                      policy(
                          "\"Action\": \"secretsmanager:GetSecretValue\", \"Resource\":"
                              + " \"${aws_secretsmanager_secret.passwords.arn}\""));
              resources
                  .get("aws_instance")
                  .forEach(each -> ((ObjectNode) each).remove("depends_on"));
            },
            "part-destroyed aws_s3_object.program",
            "part-destroyed aws_s3_object.redis-3-document",
            "document-mismatch aws_s3_object.program",
            "document-mismatch redis-3",
            "iam-widened aws_iam_role_policy.node-reads-passwords"),
        edit(
                "only one resource",
                resources -> at(resources, "aws_ebs_volume", "redis-1-data").put("size", 30),
                "partial-plan shared")
            .with("-target=aws_ebs_volume.redis-1-data"));
  }

  private static Case together(Case... cases) {
    return new Case(
        Stream.of(cases).map(Case::name).collect(Collectors.joining("; ")),
        text -> text,
        resources -> Stream.of(cases).forEach(each -> each.edit().accept(resources)),
        List.of(),
        Stream.of(cases).flatMap(each -> each.found().stream()).toList());
  }

  private static String policy(String statement) {
    return "{\"Version\": \"2012-10-17\", \"Statement\": [{\"Effect\": \"Allow\", %s}]}"
        .formatted(statement);
  }

  private static Case edit(String name, Consumer<ObjectNode> edit, String... found) {
    return new Case(name, text -> text, edit, List.of(), List.of(found));
  }

  private static void remove(ObjectNode resources, String type, String name) {
    ((ObjectNode) resources.get(type)).remove(name);
  }

  private static void unprotect(ObjectNode resources, String node) {
    at(resources, "aws_ebs_volume", node + "-data").remove("lifecycle");
  }

  /** What is taken away must not be waited for. */
  private static void withoutOrder(ObjectNode resources) {
    for (String type : List.of("terraform_data", "aws_instance")) {
      resources.get(type).forEach(each -> ((ObjectNode) each).remove("depends_on"));
    }
  }

  /** Gives redis-1 a directive more in its document, and lets its machine and its gate know. */
  private static void setting(ObjectNode resources, String directive) {
    NodeDocument document =
        new AwsPlatform().documents(Environments.cluster(Plans.NAME, Plans.FILE)).get("redis-1");
    String[] words = directive.split(" ", 2);
    NodeDocument other =
        EditedDocument.of(
            document, json -> json.withObject("/startup/directives").put(words[0], words[1]));
    at(resources, "aws_s3_object", "redis-1-document").put("content", other.text());
    at(resources, "aws_instance", "redis-1")
        .withObject("tags")
        .put("rediform.document", other.sha256());
    at(resources, "terraform_data", "redis-1-gate").putArray("triggers_replace").add("changed");
  }

  /** Gives redis-2 a line more in its user-data, and lets its gate know. */
  private static void userData(ObjectNode resources, String line) {
    Cluster cluster = Environments.cluster(Plans.NAME, Plans.FILE);
    String text = new UserData(cluster).of(cluster.node("redis-2").orElseThrow());
    at(resources, "aws_instance", "redis-2")
        .put("user_data_base64", pack(text + "\n" + line + "\n"));
    at(resources, "terraform_data", "redis-2-gate").putArray("triggers_replace").add("changed");
  }

  static String pack(String text) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (GZIPOutputStream gzip = new GZIPOutputStream(bytes)) {
      gzip.write(text.getBytes(StandardCharsets.UTF_8));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return Base64.getEncoder().encodeToString(bytes.toByteArray());
  }
}
