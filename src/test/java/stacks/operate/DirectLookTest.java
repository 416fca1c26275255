package stacks.operate;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import stacks.cluster.Cluster;
import stacks.testing.Environments;
import stacks.testing.Project;

/**
 * What a look with nothing but the application's password makes of servers that err. That real
 * servers give these answers is tested with the agent (test_redis.py).
 */
class DirectLookTest {
  private final List<ServerSocket> servers = new ArrayList<>();

  @AfterEach
  void end() throws IOException {
    for (ServerSocket server : servers) {
      server.close();
    }
  }

  /** A server that gives each connection one answer, or none at all. */
  private void serve(int port, String answer) throws IOException {
    ServerSocket server = new ServerSocket(port, 50, InetAddress.getLoopbackAddress());
    servers.add(server);
    Thread thread =
        new Thread(
            () -> {
              List<Socket> open = new ArrayList<>();
              while (!server.isClosed()) {
                try {
                  Socket client = server.accept();
                  open.add(client);
                  if (!answer.isEmpty()) {
                    client
                        .getOutputStream()
                        .write((answer + "\r\n").repeat(4).getBytes(StandardCharsets.US_ASCII));
                  }
                } catch (IOException e) {
                  // It is closed, and this ends.
                }
              }
            });
    thread.setDaemon(true);
    thread.start();
  }

  private static Cluster cluster(int port) {
    return Environments.cluster("direct", Project.smallLocal(port));
  }

  private static RedisState first(Cluster cluster) {
    return Look.direct(new Password("x")).at(cluster).redis().get(0);
  }

  @Test
  void every_answer_that_is_an_error_has_its_own_sentence_and_proves_nothing() throws IOException {
    Map<String, String> sentences =
        Map.of(
            "-ERR max number of clients reached", "clients fill maxclients",
            "-LOADING RedisState is loading the dataset in memory", "still loads its data",
            "-BUSY RedisState is busy running a script.", "runs a script that does not end",
            "-MISCONF RedisState is configured to save RDB snapshots", "refuses writes",
            "-MASTERDOWN Link with MASTER is down", "has no link to its master",
            "-NOAUTH Authentication required.", "wants a password",
            "-WRONGPASS invalid username-password pair", "does not accept the password of user app",
            "-NOPERM User app has no permissions", "does not let user app ask",
            "-ERR something new", "answers with an error");
    for (Map.Entry<String, String> each : sentences.entrySet()) {
      int port = Project.freePorts(12);
      serve(port, each.getKey());
      RedisState node = first(cluster(port));
      assertThat(node.problem().orElseThrow()).as(each.getKey()).contains(each.getValue());
      assertThat(node.reached()).isTrue();
      assertThat(node.down()).isFalse();
    }
  }

  @Test
  void only_a_refused_connection_proves_that_a_server_does_not_run() throws IOException {
    int port = Project.freePorts(12);
    RedisState refused = first(cluster(port));
    assertThat(refused.down()).isTrue();
    assertThat(refused.problem()).contains("does not run");
    serve(port, "");
    RedisState silent = first(cluster(port));
    assertThat(silent.down()).isFalse();
    assertThat(silent.reached()).isFalse();
    assertThat(silent.problem()).contains("does not answer");
  }
}
