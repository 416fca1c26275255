package stacks.review;

import java.util.Base64;
import java.util.Optional;
import stacks.node.Checksum;

/**
 * How a node comes to its document: its machine's tag names one by checksum, and the bucket has it.
 */
final class Delivery {
  /** Address of the program that all documents name. */
  static final String PROGRAM = "aws_s3_object.program";

  private static final String TAG = "/tags_all/rediform.document";

  private Optional<String> tagBefore = Optional.empty();
  private Optional<String> tagAfter = Optional.empty();
  private Optional<String> objectBefore = Optional.empty();
  private Optional<String> objectAfter = Optional.empty();
  private Optional<String> agent = Optional.empty();
  private boolean inPlan;
  private boolean changesObject;

  /** Whether another document is named by a machine's tag. */
  static boolean isRenamed(ResourceChange machine) {
    return !machine.before(TAG).equals(machine.after(TAG));
  }

  /** Whether a machine names a document, before or after, that can be seen. */
  static boolean isNamed(ResourceChange machine) {
    return machine.before(TAG).or(() -> machine.after(TAG)).isPresent();
  }

  /** Checksum of the program that will be in the bucket; empty where nobody can see it. */
  static Optional<String> program(ResourceChange object) {
    try {
      return object
          .after("/content_base64")
          .filter(text -> object.remains())
          .map(text -> Base64.getDecoder().decode(text.strip()))
          .map(Checksum::of);
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }

  void machine(ResourceChange machine) {
    tagBefore = machine.before(TAG);
    tagAfter = machine.after(TAG);
  }

  void object(ResourceChange object, DocumentChange document) {
    inPlan = object.remains();
    objectBefore = object.before(DocumentChange.CONTENT).map(Checksum::of);
    objectAfter = object.after(DocumentChange.CONTENT).map(Checksum::of);
    agent = document.after().flatMap(Document::agent);
    changesObject = object.action() == Action.UPDATE && object.changed().contains("content");
  }

  /** Whether the node gets another document. */
  boolean changes() {
    return changesObject || !tagBefore.equals(tagAfter);
  }

  /**
   * Whether the node gets another document, and the plan does not show the one that it has: after a
   * deploy that has ended before the node's turn the bucket has the next one already.
   */
  boolean isFromUnseen() {
    return !tagBefore.equals(tagAfter) && !tagBefore.equals(objectBefore);
  }

  /** Whether the object that it knows gets another content. */
  boolean changesObject() {
    return changesObject;
  }

  /**
   * What keeps the node from its document, or gives it another one than the plan shows.
   *
   * @param program checksum of the program in the bucket
   */
  Optional<String> fault(Optional<String> program) {
    if (!inPlan) {
      return Optional.of("has no document in this plan");
    } else if (objectAfter.isEmpty() || tagAfter.isEmpty()) {
      return Optional.of("nobody can see which document it gets");
    } else if (!objectAfter.equals(tagAfter)) {
      return Optional.of("its machine's tag names another document than the bucket has");
    } else if (agent.isEmpty() || program.isPresent() && !agent.equals(program)) {
      return Optional.of("its document names another program than the bucket has");
    }
    return Optional.empty();
  }
}
