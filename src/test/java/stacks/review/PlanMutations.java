package stacks.review;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.BooleanNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiConsumer;
import java.util.function.Consumer;

/**
 * From a real plan in which nothing changes, all plans in which one thing does: each resource goes
 * or is made anew, or one of its values is another.
 */
final class PlanMutations {
  private static final JsonNodeFactory NEW = JsonNodeFactory.instance;

  /** What may happen to a resource, in Terraform's words and in one that it may learn. */
  private static final List<List<String>> ACTIONS =
      List.of(
          List.of("delete"),
          List.of("delete", "create"),
          List.of("create", "delete"),
          List.of("forget"),
          List.of("frobnicate"),
          List.of());

  /** What is harmless, as kind and place; all else must be found. */
  private static final List<String> HARMLESS =
      List.of(
          "aws_\\w+ /tags(/.*)?",
          "aws_\\w+ /tags_all(/(?!rediform\\.document( |$)).*)?",
          "aws_instance /root_block_device/0/tags(_all)?(/.*)?",
          "aws_(iam_role|secretsmanager_secret|vpc_security_group_(in|e)gress_rule) /description",
          "\\w+ /timeouts",
          "aws_ebs_volume /size up",
          "aws_instance /root_block_device/0/volume_size up",
          "aws_secretsmanager_secret /recovery_window_in_days up",
          "aws_s3_bucket_object_lock_configuration /rule/0/default_retention/0/days up",
          // A gate by itself only waits once more.
          "terraform_data delete create",
          "terraform_data create delete");

  private final ObjectNode plan;
  private final List<String> tried = new ArrayList<>();

  PlanMutations(String json) {
    ObjectNode whole = (ObjectNode) PlanJson.read(json);
    plan = PlanJson.MAPPER.createObjectNode();
    for (String name :
        List.of(
            "format_version",
            "planned_values",
            "resource_changes",
            "prior_state",
            "complete",
            "errored")) {
      plan.set(name, whole.get(name));
    }
    // That it has them is enough; what they are the changes say, too.
    for (JsonNode resource : plan.at("/prior_state/values/root_module/resources")) {
      if (resource.path("mode").asText().equals("managed")) {
        ((ObjectNode) resource).remove("values");
      }
    }
  }

  /** What was tried, each as kind and what was done. */
  List<String> tried() {
    return tried;
  }

  /**
   * Makes each plan in turn.
   *
   * @param look gets what was done, and the plan
   */
  void forEach(BiConsumer<String, String> look) {
    for (JsonNode resource : plan.get("resource_changes")) {
      if (resource.path("mode").asText().equals("managed")) {
        actions((ObjectNode) resource, look);
        values((ObjectNode) resource, look);
      }
    }
  }

  private void actions(ObjectNode resource, BiConsumer<String, String> look) {
    for (List<String> actions : ACTIONS) {
      mutate(
          resource,
          String.join(" ", actions),
          actions,
          change -> {
            if (!actions.contains("create")) {
              change.putNull("after");
            }
          },
          look);
    }
  }

  private void values(ObjectNode resource, BiConsumer<String, String> look) {
    List<String> pointers = new ArrayList<>();
    collect(resource.at("/change/after"), "", pointers);
    for (String pointer : pointers) {
      JsonNode now = resource.at("/change/after" + pointer);
      for (Other other : others(now)) {
        String place = pointer + (other.how().isEmpty() ? "" : " " + other.how());
        mutate(
            resource,
            place,
            List.of("update"),
            change -> set((ObjectNode) change.get("after"), pointer, other.value()),
            look);
      }
    }
  }

  private record Other(JsonNode value, String how) {}

  private static List<Other> others(JsonNode now) {
    if (now.isNumber()) {
      return List.of(
          new Other(NEW.numberNode(now.asLong() + 1), "up"),
          new Other(NEW.numberNode(now.asLong() - 1), "down"));
    } else if (now.isBoolean()) {
      return List.of(new Other(BooleanNode.valueOf(!now.asBoolean()), ""));
    } else if (now.isArray()) {
      return List.of(new Other(NEW.arrayNode().add("other"), ""));
    }
    return List.of(new Other(NEW.textNode(now.asText("") + "x"), ""));
  }

  private static void collect(JsonNode node, String pointer, List<String> pointers) {
    if (node.isObject() && !node.isEmpty()) {
      node.properties()
          .forEach(entry -> collect(entry.getValue(), pointer + "/" + entry.getKey(), pointers));
    } else if (node.isArray() && !node.isEmpty() && node.get(0).isObject()) {
      for (int i = 0; i < node.size(); i++) {
        collect(node.get(i), pointer + "/" + i, pointers);
      }
    } else if (!pointer.isEmpty()) {
      pointers.add(pointer);
    }
  }

  private static void set(ObjectNode after, String pointer, JsonNode value) {
    int end = pointer.lastIndexOf('/');
    JsonNode parent = after.at(pointer.substring(0, end));
    String last = pointer.substring(end + 1);
    if (parent instanceof ArrayNode array) {
      array.set(Integer.parseInt(last), value);
    } else {
      ((ObjectNode) parent).set(last, value);
    }
  }

  private void mutate(
      ObjectNode resource,
      String what,
      List<String> actions,
      Consumer<ObjectNode> edit,
      BiConsumer<String, String> look) {
    String kind = resource.get("type").asText() + " " + what;
    // By it gates find the machines: no tag like the others.
    boolean isTag = kind.equals("aws_instance /tags_all/rediform");
    if (!isTag && HARMLESS.stream().anyMatch(kind::matches)) {
      return;
    }
    JsonNode before = resource.get("change");
    ObjectNode change = before.deepCopy();
    change.putArray("actions").addAll(actions.stream().map(NEW::textNode).toList());
    edit.accept(change);
    resource.set("change", change);
    tried.add(kind);
    look.accept(resource.get("address").asText() + " " + what, plan.toString());
    change.put("before_sensitive", true).put("after_sensitive", true);
    look.accept(resource.get("address").asText() + " " + what + ", hidden", plan.toString());
    resource.set("change", before);
  }
}
