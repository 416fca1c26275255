package stacks.platform.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import redis.clients.jedis.DefaultJedisClientConfig;
import redis.clients.jedis.HostAndPort;
import redis.clients.jedis.Jedis;
import stacks.testing.Eventually;
import stacks.testing.Project;
import stacks.testing.RedisServer;
import stacks.testing.Run;

/**
 * A million keys of all types in three databases go through a backup, a FLUSHALL and a restore, and
 * are the same on every node.
 *
 * <p>A server of the test's own loads what a node has, and gives a digest of it; each key counts
 * with its time to live, and each stream with its groups.
 */
class MillionSuite {
  private static final int KEYS = 1_000_000;
  private static final int[] DATABASES = {0, 3, 15};
  private static final int BATCH = 1_000;
  private static final Duration SOON = Duration.ofSeconds(120);

  /** In milliseconds, for an answer about all keys of a database. */
  private static final int PATIENCE = 120_000;

  private static final String LIBRARY =
      "#!lua name=mine\nredis.register_function('one', function() return 1 end)";

  private static final String YAML =
      """
      platform: local
      redis: {port: %d}
      master: {memory: 4GB, maxmemory: 1gb}
      sentinels: {port: %d, downAfter: 5s}
      """;

  /**
   * Keys ARGV[1] to ARGV[2]; a third of them end after ARGV[3] milliseconds since 1970 and some.
   * Every 200th of a type is large, so that it has the other encoding.
   */
  private static final String FILL =
      """
      local call = redis.call
      for i = ARGV[1], ARGV[2] do
        local kind, key = i % 10, 'key:' .. i
        local many = math.floor(i / 10) % 200 == 0 and 600 or 3
        if kind == 0 then call('SET', key, i)
        elseif kind == 1 then call('SET', key, 'v' .. i .. string.rep('x', many))
        elseif kind == 2 then
          for n = 1, many do call('RPUSH', key, 'entry of a list ' .. n .. ' ' .. i) end
        elseif kind == 3 then
          for n = 1, many do call('SADD', key, i % 20 == 3 and n * i or 'member ' .. n .. i) end
        elseif kind == 4 then
          for n = 1, many do call('HSET', key, 'field ' .. n, i * n) end
        elseif kind == 5 then
          for n = 1, many do call('ZADD', key, n + i / 7, 'member ' .. n) end
        elseif kind == 6 then
          for n = 1, 3 do call('XADD', key, n .. '-' .. i, 'field', i, 'n', n) end
          if many > 3 then
            for n = 4, many do call('XADD', key, n .. '-' .. i, 'field', i) end
          end
          call('XGROUP', 'CREATE', key, 'group', '0')
          call('XREADGROUP', 'GROUP', 'group', 'me', 'COUNT', 2, 'STREAMS', key, '>')
          call('XACK', key, 'group', '1-' .. i)
        elseif kind == 7 then
          for n = 1, many do call('PFADD', key, i .. ':' .. n) end
        elseif kind == 8 then call('SETBIT', key, i % 1000 + many, 1); call('SETBIT', key, i % 77, 1)
        else call('GEOADD', key, i % 180, i % 85, 'place ' .. i, 13.4, 52.5, 'Berlin') end
        if i % 3 == 0 then call('PEXPIREAT', key, ARGV[3] + i) end
      end
      """;

  /**
   * Of the database in use: keys, and the sums (modulo 2^52) of checksums of each key with its time
   * to live, and of each stream with its groups and their pending entries. A consumer's times are
   * those of a node, and how far a group has read is not replicated by Redis 7.0.
   */
  private static final String SUMS =
      """
      local count, keys, groups, at = 0, 0, 0, '0'
      local function sum(a, text)
        return (a + tonumber(redis.sha1hex(text):sub(1, 12), 16)) % 4503599627370496
      end
      local function told(value)
        if type(value) ~= 'table' then return tostring(value) end
        if value.ok then return value.ok end
        local parts, skip = {}, false
        for _, each in ipairs(value) do
          if skip then skip = false
          elseif each == 'seen-time' or each == 'active-time' or each == 'entries-read' or each == 'lag'
              or each == 'radix-tree-keys' or each == 'radix-tree-nodes' then skip = true
          else parts[#parts + 1] = told(each) end
        end
        return '[' .. table.concat(parts, ',') .. ']'
      end
      repeat
        local found = redis.call('SCAN', at, 'COUNT', 1000)
        at = found[1]
        for _, key in ipairs(found[2]) do
          count = count + 1
          keys = sum(keys, key .. ' ' .. string.format('%.0f', redis.call('PEXPIRETIME', key)))
          if redis.call('TYPE', key).ok == 'stream' then
            groups = sum(groups, key .. told(redis.call('XINFO', 'STREAM', key, 'FULL', 'COUNT', 10)))
          end
        end
      until at == '0'
      return string.format('%.0f keys %.0f groups %.0f', count, keys, groups)
      """;

  private Project project;
  private int port;

  @Test
  void a_million_keys_of_all_types_are_the_same_on_every_node_after_a_restore() throws Exception {
    assumeThat(Run.isPossible("zstd", "--version"))
        .as("zstd is missing; to get it: sudo apt-get install zstd")
        .isTrue();
    port = Project.freePorts(11_000, 12);
    project = Project.create().environment("local", YAML.formatted(port, port + 6));
    try {
      project.rediform("deploy", "local").succeeded();
      awaitHealthy();
      fill();
      Map<String, String> before = digest(port);
      assertThat(before.get("encodings"))
          .contains("string int", "string embstr", "string raw", "list quicklist", "set intset")
          .contains("set hashtable", "hash listpack", "hash hashtable", "zset listpack")
          .contains("zset skiplist", "stream stream");

      String backup = project.rediform("backup", "local", "now").succeeded().out().split(":")[0];
      try (Jedis master = admin(port)) {
        master.flushAll();
        master.functionFlush();
        assertThat(master.waitReplicas(2, 10_000)).isEqualTo(2);
      }
      for (int each = port; each < port + 3; each++) {
        try (Jedis node = admin(each)) {
          assertThat(node.info("keyspace")).as("redis on %d", each).doesNotContain("keys=");
        }
      }
      long start = System.nanoTime();
      assertThat(
              project
                  .rediform("restore", "local", backup, "--replace-data", "--yes")
                  .succeeded()
                  .out())
          .contains("the cluster is whole");
      System.out.printf(
          "%-45s %.1f s%n", "restore of a million keys", (System.nanoTime() - start) / 1e9);
      awaitHealthy();
      for (int each = port; each < port + 3; each++) {
        assertThat(digest(each)).as("redis on %d", each).isEqualTo(before);
      }
    } finally {
      project.close();
    }
  }

  private void awaitHealthy() {
    Eventually.within(SOON, () -> project.rediform("status", "local").succeeded());
  }

  private Path home(String name) {
    return project.folder().resolve(".rediform/local").resolve(name);
  }

  private String password(String user) throws IOException {
    return new ObjectMapper().readTree(home("secrets.json").toFile()).path(user).asText();
  }

  private Jedis admin(int at) throws IOException {
    return new Jedis(
        new HostAndPort("127.0.0.1", at),
        DefaultJedisClientConfig.builder()
            .user("admin")
            .password(password("admin"))
            .socketTimeoutMillis(PATIENCE)
            .build());
  }

  private void fill() throws Exception {
    long ends = Instant.now().plus(Duration.ofDays(30)).toEpochMilli();
    try (Jedis master = admin(port)) {
      for (int from = 0; from < KEYS; from += BATCH) {
        master.select(DATABASES[from / BATCH % DATABASES.length]);
        List<String> words =
            List.of(String.valueOf(from), String.valueOf(from + BATCH - 1), String.valueOf(ends));
        // A master takes no writes when its replicas are too far behind.
        Eventually.within(SOON, () -> assertThat(master.waitReplicas(2, 5000)).isEqualTo(2));
        master.eval(FILL, List.of(), words);
      }
      master.functionLoad(LIBRARY);
      Eventually.within(SOON, () -> assertThat(master.waitReplicas(2, 1000)).isEqualTo(2));
    }
  }

  /** Of all that a node has, by a server of its own that loads it. */
  private Map<String, String> digest(int at) throws Exception {
    Path folder = Files.createDirectory(project.folder().resolve("digest-" + System.nanoTime()));
    Run.of(
            folder,
            Map.of("REDISCLI_AUTH", password("backup")),
            "redis-cli",
            "-p",
            String.valueOf(at),
            "--user",
            "backup",
            "--rdb",
            folder.resolve("dump.rdb").toString())
        .succeeded();
    Path config =
        Files.writeString(folder.resolve("conf"), "enable-debug-command yes\nsave \"\"\n");
    Map<String, String> found = new TreeMap<>();
    try (RedisServer server = RedisServer.start(home("bin/redis-server"), config);
        Jedis jedis = connected(server)) {
      // Of names, values, and whether a key ends; not of when, and not of groups.
      found.put(
          "values",
          new String(
              (byte[]) jedis.sendCommand(() -> bytes("DEBUG"), bytes("DIGEST")),
              StandardCharsets.UTF_8));
      long count = 0;
      for (int database : DATABASES) {
        jedis.select(database);
        String sums = (String) jedis.eval(SUMS);
        found.put("database " + database, sums);
        count += Long.parseLong(sums.split(" ")[0]);
      }
      assertThat(count).isEqualTo(KEYS);
      found.put("functions", Base64.getEncoder().encodeToString(jedis.functionDump()));
      found.put("encodings", encodings(jedis));
    }
    Files.delete(folder.resolve("dump.rdb"));
    return found;
  }

  private static Jedis connected(RedisServer server) throws Exception {
    Jedis jedis = server.connect();
    Eventually.within(SOON, () -> assertThat(jedis.info("persistence")).contains("\nloading:0"));
    jedis.getClient().setSoTimeout(PATIENCE); // of the connection that there is by now
    return jedis;
  }

  private static byte[] bytes(String word) {
    return word.getBytes(StandardCharsets.UTF_8);
  }

  /** Of each type the encodings that its keys have, of the first 20,000. */
  private static String encodings(Jedis jedis) {
    jedis.select(DATABASES[0]);
    Map<String, Integer> found = new TreeMap<>();
    for (int i = 0; i < 20 * BATCH; i++) {
      String key = "key:" + i;
      if (jedis.exists(key)) {
        found.merge(jedis.type(key) + " " + jedis.objectEncoding(key), 1, Integer::sum);
      }
    }
    return found.toString();
  }
}
