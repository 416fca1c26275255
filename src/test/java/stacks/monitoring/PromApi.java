package stacks.monitoring;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** The HTTP API of a running Prometheus. */
record PromApi(String url) {
  private static final HttpClient HTTP = HttpClient.newHttpClient();

  /** The result of an instant query: a list of series. */
  JsonNode query(String expression) throws IOException, InterruptedException {
    JsonNode answer =
        get("/api/v1/query?query=" + URLEncoder.encode(expression, StandardCharsets.UTF_8));
    assertThat(answer.path("status").asText())
        .as("%s: %s", expression, answer)
        .isEqualTo("success");
    return answer.path("data").path("result");
  }

  /** Alerts that fire now, each as {@code NAME node} with its summary. */
  List<String> firing() throws IOException, InterruptedException {
    List<String> firing = new ArrayList<>();
    for (JsonNode alert : get("/api/v1/alerts").path("data").path("alerts")) {
      if (alert.path("state").asText().equals("firing")) {
        firing.add(
            "%s %s: %s"
                .formatted(
                    alert.path("labels").path("alertname").asText(),
                    alert.path("labels").path("node").asText("-"),
                    alert.path("annotations").path("summary").asText()));
      }
    }
    return firing;
  }

  private JsonNode get(String path) throws IOException, InterruptedException {
    return new ObjectMapper()
        .readTree(
            HTTP.send(
                    HttpRequest.newBuilder(URI.create(url + path)).build(), BodyHandlers.ofString())
                .body());
  }
}
