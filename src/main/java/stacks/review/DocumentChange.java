package stacks.review;

import java.util.Optional;
import java.util.Set;
import stacks.platform.Effect;
import stacks.platform.ResourceKind;

/**
 * A node's document, as its object has it and as it will.
 *
 * @param before empty where there is none, or none that can be read
 * @param after the same
 */
record DocumentChange(Optional<Document> before, Optional<Document> after) {
  static final String CONTENT = "/content";

  private static final String OBJECT = ResourceKind.NODE + "-document";

  /** Whether a resource is the document of a node. */
  static boolean is(ResourceChange resource) {
    return resource.type().equals("aws_s3_object") && resource.name().matches(OBJECT);
  }

  static DocumentChange of(ResourceChange object) {
    return new DocumentChange(
        object.before(CONTENT).flatMap(Document::of), object.after(CONTENT).flatMap(Document::of));
  }

  /** What it means for the node. */
  Effect effect() {
    return isReadable() ? before.get().effectOf(after.get()) : Effect.NOT_UNDERSTOOD;
  }

  /** Directives and files that differ, live settings aside. */
  Set<String> names() {
    return isReadable() ? before.get().changesTo(after.get()) : Set.of("its document");
  }

  boolean isReadable() {
    return before.isPresent() && after.isPresent();
  }
}
