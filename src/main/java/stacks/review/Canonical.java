package stacks.review;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * JSON in one form: fields in order, none that is null, and a block that stands once by itself, as
 * CDKTF writes it, where a plan has a list of one.
 */
final class Canonical {
  private Canonical() {}

  /** The first eight bytes of the SHA-256: nobody finds another text for it by chance. */
  static long hash(JsonNode node) {
    StringBuilder text = new StringBuilder();
    write(node, text);
    return hash(text.toString());
  }

  /** The same of texts whose order means nothing. */
  static long hashOfSet(JsonNode texts) {
    TreeSet<String> set = new TreeSet<>();
    texts.forEach(text -> set.add(text.asText()));
    return hash(String.join("\n", set));
  }

  private static long hash(String text) {
    try {
      byte[] digest =
          MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
      return ByteBuffer.wrap(digest).getLong();
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }

  private static void write(JsonNode node, StringBuilder out) {
    if (node.isArray() && node.size() == 1 && node.get(0).isObject()) {
      write(node.get(0), out);
    } else if (node.isArray()) {
      out.append('[');
      node.forEach(
          one -> {
            write(one, out);
            out.append(',');
          });
      out.append(']');
    } else if (node.isObject()) {
      out.append('{');
      Map<String, JsonNode> fields = new TreeMap<>();
      node.properties().forEach(one -> fields.put(one.getKey(), one.getValue()));
      fields.forEach(
          (name, value) -> {
            if (!value.isNull()) {
              out.append(name).append(':');
              write(value, out);
              out.append(',');
            }
          });
      out.append('}');
    } else {
      out.append(node);
    }
  }
}
