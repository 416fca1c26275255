package stacks.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import stacks.render.NodeFiles;

/** A node holds against its tags what {@code check} holds against a file. */
class FixedDirectivesTest {
  /** They have keys of their own in the file, and reach a node as settings like any other. */
  private static final Set<String> WITH_KEYS = Set.of("maxmemory", "maxmemory-policy");

  @Test
  void what_no_file_may_say_no_tag_may_say_either() {
    Pattern fixed = pattern();
    Set<String> held = new TreeSet<>();
    Set<String> wanted = new TreeSet<>();
    for (String name : Directives.REDIS) {
      if (Directives.isLive(name)) {
        // Those of TLS are refused in a file by a rule of their own.
        if (fixed.matcher(name).matches() && !name.startsWith("tls-")) {
          held.add(name);
        }
        if (Directives.REDIS_MANDATORY.containsKey(name) && !WITH_KEYS.contains(name)) {
          wanted.add(name);
        }
      }
    }
    assertThat(held).isEqualTo(wanted).contains("masterauth", "replica-read-only");
    for (String old : new String[] {"slave-read-only", "SLAVE-ANNOUNCE-IP", "RequirePass"}) {
      assertThat(old).matches(fixed);
    }
  }

  /** The agent's own: Python's and Java's patterns agree on what it uses. */
  private static Pattern pattern() {
    Matcher found =
        Pattern.compile("FIXED = re\\.compile\\(((?:\\s*\"[^\"]*\")+), re\\.IGNORECASE\\)")
            .matcher(NodeFiles.agent());
    assertThat(found.find()).isTrue();
    String pattern = found.group(1).replaceAll("\"\\s*\"", "").strip();
    return Pattern.compile(pattern.substring(1, pattern.length() - 1), Pattern.CASE_INSENSITIVE);
  }
}
