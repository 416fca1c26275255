package stacks.review;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/** What Terraform does to one resource. */
enum Action {
  NOTHING,
  READ,
  CREATE,
  UPDATE,
  DELETE,
  REPLACE,
  /** Terraform no longer knows of it; the thing itself stays. */
  FORGET,
  /** What is there already becomes a resource of this state, as it is. */
  IMPORT,
  /** A word of a Terraform that is newer than this. */
  UNKNOWN;

  /** Terraform's {@code actions}: one word, or the two of a replacement. */
  static Action of(JsonNode actions) {
    List<String> words = new ArrayList<>();
    actions.forEach(word -> words.add(word.isTextual() ? word.textValue() : ""));
    if (!actions.isArray() || words.isEmpty() || words.size() > 2) {
      return UNKNOWN;
    } else if (words.size() == 2) {
      return Set.copyOf(words).equals(Set.of("create", "delete")) ? REPLACE : UNKNOWN;
    }
    return switch (words.get(0)) {
      case "no-op" -> NOTHING;
      case "read" -> READ;
      case "create" -> CREATE;
      case "update" -> UPDATE;
      case "delete" -> DELETE;
      case "forget" -> FORGET;
      default -> UNKNOWN;
    };
  }

  /** Whether the resource that is there now will not be there any more. */
  boolean ends() {
    return this == DELETE || this == REPLACE || this == FORGET || this == UNKNOWN;
  }

  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
