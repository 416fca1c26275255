package stacks.review;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.zip.GZIPInputStream;

/**
 * What a machine's user-data makes of it, as far as a person wants to know it before a deploy.
 *
 * @param files the files that it writes, by their paths
 */
record UserData(Map<String, String> files) {
  /** Unpacked it is some 25 KiB; more is a bomb. */
  private static final int LARGEST = 1 << 20;

  private static final String FILE = "- path: ";
  private static final String INDENT = "   ";
  private static final Pattern SETTINGS = Pattern.compile(".*/(redis|sentinel)\\.conf");

  /** Passwords in Redis's words, and keys in the form of those who issue them. */
  private static final Pattern SECRET =
      Pattern.compile(
          "(?m)^[ \\t]*(requirepass|masterauth|sentinel auth-pass \\S+)[ \\t]+[^\\s{%].*"
              + "|^[ \\t]*user \\S+ .*[ >](>[^\\s{]\\S*|#[0-9a-f]{64})"
              + "|-----BEGIN [A-Z ]*PRIVATE KEY-----|\\bAKIA[0-9A-Z]{16}\\b");

  /** Unpacks what EC2 gets; empty when it is something else. */
  static Optional<UserData> of(String base64) {
    try (GZIPInputStream unpacked =
        new GZIPInputStream(new ByteArrayInputStream(Base64.getDecoder().decode(base64)))) {
      byte[] text = unpacked.readNBytes(LARGEST);
      return Optional.of(new UserData(files(new String(text, StandardCharsets.UTF_8))));
    } catch (IOException | IllegalArgumentException e) {
      return Optional.empty();
    }
  }

  private static Map<String, String> files(String document) {
    Map<String, StringBuilder> files = new LinkedHashMap<>();
    StringBuilder rest = files.computeIfAbsent("", path -> new StringBuilder());
    StringBuilder file = rest;
    for (String line : document.lines().toList()) {
      if (line.startsWith(FILE)) {
        file = files.computeIfAbsent(line.substring(FILE.length()), path -> new StringBuilder());
      } else if (line.startsWith(INDENT)) {
        file.append(line.substring(INDENT.length())).append('\n');
      } else {
        rest.append(line).append('\n');
      }
    }
    Map<String, String> texts = new TreeMap<>();
    files.forEach((path, text) -> texts.put(path, text.toString()));
    return texts;
  }

  /** Whether a password or a key stands in it. */
  boolean holdsSecret() {
    return files.values().stream().anyMatch(text -> SECRET.matcher(text).find());
  }

  /** Directives of Redis or Sentinel that differ, and the names of other files that do. */
  Set<String> changesTo(UserData next) {
    Set<String> names = differing(directives(), next.directives());
    differing(files, next.files()).stream()
        .filter(path -> !SETTINGS.matcher(path).matches())
        .map(UserData::inWords)
        .forEach(names::add);
    return names;
  }

  /** What a person knows it by. */
  private static String inWords(String path) {
    return switch (path.substring(path.lastIndexOf('/') + 1)) {
      case "rediform-setup" -> "firewall or packages";
      case "node.json" -> "size or quorum";
      // boot.json has the checksum of the agent.
      case "rediform-node", "rediform-boot", "boot.json" -> "rediform's own programs";
      case "keys" -> "the operators' keys";
      case "" -> "cloud-init";
      default -> path.substring(path.lastIndexOf('/') + 1);
    };
  }

  private Map<String, String> directives() {
    return files.entrySet().stream()
        .filter(file -> SETTINGS.matcher(file.getKey()).matches())
        .flatMap(file -> file.getValue().lines())
        .map(line -> line.split(" ", 2))
        .filter(words -> words.length == 2 && words[0].matches("[a-z-]+"))
        .collect(Collectors.toMap(words -> words[0], words -> words[1], (a, b) -> a + "\n" + b));
  }

  private static Set<String> differing(Map<String, String> before, Map<String, String> after) {
    Set<String> names = new TreeSet<>(before.keySet());
    names.addAll(after.keySet());
    names.removeIf(name -> Objects.equals(before.get(name), after.get(name)));
    return names;
  }
}
