package stacks.lab;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.locks.LockSupport;

/**
 * Asks every data node, all the time that something changes, which document is in effect, as a gate
 * does, and what its server really runs with. The document is asked for first: once a gate has seen
 * its checksum, the server must have its settings.
 */
final class DocumentWatch implements AutoCloseable {
  /** Entering a host that is just going down may hang. */
  private static final Duration LONGEST = Duration.ofSeconds(5);

  /** Between two looks; each costs a tenth of a second of a CPU. */
  private static final Duration PAUSE = Duration.ofMillis(100);

  private final List<Host> hosts;
  private final String command;
  private final Map<String, Seen> before;
  private final List<Seen> seen = new ArrayList<>();
  private final Thread thread = new Thread(this::watch, "document-watch");
  private volatile boolean ended;

  /** A node's document in effect, and its server's settings a moment later. */
  record Seen(String node, String document, Map<String, String> settings) {}

  private DocumentWatch(Hosts hosts, String... settings) throws Exception {
    this.hosts = hosts.redis();
    command =
        "rediform-node health; REDISCLI_AUTH=%s redis-cli --user admin config get %s"
            .formatted(hosts.password("admin"), String.join(" ", settings));
    before = now();
  }

  /** Starts one that compares these settings. */
  static DocumentWatch start(Hosts hosts, String... settings) throws Exception {
    DocumentWatch watch = new DocumentWatch(hosts, settings);
    watch.thread.setDaemon(true);
    watch.thread.start();
    return watch;
  }

  private Map<String, Seen> now() throws Exception {
    Map<String, Seen> now = new TreeMap<>();
    for (Host host : hosts) {
      now.put(host.name(), look(host));
    }
    return now;
  }

  private void watch() {
    while (!ended) {
      for (Host host : hosts) {
        try {
          Seen look = look(host);
          if (!look.document().isEmpty() && !look.settings().isEmpty()) {
            seen.add(look);
          }
        } catch (IOException e) {
          // It is off, or its server is: then there is nothing to compare.
        } catch (InterruptedException e) {
          return;
        }
      }
      LockSupport.parkNanos(PAUSE.toNanos());
    }
  }

  private Seen look(Host host) throws IOException, InterruptedException {
    List<String> lines = host.run(LONGEST, "sh", "-c", command).out().lines().toList();
    JsonNode health = new ObjectMapper().readTree(lines.isEmpty() ? "{}" : lines.get(0));
    Map<String, String> found = new TreeMap<>();
    for (int i = 1; i + 1 < lines.size(); i += 2) {
      found.put(lines.get(i), lines.get(i + 1));
    }
    return new Seen(host.name(), health.path("document").asText(""), found);
  }

  /**
   * Ends it. Every data node has another document now and other settings, and whoever saw the new
   * document saw the new settings.
   *
   * @return how often a node was seen with a new document
   */
  int assertNoneTooEarly() throws Exception {
    close();
    Map<String, Seen> after = now();
    int fresh = 0;
    for (Host host : hosts) {
      Seen old = before.get(host.name());
      Seen now = after.get(host.name());
      assertThat(now.document()).isNotEmpty().isNotEqualTo(old.document());
      assertThat(now.settings()).isNotEmpty();
      now.settings()
          .forEach((name, value) -> assertThat(old.settings()).doesNotContainEntry(name, value));
      List<Seen> here = seen.stream().filter(each -> each.node().equals(host.name())).toList();
      assertThat(here)
          .as("looks at " + host.name())
          .isNotEmpty()
          .allSatisfy(each -> assertThat(each.document()).isIn(old.document(), now.document()));
      assertThat(here)
          .filteredOn(each -> each.document().equals(now.document()))
          .allSatisfy(each -> assertThat(each.settings()).isEqualTo(now.settings()));
      fresh += (int) here.stream().filter(each -> each.document().equals(now.document())).count();
    }
    System.out.printf("  %d looks, %d of them at new documents%n", seen.size(), fresh);
    return fresh;
  }

  @Override
  public void close() {
    ended = true;
    try {
      thread.join();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }
}
