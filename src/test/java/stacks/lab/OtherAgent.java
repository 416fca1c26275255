package stacks.lab;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;
import java.util.zip.ZipOutputStream;
import stacks.node.AgentBundle;
import stacks.templates.Templates;

/** The agent of another release: this one's, with a change to the text of one of its modules. */
final class OtherAgent {
  private OtherAgent() {}

  /** One that does the same, and whose bytes are others. */
  static byte[] named(String release) throws IOException {
    return edited("__main__.py", "import sys\n", "import sys\n# Release " + release + "\n");
  }

  /** One in which these lines come first in a function of a module of {@code rediform}. */
  static byte[] broken(String module, String function, String... lines) throws IOException {
    String path = "rediform/" + module;
    Matcher head =
        Pattern.compile("(?m)^def " + function + "\\((?s:.*?)\\) -> .*:\n")
            .matcher(Templates.text(path));
    assertThat(head.find()).as("%s in %s", function, path).isTrue();
    return edited(path, head.group(), head.group() + "    " + String.join("\n    ", lines) + "\n");
  }

  /** One in which the first place of a text is another. */
  static byte[] edited(String module, String from, String to) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    boolean found = false;
    try (ZipInputStream old = new ZipInputStream(new ByteArrayInputStream(AgentBundle.bytes()));
        ZipOutputStream zip = new ZipOutputStream(bytes)) {
      for (ZipEntry entry = old.getNextEntry(); entry != null; entry = old.getNextEntry()) {
        String text = new String(old.readAllBytes(), StandardCharsets.UTF_8);
        if (entry.getName().equals(module)) {
          assertThat(text).contains(from);
          int at = text.indexOf(from);
          text = text.substring(0, at) + to + text.substring(at + from.length());
          found = true;
        }
        ZipEntry copy = new ZipEntry(entry.getName());
        copy.setTimeLocal(entry.getTimeLocal());
        zip.putNextEntry(copy);
        zip.write(text.getBytes(StandardCharsets.UTF_8));
      }
    }
    assertThat(found).as("a module " + module).isTrue();
    return bytes.toByteArray();
  }
}
