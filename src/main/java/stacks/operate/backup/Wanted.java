package stacks.operate.backup;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import stacks.operate.NotPossible;

/**
 * What the agent has to know of the data that it restores.
 *
 * @param id the backup's, or what stands for it in messages
 * @param bytes of the RDB
 * @param version of its format
 * @param sha256 of the RDB; empty where the node reads it from the store
 * @param keys by database; empty where it is not known
 */
record Wanted(
    String id,
    long bytes,
    int version,
    Optional<String> sha256,
    Optional<Map<Integer, Long>> keys) {
  private static final int MAGIC = 9;

  static Wanted of(Backup backup) {
    return new Wanted(
        backup.id(),
        backup.rdbBytes(),
        backup.rdbVersion(),
        Optional.of(backup.rdbSha256()),
        Optional.of(backup.keys()));
  }

  List<String> words() {
    List<String> words =
        new ArrayList<>(
            List.of(
                "--stdin",
                "--id",
                id,
                "--bytes",
                String.valueOf(bytes),
                "--rdb-version",
                String.valueOf(version)));
    sha256.ifPresent(sum -> words.addAll(List.of("--sha256", sum)));
    keys.ifPresent(
        counts ->
            words.addAll(
                List.of(
                    "--keys",
                    counts.entrySet().stream()
                        .map(each -> each.getKey() + ":" + each.getValue())
                        .collect(Collectors.joining(",")))));
    return words;
  }

  /** What a file says of itself; the agent looks into it before anything changes. */
  static Wanted of(Path file) throws NotPossible, IOException {
    // As one word for whatever shell is on the way to the node.
    return of(file.getFileName().toString().replaceAll("[^A-Za-z0-9._-]", "_"), file);
  }

  /** The same under another name. */
  static Wanted of(String name, Path file) throws NotPossible, IOException {
    byte[] magic;
    try (InputStream in = Files.newInputStream(file)) {
      magic = in.readNBytes(MAGIC);
    }
    String head = new String(magic, StandardCharsets.ISO_8859_1);
    if (!head.matches("REDIS[0-9]{4}")) {
      throw new NotPossible(
          "%s is no RDB file of Redis, which begins with REDIS and four digits; nothing was done. A backup from a store must be unpacked before: zstd -d, after age -d where it is encrypted"
              .formatted(file));
    }
    return new Wanted(
        name,
        Files.size(file),
        Integer.parseInt(head.substring(5)),
        Optional.of(Sha256.of(file, new Pace(line -> {}))),
        Optional.empty());
  }
}
