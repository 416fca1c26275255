package stacks.redis;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import stacks.templates.Templates;

/** A node holds against its tags what {@code check} holds against a file. */
class FixedDirectivesTest {
  @Test
  void what_no_file_may_say_no_tag_may_say_either() {
    Pattern fixed = pattern();
    Set<String> held = new TreeSet<>();
    Set<String> wanted = new TreeSet<>();
    for (String name : Directives.REDIS.names()) {
      if (Directives.REDIS.isLive(name)) {
        // Those of TLS are refused in a file by a rule of their own.
        boolean isOurs = !name.startsWith("tls-");
        if (fixed.matcher(name).matches() && isOurs) {
          held.add(name);
        }
        // What has keys of its own reaches a node as a setting like any other, but for its port.
        boolean isSetting = Directives.REDIS.hasKeys(name) && !name.equals("port");
        if (Directives.REDIS.refusal(name).isPresent() && isOurs && !isSetting) {
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
        Pattern.compile("FIXED = re\\.compile\\(((?:\\s*\"[^\"]*\")+),\\s*re\\.IGNORECASE,?\\s*\\)")
            .matcher(Templates.text("rediform/conf.py"));
    assertThat(found.find()).isTrue();
    String pattern = found.group(1).replaceAll("\"\\s*\"", "").strip();
    return Pattern.compile(pattern.substring(1, pattern.length() - 1), Pattern.CASE_INSENSITIVE);
  }
}
