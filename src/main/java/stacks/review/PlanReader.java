package stacks.review;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.BooleanNode;
import java.io.IOException;
import java.io.InputStream;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import stacks.values.Quote;

/**
 * Reads all of {@code terraform show -json PLAN}, one resource at a time. What is not of the form
 * that Terraform gives it is refused; what has a name that is not known is told as that.
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

  private static final Set<String> OF_OUTPUT_CHANGE =
      Set.of("actions", "before", "after", "after_unknown", "before_sensitive", "after_sensitive");

  private final JsonParser parser;
  private final PlanParts parts;
  private final Set<String> seen = new HashSet<>();
  private final Set<String> addresses = new HashSet<>();
  private final Set<String> variables = new HashSet<>();

  private PlanReader(JsonParser parser, PlanParts parts) {
    this.parser = parser;
    this.parts = parts;
  }

  /**
   * Reads a plan to its end.
   *
   * @param parts told what it holds
   * @throws UnreadablePlan when it is no plan, or none that can be judged
   */
  static void read(InputStream plan, PlanParts parts) throws IOException {
    try (JsonParser parser = MAPPER.createParser(plan)) {
      new PlanReader(parser, parts).plan();
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

  private void plan() throws IOException {
    if (parser.nextToken() != JsonToken.START_OBJECT) {
      throw notAPlan("it does not begin with {");
    }
    while (parser.nextToken() == JsonToken.FIELD_NAME) {
      String name = parser.currentName();
      parser.nextToken();
      if (!seen.add(name)) {
        throw notAPlan("it has " + Quote.shorten(name, 60) + " twice");
      }
      part(name);
    }
    if (parser.nextToken() != null) {
      throw notAPlan("something follows its end");
    }
    // The state's own JSON has a format version too, and so have the provider schemas.
    if (!seen.contains("format_version") || !seen.contains("planned_values")) {
      throw notAPlan("it has no format_version and planned_values");
    }
    for (String word : List.of("complete", "errored")) {
      if (!seen.contains(word)) {
        parts.incomplete("it has no " + word);
      }
    }
  }

  private void part(String name) throws IOException {
    switch (name) {
      case "format_version" -> checkFormat();
      case "resource_changes" -> resources(false);
      case "resource_drift" -> resources(true);
      case "output_changes" -> outputs();
      case "prior_state" -> priorState();
      case "planned_values" -> values("planned_values", this::scan);
      case "configuration" -> configuration();
      case "variables" -> variables();
      case "checks" -> checks();
      case "errored" -> checkErrored();
      case "complete" -> {
        if (!parser.getBooleanValue()) {
          parts.incomplete("Terraform says that it is not complete");
        }
      }
      case "deferred_changes" -> deferred();
      case "action_invocations", "deferred_action_invocations" -> actions(name);
      case "relevant_attributes" -> each(name, attribute -> secret(name, attribute));
      case "terraform_version", "timestamp" -> text(name);
      case "applyable" -> parser.getBooleanValue(); // false also where nothing is to be done
      default -> {
        parts.unknown(name, "is a part of plans that this rediform does not know");
        parser.skipChildren();
      }
    }
  }

  private void text(String name) throws IOException {
    if (parser.currentToken() != JsonToken.VALUE_STRING) {
      throw notAPlan("its " + name + " is no text");
    }
    if (MachineFiles.isSecret(parser.getText())) {
      parts.secret(name);
    }
  }

  /** What one member of an object holds; false where it is not known. */
  private interface Member {
    boolean read(String name) throws IOException;
  }

  /** One element of a list. */
  private interface One {
    void see(JsonNode one) throws IOException;
  }

  /** One member of an object. */
  private interface Named {
    void see(String name, JsonNode one) throws IOException;
  }

  /** The members of an object. */
  private void members(String part, Member member) throws IOException {
    if (parser.currentToken() != JsonToken.START_OBJECT) {
      throw notAPlan("its " + part + " is no object");
    }
    Set<String> names = new HashSet<>();
    while (parser.nextToken() == JsonToken.FIELD_NAME) {
      String name = parser.currentName();
      parser.nextToken();
      if (!names.add(name)) {
        throw notAPlan("its %s has %s twice".formatted(part, Quote.shorten(name, 60)));
      }
      if (!member.read(name)) {
        parts.unknown(part + "." + name, "is a part of plans that this rediform does not know");
        parser.skipChildren();
      }
    }
  }

  /** The objects of a list, one at a time. */
  private boolean each(String part, One one) throws IOException {
    if (parser.currentToken() != JsonToken.START_ARRAY) {
      throw notAPlan("its " + part + " is no list");
    }
    while (parser.nextToken() == JsonToken.START_OBJECT) {
      one.see(MAPPER.readTree(parser));
    }
    if (parser.currentToken() != JsonToken.END_ARRAY) {
      throw notAPlan("its list of " + part + " holds something else");
    }
    return true;
  }

  /** The resources, and the outputs, of a state. */
  private boolean values(String part, One resource) throws IOException {
    members(
        part,
        name ->
            switch (name) {
              case "root_module" -> module(part, resource);
              case "outputs" -> {
                object(part + " outputs", this::output);
                yield true;
              }
              default -> false;
            });
    return true;
  }

  private boolean module(String part, One resource) throws IOException {
    members(
        part + ".root_module",
        name ->
            switch (name) {
              case "resources" -> each(part + " resources", resource);
              case "child_modules" ->
                  each(part + " modules", module -> secret(part + ".child_modules", module));
              case "address" -> {
                text(name);
                yield true;
              }
              default -> false;
            });
    return true;
  }

  private void output(String name, JsonNode output) {
    if (Secrets.in(object(name, output.path("value")))
        || Secrets.marked(output.path("value"), output.path("sensitive"))) {
      parts.secret("output." + name);
    }
  }

  /** A value by its name, which may say that it is a secret. */
  private static JsonNode object(String name, JsonNode value) {
    return MAPPER.createObjectNode().set(name, value);
  }

  /** The members of an object that is small enough to be read at once. */
  private void object(String part, Named named) throws IOException {
    JsonNode object = MAPPER.readTree(parser);
    if (!object.isObject()) {
      throw notAPlan("its " + part + " is no object");
    }
    for (Map.Entry<String, JsonNode> each : object.properties()) {
      named.see(each.getKey(), each.getValue());
    }
  }

  private void secret(String place, JsonNode value) {
    if (Secrets.in(value)) {
      parts.secret(place);
    }
  }

  private void priorState() throws IOException {
    members(
        "prior_state",
        name ->
            switch (name) {
              case "format_version", "terraform_version" -> {
                text(name);
                yield true;
              }
              case "values" -> values("prior_state", this::prior);
              case "checks" -> {
                checks();
                yield true;
              }
              default -> false;
            });
  }

  private void prior(JsonNode resource) throws IOException {
    if (!resource.path("address").isTextual() || !resource.path("mode").isTextual()) {
      throw notAPlan("its prior_state has a resource without address or mode");
    }
    scan(resource);
    parts.prior(resource);
  }

  /** A resource of a state. */
  private void scan(JsonNode resource) {
    // Who calls is told by the id of a key; that is no secret.
    boolean isOfCaller = resource.path("type").asText().equals("aws_caller_identity");
    if (!Kinds.isFormer(resource)
        && (!isOfCaller && Secrets.in(resource.path("values"))
            || Secrets.in(resource.path("identity"))
            || Secrets.marked(resource.path("values"), resource.path("sensitive_values")))) {
      parts.secret(resource.path("address").asText("planned_values"));
    }
  }

  /** What the plan was made of. */
  private void configuration() throws IOException {
    members(
        "configuration",
        name ->
            switch (name) {
              case "root_module" -> {
                members(name, this::configured);
                yield true;
              }
              case "provider_config" -> configured(name);
              default -> false;
            });
  }

  private boolean configured(String section) throws IOException {
    switch (section) {
      case "resources" -> each("configured resources", this::configured);
      case "provider_config" -> object(section, this::provider);
      case "outputs" ->
          object(
              section,
              (name, one) -> {
                secret("output." + name, one);
                parts.configured("output." + name, Expected.plannedOutput(one));
              });
      case "module_calls" ->
          object(
              section,
              (name, one) -> {
                secret("module." + name, one);
                parts.configured("module." + name, Map.of());
              });
      case "variables" -> object(section, this::variable);
      default -> {
        return false;
      }
    }
    return true;
  }

  private void configured(JsonNode resource) {
    String address = resource.path("address").asText();
    secret(address, resource);
    parts.configured(address, Expected.planned(resource));
  }

  private void provider(String name, JsonNode provider) {
    secret("provider." + name, provider);
    if (!name.equals("terraform")) { // built in; nothing can be configured of it
      parts.configured("provider." + name, Expected.planned(provider));
    }
  }

  private void variables() throws IOException {
    object(
        "variables",
        (name, variable) -> {
          if (!variable.isObject()) {
            throw notAPlan("its variables have something else");
          }
          secret("var." + name, object(name, variable));
          if (Secrets.marked(variable.path("value"), BooleanNode.TRUE)) {
            variables.add(name);
          }
        });
  }

  private void variable(String name, JsonNode declared) {
    secret("var." + name, object(name, declared.path("default")));
    if (variables.contains(name) && Secrets.marked(BooleanNode.TRUE, declared.path("sensitive"))) {
      parts.secret("var." + name);
    }
  }

  /** One that has no status yet is of something that is made by the deploy. */
  private void checks() throws IOException {
    each(
        "checks",
        check -> {
          JsonNode address = check.path("address");
          String place = address.path("to_display").asText("checks");
          String status = check.path("status").asText();
          secret(place, check);
          if (!address.path("kind").asText().equals("resource")) {
            parts.unknown(place, "is a check that this rediform does not make");
          } else if (!Set.of("pass", "unknown").contains(status)) {
            parts.failed(place, "its check says " + (status.isEmpty() ? "nothing" : status));
          }
        });
  }

  private void deferred() throws IOException {
    each(
        "deferred_changes",
        change -> {
          JsonNode resource = change.path("resource_change");
          String place = resource.path("address").asText("deferred_changes");
          parts.incomplete("it leaves " + place + " for later");
          if (new ResourceChange(resource, true).holdsSecret()) {
            parts.secret(place);
          }
        });
  }

  private void actions(String part) throws IOException {
    each(
        part,
        action -> {
          String place = action.path("address").asText(part);
          parts.unknown(place, "is an action that this rediform does not make");
          if (Secrets.in(action)
              || Secrets.marked(action.path("config_values"), action.path("config_sensitive"))) {
            parts.secret(place);
          }
        });
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
    each(
        "resources",
        resource -> {
          if (!resource.path("address").isTextual() || !resource.path("change").isObject()) {
            throw notAPlan("it has a resource without address or change");
          }
          String key = drift + " " + resource.path("address") + " " + resource.path("deposed");
          if (!addresses.add(key)) {
            throw notAPlan("it has a resource twice");
          }
          parts.see(new ResourceChange(resource, drift));
        });
  }

  private void outputs() throws IOException {
    object("output_changes", this::outputChange);
  }

  private void outputChange(String name, JsonNode change) throws IOException {
    if (!change.isObject()) {
      throw notAPlan("its output_changes have something else");
    }
    for (String side : List.of("before", "after")) {
      if (Secrets.in(object(name, change.path(side)))
          || Secrets.marked(change.path(side), change.path(side + "_sensitive"))) {
        parts.secret("output." + name);
      }
    }
    change.properties().stream()
        .filter(each -> !OF_OUTPUT_CHANGE.contains(each.getKey()))
        .forEach(each -> parts.unknown("output." + name, "changes in a way that is not known"));
    boolean sensitive =
        holdsMark(change.path("before_sensitive")) || holdsMark(change.path("after_sensitive"));
    JsonNode nothing = MAPPER.missingNode();
    parts.see(
        new PlanParts.Output(
            name,
            Action.of(change.path("actions")),
            sensitive ? nothing : change.path("before"),
            sensitive ? nothing : change.path("after"),
            sensitive));
  }

  private static boolean holdsMark(JsonNode marks) {
    return marks.asBoolean() || (marks.isContainerNode() && marks.toString().contains("true"));
  }

  private static UnreadablePlan notAPlan(String why) {
    return new UnreadablePlan("this is not the output of `terraform show -json PLAN`: " + why);
  }
}
