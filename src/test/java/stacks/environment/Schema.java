package stacks.environment;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.util.DefaultIndenter;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.time.Duration;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import stacks.values.Cidr;
import stacks.values.Durations;
import stacks.values.Memory;

/** The JSON schema of environment files, from the records and their {@link Key}s. */
final class Schema {
  private Schema() {}

  /** The schema as it stands in {@code environments/schema.json}. */
  static String json() throws JsonProcessingException {
    Map<String, Object> schema = new LinkedHashMap<>();
    schema.put("$schema", "https://json-schema.org/draft/2020-12/schema");
    schema.put("title", "rediform environment");
    schema.putAll(section(Environment.class));
    schema.put("type", "object");
    DefaultPrettyPrinter printer =
        new DefaultPrettyPrinter()
            .withObjectIndenter(new DefaultIndenter("  ", "\n"))
            .withArrayIndenter(DefaultPrettyPrinter.FixedSpaceIndenter.instance);
    return new ObjectMapper().writer(printer).writeValueAsString(schema) + "\n";
  }

  private static Map<String, Object> section(Class<?> type) {
    Map<String, Object> properties = new LinkedHashMap<>();
    List<String> required = new ArrayList<>();
    for (RecordComponent component : type.getRecordComponents()) {
      Key key = component.getAnnotation(Key.class);
      Map<String, Object> property = new LinkedHashMap<>();
      property.put("description", description(component.getGenericType(), key));
      property.putAll(property(component.getGenericType(), key));
      properties.put(component.getName(), property);
      if (key.byDefault().equals(Key.REQUIRED)) {
        required.add(component.getName());
      }
    }
    Map<String, Object> section = new LinkedHashMap<>();
    // A section whose keys are all commented out is nothing to YAML, and fine.
    section.put("type", List.of("object", "null"));
    section.put("additionalProperties", false);
    if (!required.isEmpty()) {
      section.put("required", required);
    }
    section.put("properties", properties);
    return section;
  }

  private static Map<String, Object> property(Type type, Key key) {
    Class<?> raw = Binder.raw(type);
    Map<String, Object> property = new LinkedHashMap<>();
    if (raw == java.util.Optional.class) {
      return property(Binder.argument(type), key);
    } else if (raw == List.class) {
      property.put("type", List.of("array", "null"));
      property.put("items", property(Binder.argument(type), key));
    } else if (raw == Map.class) {
      property.put("type", List.of("object", "null"));
      property.put("additionalProperties", Map.of("type", List.of("string", "number", "boolean")));
    } else if (!Binder.isScalar(type)) {
      return section(raw);
    } else {
      scalar(raw, key, property);
    }
    return property;
  }

  private static void scalar(Class<?> type, Key key, Map<String, Object> property) {
    boolean hasDefault = !key.byDefault().isEmpty() && !key.byDefault().equals(Key.REQUIRED);
    if (type == int.class || type == Integer.class) {
      property.put("type", "integer");
      property.put("minimum", Integer.parseInt(key.min()));
      property.put("maximum", Integer.parseInt(key.max()));
      if (hasDefault) {
        property.put("default", Integer.parseInt(key.byDefault()));
      }
      return;
    }
    if (type == boolean.class) {
      property.put("type", "boolean");
      property.put("default", Boolean.parseBoolean(key.byDefault()));
      return;
    }
    if (type.isEnum()) {
      property.put("enum", Scalars.names(type));
    } else {
      property.put("type", "string");
      property.put("pattern", "^(?:" + pattern(type, key) + ")$");
    }
    if (hasDefault) {
      property.put("default", key.byDefault());
    }
  }

  private static String pattern(Class<?> type, Key key) {
    if (type == Memory.class) {
      return Memory.PATTERN;
    } else if (type == Duration.class) {
      return Durations.PATTERN;
    }
    if (type == LocalDate.class) {
      return Scalars.DATE;
    }
    return type == Cidr.class ? Cidr.PATTERN : key.pattern();
  }

  private static String description(Type type, Key key) {
    StringBuilder text = new StringBuilder(key.value());
    if (!key.derived().isEmpty()) {
      text.append(" Default: ").append(key.derived()).append('.');
    }
    if (!Scalars.range(key).isEmpty() || !key.allowed().isEmpty()) {
      text.append(" Allowed: ").append(Binder.allowed(type, key)).append('.');
    }
    return text.toString();
  }
}
