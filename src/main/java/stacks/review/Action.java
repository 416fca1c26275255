package stacks.review;

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

  /** Terraform's {@code actions}. */
  static Action of(List<String> words) {
    if (words.size() == 2) {
      return Set.copyOf(words).equals(Set.of("create", "delete")) ? REPLACE : UNKNOWN;
    }
    return switch (words.isEmpty() ? "" : words.get(0)) {
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
