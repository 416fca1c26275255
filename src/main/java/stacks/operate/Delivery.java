package stacks.operate;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What a node's agent says of the documents of its machine (docs/decisions/0027). All is empty
 * where no agent was asked, or where it is of before there were documents.
 *
 * @param document checksum of the one in effect: the running server runs with it
 * @param refused the one that has failed its trial last
 * @param looked what the last look at the machine's tag came to, where it came to nothing
 */
public record Delivery(
    Optional<String> document, Optional<Reason> refused, Optional<Reason> looked) {
  /** Of a node that says nothing of documents. */
  static final Delivery UNKNOWN =
      new Delivery(Optional.empty(), Optional.empty(), Optional.empty());

  /** What stands for the checksum where a look did not even come to know that. */
  static final String NO_DOCUMENT = "-";

  /** Digits of a checksum that a person reads; the bootstrap's reasons have as many. */
  private static final int DIGITS = 12;

  /**
   * Why a document is not in effect.
   *
   * @param document its checksum, or {@link #NO_DOCUMENT}
   * @param text the node's own words
   */
  public record Reason(String document, String text) {}

  /** What a person should know of it, although the node may be fit; said after the node's name. */
  public List<String> notes() {
    List<String> notes = new ArrayList<>();
    refused.ifPresent(
        each ->
            notes.add(
                "has refused the document %s: %s".formatted(brief(each.document()), each.text())));
    looked
        .filter(each -> !refused.map(Reason::document).equals(Optional.of(each.document())))
        .ifPresent(
            each ->
                notes.add(
                    (each.document().equals(NO_DOCUMENT)
                            ? "could not look for its document"
                            : "waits for the document " + brief(each.document()))
                        + ": "
                        + each.text()));
    return notes;
  }

  /** As many digits of a checksum as a person reads. */
  public static String brief(String checksum) {
    return checksum.substring(0, Math.min(DIGITS, checksum.length()));
  }
}
