package stacks.review;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiConsumer;

/**
 * From a real plan, all plans that were made of another configuration: one expression is another,
 * too many or missing, one resource waits for fewer others, runs other commands, is missing or is
 * one too many. Nothing else of the plan says so.
 */
final class ConfigurationMutations {
  private static final JsonNodeFactory NEW = JsonNodeFactory.instance;

  private final ObjectNode plan;
  private final BiConsumer<String, String> look;
  private int tried;

  /**
   * @param look gets what was done, and the plan
   */
  ConfigurationMutations(String json, BiConsumer<String, String> look) {
    this.plan = (ObjectNode) PlanJson.read(json);
    plan.remove("prior_state");
    plan.putObject("planned_values");
    ArrayNode changes = (ArrayNode) plan.get("resource_changes");
    while (changes.size() > 10) { // some must bear the environment's name, and all take time
      changes.remove(changes.size() - 1);
    }
    this.look = look;
  }

  /** Makes each plan in turn, and says how many there were. */
  int all() {
    ObjectNode module = (ObjectNode) plan.at("/configuration/root_module");
    ArrayNode resources = (ArrayNode) module.get("resources");
    for (int i = 0; i < resources.size(); i++) {
      ObjectNode resource = (ObjectNode) resources.get(i);
      String address = resource.get("address").asText();
      if (resource.has("expressions")) {
        expressions(address, (ObjectNode) resource.get("expressions"));
      }
      list(address, resource, "depends_on");
      list(address, resource, "provisioners");
      for (JsonNode provisioner : resource.path("provisioners")) {
        expressions(address, (ObjectNode) provisioner.get("expressions"));
      }
      resources.remove(i);
      look(address + " is missing");
      resources.insert(i, resource);
    }
    ObjectNode other = resources.addObject().put("address", "aws_instance.miner");
    look("aws_instance.miner");
    resources.remove(resources.size() - 1);
    module.putObject("module_calls").set("miner", other);
    look("module.miner");
    module.remove("module_calls");
    plan.at("/configuration/provider_config")
        .forEach(
            provider -> {
              if (provider.has("expressions")) {
                expressions("provider", (ObjectNode) provider.get("expressions"));
              }
            });
    module.get("outputs").forEach(output -> one("output", (ObjectNode) output, "expression"));
    JsonNode configuration = plan.remove("configuration");
    look("no configuration");
    plan.set("configuration", configuration);
    return tried;
  }

  private void look(String what) {
    tried++;
    look.accept(what, plan.toString());
  }

  private void expressions(String address, ObjectNode expressions) {
    List<String> names = new ArrayList<>();
    expressions.fieldNames().forEachRemaining(names::add);
    for (String name : names) {
      one(address, expressions, name);
      JsonNode before = expressions.remove(name);
      look(address + " without " + name);
      expressions.set(name, before);
    }
    expressions.putObject("frobnicate").put("constant_value", true);
    look(address + " frobnicate");
    expressions.remove("frobnicate");
  }

  private void one(String address, ObjectNode parent, String name) {
    JsonNode before = parent.get(name);
    JsonNode other = before.deepCopy();
    change(other);
    parent.set(name, other);
    look(address + " " + name);
    parent.set(name, before);
  }

  /** The first value in it becomes another. */
  private static boolean change(JsonNode node) {
    if (node instanceof ObjectNode object) {
      if (object.has("constant_value")) {
        object.set("constant_value", other(object.get("constant_value")));
        return true;
      }
      for (JsonNode child : object) {
        if (change(child)) {
          return true;
        }
      }
      object.putObject("frobnicate").put("constant_value", true);
      return true;
    }
    return node instanceof ArrayNode list && (list.isEmpty() || change(list.get(0)));
  }

  private static JsonNode other(JsonNode value) {
    if (value.isBoolean()) {
      return NEW.booleanNode(!value.asBoolean());
    } else if (value.isNumber()) {
      return NEW.numberNode(value.asLong() + 1);
    } else if (value.isArray()) {
      return ((ArrayNode) value.deepCopy()).add("other");
    } else if (value.isObject()) {
      return ((ObjectNode) value.deepCopy()).put("other", "x");
    }
    return NEW.textNode(value.asText() + "x");
  }

  private void list(String address, ObjectNode resource, String name) {
    JsonNode before = resource.get(name);
    if (before instanceof ArrayNode list && !list.isEmpty()) {
      ArrayNode fewer = list.deepCopy();
      fewer.remove(0);
      resource.set(name, fewer);
      look(address + " " + name + ", one fewer");
      resource.set(name, before);
    }
  }
}
