package stacks.review;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What the configuration of a plan must be: what this rediform makes of the environment's file.
 * Terraform writes into each plan the configuration that it was made of, and for one in JSON, as
 * ours is, with every expression as it stands there.
 *
 * <p>Only hashes are kept: those of a cluster of thousands of nodes take some megabytes.
 */
public final class Expected {
  private static final ObjectMapper MAPPER = new ObjectMapper();

  /** What is no attribute; a plan has it elsewhere, or not at all. */
  private static final Set<String> META =
      Set.of("//", "lifecycle", "provisioner", "depends_on", "provider", "connection");

  private static final Pattern FILE =
      Pattern.compile("\\$\\{file\\(\"\\$\\{path\\.module}/([A-Za-z0-9._/-]+)\"\\)}");

  /**
   * One part of the configuration.
   *
   * @param expressions a hash of each attribute's expression, and of what is beside the attributes
   * @param values a hash of each value that is known without Terraform
   */
  record Part(Map<String, Long> expressions, Map<String, Long> values) {}

  private final Map<String, Part> parts;

  private Expected(Map<String, Part> parts) {
    this.parts = parts;
  }

  /**
   * Reads what was written.
   *
   * @param stack the folder that holds {@code cdk.tf.json} and the files it names
   * @throws IOException when there is none, or it cannot be read
   */
  public static Expected of(Path stack) throws IOException {
    Map<String, Part> parts = new HashMap<>();
    try (JsonParser json = MAPPER.createParser(stack.resolve("cdk.tf.json").toFile())) {
      json.nextToken();
      while (json.nextToken() == JsonToken.FIELD_NAME) {
        String section = json.currentName();
        json.nextToken();
        switch (section) {
          case "resource" -> resources("", json, stack, parts);
          case "data" -> resources("data.", json, stack, parts);
          case "output" ->
              each(json, (name, one) -> parts.put("output." + name, output(one.path("value"))));
          case "provider" ->
              each(json, (name, one) -> parts.put("provider." + name, part(one.path(0), stack)));
          default -> json.skipChildren();
        }
      }
    }
    return new Expected(parts);
  }

  private interface Named {
    void see(String name, JsonNode one) throws IOException;
  }

  private static void each(JsonParser json, Named named) throws IOException {
    while (json.nextToken() == JsonToken.FIELD_NAME) {
      String name = json.currentName();
      json.nextToken();
      named.see(name, MAPPER.readTree(json));
    }
  }

  private static void resources(String before, JsonParser json, Path stack, Map<String, Part> parts)
      throws IOException {
    while (json.nextToken() == JsonToken.FIELD_NAME) {
      String type = before + json.currentName() + ".";
      json.nextToken();
      each(json, (name, one) -> parts.put(type + name, part(one, stack)));
    }
  }

  private static Part output(JsonNode value) {
    return new Part(Map.of("value", Canonical.hash(value)), Map.of());
  }

  private static Part part(JsonNode written, Path stack) throws IOException {
    Map<String, Long> expressions = new LinkedHashMap<>();
    Map<String, Long> values = new LinkedHashMap<>();
    Set<String> ignored = texts(written.at("/lifecycle/ignore_changes"));
    for (Map.Entry<String, JsonNode> attribute : written.properties()) {
      String name = attribute.getKey();
      JsonNode value = attribute.getValue();
      if (!META.contains(name) && !value.isNull()) {
        expressions.put(name, Canonical.hash(value));
        if (!ignored.contains(name)) {
          known(value, stack).ifPresent(hash -> values.put(name, hash));
        }
      }
    }
    if (!written.path("depends_on").isEmpty()) {
      expressions.put("depends_on", Canonical.hashOfSet(written.get("depends_on")));
    }
    if (written.has("provisioner")) {
      expressions.put("provisioner", Canonical.hash(provisioners(written.get("provisioner"))));
    }
    return new Part(expressions, values);
  }

  /** As a plan has them: without their type, and without what is no expression. */
  private static JsonNode provisioners(JsonNode written) {
    var list = MAPPER.createArrayNode();
    for (JsonNode one : written) {
      for (JsonNode each : one) {
        list.add(((ObjectNode) each.deepCopy()).without(List.of("when", "on_failure")));
      }
    }
    return list;
  }

  private static Set<String> texts(JsonNode list) {
    Set<String> texts = new java.util.HashSet<>();
    list.forEach(one -> texts.add(one.asText()));
    return texts;
  }

  /** A single value, or a map of such, in which Terraform has nothing to fill in. */
  private static Optional<Long> known(JsonNode value, Path stack) throws IOException {
    Matcher file = FILE.matcher(value.asText());
    if (file.matches()) {
      String content = Files.readString(stack.resolve(file.group(1)));
      return Optional.of(Canonical.hash(MAPPER.getNodeFactory().textNode(content)));
    }
    boolean literal =
        value.isObject()
            ? value.properties().stream().allMatch(one -> isLiteral(one.getValue()))
            : isLiteral(value);
    return literal ? Optional.of(Canonical.hash(value)) : Optional.empty();
  }

  /** The provider writes JSON in a form of its own; what policies allow has rules of its own. */
  private static boolean isLiteral(JsonNode value) {
    return value.isValueNode() && !value.asText().contains("${") && !value.asText().startsWith("{");
  }

  /** What this part of the configuration must be, if it is one. */
  Optional<Part> part(String address) {
    return Optional.ofNullable(parts.get(address));
  }

  /** Addresses of all parts, in no order. */
  Set<String> addresses() {
    return parts.keySet();
  }

  /** The hash of each expression of a resource, as a plan's {@code configuration} has it. */
  static Map<String, Long> planned(JsonNode resource) {
    Map<String, Long> expressions = new TreeMap<>();
    for (Map.Entry<String, JsonNode> one : resource.path("expressions").properties()) {
      expressions.put(one.getKey(), Canonical.hash(written(one.getValue())));
    }
    if (resource.has("depends_on")) {
      expressions.put("depends_on", Canonical.hashOfSet(resource.get("depends_on")));
    }
    if (resource.has("provisioners")) {
      var list = MAPPER.createArrayNode();
      resource.get("provisioners").forEach(one -> list.add(written(one.path("expressions"))));
      expressions.put("provisioner", Canonical.hash(list));
    }
    for (String other : new String[] {"count_expression", "for_each_expression"}) {
      if (resource.has(other)) {
        expressions.put(other, Canonical.hash(resource.get(other)));
      }
    }
    return expressions;
  }

  /** The same of an output. */
  static Map<String, Long> plannedOutput(JsonNode output) {
    return Map.of("value", Canonical.hash(written(output.path("expression"))));
  }

  /** An expression as it stands in a configuration in JSON. */
  private static JsonNode written(JsonNode expression) {
    if (expression.has("constant_value")) {
      return expression.get("constant_value");
    } else if (expression.has("references")) {
      return MAPPER.getNodeFactory().pojoNode("written in another language than ours");
    } else if (expression.isObject()) {
      var object = MAPPER.createObjectNode();
      expression.properties().forEach(one -> object.set(one.getKey(), written(one.getValue())));
      return object;
    } else if (expression.isArray()) {
      var list = MAPPER.createArrayNode();
      expression.forEach(one -> list.add(written(one)));
      return list;
    }
    return expression;
  }
}
