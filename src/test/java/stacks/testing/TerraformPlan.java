package stacks.testing;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.UncheckedIOException;
import java.util.Map;
import java.util.TreeMap;

/**
 * What Terraform would do.
 *
 * @param text the plan as a person sees it
 * @param json the plan as {@code terraform show -json} prints it
 * @param changes actions such as {@code create} by the resource's address; nothing for resources
 *     that stay as they are
 */
public record TerraformPlan(String text, String json, Map<String, String> changes) {
  static TerraformPlan of(String text, String json) {
    Map<String, String> changes = new TreeMap<>();
    try {
      for (JsonNode change : new ObjectMapper().readTree(json).path("resource_changes")) {
        StringBuilder actions = new StringBuilder();
        for (JsonNode action : change.path("change").path("actions")) {
          actions.append(actions.isEmpty() ? "" : " ").append(action.asText());
        }
        if (!actions.toString().equals("no-op") && !actions.toString().equals("read")) {
          changes.put(change.path("address").asText(), actions.toString());
        }
      }
    } catch (JsonProcessingException e) {
      throw new UncheckedIOException(e);
    }
    return new TerraformPlan(text, json, changes);
  }
}
