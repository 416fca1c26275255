package stacks.review;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;

/** Passwords and keys in clear, in any part of a plan. */
final class Secrets {
  /** What only ever holds a secret, by name. */
  private static final Set<String> NAMES =
      Set.of(
          "secret_string",
          "secret_binary",
          "password",
          "private_key",
          "secret_key",
          "secret_access_key",
          "auth_token");

  /** Directives that Redis and Sentinel are told passwords by. */
  private static final Pattern OF_REDIS =
      Pattern.compile("requirepass|masterauth|sentinel auth-pass \\S+");

  /** In these Terraform puts a value of which the name is further out. */
  private static final Set<String> WRAPPERS = Set.of("value", "constant_value");

  /** How what is packed with gzip begins, in base64. */
  private static final String PACKED = "H4sI";

  private Secrets() {}

  /** Whether a password or a key is in a value, by its form or by its name. */
  static boolean in(JsonNode value) {
    return in("", value);
  }

  private static boolean in(String name, JsonNode value) {
    if (value.isTextual()) {
      return !value.textValue().isEmpty()
          && (NAMES.contains(name.toLowerCase(Locale.ROOT))
              || OF_REDIS.matcher(name).matches()
                  && MachineFiles.isSecret(name + " " + value.textValue())
              || isSecret(value.textValue()));
    }
    if (value.isArray()) {
      for (JsonNode each : value) {
        if (in(name, each)) {
          return true;
        }
      }
      return false;
    }
    for (Map.Entry<String, JsonNode> each : value.properties()) {
      String its = WRAPPERS.contains(each.getKey()) ? name : each.getKey();
      if (in(its, each.getValue()) || MachineFiles.isSecret(each.getKey())) {
        return true;
      }
    }
    return false;
  }

  private static boolean isSecret(String text) {
    if (text.startsWith(PACKED)) {
      return UserData.of(text).filter(data -> data.files().holdSecret()).isPresent();
    }
    // Only what may be JSON is read as JSON.
    return text.startsWith("{") || text.startsWith("[")
        ? Document.holdsSecret(text)
        : MachineFiles.isSecret(text);
  }

  /**
   * Whether Terraform hides something of a value that is there.
   *
   * @param marks as {@code after_sensitive} has them
   */
  static boolean marked(JsonNode value, JsonNode marks) {
    if (marks.isObject()) {
      return marks.properties().stream()
          .anyMatch(mark -> marked(value.path(mark.getKey()), mark.getValue()));
    } else if (marks.isArray()) {
      for (int i = 0; i < marks.size(); i++) {
        if (marked(value.path(i), marks.get(i))) {
          return true;
        }
      }
      return false;
    }
    return isMark(marks) && isThere(value);
  }

  /** Nobody knows what another word than false means. */
  private static boolean isMark(JsonNode mark) {
    return !mark.isMissingNode() && !mark.isNull() && !(mark.isBoolean() && !mark.booleanValue());
  }

  private static boolean isThere(JsonNode value) {
    if (value.isContainerNode()) {
      for (JsonNode each : value) {
        if (isThere(each)) {
          return true;
        }
      }
      return false;
    }
    return !value.isMissingNode() && !value.isNull() && !value.asText().isEmpty();
  }
}
