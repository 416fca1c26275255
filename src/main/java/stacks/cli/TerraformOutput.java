package stacks.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Supplier;

/** What one command of Terraform has printed so far, and what came of it. */
final class TerraformOutput {
  private static final ObjectMapper MAPPER = new ObjectMapper();

  private final Steps steps;
  private final List<Terraform.Diagnostic> errors = new ArrayList<>();
  private final List<String> plain = new ArrayList<>();
  private final Set<String> made = new TreeSet<>();
  private final Set<String> destroyed = new TreeSet<>();

  /**
   * Nothing so far.
   *
   * @param steps told of all but errors
   */
  TerraformOutput(Steps steps) {
    this.steps = steps;
  }

  /** Takes a line. */
  void accept(String line) {
    JsonNode event = parse(line);
    if (event == null) {
      plain.add(line); // backends and crashes speak to people only
      return;
    }
    if (isError(event)) {
      JsonNode diagnostic = event.path("diagnostic");
      errors.add(
          new Terraform.Diagnostic(
              diagnostic.path("summary").asText(),
              diagnostic.path("detail").asText(),
              diagnostic.path("address").asText()));
      return;
    }
    if (event.path("type").asText().equals("apply_complete")) {
      String address = event.at("/hook/resource/addr").asText();
      switch (event.at("/hook/action").asText()) {
        case "read" -> {}
        case "delete" -> destroyed.add(address);
        default -> made.add(address);
      }
    }
    steps.accept(event);
  }

  private static boolean isError(JsonNode event) {
    return event.path("type").asText().equals("diagnostic")
        && event.at("/diagnostic/severity").asText().equals("error");
  }

  private static JsonNode parse(String line) {
    try {
      JsonNode json = MAPPER.readTree(line);
      return json != null && json.isObject() ? json : null;
    } catch (JsonProcessingException e) {
      return null;
    }
  }

  /** Why it failed; what it printed for people where it gave no other reason. */
  List<Terraform.Diagnostic> errors() {
    return errors.isEmpty()
        ? List.of(new Terraform.Diagnostic(String.join("\n", plain), "", ""))
        : List.copyOf(errors);
  }

  /**
   * Addresses of which nothing is left to do.
   *
   * @param stays those that are destroyed only to be created again
   */
  Set<String> done(Supplier<List<String>> stays) {
    Set<String> done = new TreeSet<>(destroyed);
    if (!done.isEmpty()) {
      stays.get().forEach(done::remove);
    }
    done.addAll(made);
    return done;
  }
}
