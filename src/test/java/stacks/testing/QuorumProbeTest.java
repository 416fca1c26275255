package stacks.testing;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import stacks.cluster.Cluster;

/** The probe against three Sentinels that say what they are told to. */
class QuorumProbeTest {
  private final List<Sentinel> sentinels = new ArrayList<>();
  private Cluster cluster;
  private QuorumProbe probe;

  /** Answers CKQUORUM, and everything else with OK. */
  private static final class Sentinel implements AutoCloseable {
    private final ServerSocket server;
    private final AtomicInteger answers = new AtomicInteger();
    private volatile boolean hasQuorum = true;

    private Sentinel(int port) throws IOException {
      server = new ServerSocket(port, 5, InetAddress.getByName("127.0.0.1"));
      start(this::accept);
    }

    private static void start(Runnable task) {
      Thread thread = new Thread(task, "sentinel");
      thread.setDaemon(true);
      thread.start();
    }

    private void accept() {
      while (!server.isClosed()) {
        try {
          Socket client = server.accept();
          start(() -> serve(client));
        } catch (IOException e) {
          return;
        }
      }
    }

    private void serve(Socket client) {
      try (client) {
        BufferedReader in =
            new BufferedReader(
                new InputStreamReader(client.getInputStream(), StandardCharsets.UTF_8));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
          StringBuilder command = new StringBuilder();
          for (int i = Integer.parseInt(line.substring(1)); i > 0; i--) {
            in.readLine(); // the word's length
            command.append(in.readLine()).append(' ');
          }
          boolean asked = command.toString().contains("CKQUORUM");
          String answer = asked && !hasQuorum ? "-NOQUORUM 1 usable Sentinels\r\n" : "+OK\r\n";
          client.getOutputStream().write(answer.getBytes(StandardCharsets.UTF_8));
          if (asked) {
            answers.incrementAndGet();
          }
        }
      } catch (IOException e) {
        // The probe has gone.
      }
    }

    /** Waits until it has said what it says now a few times. */
    private void awaitAnswers() {
      int before = answers.get();
      Eventually.within(
          Duration.ofSeconds(20), () -> assertThat(answers.get()).isGreaterThan(before + 2));
    }

    @Override
    public void close() throws IOException {
      server.close();
    }
  }

  @BeforeEach
  void start() throws IOException {
    int port = Project.freePorts(9);
    for (int i = 0; i < 3; i++) {
      sentinels.add(new Sentinel(port + 3 + i));
    }
    cluster =
        Environments.cluster(
            "local",
            """
            platform: local
            redis: {port: %d}
            master: {memory: 512mb, maxmemory: 64mb}
            sentinels: {port: %d}
            """
                .formatted(port, port + 3));
    probe = new QuorumProbe(cluster);
  }

  @AfterEach
  void end() throws IOException {
    probe.close();
    for (Sentinel sentinel : sentinels) {
      sentinel.close();
    }
  }

  private void say(boolean hasQuorum, int... which) {
    for (int i : which) {
      sentinels.get(i).hasQuorum = hasQuorum;
    }
    sentinels.forEach(Sentinel::awaitAnswers);
  }

  @Test
  void one_sentinel_at_a_time_may_look_for_the_others() {
    say(true, 0, 1, 2);
    say(false, 0);
    say(true, 0);
    say(false, 1);
    say(true, 1);
    probe.close();
    assertThat(probe.lost()).isEmpty();
  }

  @Test
  void two_sentinels_without_a_quorum_at_the_same_time_are_named() {
    say(true, 0, 1, 2);
    say(false, 0, 2);
    say(true, 0, 2);
    probe.close();
    assertThat(probe.lost())
        .singleElement()
        .asString()
        .contains("sentinel-1", "sentinel-3", "had no quorum at the same time")
        .contains("NOQUORUM 1 usable Sentinels");
  }

  @Test
  void a_sentinel_that_never_has_a_quorum_is_named() {
    sentinels.get(1).hasQuorum = false;
    sentinels.forEach(Sentinel::awaitAnswers);
    // Its first answer may have been from before.
    probe.close();
    probe = new QuorumProbe(cluster);
    sentinels.forEach(Sentinel::awaitAnswers);
    probe.close();
    assertThat(probe.lost())
        .containsExactly("sentinel-2 never had a quorum: NOQUORUM 1 usable Sentinels");
  }
}
