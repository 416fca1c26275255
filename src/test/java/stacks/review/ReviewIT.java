package stacks.review;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import stacks.platform.Effect;
import stacks.testing.Environments;
import stacks.testing.FakeAws;
import stacks.testing.Terraform;

/** Every rule, in plans by real Terraform with the real AWS provider. */
@Execution(ExecutionMode.SAME_THREAD)
class ReviewIT {
  /** What only nodes can tell: BackupRulesTest shows it, and CiTemplatesIT on a living cluster. */
  private static final Set<String> OF_NODES = Set.of("backup-too-old", "unverified");

  /** What no Terraform of today makes of our configuration: PlanPartsTest shows it. */
  private static final Set<String> OF_PARTS = Set.of("check-failed", "unknown-part");

  /** Rules that other tests of this class show. */
  private static final Set<String> SHOWN_BELOW =
      Set.of(
          "cluster-destroyed",
          "drift",
          "nodes-gone",
          "opened-by-hand",
          "passwords-lost",
          "plan-of-another-file",
          "unknown-machines");

  @TempDir static Path root;

  private static RealPlans plans;

  @BeforeAll
  static void apply() throws Exception {
    assumeTrue(Terraform.isPossible(), "Terraform is missing");
    assumeTrue(FakeAws.isPossible(), "python3 with moto, boto3 and flask is missing");
    plans = new RealPlans(root, Plans.NAME, Plans.FILE);
  }

  @AfterAll
  static void end() throws Exception {
    if (plans != null) {
      plans.close();
    }
  }

  static Stream<Plans.Case> cases() {
    return Stream.concat(Plans.ofFiles(), EditedPlans.all());
  }

  @ParameterizedTest
  @MethodSource("cases")
  void a_plan_trips_the_rules_that_it_breaks_and_no_other(Plans.Case plan) throws Exception {
    String json = plans.quick(plan.yaml(), plan.edit(), plan.options().toArray(String[]::new));
    assertThat(PlanJson.findings(Plans.review(json, plan.yaml())))
        .containsExactlyInAnyOrderElementsOf(plan.found());
    List<String> found =
        PlanJson.findings(Plans.review(json, plan.yaml(), plans.expected(plan.yaml())));
    if (plans.isAsSynthesized(plan.yaml())) {
      assertThat(found).containsExactlyInAnyOrderElementsOf(plan.found());
    } else {
      assertThat(found).anyMatch(each -> each.startsWith("plan-of-another-file"));
    }
  }

  @Test
  void a_plan_that_was_made_of_another_configuration_is_never_called_safe() throws Exception {
    String json = plans.first(Plans.FILE, resources -> {});
    List<Expected> expected = plans.expected(Plans.FILE);
    assertThat(PlanJson.findings(Plans.review(json, Plans.FILE, expected)))
        .containsExactly("unknown-machines shared");
    List<String> missed = new ArrayList<>();
    int tried =
        new ConfigurationMutations(
                json,
                (what, mutated) -> {
                  Review review = Plans.review(mutated, Plans.FILE, expected);
                  if (PlanJson.findings(review).stream()
                      .noneMatch(found -> found.startsWith("plan-of-another-file"))) {
                    missed.add(what);
                  }
                })
            .all();
    assertThat(missed).isEmpty();
    assertThat(tried).isGreaterThan(700);
  }

  @Test
  void what_a_first_deploy_may_be_made_of_no_other_plan_may() throws Exception {
    List<Expected> expected = plans.expected(Plans.FILE);
    List<Expected> reversed = List.of(expected.get(1), expected.get(0));
    String json = plans.quick(Plans.FILE, resources -> {});
    assertThat(PlanJson.findings(Plans.review(json, Plans.FILE, expected))).isEmpty();
    assertThat(PlanJson.findings(Plans.review(json, Plans.FILE, reversed)))
        .isNotEmpty()
        .allMatch(found -> found.startsWith("plan-of-another-file terraform_data."));
    assertThat(
            PlanJson.findings(
                Plans.review(plans.first(Plans.FILE, resources -> {}), Plans.FILE, reversed)))
        .containsExactly("unknown-machines shared");
  }

  @Test
  void every_rule_is_shown_here() {
    Set<String> shown = new TreeSet<>(SHOWN_BELOW);
    shown.addAll(OF_NODES);
    shown.addAll(OF_PARTS);
    cases().flatMap(plan -> plan.found().stream()).forEach(found -> shown.add(found.split(" ")[0]));
    assertThat(shown).containsExactlyInAnyOrderElementsOf(ReviewRules.ids());
  }

  @Test
  void a_first_deploy_is_safe_and_one_with_holes_is_not() throws Exception {
    Review safe = Plans.review(plans.first(Plans.FILE, resources -> {}), Plans.FILE);
    assertThat(PlanJson.findings(safe))
        .as("the machines are there, and this state is empty")
        .containsExactly("unknown-machines shared");
    assertThat(safe.costs().newNodes()).isEqualTo(6);
    assertThat(safe.costs().fullResyncs()).isZero();

    String oneZone = Plans.FILE.replace("network:\n", "network:\n  zones: [eu-central-1a]\n");
    Review holes =
        Plans.review(
            plans.first(
                oneZone,
                resources -> {
                  Plans.at(resources, "aws_ebs_volume", "redis-1-data").remove("encrypted");
                  Plans.at(resources, "aws_instance", "redis-1").remove("metadata_options");
                  Plans.at(
                          resources,
                          "aws_vpc_security_group_ingress_rule",
                          "redis-from-10-60-0-0-16")
                      .put("cidr_ipv4", "0.0.0.0/0");
                }),
            oneZone);
    assertThat(PlanJson.findings(holes))
        .containsExactlyInAnyOrder(
            "unknown-machines shared",
            "encryption-off aws_ebs_volume.redis-1-data",
            "imds-v1 aws_instance.redis-1",
            "settings-unreadable aws_instance.redis-1",
            "world-open aws_vpc_security_group_ingress_rule.redis-from-10-60-0-0-16",
            "master-and-replica-same-zone shared");
  }

  @Test
  void passwords_are_never_made_anew_for_nodes_that_are_there() throws Exception {
    String json =
        plans.forgetting(
            Plans.FILE,
            "aws_secretsmanager_secret_version.passwords-value",
            "aws_secretsmanager_secret.passwords");
    assertThat(PlanJson.findings(Plans.review(json, Plans.FILE)))
        .contains("passwords-lost aws_secretsmanager_secret_version.passwords-value");
  }

  @Test
  void whatever_else_is_done_to_a_resource_is_never_called_safe() throws Exception {
    PlanMutations mutations = new PlanMutations(plans.quick(Plans.FILE, resources -> {}));
    List<String> missed = new ArrayList<>();
    mutations.forEach(
        (what, json) -> {
          if (Plans.review(json, Plans.FILE).isSafe()) {
            missed.add(what);
          }
        });
    assertThat(missed).isEmpty();
    assertThat(mutations.tried()).hasSizeGreaterThan(1_500);
    assertThat(mutations.tried().stream().map(what -> what.split(" ")[0]).distinct())
        .as("kinds of resources")
        .hasSize(32);
  }

  @Test
  void the_end_of_the_cluster_is_called_that() throws Exception {
    String unprotected = Plans.FILE.replace("region:", "protect: false, region:");
    Review review = Plans.review(plans.quick(unprotected, r -> {}, "-destroy"), unprotected);
    assertThat(review.findings().get(0).rule().id()).isEqualTo("cluster-destroyed");
    assertThat(review.changes())
        .hasSizeGreaterThan(60)
        .noneMatch(
            change ->
                change.effect().compareTo(Effect.PART_LOST) < 0
                    && !change.address().startsWith("aws_vpc_security_group_ingress_rule"));
  }

  @Test
  void a_file_that_was_changed_after_its_plan_is_noticed() throws Exception {
    String more = Plans.FILE + "replicas: {count: 3}\n";
    assertThat(PlanJson.findings(Plans.review(plans.quick(Plans.FILE, r -> {}), more)))
        .containsExactly("plan-of-another-file redis-4");
    assertThat(PlanJson.findings(Plans.review(plans.quick(more, r -> {}), Plans.FILE)))
        .containsExactly("plan-of-another-file redis-4");
  }

  @Test
  void a_plan_that_terraform_could_not_finish_is_refused() throws Exception {
    String json = plans.quick(Plans.FILE, resources -> {}, "-destroy"); // prevent_destroy
    assertThatThrownBy(() -> PlanJson.review(json, Environments.cluster(Plans.NAME, Plans.FILE)))
        .isInstanceOf(UnreadablePlan.class)
        .hasMessageContaining("ended with an error");
  }

  @Test
  void what_was_changed_by_hand_is_seen() throws Exception {
    assertThat(PlanJson.findings(Plans.review(plans.of(Plans.FILE, r -> {}), Plans.FILE)))
        .as("what AWS itself fills in is no change")
        .isEmpty();
    plans.byHand(
        """
        group = ec2.describe_security_groups(
            Filters=[{'Name': 'group-name', 'Values': ['cache-redis']}])['SecurityGroups'][0]
        rule = dict(GroupId=group['GroupId'], IpProtocol='tcp', FromPort=6379, ToPort=6379,
                    CidrIp='0.0.0.0/0')
        ec2.authorize_security_group_ingress(**rule)
        volume = ec2.describe_volumes(
            Filters=[{'Name': 'tag:Name', 'Values': ['cache-redis-1-data']}])['Volumes'][0]
        ec2.create_tags(Resources=[volume['VolumeId']], Tags=[{'Key': 'Team', 'Value': 'x'}])
        """);
    try {
      assertThat(PlanJson.findings(Plans.review(plans.of(Plans.FILE, r -> {}), Plans.FILE)))
          .containsExactlyInAnyOrder(
              "opened-by-hand aws_security_group.redis", "drift aws_ebs_volume.redis-1-data");
    } finally {
      plans.byHand(
          """
          group = ec2.describe_security_groups(
              Filters=[{'Name': 'group-name', 'Values': ['cache-redis']}])['SecurityGroups'][0]
          ec2.revoke_security_group_ingress(GroupId=group['GroupId'], IpProtocol='tcp',
              FromPort=6379, ToPort=6379, CidrIp='0.0.0.0/0')
          volume = ec2.describe_volumes(
              Filters=[{'Name': 'tag:Name', 'Values': ['cache-redis-1-data']}])['Volumes'][0]
          ec2.delete_tags(Resources=[volume['VolumeId']], Tags=[{'Key': 'Team'}])
          """);
    }
  }

  private static final String FOUND =
      """
      sentinel = ec2.describe_security_groups(
          Filters=[{'Name': 'group-name', 'Values': ['cache-sentinel']}])['SecurityGroups'][0]
      ssh = dict(GroupId=sentinel['GroupId'], IpPermissions=[dict(IpProtocol='tcp', FromPort=22,
          ToPort=22, UserIdGroupPairs=[dict(GroupId=sentinel['GroupId'])])])
      role = [r['RoleName'] for r in iam.list_roles()['Roles'] if 'node' in r['RoleName']][0]
      policy = '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}'
      node = ec2.describe_instances(Filters=[{'Name': 'tag:Name', 'Values': ['cache-redis-1']}])
      node = node['Reservations'][0]['Instances'][0]
      table = [t for t in ec2.describe_route_tables()['RouteTables']
          if any(r.get('NatGatewayId') for r in t['Routes'])][0]
      nat = [r['NatGatewayId'] for r in table['Routes'] if r.get('NatGatewayId')][0]
      route = dict(RouteTableId=table['RouteTableId'], DestinationCidrBlock='192.0.2.0/24')
      """;

  @Test
  void what_was_added_by_hand_is_seen_where_resources_only_mirror_it() throws Exception {
    plans.byHand(
        FOUND
            + """
            ec2.authorize_security_group_ingress(**ssh)
            iam.put_role_policy(RoleName=role, PolicyName='hand', PolicyDocument=policy)
            volume = ec2.create_volume(Size=1, AvailabilityZone=node['Placement']['AvailabilityZone'])
            ec2.attach_volume(VolumeId=volume['VolumeId'], InstanceId=node['InstanceId'],
                Device='/dev/sdz')
            ec2.create_route(NatGatewayId=nat, **route)
            """);
    try {
      assertThat(PlanJson.findings(Plans.review(plans.of(Plans.FILE, r -> {}), Plans.FILE)))
          .containsExactlyInAnyOrder(
              "opened-by-hand aws_security_group.sentinel",
              "iam-widened aws_iam_role.node-role",
              "drift aws_instance.redis-1",
              "drift aws_route_table.private-routes");
    } finally {
      plans.byHand(
          FOUND
              + """
              ec2.revoke_security_group_ingress(**ssh)
              iam.delete_role_policy(RoleName=role, PolicyName='hand')
              for each in node['BlockDeviceMappings']:
                  if each['DeviceName'] == '/dev/sdz':
                      ec2.detach_volume(VolumeId=each['Ebs']['VolumeId'],
                          InstanceId=node['InstanceId'])
              ec2.delete_route(**route)
              """);
    }
  }

  @Test
  void another_account_is_no_first_deploy() throws Exception {
    Review review = Plans.review(plans.elsewhere(Plans.FILE), Plans.FILE);
    assertThat(review.verdict()).isEqualTo(Verdict.BLOCKED);
    assertThat(PlanJson.findings(review))
        .contains(
            "nodes-gone shared",
            "nodes-gone aws_ebs_volume.redis-1-data",
            "nodes-gone aws_s3_bucket.backups");
  }

  @Test
  void a_plan_that_only_refreshes_is_no_deploy() throws Exception {
    Review review = Plans.review(plans.of(Plans.FILE, r -> {}, "-refresh-only"), Plans.FILE);
    assertThat(PlanJson.findings(review)).contains("partial-plan shared");
    assertThat(Summary.of(review)).noneMatch(sentence -> sentence.contains("change nothing"));
  }
}
