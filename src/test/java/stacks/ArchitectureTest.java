package stacks;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

/**
 * The arrows of the design: cli → {stack, review, operate} → platform → {node, rules} → cluster → …
 */
@AnalyzeClasses(packages = "stacks", importOptions = DoNotIncludeTests.class)
class ArchitectureTest {
  private static final String VALUES = "stacks.values..";
  private static final String ENVIRONMENT = "stacks.environment..";
  private static final String REDIS = "stacks.redis..";
  private static final String CLUSTER = "stacks.cluster..";
  private static final String RULES = "stacks.rules..";
  private static final String TEMPLATES = "stacks.templates..";
  private static final String NODE = "stacks.node..";
  private static final String CLIENTS = "stacks.clients..";
  private static final String PLATFORM = "stacks.platform..";
  private static final String ROOT = "stacks";
  private static final String REVIEW = "stacks.review..";
  private static final String OPERATE = "stacks.operate..";
  private static final String MONITORING = "stacks.monitoring..";
  private static final String CLI = "stacks.cli..";

  @ArchTest static final ArchRule values_know_no_other = knows(VALUES);

  @ArchTest static final ArchRule redis_knows_no_other = knows(REDIS);

  @ArchTest static final ArchRule environment_knows_values = knows(ENVIRONMENT, VALUES);

  @ArchTest static final ArchRule cluster_knows_environment = knows(CLUSTER, ENVIRONMENT, VALUES);

  @ArchTest
  static final ArchRule node_knows_cluster =
      knows(NODE, TEMPLATES, CLUSTER, REDIS, ENVIRONMENT, VALUES);

  @ArchTest
  static final ArchRule clients_know_cluster =
      knows(CLIENTS, TEMPLATES, CLUSTER, ENVIRONMENT, VALUES);

  @ArchTest
  static final ArchRule monitoring_knows_nodes =
      knows(MONITORING, TEMPLATES, NODE, CLUSTER, ENVIRONMENT, VALUES);

  @ArchTest static final ArchRule templates_know_no_other = knows(TEMPLATES);

  @ArchTest
  static final ArchRule platform_knows_nodes_and_rules =
      knows(PLATFORM, NODE, RULES, CLUSTER, REDIS, ENVIRONMENT, VALUES);

  @ArchTest
  static final ArchRule review_knows_what_is_below =
      knows(REVIEW, TEMPLATES, PLATFORM, NODE, RULES, CLUSTER, REDIS, ENVIRONMENT, VALUES);

  @ArchTest
  static final ArchRule operate_knows_what_is_below =
      knows(OPERATE, PLATFORM, NODE, RULES, CLUSTER, REDIS, ENVIRONMENT, VALUES);

  @ArchTest
  static final ArchRule the_stack_knows_what_is_below =
      classes()
          .that()
          .resideInAPackage(ROOT)
          .and()
          .doNotHaveSimpleName("Main")
          .should()
          .onlyDependOnClassesThat(
              not(resideInAnyPackage("stacks.."))
                  .or(
                      resideInAnyPackage(
                          ROOT, PLATFORM, NODE, RULES, CLUSTER, REDIS, ENVIRONMENT, VALUES)));

  @ArchTest
  static final ArchRule only_files_plans_documents_and_reports_are_json_or_yaml =
      only("com.fasterxml..", ENVIRONMENT, NODE, REVIEW, OPERATE, CLI, PLATFORM, MONITORING);

  @ArchTest static final ArchRule only_templates_use_mustache = only("com.samskivert..", TEMPLATES);

  @ArchTest static final ArchRule only_environment_reads_yaml = only("org.yaml..", ENVIRONMENT);

  @ArchTest
  static final ArchRule only_platform_and_stack_use_cdktf = only("com.hashicorp..", PLATFORM, ROOT);

  @ArchTest
  static final ArchRule only_platform_and_stack_use_jsii =
      only("software.amazon.jsii..", PLATFORM, ROOT);

  @ArchTest
  static final ArchRule only_platform_and_stack_use_constructs =
      only("software.constructs..", PLATFORM, ROOT);

  @ArchTest
  static final ArchRule only_cli_and_main_parse_arguments =
      noClasses()
          .that()
          .resideOutsideOfPackage(CLI)
          .and()
          .doNotHaveFullyQualifiedName("stacks.Main")
          .should()
          .dependOnClassesThat()
          .resideInAPackage("picocli..");

  @ArchTest static final ArchRule only_operate_talks_to_redis = only("redis.clients..", OPERATE);

  /** A package depends on nothing of ours but itself and those named. It may not be there yet. */
  private static ArchRule knows(String who, String... others) {
    return classes()
        .that()
        .resideInAPackage(who)
        .should()
        .onlyDependOnClassesThat(
            not(resideInAnyPackage("stacks.."))
                .or(resideInAnyPackage(who))
                .or(resideInAnyPackage(others)))
        .allowEmptyShould(true);
  }

  private static ArchRule only(String library, String... packages) {
    return noClasses()
        .that()
        .resideOutsideOfPackages(packages)
        .should()
        .dependOnClassesThat()
        .resideInAPackage(library);
  }
}
