package stacks.review;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import stacks.values.Quote;

/**
 * Reads {@code terraform show -json PLAN}, one resource at a time: a plan of a large cluster is
 * mostly prior state and configuration, which nobody looks at.
 */
final class PlanReader {
  /** The plan format this was written for; Terraform raises the first number when it breaks it. */
  private static final String FORMAT = "1";

  private static final ObjectMapper MAPPER =
      new ObjectMapper(
              JsonFactory.builder()
                  .streamReadConstraints(
                      // Terraform's own values are far shallower, and user-data is 16 KiB.
                      StreamReadConstraints.builder()
                          .maxNestingDepth(200)
                          .maxStringLength(8 << 20)
                          .build())
                  .build())
          // Of two values the one that is read need not be the one that Terraform means.
          .enable(DeserializationFeature.FAIL_ON_READING_DUP_TREE_KEY);

  private final JsonParser parser;
  private final Consumer<ResourceChange> resources;
  private final Consumer<Output> outputs;
  private final Consumer<JsonNode> lookedUp;
  private final BiConsumer<String, Map<String, Long>> configured;
  private final Set<String> seen = new HashSet<>();

  /**
   * One output of the stack.
   *
   * @param before what it is now; missing when it is new or sensitive
   * @param after what it will be; missing when it goes or is sensitive
   * @param sensitive whether Terraform hides it
   */
  record Output(String name, JsonNode before, JsonNode after, boolean sensitive) {}

  private PlanReader(
      JsonParser parser,
      Consumer<ResourceChange> resources,
      Consumer<Output> outputs,
      Consumer<JsonNode> lookedUp,
      BiConsumer<String, Map<String, Long>> configured) {
    this.configured = configured;
    this.parser = parser;
    this.resources = resources;
    this.outputs = outputs;
    this.lookedUp = lookedUp;
  }

  /**
   * Reads a plan to its end.
   *
   * @param lookedUp given each data source, as the prior state has it
   * @param configured given each part of the configuration, by its address
   * @return whether applying it brings everything to what the configuration says; false when it was
   *     made for some resources only
   * @throws UnreadablePlan when it is no plan, or none that can be judged
   */
  static boolean read(
      InputStream plan,
      Consumer<ResourceChange> resources,
      Consumer<Output> outputs,
      Consumer<JsonNode> lookedUp,
      BiConsumer<String, Map<String, Long>> configured)
      throws IOException {
    try (JsonParser parser = MAPPER.createParser(plan)) {
      return new PlanReader(parser, resources, outputs, lookedUp, configured).plan();
    } catch (JsonProcessingException e) {
      String where =
          Optional.ofNullable(e.getLocation())
              .map(at -> " (byte " + at.getByteOffset() + ")")
              .orElse("");
      throw new UnreadablePlan(
          "this is not the output of `terraform show -json PLAN`, or not all of it: %s%s"
              .formatted(Quote.shorten(e.getOriginalMessage(), 200), where),
          e);
    }
  }

  private boolean plan() throws IOException {
    if (parser.nextToken() != JsonToken.START_OBJECT) {
      throw notAPlan("it does not begin with {");
    }
    boolean complete = true;
    while (parser.nextToken() == JsonToken.FIELD_NAME) {
      String name = parser.currentName();
      parser.nextToken();
      if (!seen.add(name)) {
        throw notAPlan("it has " + Quote.shorten(name, 60) + " twice");
      }
      switch (name) {
        case "format_version" -> checkFormat();
        case "resource_changes" -> resources(false);
        case "resource_drift" -> resources(true);
        case "output_changes" -> outputs();
        case "prior_state" -> priorState();
        case "configuration" -> configuration();
        case "errored" -> checkErrored();
        case "complete" -> complete = parser.getBooleanValue();
        case "deferred_changes" -> {
          complete &= parser.currentToken() == JsonToken.START_ARRAY && isEmptyArray();
        }
        default -> parser.skipChildren();
      }
    }
    if (parser.nextToken() != null) {
      throw notAPlan("something follows its end");
    }
    // The state's own JSON has a format version too, and so have the provider schemas.
    if (!seen.contains("format_version") || !seen.contains("planned_values")) {
      throw notAPlan("it has no format_version and planned_values");
    }
    return complete;
  }

  /** What one member of an object holds; false leaves it out. */
  private interface Member {
    boolean read(String name) throws IOException;
  }

  /** The members of an object, and those of the ones to go into. */
  private void members(Set<String> into, Member member) throws IOException {
    if (parser.currentToken() != JsonToken.START_OBJECT) {
      parser.skipChildren();
      return;
    }
    while (parser.nextToken() == JsonToken.FIELD_NAME) {
      String name = parser.currentName();
      parser.nextToken();
      if (into.contains(name)) {
        members(into, member);
      } else if (!member.read(name)) {
        parser.skipChildren();
      }
    }
  }

  /** One at a time. */
  private boolean each(Consumer<JsonNode> resource) throws IOException {
    if (parser.currentToken() != JsonToken.START_ARRAY) {
      return false;
    }
    while (parser.nextToken() == JsonToken.START_OBJECT) {
      resource.accept(MAPPER.readTree(parser));
    }
    return true;
  }

  /** Its data sources only; what it says of resources stands in their changes, too. */
  private void priorState() throws IOException {
    members(
        Set.of("values", "root_module"), name -> name.equals("resources") && each(this::lookedUp));
  }

  private void lookedUp(JsonNode resource) {
    if (resource.path("mode").asText().equals("data")) {
      lookedUp.accept(resource);
    }
  }

  /** What the plan was made of. Variables hold nothing of ours. */
  private void configuration() throws IOException {
    members(
        Set.of("root_module"),
        name ->
            switch (name) {
              case "resources" -> each(this::configured);
              case "outputs", "provider_config", "module_calls" -> {
                parts(name);
                yield true;
              }
              default -> false;
            });
  }

  private void configured(JsonNode resource) {
    configured.accept(resource.path("address").asText(), Expected.planned(resource));
  }

  private void parts(String section) throws IOException {
    JsonNode parts = MAPPER.readTree(parser);
    for (Map.Entry<String, JsonNode> one : parts.properties()) {
      String name = one.getKey();
      switch (section) {
        case "outputs" ->
            configured.accept("output." + name, Expected.plannedOutput(one.getValue()));
        case "module_calls" -> configured.accept("module." + name, Map.of());
        default -> {
          if (!name.equals("terraform")) { // built in; nothing can be configured of it
            configured.accept("provider." + name, Expected.planned(one.getValue()));
          }
        }
      }
    }
  }

  private boolean isEmptyArray() throws IOException {
    boolean empty = parser.nextToken() == JsonToken.END_ARRAY;
    while (parser.currentToken() != JsonToken.END_ARRAY) {
      parser.skipChildren();
      parser.nextToken();
    }
    return empty;
  }

  private void checkFormat() throws IOException {
    String version = parser.getValueAsString("");
    if (!version.matches(FORMAT + "(\\.\\d+)?")) {
      throw new UnreadablePlan(
          "this plan has format version %s, and this rediform reads version %s; use a Terraform and a rediform that fit each other"
              .formatted(Quote.shorten(version, 20), FORMAT));
    }
  }

  private void checkErrored() throws IOException {
    if (parser.getBooleanValue()) {
      throw new UnreadablePlan(
          "Terraform ended with an error while it made this plan, so it does not hold everything; mend that and plan again");
    }
  }

  private void resources(boolean drift) throws IOException {
    if (!seen.contains("format_version")) {
      throw notAPlan("its format_version does not come first");
    }
    if (parser.currentToken() != JsonToken.START_ARRAY) {
      throw notAPlan("its resources are no list");
    }
    while (parser.nextToken() == JsonToken.START_OBJECT) {
      JsonNode resource = MAPPER.readTree(parser);
      if (!resource.path("address").isTextual() || !resource.path("change").isObject()) {
        throw notAPlan("it has a resource without address or change");
      }
      resources.accept(new ResourceChange(resource, drift));
    }
    if (parser.currentToken() != JsonToken.END_ARRAY) {
      throw notAPlan("its list of resources holds something else");
    }
  }

  private void outputs() throws IOException {
    JsonNode all = MAPPER.readTree(parser);
    all.properties()
        .forEach(
            entry -> {
              JsonNode change = entry.getValue();
              boolean sensitive =
                  holdsMark(change.path("before_sensitive"))
                      || holdsMark(change.path("after_sensitive"));
              JsonNode nothing = MAPPER.missingNode();
              outputs.accept(
                  new Output(
                      entry.getKey(),
                      sensitive ? nothing : change.path("before"),
                      sensitive ? nothing : change.path("after"),
                      sensitive));
            });
  }

  private static boolean holdsMark(JsonNode marks) {
    return marks.asBoolean() || (marks.isContainerNode() && marks.toString().contains("true"));
  }

  private static UnreadablePlan notAPlan(String why) {
    return new UnreadablePlan("this is not the output of `terraform show -json PLAN`: " + why);
  }
}
