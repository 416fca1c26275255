package stacks.operate.backup;

import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.PriorityQueue;
import java.util.SortedMap;
import redis.clients.jedis.Jedis;
import redis.clients.jedis.params.ScanParams;
import redis.clients.jedis.resps.ScanResult;

/**
 * A digest of up to 1,000 keys with their values. They are those whose SHA-256, of database and
 * key, is smallest: a rule that chooses the same keys of the same data every time, and has nothing
 * to do with what they are for.
 */
final class Sample {
  private static final int SIZE = 1000;
  private static final int AT_ONCE = 1000;

  /** How many values the server digests before it answers anybody else. */
  private static final int DIGESTS_AT_ONCE = 50;

  private static final Comparator<Chosen> BY_HASH =
      (one, other) -> Arrays.compareUnsigned(one.hash, other.hash);

  private record Chosen(int database, byte[] key, byte[] hash) {}

  private Sample() {}

  /**
   * The digest. A value that has expired since the backup counts as empty, so that the digest of a
   * backup whose keys expire is another one later.
   *
   * @param keys number of keys per database
   */
  static String of(Jedis jedis, SortedMap<Integer, Long> keys, Pace pace) {
    long all = keys.values().stream().mapToLong(Long::longValue).sum();
    PriorityQueue<Chosen> chosen = new PriorityQueue<>(BY_HASH.reversed());
    MessageDigest sha256 = Sha256.create();
    long seen = 0;
    for (int database : keys.keySet()) {
      jedis.select(database);
      byte[] cursor = ScanParams.SCAN_POINTER_START_BINARY;
      do {
        ScanResult<byte[]> result = jedis.scan(cursor, new ScanParams().count(AT_ONCE));
        for (byte[] key : result.getResult()) {
          sha256.update(ByteBuffer.allocate(4).putInt(0, database));
          Chosen candidate = new Chosen(database, key, sha256.digest(key));
          if (chosen.size() < SIZE) {
            chosen.add(candidate);
          } else if (BY_HASH.compare(candidate, chosen.element()) < 0) {
            chosen.remove();
            chosen.add(candidate);
          }
        }
        seen += result.getResult().size();
        long now = seen;
        pace.say(() -> "reads its keys: %d of %d".formatted(now, all));
        cursor = result.getCursorAsBytes();
      } while (!Arrays.equals(cursor, ScanParams.SCAN_POINTER_START_BINARY));
    }
    return digest(jedis, chosen.stream().sorted(BY_HASH).toList(), pace);
  }

  private static String digest(Jedis jedis, List<Chosen> sample, Pace pace) {
    MessageDigest digest = Sha256.create();
    for (int database : sample.stream().mapToInt(Chosen::database).distinct().sorted().toArray()) {
      jedis.select(database);
      List<Chosen> here = sample.stream().filter(each -> each.database == database).toList();
      for (int from = 0; from < here.size(); from += DIGESTS_AT_ONCE) {
        List<Chosen> some = here.subList(from, Math.min(here.size(), from + DIGESTS_AT_ONCE));
        List<?> values = ScratchServer.digests(jedis, some.stream().map(Chosen::key).toList());
        for (int i = 0; i < some.size(); i++) {
          digest.update(some.get(i).hash);
          digest.update((byte[]) values.get(i));
        }
        pace.say(() -> "reads a sample of its values");
      }
    }
    return HexFormat.of().formatHex(digest.digest());
  }
}
