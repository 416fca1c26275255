package stacks.review;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import stacks.cluster.Cluster;
import stacks.review.report.HtmlReport;
import stacks.review.report.JsonReport;
import stacks.review.report.MarkdownReport;
import stacks.review.report.SarifReport;
import stacks.testing.Environments;

/**
 * Every part that Terraform gives a plan, in the words of its JSON format 1.2, when it is missing,
 * of another type, has something that is not known, or holds a secret.
 */
class PlanPartsTest {
  private static final Cluster CLUSTER =
      Environments.cluster("cache", "platform: aws\naws: {region: eu-central-1}\n");

  /** Has the form of a key, and is none. */
  private static final String CANARY = "AKIA0123456789CANARY";

  private static final String PASSWORD = "hunter2-canary";

  /** It is refused with a sentence that has this in it. */
  private static final String REFUSED = "refused: ";

  /**
   * What is done to a plan in which nothing changes.
   *
   * @param found the findings as rule and place; none is a go
   */
  private record Case(String name, Consumer<ObjectNode> edit, List<String> found) {
    @Override
    public String toString() {
      return name;
    }
  }

  private static Case of(String name, Consumer<ObjectNode> edit, String... found) {
    return new Case(name, edit, List.of(found));
  }

  private static Case refused(String name, Consumer<ObjectNode> edit, String why) {
    return new Case(name, edit, List.of(REFUSED + why));
  }

  /** A plan in which nothing changes, with all parts that Terraform may give it. */
  private static ObjectNode whole() {
    ObjectNode plan = (ObjectNode) PlanJson.read(PlanJson.of("cache").toString());
    set(plan, "/variables", "{'adopt': {'value': false}}");
    set(plan, "/planned_values", "{'outputs': {}, 'root_module': {'resources': []}}");
    set(
        plan,
        "/resource_drift",
        "[{'address': 'aws_vpc.network', 'mode': 'managed', 'type': 'aws_vpc', 'name': 'network',"
            + " 'change': {'actions': ['update'], 'before': {}, 'after': {}}}]");
    set(plan, "/deferred_changes", "[]");
    set(plan, "/deferred_action_invocations", "[]");
    set(
        plan,
        "/output_changes",
        "{'master_name': {'actions': ['no-op'], 'before': 'mymaster', 'after': 'mymaster',"
            + " 'after_unknown': false, 'before_sensitive': false, 'after_sensitive': false}}");
    set(plan, "/action_invocations", "[]");
    set(
        plan,
        "/configuration",
        "{'provider_config': {}, 'root_module': {'outputs': {}, 'resources': [], 'variables':"
            + " {'adopt': {'default': false}}}}");
    set(plan, "/relevant_attributes", "[{'resource': 'aws_vpc.network', 'attribute': ['id']}]");
    set(
        plan,
        "/checks",
        "[{'address': {'kind': 'resource', 'mode': 'managed', 'name': 'identity', 'to_display':"
            + " 'terraform_data.identity', 'type': 'terraform_data'}, 'status': 'pass',"
            + " 'instances': []}]");
    set(plan, "/timestamp", "'2027-03-31T00:00:00Z'");
    set(plan, "/applyable", "false");
    return plan;
  }

  private static JsonNode json(String text) {
    return PlanJson.read(text.replace('\'', '"'));
  }

  private static void set(ObjectNode plan, String pointer, String value) {
    int end = pointer.lastIndexOf('/');
    ((ObjectNode) plan.at(pointer.substring(0, end))).set(pointer.substring(end + 1), json(value));
  }

  private static Consumer<ObjectNode> with(String pointer, String value) {
    return plan -> set(plan, pointer, value);
  }

  private static Consumer<ObjectNode> without(String name) {
    return plan -> plan.remove(name);
  }

  /** A resource or a data source more in the state. */
  private static Consumer<ObjectNode> prior(String resource) {
    return plan ->
        ((ArrayNode) plan.at("/prior_state/values/root_module/resources")).add(json(resource));
  }

  private static Consumer<ObjectNode> drift(String more) {
    return with(
        "/resource_drift",
        "[{'address': 'aws_vpc.network', 'mode': 'managed', 'type': 'aws_vpc', 'name': 'network',"
            + " 'change': {'actions': ['update'], 'before': {}, 'after': {"
            + more
            + "}}}]");
  }

  private static Consumer<ObjectNode> change(String name, String value) {
    return with("/resource_changes/0/change/" + name, value);
  }

  private static final String FIRST = "aws_ebs_volume.redis-1-data";

  private static Stream<Case> missing() {
    return Stream.of(
        of("nothing is missing", plan -> {}),
        of("no terraform_version", without("terraform_version")),
        of("no variables", without("variables")),
        of("no resource_drift", without("resource_drift")),
        of("no deferred_changes", without("deferred_changes")),
        of("no deferred_action_invocations", without("deferred_action_invocations")),
        of("no output_changes", without("output_changes")),
        of("no action_invocations", without("action_invocations")),
        of("no relevant_attributes", without("relevant_attributes")),
        of("no checks", without("checks")),
        of("no timestamp", without("timestamp")),
        of("no applyable", without("applyable")),
        refused("no format_version", without("format_version"), "does not come first"),
        refused("no planned_values", without("planned_values"), "no format_version and planned"),
        refused("no resource_changes", without("resource_changes"), "bears the name"),
        of("no prior_state", without("prior_state"), "partial-plan shared"),
        of("no complete", without("complete"), "partial-plan shared"),
        of("no errored", without("errored"), "partial-plan shared"),
        of("not complete", with("/complete", "false"), "partial-plan shared"),
        refused("errored", with("/errored", "true"), "ended with an error"),
        of(
            "no machines looked up",
            plan -> ((ArrayNode) plan.at("/prior_state/values/root_module/resources")).remove(0),
            "unknown-machines shared"),
        refused("no actions", plan -> first(plan).remove("change"), "without address or change"),
        of(
            "a resource is left out",
            plan -> ((ArrayNode) plan.get("resource_changes")).remove(0),
            "partial-plan shared"));
  }

  private static ObjectNode first(ObjectNode plan) {
    return (ObjectNode) plan.at("/resource_changes/0");
  }

  private static Stream<Case> ofAnotherType() {
    Stream<String> all =
        Stream.of(
            "format_version",
            "terraform_version",
            "variables",
            "planned_values",
            "resource_drift",
            "resource_changes",
            "deferred_changes",
            "deferred_action_invocations",
            "output_changes",
            "action_invocations",
            "prior_state",
            "configuration",
            "relevant_attributes",
            "checks",
            "timestamp",
            "applyable",
            "complete",
            "errored");
    return all.flatMap(
        name -> {
          Stream<String> others = Stream.of("7", "null", "'x'", "[7]", "{'x': 7}", "true");
          return others
              .filter(other -> !isOfItsType(name, other))
              .map(other -> refused(name + " is " + other, with("/" + name, other), ""));
        });
  }

  private static boolean isOfItsType(String name, String other) {
    return switch (name) {
      case "terraform_version", "timestamp" -> other.equals("'x'");
      // What a name that is not known does in them is shown below.
      case "planned_values", "prior_state", "configuration" -> other.startsWith("{");
      case "applyable", "complete", "errored" -> other.equals("true");
      default -> false;
    };
  }

  private static Stream<Case> unknown() {
    return Stream.of(
        of("a top-level word", with("/ephemeral_changes", "[]"), "unknown-part ephemeral_changes"),
        of(
            "a word of the state",
            with("/prior_state/values/modules", "[]"),
            "unknown-part prior_state.modules"),
        of(
            "a word of the values",
            with("/planned_values/root_module/x", "[]"),
            "unknown-part planned_values.root_module.x"),
        of(
            "actions in the configuration",
            with("/configuration/root_module/actions", "[]"),
            "unknown-part root_module.actions"),
        of(
            "a word of the configuration",
            with("/configuration/x", "1"),
            "unknown-part configuration.x"),
        of(
            "an action of Terraform 1.14",
            with("/action_invocations", "[{'address': 'action.aws_lambda_invoke.x'}]"),
            "unknown-part action.aws_lambda_invoke.x"),
        of(
            "an action without an address",
            with("/deferred_action_invocations", "[{}]"),
            "unknown-part deferred_action_invocations"),
        of(
            "something deferred",
            with(
                "/deferred_changes",
                "[{'reason': 'unknown', 'resource_change': {'address': 'a.b'}}]"),
            "partial-plan shared"),
        of(
            "a check of somebody's",
            with(
                "/checks",
                "[{'address': {'kind': 'check', 'to_display': 'check.x'}, 'status': 'pass'}]"),
            "unknown-part check.x"),
        of(
            "a check that fails",
            with(
                "/checks",
                "[{'address': {'kind': 'resource', 'to_display': 'terraform_data.identity'}, 'status': 'fail'}]"),
            "check-failed terraform_data.identity"),
        of(
            "a check without a status",
            with(
                "/checks",
                "[{'address': {'kind': 'resource', 'to_display': 'terraform_data.identity'}}]"),
            "check-failed terraform_data.identity"),
        of(
            "an output of somebody's",
            with("/output_changes/other", "{'actions': ['create'], 'before': null, 'after': 'x'}"),
            "unknown-part output.other"),
        of(
            "an output that something unknown happens to",
            with("/output_changes/nodes", "{'actions': ['frobnicate'], 'before': {}, 'after': {}}"),
            "unknown-part output.nodes"),
        of(
            "a word of an output",
            with("/output_changes/master_name/x", "1"),
            "unknown-part output.master_name"),
        of(
            "a resource of the state that the plan leaves out",
            prior(
                "{'address': 'aws_vpc.other', 'mode': 'managed', 'type': 'aws_vpc', 'name': 'other'}"),
            "partial-plan shared"),
        of(
            "a resource that is moved",
            with("/resource_changes/0/previous_address", "'aws_ebs_volume.redis-2-data'"),
            "unknown-part " + FIRST),
        of(
            "a deposed one",
            with("/resource_changes/0/deposed", "'00000001'"),
            "unknown-part " + FIRST),
        of("a word of a resource", with("/resource_changes/0/x", "1"), "unknown-part " + FIRST),
        of("a word of a change", change("x", "1"), "unknown-part " + FIRST),
        of(
            "one that is imported",
            change("importing", "{'id': 'vol-1'}"),
            "unknown-change " + FIRST),
        of(
            "one that is forgotten",
            forgotten(),
            "data-volume-destroyed " + FIRST,
            "unknown-change " + FIRST),
        of(
            "an action that is not known",
            change("actions", "['frobnicate']"),
            "unknown-change " + FIRST),
        of(
            "three actions",
            change("actions", "['no-op', 'delete', 'create']"),
            "unknown-change " + FIRST),
        of("no action", change("actions", "[]"), "unknown-change " + FIRST),
        of(
            "an action that is no text",
            change("actions", "[['no-op']]"),
            "unknown-change " + FIRST),
        of(
            "actions that are no list",
            change("actions", "{'x': 'no-op'}"),
            "unknown-change " + FIRST),
        of(
            "a change without actions",
            plan -> ((ObjectNode) first(plan).get("change")).remove("actions"),
            "unknown-change " + FIRST),
        of(
            "a change that is said to be none",
            change("after", "{'size': 101, 'encrypted': true}"),
            "unknown-change " + FIRST),
        of(
            "one that is there and made",
            change("actions", "['create']"),
            "unknown-change " + FIRST),
        of(
            "one that is gone and stays",
            change("actions", "['delete']"),
            "unknown-change " + FIRST),
        of("one that is read", change("actions", "['read']"), "unknown-change " + FIRST),
        of(
            "a data source that is changed",
            plan ->
                plan.withArray("resource_changes")
                    .add(
                        json(
                            "{'address': 'data.aws_ami.x', 'mode': 'data', 'type': 'aws_ami', 'name': 'x',"
                                + " 'change': {'actions': ['update'], 'before': {}, 'after': {}}}")),
            "unknown-part data.aws_ami.x"),
        of(
            "a resource that calls itself a data source",
            with("/resource_changes/0/mode", "'data'").andThen(change("actions", "['read']")),
            "unknown-part " + FIRST),
        of(
            "drift that is not known",
            drift("").andThen(with("/resource_drift/0/change/actions", "['frobnicate']")),
            "unknown-part aws_vpc.network"),
        of(
            "drift that is three things",
            drift("")
                .andThen(
                    with("/resource_drift/0/change/actions", "['update', 'delete', 'create']")),
            "unknown-part aws_vpc.network"),
        refused(
            "a resource that is there twice",
            plan -> plan.withArray("resource_changes").add(first(plan).deepCopy()),
            "twice"));
  }

  private static Consumer<ObjectNode> forgotten() {
    return change("actions", "['forget']").andThen(change("after", "null"));
  }

  private static Stream<Case> secret() {
    String version =
        "{'address': 'data.aws_secretsmanager_secret_version.x', 'mode': 'data', 'type':"
            + " 'aws_secretsmanager_secret_version', 'name': 'x', 'values': {'secret_string': '"
            + PASSWORD
            + "'}}";
    String marked =
        "{'address': 'data.x.x', 'mode': 'data', 'type': 'x', 'name': 'x', 'values': {'v': '"
            + PASSWORD
            + "'}, 'sensitive_values': {'v': true}}";
    return Stream.of(
        of(
            "a variable",
            with("/variables/password", "{'value': '" + PASSWORD + "'}"),
            "secret-in-plan var.password"),
        of(
            "a key in a variable",
            with("/variables/x", "{'value': ['" + CANARY + "']}"),
            "secret-in-plan var.x"),
        of(
            "a variable that is hidden",
            with("/variables/adopt", "{'value': '" + PASSWORD + "'}")
                .andThen(with("/configuration/root_module/variables/adopt", "{'sensitive': true}")),
            "secret-in-plan var.adopt"),
        of(
            "the default of a variable",
            with("/configuration/root_module/variables/x", "{'default': '" + CANARY + "'}"),
            "secret-in-plan var.x"),
        of(
            "a planned value",
            with(
                "/planned_values/root_module/resources",
                "[{'address': 'a.b', 'values': {'v': '" + CANARY + "'}}]"),
            "secret-in-plan a.b"),
        of(
            "a planned output",
            with(
                "/planned_values/outputs",
                "{'nodes': {'sensitive': true, 'value': '" + PASSWORD + "'}}"),
            "secret-in-plan output.nodes"),
        of(
            "an output",
            with("/output_changes/master_name/before_sensitive", "true"),
            "secret-in-plan output.master_name",
            "endpoint-changes output.master_name"),
        of(
            "an output's value",
            with(
                "/output_changes/sentinels",
                "{'actions': ['no-op'], 'before': ['"
                    + CANARY
                    + "'], 'after': ['"
                    + CANARY
                    + "']}"),
            "secret-in-plan output.sentinels"),
        of(
            "a data source",
            prior(version),
            "secret-in-plan data.aws_secretsmanager_secret_version.x"),
        of("a data source that is hidden", prior(marked), "secret-in-plan data.x.x"),
        of(
            "an output of the state",
            with(
                "/prior_state/values/outputs",
                "{'x': {'sensitive': false, 'value': 'requirepass " + PASSWORD + "'}}"),
            "secret-in-plan output.x"),
        of(
            "a module of the state",
            with(
                "/prior_state/values/root_module/child_modules",
                "[{'resources': [{'values': {'v': '" + CANARY + "'}}]}]"),
            "secret-in-plan prior_state.child_modules"),
        of(
            "drift",
            drift("'v': '" + CANARY + "'"),
            "secret-in-plan aws_vpc.network",
            "drift aws_vpc.network"),
        of(
            "a resource that stays as it is",
            both("'v': '" + CANARY + "'"),
            "secret-in-plan " + FIRST),
        of(
            "a hidden value that stays as it is",
            both("'v': '" + PASSWORD + "'").andThen(change("after_sensitive", "{'v': true}")),
            "secret-in-plan " + FIRST),
        of(
            "the id of an import",
            change("importing", "{'id': '" + CANARY + "'}"),
            "secret-in-plan " + FIRST,
            "unknown-change " + FIRST),
        of(
            "a configuration that is made up",
            change("generated_config", "'password = \\\"" + CANARY + "\\\"'"),
            "secret-in-plan " + FIRST,
            "unknown-part " + FIRST),
        of(
            "something deferred",
            with(
                "/deferred_changes",
                "[{'resource_change': {'address': 'a.b', 'change': {'after': {'v': '"
                    + CANARY
                    + "'}}}}]"),
            "secret-in-plan a.b",
            "partial-plan shared"),
        of(
            "an action",
            with(
                "/action_invocations",
                "[{'address': 'action.x.y', 'config_values': {'password': '" + PASSWORD + "'}}]"),
            "secret-in-plan action.x.y",
            "unknown-part action.x.y"),
        of(
            "an action that is hidden",
            with(
                "/action_invocations",
                "[{'address': 'action.x.y', 'config_values': {'v': '"
                    + PASSWORD
                    + "'}, 'config_sensitive': {'v': true}}]"),
            "secret-in-plan action.x.y",
            "unknown-part action.x.y"),
        of(
            "what a check says",
            with(
                "/checks",
                "[{'address': {'kind': 'resource', 'to_display': 'terraform_data.identity'}, 'status': 'fail', 'instances': [{'problems': [{'message': '"
                    + CANARY
                    + "'}]}]}]"),
            "secret-in-plan terraform_data.identity",
            "check-failed terraform_data.identity"),
        of(
            "a provider",
            with(
                "/configuration/provider_config",
                "{'aws': {'expressions': {'secret_key': {'constant_value': '" + PASSWORD + "'}}}}"),
            "secret-in-plan provider.aws"),
        of(
            "an expression",
            with(
                "/configuration/root_module/resources",
                "[{'address': 'a.b', 'expressions': {'v': {'constant_value': '" + CANARY + "'}}}]"),
            "secret-in-plan a.b"),
        of(
            "a word that is one",
            with("/" + CANARY, "1"),
            "unknown-part a name that looks like a secret"),
        of(
            "the identity of a resource",
            change("after_identity", "{'id': '" + CANARY + "'}"),
            "secret-in-plan " + FIRST),
        of(
            "an attribute",
            with("/relevant_attributes", "[{'resource': 'a.b', 'attribute': ['" + CANARY + "']}]"),
            "secret-in-plan relevant_attributes"),
        of(
            "the version of Terraform",
            with("/terraform_version", "'" + CANARY + "'"),
            "secret-in-plan terraform_version"));
  }

  private static Consumer<ObjectNode> both(String more) {
    String values =
        "{'size': 100, 'encrypted': true, " + more + ", 'tags_all': {'rediform': 'cache'}}";
    return change("before", values).andThen(change("after", values));
  }

  static Stream<Case> cases() {
    return Stream.of(missing(), ofAnotherType(), unknown(), secret()).flatMap(all -> all);
  }

  @ParameterizedTest
  @MethodSource("cases")
  void every_part_is_read_and_what_cannot_be_is_never_called_safe(Case one) throws IOException {
    ObjectNode plan = whole();
    one.edit().accept(plan);
    if (one.found().stream().anyMatch(found -> found.startsWith(REFUSED))) {
      assertThatThrownBy(() -> PlanJson.review(plan.toString(), CLUSTER))
          .isInstanceOf(UnreadablePlan.class)
          .hasMessageContaining(one.found().get(0).substring(REFUSED.length()))
          .message()
          .doesNotContain(CANARY, PASSWORD);
      return;
    }
    Review review = PlanJson.review(plan.toString(), CLUSTER);
    assertThat(PlanJson.findings(review)).containsExactlyInAnyOrderElementsOf(one.found());
    assertThat(review.verdict()).isEqualTo(one.found().isEmpty() ? Verdict.GO : Verdict.BLOCKED);
    for (String report :
        List.of(
            JsonReport.of(review),
            MarkdownReport.of(review),
            HtmlReport.of(review),
            SarifReport.of(review))) {
      assertThat(report).doesNotContain(CANARY, PASSWORD);
    }
  }
}
