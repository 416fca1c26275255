package stacks.review;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.LocalDate;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import stacks.cluster.Cluster;
import stacks.node.Checksum;

/**
 * Plans for what no real plan is needed to show: broken input, hostile text, policy. What rules
 * find in real ones is in {@code ReviewIT}.
 */
public final class PlanJson {
  static final ObjectMapper MAPPER = new ObjectMapper();
  static final LocalDate TODAY = LocalDate.of(2027, 3, 31);

  /** Bytes of the program that documents name. */
  static final byte[] PROGRAM = "program".getBytes(StandardCharsets.UTF_8);

  private final ObjectNode root = MAPPER.createObjectNode();
  private final ArrayNode changes;
  private final String environment;

  public PlanJson(String environment) {
    this.environment = environment;
    root.put("format_version", "1.2").put("terraform_version", "1.11.4");
    root.putObject("planned_values");
    changes = root.putArray("resource_changes");
    root.put("complete", true).put("errored", false);
  }

  /** One in which nothing changes, of three data nodes and three Sentinels. */
  public static PlanJson of(String environment) {
    PlanJson plan = new PlanJson(environment).volume("redis-1", List.of("no-op"), 100, 100);
    plan.program(List.of("no-op"), PROGRAM, PROGRAM);
    for (String kind : List.of("redis-", "sentinel-")) {
      for (int number = 1; number <= 3; number++) {
        plan.machine(kind + number, List.of("no-op"), "c7i.xlarge", "c7i.xlarge");
      }
    }
    return plan;
  }

  /** Adds a resource, or takes the place of one; {@code edit} gets its {@code change}. */
  public PlanJson resource(
      String type, String name, List<String> actions, Consumer<ObjectNode> edit) {
    String address = type + "." + name;
    for (int i = changes.size() - 1; i >= 0; i--) {
      if (changes.get(i).path("address").asText().equals(address)) {
        changes.remove(i);
      }
    }
    ObjectNode resource = changes.addObject();
    resource.put("address", address).put("mode", "managed").put("type", type);
    resource.put("name", name);
    ObjectNode change = resource.putObject("change");
    actions.forEach(change.withArray("actions")::add);
    boolean before = !actions.equals(List.of("create"));
    boolean after = !actions.equals(List.of("delete"));
    for (String side : List.of("before", "after")) {
      if (side.equals("before") ? before : after) {
        change.putObject(side).putObject("tags_all").put("rediform", environment);
      } else {
        change.putNull(side);
      }
    }
    change.putObject("after_unknown");
    edit.accept(change);
    return this;
  }

  /** What has happened to a resource outside of Terraform; {@code edit} gets its {@code change}. */
  PlanJson drift(String type, String name, List<String> actions, Consumer<ObjectNode> edit) {
    ObjectNode resource = root.withArray("resource_drift").addObject();
    resource.put("address", type + "." + name).put("mode", "managed").put("type", type);
    resource.put("name", name);
    ObjectNode change = resource.putObject("change");
    actions.forEach(change.withArray("actions")::add);
    change.putObject("before");
    change.set("after", actions.equals(List.of("delete")) ? null : MAPPER.createObjectNode());
    edit.accept(change);
    return this;
  }

  /** A resource that is gone, and that the plan makes again. */
  PlanJson gone(String type, String name) {
    return drift(type, name, List.of("delete"), change -> {})
        .resource(type, name, List.of("create"), change -> {});
  }

  /** Changes the {@code change} of a resource that is there. */
  PlanJson edit(String address, Consumer<ObjectNode> edit) {
    changes.forEach(
        resource -> {
          if (resource.path("address").asText().equals(address)) {
            edit.accept((ObjectNode) resource.path("change"));
          }
        });
    return this;
  }

  public PlanJson volume(String node, List<String> actions, int before, int after) {
    return resource(
        "aws_ebs_volume",
        node + "-data",
        actions,
        change -> {
          set(change, "before", volume -> volume.put("size", before).put("encrypted", true));
          set(change, "after", volume -> volume.put("size", after).put("encrypted", true));
        });
  }

  /** A machine whose type changes, and its gate that waits before. */
  public PlanJson restart(String node) {
    return machine(node, List.of("update"), "c7i.xlarge", "c7i.2xlarge")
        .resource("terraform_data", node + "-gate", List.of("delete", "create"), change -> {});
  }

  public PlanJson machine(String node, List<String> actions, String before, String after) {
    resource(
        "aws_instance",
        node,
        actions,
        change -> {
          for (String side : List.of("before", "after")) {
            set(
                change,
                side,
                machine -> {
                  machine.put("instance_type", side.equals("before") ? before : after);
                  machine.putArray("root_block_device").addObject().put("encrypted", true);
                  machine
                      .putArray("metadata_options")
                      .addObject()
                      .put("http_tokens", "required")
                      .put("http_put_response_hop_limit", 1)
                      .put("instance_metadata_tags", "enabled");
                });
          }
        });
    boolean ends = actions.equals(List.of("delete"));
    String document = document();
    return actions.equals(List.of("create")) || ends
        ? object(node, actions, document, document)
        : object(node, List.of("no-op"), document, document);
  }

  /** A document as this release makes them, in short. */
  static ObjectNode contents() {
    ObjectNode document = MAPPER.createObjectNode();
    document.put("agent", Checksum.of(PROGRAM)).put("address", "10.0.0.1").putObject("live");
    document.putObject("startup").putObject("directives").put("databases", "16");
    document.putObject("machine").put("disk", "20gb").put("secret", "s").putArray("keys");
    document.putArray("allow").addObject().put("from", "10.0.0.0/24").put("port", 6379);
    return document;
  }

  private static String document() {
    return contents().toString();
  }

  /** A document that becomes another one, by its node's machine, and the gate that waits before. */
  PlanJson document(String node, String before, String after) {
    return machine(node, List.of("update"), "c7i.xlarge", "c7i.xlarge")
        .object(node, List.of("update"), before, after)
        .resource("terraform_data", node + "-gate", List.of("delete", "create"), change -> {});
  }

  /** A document's object, and the tag of its machine that fits it. */
  PlanJson object(String node, List<String> actions, String before, String after) {
    edit(
        "aws_instance." + node,
        change -> {
          set(change, "before", machine -> tag(machine, before));
          set(change, "after", machine -> tag(machine, after));
        });
    return resource(
        "aws_s3_object",
        node + "-document",
        actions,
        change -> {
          set(change, "before", object -> object.put("content", before));
          set(change, "after", object -> object.put("content", after));
          if (actions.contains("update")) {
            change.withObject("/after_unknown").put("version_id", true);
          }
        });
  }

  static void tag(ObjectNode machine, String document) {
    machine.withObject("/tags_all").put("rediform.document", Checksum.of(document));
  }

  PlanJson program(List<String> actions, byte[] before, byte[] after) {
    return resource(
        "aws_s3_object",
        "program",
        actions,
        change -> {
          set(change, "before", object -> object.put("content_base64", base64(before)));
          set(change, "after", object -> object.put("content_base64", base64(after)));
        });
  }

  private static String base64(byte[] bytes) {
    return Base64.getEncoder().encodeToString(bytes);
  }

  private static void set(ObjectNode change, String side, Consumer<ObjectNode> edit) {
    if (change.path(side) instanceof ObjectNode object) {
      edit.accept(object);
    }
  }

  /** Changes anything about the plan. */
  public PlanJson with(Consumer<ObjectNode> edit) {
    edit.accept(root);
    return this;
  }

  /** The state that it was planned from, as Terraform puts it into each plan. */
  private ObjectNode priorState() {
    ObjectNode state = MAPPER.createObjectNode().put("format_version", "1.0");
    ArrayNode resources = state.withObject("/values/root_module").putArray("resources");
    resources
        .addObject()
        .put("address", "data.aws_instances.existing")
        .put("mode", "data")
        .put("type", "aws_instances")
        .put("name", "existing")
        .withObject("values")
        .putArray("ids");
    for (JsonNode change : changes) {
      if (change.at("/change/before").isObject()) {
        ObjectNode resource = resources.addObject();
        List.of("address", "mode", "type", "name")
            .forEach(name -> resource.set(name, change.path(name)));
        resource.set("values", change.at("/change/before"));
        resource.putObject("sensitive_values");
      }
    }
    return state;
  }

  @Override
  public String toString() {
    ObjectNode whole = root.deepCopy();
    if (!whole.has("prior_state")) {
      whole.set("prior_state", priorState());
    }
    try {
      return MAPPER.writeValueAsString(whole);
    } catch (JsonProcessingException e) {
      throw new UncheckedIOException(e);
    }
  }

  public InputStream stream() {
    return new ByteArrayInputStream(toString().getBytes(StandardCharsets.UTF_8));
  }

  /** What is said of it. */
  public Review review(Cluster cluster) throws IOException {
    return Reviewer.review(stream(), cluster, TODAY, false);
  }

  /** What is said of any text. */
  static Review review(String json, Cluster cluster) throws IOException {
    return review(json, cluster, List.of());
  }

  static Review review(String json, Cluster cluster, List<Expected> expected) throws IOException {
    return Reviewer.review(
        new ByteArrayInputStream(json.getBytes(StandardCharsets.UTF_8)),
        cluster,
        TODAY,
        false,
        Optional::empty,
        expected);
  }

  /** Each finding as its rule and place, those that are accepted too. */
  static List<String> findings(Review review) {
    return review.findings().stream()
        .map(finding -> finding.rule().id() + " " + finding.place())
        .toList();
  }

  static JsonNode read(String json) {
    try {
      return MAPPER.readTree(json);
    } catch (JsonProcessingException e) {
      throw new UncheckedIOException(e);
    }
  }
}
