package stacks.review;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * The files that a machine's user-data writes, as far as a person wants to know them before a
 * deploy.
 *
 * @param texts by their paths
 */
record MachineFiles(Map<String, String> texts) {
  private static final Pattern SETTINGS = Pattern.compile("(.*/)?(redis|sentinel)\\.conf");

  /** Passwords in Redis's words, and keys in the form of those who issue them. */
  private static final Pattern SECRET =
      Pattern.compile(
          "(?m)^[ \\t]*(requirepass|masterauth|sentinel auth-pass \\S+)[ \\t]+[^\\s{%].*"
              + "|^[ \\t]*user \\S+ .*[ >](>[^\\s{]\\S*|#[0-9a-f]{64})"
              + "|-----BEGIN [A-Z ]*PRIVATE KEY-----|\\bAKIA[0-9A-Z]{16}\\b");

  /** One of these is in every text in which the pattern finds something; they are found at once. */
  private static final List<String> SIGNS =
      List.of("requirepass", "masterauth", "auth-pass", "user ", "PRIVATE KEY-----", "AKIA");

  /** Whether a password or a key stands in a text. */
  static boolean isSecret(String text) {
    return SIGNS.stream().anyMatch(text::contains) && SECRET.matcher(text).find();
  }

  /** Whether a password or a key stands in one of them. */
  boolean holdSecret() {
    return texts.values().stream().anyMatch(MachineFiles::isSecret);
  }

  /** Whether the server's settings are among them. */
  boolean holdSettings() {
    return texts.keySet().stream().anyMatch(MachineFiles::isSettings);
  }

  /** The names of files that differ, as a person knows them. */
  Set<String> changesTo(MachineFiles next) {
    return Differences.names(texts, next.texts()).stream()
        .map(MachineFiles::inWords)
        .collect(Collectors.toCollection(TreeSet::new));
  }

  private static String inWords(String path) {
    String name = path.substring(path.lastIndexOf('/') + 1);
    return switch (name) {
      case "rediform-node", "rediform-bootstrap", "rediform-look.service" ->
          "rediform's own programs";
      case "bootstrap.json" -> "where its document is";
      case "" -> "cloud-init";
      default -> name;
    };
  }

  private static boolean isSettings(String path) {
    return SETTINGS.matcher(path).matches();
  }
}
