package stacks.node;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import redis.clients.jedis.Connection;
import redis.clients.jedis.Jedis;
import redis.clients.jedis.JedisPubSub;
import redis.clients.jedis.commands.ProtocolCommand;
import redis.clients.jedis.exceptions.JedisDataException;
import redis.clients.jedis.util.SafeEncoder;
import stacks.templates.Templates;
import stacks.testing.Golden;
import stacks.testing.RedisServer;

/**
 * What each user may do, asked of the servers of both Debian releases, command by command.
 *
 * <p>The golden files are the decisions: a command that a newer server brings is in none of them,
 * so this fails until one is made.
 */
class AclIT {
  private static final Map<String, String> VERSIONS = Map.of("bookworm", "7.0", "trixie", "8.0");
  private static final String HELLO = "__sentinel__:hello";

  /** Stands for every argument a command asks for: a key, a number, a channel. */
  private static final String ARGUMENT = "1";

  @TempDir private Path folder;

  @ParameterizedTest
  @ValueSource(strings = {"bookworm", "trixie"})
  void on_a_data_node_every_user_may_do_what_was_decided(String suite) throws Exception {
    try (RedisServer server = redis(suite);
        Jedis admin = server.connect("admin", "admin")) {
      Golden.check("acl-redis-" + VERSIONS.get(suite) + ".txt", rights(admin));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"bookworm", "trixie"})
  void on_a_sentinel_every_user_may_do_what_was_decided(String suite) throws Exception {
    try (RedisServer server = sentinel(suite);
        Jedis admin = server.connect("admin", "admin")) {
      String rights = rights(admin);
      Golden.check("acl-sentinel-" + VERSIONS.get(suite) + ".txt", rights);
      // Whoever sends a password is told what is told without one.
      assertThat(rights.lines().filter(line -> line.contains(" default")))
          .allMatch(line -> line.contains(" app ") && line.contains(" exporter"));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"bookworm", "trixie"})
  void the_app_publishes_on_channels_of_its_own_only(String suite) throws Exception {
    try (RedisServer server = redis(suite);
        Jedis app = server.connect("app", "app")) {
      app.functionLoad(
          "#!lua name=hello\nredis.register_function('hello', function(keys, words)"
              + " return redis.call('publish', words[1], 'x') end)");
      for (String channel : List.of(HELLO, "__keyevent@0__:del", "__redis__:invalidate", "__")) {
        for (List<String> way : ways(channel)) {
          assertThat(answer(app, way))
              .as(way + " by app, " + suite)
              .containsPattern("(?i)noperm|no permissions|acl failure|can't publish");
        }
      }
      for (String channel : List.of("orders", "_orders", "a:__sentinel__:hello", "o_r_d__ers")) {
        for (List<String> way : ways(channel)) {
          assertThat(answer(app, way)).as(way + " by app, " + suite).isEqualTo("0");
        }
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"bookworm", "trixie"})
  void the_app_hears_what_it_subscribes_to(String suite) throws Exception {
    try (RedisServer server = redis(suite);
        Jedis app = server.connect("app", "app");
        Jedis sender = server.connect("app", "app")) {
      List<String> heard = new ArrayList<>();
      app.psubscribe(
          new JedisPubSub() {
            @Override
            public void onPSubscribe(String pattern, int channels) {
              if (channels == 2) {
                sender.publish("orders", "one");
              }
            }

            @Override
            public void onPMessage(String pattern, String channel, String message) {
              heard.add(channel + " " + message);
              punsubscribe();
            }
          },
          "ord*",
          "__key*");
      assertThat(heard).containsExactly("orders one");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"bookworm", "trixie"})
  void only_admin_reads_the_password_of_replication(String suite) throws Exception {
    try (RedisServer server = redis(suite)) {
      for (String user : List.of("app", "backup", "exporter", "replica", "sentinel")) {
        try (Jedis jedis = server.connect(user, user)) {
          for (String command :
              List.of(
                  "CONFIG GET masterauth",
                  "CONFIG GET *",
                  "ACL LIST",
                  "ACL GETUSER replica",
                  "MONITOR",
                  "FAILOVER",
                  "REPLICAOF NO ONE",
                  "SHUTDOWN NOSAVE",
                  "MODULE LIST")) {
            if (user.equals("sentinel") && command.startsWith("REPLICAOF")) {
              continue; // what a failover is made of; SLAVEOF is all that it has
            }
            assertThat(answer(jedis, List.of(command.split(" "))))
                .as(command + " by " + user)
                .contains("NOPERM");
          }
        }
      }
    }
  }

  private static List<List<String>> ways(String channel) {
    return List.of(
        List.of("PUBLISH", channel, "x"),
        List.of("SPUBLISH", channel, "x"),
        List.of("EVAL", "return redis.call('publish', ARGV[1], 'x')", "0", channel),
        List.of("EVAL", "return redis.call('spublish', KEYS[1], 'x')", "1", channel),
        List.of("FCALL", "hello", "0", channel));
  }

  /** A line for each command: its name, and who may call it. */
  private static String rights(Jedis admin) {
    List<String> users = admin.aclUsers().stream().sorted().toList();
    Map<String, Set<String>> rights = new TreeMap<>();
    for (Map.Entry<String, Integer> command : commands(admin).entrySet()) {
      String name = command.getKey();
      List<String> words = new ArrayList<>(List.of(name.split("\\|")));
      while (words.size() < Math.abs(command.getValue())) {
        words.add(ARGUMENT);
      }
      for (String user : users) {
        List<String> question = new ArrayList<>(List.of("ACL", "DRYRUN", user));
        question.addAll(words);
        String answer = answer(admin, question);
        assertThat(answer).as(question.toString()).matches("OK|.*(?i:no permissions).*");
        rights.computeIfAbsent(name, each -> new TreeSet<>());
        if (answer.equals("OK")) {
          rights.get(name).add(user);
        }
      }
    }
    return rights.entrySet().stream()
        .map(entry -> entry.getKey() + ": " + String.join(" ", entry.getValue()) + "\n")
        .collect(Collectors.joining());
  }

  /** Every command of the server, in lower case, with its arity; subcommands for those with any. */
  private static Map<String, Integer> commands(Jedis admin) {
    Map<String, Integer> commands = new TreeMap<>();
    for (Object name : (List<?>) send(admin, List.of("COMMAND", "LIST"))) {
      String command = SafeEncoder.encode((byte[]) name);
      List<?> infos = (List<?>) send(admin, List.of("COMMAND", "INFO", command));
      commands.put(
          command.toLowerCase(java.util.Locale.ROOT),
          ((Long) ((List<?>) infos.get(0)).get(1)).intValue());
    }
    Set<String> names = Set.copyOf(commands.keySet());
    commands
        .keySet()
        .removeIf(name -> names.stream().anyMatch(other -> other.startsWith(name + "|")));
    return commands;
  }

  private static Object send(Jedis jedis, List<String> words) {
    Connection connection = jedis.getConnection();
    ProtocolCommand command = () -> words.get(0).getBytes(StandardCharsets.UTF_8);
    connection.sendCommand(command, words.subList(1, words.size()).toArray(String[]::new));
    return connection.getOne();
  }

  private static String answer(Jedis jedis, List<String> words) {
    try {
      Object answer = send(jedis, words);
      return answer instanceof byte[] bytes ? SafeEncoder.encode(bytes) : String.valueOf(answer);
    } catch (JedisDataException e) {
      return e.getMessage();
    }
  }

  private RedisServer redis(String suite) throws IOException, InterruptedException {
    Path program = RedisServer.of(suite);
    Path config = folder.resolve("redis.conf");
    Files.writeString(config, "aclfile " + acl("redis") + "\nsave \"\"\n");
    return RedisServer.start(program, config);
  }

  private RedisServer sentinel(String suite) throws IOException, InterruptedException {
    Path program = RedisServer.of(suite);
    Path config = folder.resolve("sentinel.conf");
    Files.writeString(config, "protected-mode no\naclfile " + acl("sentinel") + "\n");
    return RedisServer.start(program, config, "--sentinel");
  }

  /** Our own ACL, in which each user's password is its name. */
  private Path acl(String kind) throws IOException {
    String text = Templates.text(kind + "/users.acl").replaceAll("\\{(\\w+)}", ">$1");
    return Files.writeString(folder.resolve("users.acl"), text);
  }
}
