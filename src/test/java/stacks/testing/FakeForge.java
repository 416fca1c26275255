package stacks.testing;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Comments of one pull request, as GitHub's API serves them, and as GitLab's does: a list in pages,
 * one more by POST, another text by PATCH or PUT.
 */
public final class FakeForge implements AutoCloseable {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final HttpServer server;
  private final List<String> comments = new ArrayList<>();

  /** One on loopback that knows these comments already, and answers to this token only. */
  public FakeForge(String token, List<String> before) throws IOException {
    comments.addAll(before);
    server = HttpServer.create(new InetSocketAddress("127.0.0.1", 0), 0);
    server.createContext(
        "/",
        exchange -> {
          boolean known =
              ("Bearer " + token).equals(exchange.getRequestHeaders().getFirst("Authorization"))
                  || token.equals(exchange.getRequestHeaders().getFirst("PRIVATE-TOKEN"));
          if (known) {
            serve(exchange);
          } else {
            answer(exchange, 401, Map.of());
          }
        });
    server.start();
  }

  /** Where it listens. */
  public String url() {
    return "http://127.0.0.1:" + server.getAddress().getPort();
  }

  /** The texts of all comments, the oldest first. */
  public List<String> comments() {
    return List.copyOf(comments);
  }

  private void serve(HttpExchange exchange) throws IOException {
    String path = exchange.getRequestURI().getPath();
    switch (exchange.getRequestMethod()) {
      case "GET" -> answer(exchange, 200, page(exchange.getRequestURI().getQuery()));
      case "POST" -> {
        comments.add(body(exchange));
        answer(exchange, 201, Map.of("id", comments.size() - 1));
      }
      default -> {
        comments.set(Integer.parseInt(path.replaceFirst(".*/", "")), body(exchange));
        answer(exchange, 200, Map.of());
      }
    }
  }

  private List<Map<String, Object>> page(String query) {
    int size = Integer.parseInt(query.replaceFirst(".*per_page=(\\d+).*", "$1"));
    int page = Integer.parseInt(query.replaceFirst(".*\\bpage=(\\d+)$", "$1"));
    List<Map<String, Object>> found = new ArrayList<>();
    for (int i = (page - 1) * size; i < Math.min(page * size, comments.size()); i++) {
      found.add(Map.of("id", i, "body", comments.get(i)));
    }
    return found;
  }

  private static String body(HttpExchange exchange) throws IOException {
    JsonNode body = JSON.readTree(exchange.getRequestBody());
    return body.path("body").asText();
  }

  private static void answer(HttpExchange exchange, int code, Object body) throws IOException {
    byte[] bytes = JSON.writeValueAsBytes(body);
    exchange.sendResponseHeaders(code, bytes.length);
    exchange.getResponseBody().write(bytes);
    exchange.close();
  }

  @Override
  public void close() {
    server.stop(0);
  }
}
