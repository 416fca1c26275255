package stacks.platform.aws;

import com.fasterxml.jackson.databind.JsonNode;
import com.hashicorp.cdktf.TerraformMetaArguments;
import com.hashicorp.cdktf.TerraformStack;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import software.amazon.jsii.JsiiSerializable;

/**
 * Resources that exist once per node, given to the stack all at once.
 *
 * <p>They are described by the provider's own typed configurations, as constructs are, but do not
 * become constructs: each of those is a round trip to Node, and a thousand nodes would take five
 * times as long as six (docs/decisions/0014).
 */
final class Resources {
  private final Map<String, Map<String, Object>> byType = new TreeMap<>();
  private final Map<String, String> names = new HashMap<>();

  /**
   * Adds a resource.
   *
   * @param type Terraform's type, such as {@code aws_instance}
   * @param configuration the provider's typed configuration of such a resource
   * @param dependsOn addresses of resources that must be there first
   * @return the reference to the resource's id
   */
  String add(
      String type, String name, TerraformMetaArguments configuration, List<String> dependsOn) {
    Map<String, Object> arguments =
        struct((JsonNode) ((JsiiSerializable) configuration).$jsii$toJson().get("$jsii.struct"));
    if (!dependsOn.isEmpty()) {
      arguments.put("depends_on", dependsOn);
    }
    byType.computeIfAbsent(type, key -> new LinkedHashMap<>()).put(name, arguments);
    return "${%s.%s.id}".formatted(type, name);
  }

  /**
   * Adds a resource that no provider describes.
   *
   * @param arguments by Terraform's own names
   */
  void add(String type, String name, Map<String, Object> arguments) {
    byType.computeIfAbsent(type, key -> new LinkedHashMap<>()).put(name, arguments);
  }

  /** Gives everything to the stack. */
  void addTo(TerraformStack stack) {
    stack.addOverride("resource", byType);
  }

  /** The names of a struct's fields are the provider's in camel case; Terraform wants its own. */
  private Map<String, Object> struct(JsonNode struct) {
    Map<String, Object> arguments = new LinkedHashMap<>();
    struct
        .get("data")
        .properties()
        .forEach(field -> arguments.put(terraformName(field.getKey()), value(field.getValue())));
    return arguments;
  }

  private Object value(JsonNode node) {
    if (node.has("$jsii.struct")) {
      return struct(node.get("$jsii.struct"));
    } else if (node.has("$jsii.map")) {
      Map<String, Object> map = new LinkedHashMap<>();
      node.get("$jsii.map")
          .properties()
          .forEach(entry -> map.put(entry.getKey(), value(entry.getValue())));
      return map;
    } else if (node.isArray()) {
      List<Object> items = new ArrayList<>();
      node.forEach(item -> items.add(value(item)));
      return items;
    } else if (node.isBoolean()) {
      return node.booleanValue();
    }
    return node.isNumber() ? node.numberValue() : node.asText();
  }

  private String terraformName(String camelCase) {
    return names.computeIfAbsent(
        camelCase, name -> name.replaceAll("([A-Z])", "_$1").toLowerCase(Locale.ROOT));
  }
}
