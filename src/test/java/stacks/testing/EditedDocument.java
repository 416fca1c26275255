package stacks.testing;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.function.Consumer;
import stacks.node.NodeDocument;

/** A document that differs from one that was planned. */
public final class EditedDocument {
  private static final ObjectMapper MAPPER = new ObjectMapper();

  private EditedDocument() {}

  /** The same document but for what {@code edit} does to its JSON. */
  public static NodeDocument of(NodeDocument document, Consumer<ObjectNode> edit) {
    try {
      ObjectNode json = (ObjectNode) MAPPER.readTree(document.text());
      edit.accept(json);
      return NodeDocument.parse(json.toString());
    } catch (IOException e) {
      throw new IllegalStateException("a document is JSON", e);
    }
  }
}
