package stacks.platform.aws;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.importer.ClassFileImporter;
import java.io.IOException;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import stacks.environment.EnvironmentFile;
import stacks.environment.Problem;
import stacks.environment.Problems;
import stacks.platform.Platforms;
import stacks.rules.Rule;
import stacks.rules.RuleTables;
import stacks.rules.Rules;
import stacks.testing.Environments;

class AwsRulesTest {
  @ParameterizedTest
  @ValueSource(strings = {"staging", "production", "production-symmetric", "local"})
  void environment_of_the_repository_breaks_no_rule(String name) {
    assertThat(check(Environments.text(name))).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({
    "'master: {cpu: 192}', ''",
    "'master: {cpu: 193}', 'master.cpu, replicas.cpu'",
    "'master: {cpu: 193, instanceType: u7i-12tb.224xlarge}', ''",
    "'master: {cpu: 193, instanceType: u7i-12tb.224xlarge}\nreplicas: {cpu: 194}', replicas.cpu",
    "'replicas: {memory: 1536GB}', ''",
    "'replicas: {memory: 1537GB}', replicas.cpu",
    "'sentinels: {cpu: 192}', ''",
    "'sentinels: {cpu: 193}', sentinels.cpu"
  })
  void no_such_size(String yaml, String keys) {
    assertKeys("no-such-size", yaml, keys);
  }

  @ParameterizedTest
  @CsvSource({
    "'master: {instanceType: c7i.xlarge}', ''",
    "'master: {instanceType: c7i.large}', master.instanceType",
    "'master: {instanceType: r7i.large}', master.instanceType",
    "'replicas: {instanceType: c7i.xlarge}', ''",
    "'replicas: {instanceType: c7i.large}', replicas.instanceType",
    "'replicas: {instanceType: c7i.large, cpu: 2, memory: 4GB}', ''",
    "'sentinels: {instanceType: t3.micro}', ''",
    "'sentinels: {instanceType: t3.nano}', sentinels.instanceType"
  })
  void instance_too_small(String yaml, String keys) {
    assertKeys("instance-too-small", yaml, keys);
  }

  @ParameterizedTest
  @CsvSource({
    "'master: {instanceType: c7i.xlarge}', ''",
    "'master: {instanceType: c77i.xlarge}', master.instanceType",
    "'replicas: {instanceType: c77i.xlarge}', replicas.instanceType",
    "'sentinels: {instanceType: t33.micro}', sentinels.instanceType"
  })
  void unknown_instance_type(String yaml, String keys) {
    assertKeys("unknown-instance-type", yaml, keys);
  }

  @ParameterizedTest
  @CsvSource({
    "'master: {instanceType: c7i.xlarge}', ''",
    "'master: {instanceType: c7g.xlarge}', master.instanceType",
    "'replicas: {instanceType: c7g.xlarge}', replicas.instanceType",
    "'sentinels: {instanceType: t4g.micro}', sentinels.instanceType"
  })
  void wrong_architecture(String yaml, String keys) {
    assertKeys("wrong-architecture", yaml, keys);
  }

  @ParameterizedTest
  @CsvSource({
    "'master: {instanceType: c7i.xlarge}', ''",
    "'master: {instanceType: t3.xlarge}', master.instanceType",
    "'replicas: {instanceType: t3.xlarge}', replicas.instanceType",
    "'sentinels: {instanceType: t3.xlarge}', ''"
  })
  void burstable_data_node(String yaml, String keys) {
    assertKeys("burstable-data-node", yaml, keys);
  }

  @ParameterizedTest
  @CsvSource({"57, 1, ''", "57, 2, network.clients", "58, 0, ''", "59, 0, network.clients"})
  void too_many_networks(int clients, int operators, String keys) {
    assertKeys(
        "too-many-networks",
        "network: {clients: [%s], operators: [%s]}"
            .formatted(blocks("10.1", clients), blocks("10.2", operators)),
        keys);
  }

  @ParameterizedTest
  @CsvSource({"56, 1, ''", "57, 1, network.clients", "0, 29, ''", "0, 30, network.clients"})
  void a_network_of_prometheus_takes_two_rules(int operators, int metrics, String keys) {
    assertKeys(
        "too-many-networks",
        "network: {operators: [%s]}\nmetrics: {networks: [%s]}"
            .formatted(blocks("10.1", operators), blocks("10.2", metrics)),
        keys);
  }

  @Test
  void same_network_twice_counts_once() {
    assertKeys(
        "too-many-networks",
        "network: {clients: [%s, 10.1.1.0/24]}".formatted(blocks("10.1", 58)),
        "");
  }

  @ParameterizedTest
  @CsvSource({
    "'Team: search', ''",
    "'Name: ours', ''",
    "'rediform: mine', aws.tags",
    "'rediform.document: x', aws.tags",
    "'redis.maxmemory: 1gb', ''",
    "'\"aws:mine\": x', aws.tags"
  })
  void reserved_tag(String tags, String keys) {
    assertThat(keysOf("reserved-tag", aws("", tags))).isEqualTo(keys);
  }

  @ParameterizedTest
  @CsvSource({
    "cost-center, ''",
    "'team:search', ''",
    "'cost center', aws.tags",
    "'a/b', aws.tags",
    "., aws.tags",
    ".., aws.tags",
    "..., ''",
    "_index, aws.tags",
    "_index2, ''",
    "Größe, aws.tags"
  })
  void tag_name(String name, String keys) {
    assertThat(keysOf("tag-name", aws("", "\"" + name + "\": x"))).isEqualTo(keys);
  }

  @ParameterizedTest
  @CsvSource({"45, '', ''", "47, ''", "48, aws.tags"})
  void too_many_tags(int count, String keys) {
    String tags =
        IntStream.range(0, count)
            .mapToObj(i -> "Tag" + i + ": x")
            .collect(Collectors.joining(", "));
    assertThat(keysOf("too-many-tags", aws("", tags))).isEqualTo(keys);
  }

  @Test
  void rules_are_silent_on_another_platform() {
    assertThat(check("platform: local\nmaster: {instanceType: t3.nano, cpu: 448}\n"))
        .noneMatch(
            problem -> AwsRules.ALL.stream().anyMatch(rule -> rule.id().equals(problem.id())));
  }

  @Test
  void every_rule_is_explained() throws IOException {
    RuleTables.assertExplained(AwsRules.ALL);
  }

  @Test
  void rules_need_no_constructs_so_that_check_is_fast() {
    noClasses()
        .that()
        .haveNameMatching(".*\\.(AwsRules|InstanceTypes?)(\\$.*)?")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("com.hashicorp..", "software..")
        .check(new ClassFileImporter().importPackages("stacks.platform.aws"));
  }

  private static void assertKeys(String rule, String yaml, String keys) {
    assertThat(keysOf(rule, aws(yaml, ""))).isEqualTo(keys);
  }

  /** Where a rule is broken, in the order of the rules. */
  private static String keysOf(String rule, String yaml) {
    return check(yaml).stream()
        .filter(problem -> problem.id().equals(rule))
        .map(Problem::key)
        .collect(Collectors.joining(", "));
  }

  private static List<Problem> check(String yaml) {
    EnvironmentFile file = Environments.read("rules", yaml);
    Problems problems = file.problems();
    assertThat(problems.all()).as("the test's own file").isEmpty();
    List<Rule> rules = new ArrayList<>(Rules.ALL);
    rules.addAll(AwsRules.ALL);
    Rules.check(
        Platforms.cluster("rules", file.environment()), rules, Set.of(), LocalDate.EPOCH, problems);
    return problems.all();
  }

  private static String aws(String yaml, String tags) {
    return "platform: aws\naws: {region: eu-central-1, tags: {%s}}\n%s\n".formatted(tags, yaml);
  }

  private static String blocks(String start, int count) {
    return IntStream.range(0, count)
        .mapToObj(i -> start + "." + i + ".0/24")
        .collect(Collectors.joining(", "));
  }
}
