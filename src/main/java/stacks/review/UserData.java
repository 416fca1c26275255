package stacks.review;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.zip.GZIPInputStream;

/**
 * What a machine's user-data makes of it, as far as a person wants to know it before a deploy.
 *
 * @param files the files that it writes
 */
record UserData(MachineFiles files) {
  /** Unpacked it is some 25 KiB; more is a bomb. */
  private static final int LARGEST = 1 << 20;

  private static final String FILE = "- path: ";
  private static final String INDENT = "   ";

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

  private static MachineFiles files(String document) {
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
    return new MachineFiles(texts);
  }

  /** The names of files that differ, as a person knows them. */
  Set<String> changesTo(UserData next) {
    // Before there were documents everything was here.
    return files.holdSettings() == next.files().holdSettings()
        ? files.changesTo(next.files())
        : Set.of(Document.NEW_RELEASE);
  }
}
