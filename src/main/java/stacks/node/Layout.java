package stacks.node;

import java.util.Map;
import java.util.TreeMap;
import stacks.cluster.Node;
import stacks.cluster.RedisNode;

/** Where a node keeps its files, and what runs it. */
public enum Layout {
  /** A virtual machine of its own: absolute paths, the user {@code redis}, systemd. */
  MACHINE,
  /** A process on this machine, everything below one folder. */
  PROCESS;

  /** Name of the file with {@link LiveSettings}. */
  public static final String LIVE_SETTINGS = "settings.conf";

  /** Address that the server listens on. */
  String bind() {
    return this == MACHINE ? "0.0.0.0" : "127.0.0.1";
  }

  /** Value of {@code supervised}: only systemd is told when the server is ready. */
  String supervised() {
    return this == MACHINE ? "systemd" : "no";
  }

  /** Owner of the live files; empty for whoever runs the agent. */
  String user() {
    return this == MACHINE ? "redis" : "";
  }

  /**
   * Places of the agent's files, relative to its home unless absolute. The live config is in a
   * folder of the server's own, because Redis and Sentinel replace it there.
   */
  Map<String, String> paths(Node node) {
    Map<String, String> paths = new TreeMap<>();
    boolean redis = node instanceof RedisNode;
    String server = redis ? "redis" : "sentinel";
    if (this == MACHINE) {
      paths.put("static", server + ".conf");
      paths.put("staticAcl", "users.acl");
      // The specification's places: /etc/redis/6379.conf and /var/redis/6379.
      String live = redis ? String.valueOf(node.port()) : "sentinel";
      paths.put("live", "/etc/redis/" + live + ".conf");
      paths.put("acl", "/etc/redis/" + live + ".acl");
      paths.put("data", "/var/redis/" + live);
      paths.put("secrets", "/var/lib/rediform/secrets.json");
      paths.put("settings", "/var/lib/rediform/settings.conf");
      paths.put("taken", "/var/lib/rediform/settings.json");
      paths.put("memory", "/var/lib/rediform/memory.json");
      paths.put("stopped", "/var/redis/" + live + "/stopped.json");
      paths.put("waiting", "/var/lib/rediform/waiting");
      if (redis) {
        paths.put("ran", "/var/redis/" + live + "/persistence.json");
        paths.put("borrowed", "/var/lib/rediform/borrowed");
        paths.put("lead", "/var/lib/rediform/lead");
        paths.put("door", "/run/rediform/door");
      }
    } else {
      paths.put("static", "static/" + server + ".conf");
      paths.put("staticAcl", "static/users.acl");
      paths.put("live", "live/" + server + ".conf");
      paths.put("acl", "live/users.acl");
      paths.put("data", "data");
      paths.put("secrets", "../secrets.json");
      paths.put("settings", LIVE_SETTINGS);
      paths.put("taken", "settings.json");
      paths.put("appPassword", "../password");
      paths.put("memory", "memory.json");
      paths.put("stopped", "data/stopped.json");
      paths.put("waiting", "waiting");
      if (redis) {
        paths.put("ran", "data/persistence.json");
        paths.put("borrowed", "borrowed");
        paths.put("lead", "lead");
        paths.put("door", "run/door");
      }
    }
    return paths;
  }
}
