package stacks.review;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.InputStream;
import java.io.SequenceInputStream;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.Enumeration;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import stacks.cluster.Cluster;
import stacks.testing.Environments;

/** What is no plan that can be judged is said to be none, whatever it is. */
class BrokenPlanTest {
  private static final Cluster CLUSTER =
      Environments.cluster("cache", "platform: aws\naws: {region: eu-central-1}\n");

  private static void refused(String json, String why) {
    assertThatThrownBy(() -> PlanJson.review(json, CLUSTER))
        .isInstanceOf(UnreadablePlan.class)
        .hasMessageContaining(why);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      value = {
        "'' | does not begin with {",
        "null | does not begin with {",
        "[] | does not begin with {",
        "{} | no format_version",
        "Terraform will perform | or not all of it",
        "{'format_version':'1.0','values':{}} | no format_version and planned_values",
        "{'format_version':'2.0','planned_values':{}} | format version 2.0",
        "{'format_version':'1.2; rm','planned_values':{}} | format version",
        "{'format_version':'1.2','planned_values':{},'errored':true} | Terraform ended with an error",
        "{'format_version':'1.2','planned_values':{},'resource_changes':{}} | no list",
        "{'format_version':'1.2','planned_values':{},'resource_changes':[7]} | something else",
        "{'format_version':'1.2','planned_values':{},'resource_changes':[{}]} | without address",
        "{'format_version':'1.2','planned_values':{},'resource_changes':[{'a':1,'a':2}]} | or not all",
        "{'resource_changes':[],'format_version':'1.2'} | does not come first",
        "{'format_version':'1.2','planned_values':{},'planned_values':{}} | twice",
        "{'format_version':'1.2','planned_values':{}} {} | follows its end",
        "{'format_version':'1.2','planned_values':{}} | bears the name of an environment",
      })
  void what_is_no_plan_is_refused_with_the_reason(String json, String why) {
    refused(json == null ? "" : json.replace('\'', '"'), why);
  }

  @Test
  void a_plan_of_another_environment_is_refused_by_its_name() {
    refused(PlanJson.of("other").toString(), "this is a plan of other, not of cache");
    String both =
        PlanJson.of("cache")
            .with(
                root ->
                    ((ObjectNode) root.at("/resource_changes/0/change/before/tags_all"))
                        .put("rediform", "oth\u202Eer"))
            .toString();
    refused(both, "a plan of oth\\u202eer,");
  }

  @Test
  void whatever_is_cut_off_is_refused() {
    String whole = PlanJson.of("cache").restart("redis-1").toString();
    IntStream.range(1, whole.length())
        .forEach(
            end ->
                assertThatThrownBy(() -> PlanJson.review(whole.substring(0, end), CLUSTER))
                    .isInstanceOf(UnreadablePlan.class));
  }

  static Stream<Consumer<ObjectNode>> deep() {
    return Stream.of(
        root ->
            root.withObject("/variables/x")
                .set("value", PlanJson.read("[".repeat(150) + "]".repeat(150))),
        root ->
            root.withObject("/configuration/provider_config/aws")
                .set("expressions", PlanJson.read("{\"a\":".repeat(150) + "1" + "}".repeat(150))));
  }

  @ParameterizedTest
  @MethodSource("deep")
  void nesting_is_read_as_deep_as_it_can_be(Consumer<ObjectNode> edit) throws IOException {
    assertThat(PlanJson.of("cache").with(edit).review(CLUSTER).verdict()).isEqualTo(Verdict.GO);
  }

  @Test
  void nesting_without_end_is_refused() {
    String deep =
        PlanJson.of("cache").toString().replaceFirst("\\{", "{\"x\":" + "[".repeat(100_000));
    refused(deep, "depth");
  }

  @Test
  void two_hundred_megabytes_are_read_one_resource_at_a_time() throws IOException {
    String plan = PlanJson.of("cache").toString();
    int at = plan.indexOf("[") + 1;
    String resource =
        PlanJson.read(plan)
            .at("/resource_changes/0")
            .toString()
            .replaceAll("\"(before|after)\":\\{", "$0\"x\":\"" + "y".repeat(20_500) + "\",");
    List<String> parts =
        Stream.of(
                Stream.of(plan.substring(0, at)),
                IntStream.range(0, 5_000)
                    .mapToObj(i -> resource.replaceFirst("redis-1-data", "volume-" + i) + ","),
                Stream.of(plan.substring(at)))
            .flatMap(part -> part)
            .toList();
    Review review = Reviewer.review(stream(parts), CLUSTER, PlanJson.TODAY, false);
    assertThat(parts.stream().mapToLong(String::length).sum()).isGreaterThan(200_000_000L);
    assertThat(review.changes()).isEmpty();
  }

  private static InputStream stream(List<String> parts) {
    Enumeration<String> texts = Collections.enumeration(parts);
    return new SequenceInputStream(
        new Enumeration<InputStream>() {
          @Override
          public boolean hasMoreElements() {
            return texts.hasMoreElements();
          }

          @Override
          public InputStream nextElement() {
            return new java.io.ByteArrayInputStream(
                texts.nextElement().getBytes(StandardCharsets.UTF_8));
          }
        });
  }
}
