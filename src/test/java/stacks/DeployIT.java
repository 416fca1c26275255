package stacks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import stacks.testing.Account.Call;
import stacks.testing.Account.Fault;
import stacks.testing.Account.Instance;
import stacks.testing.DeployLab;
import stacks.testing.Fork;
import stacks.testing.Run;

/**
 * What a deploy does to a living cluster when the file, the account or the way to the nodes is not
 * as it should be; each on a copy of one cluster, and told by the calls that were made.
 *
 * <p>They run side by side, since a deploy mostly waits, and beside no other class, since some of
 * those count milliseconds.
 */
class DeployIT {
  private static final String FILE =
      """
      platform: aws
      master: {cpu: 2, memory: 4GB, disk: 20GB}
      replicas: {count: 2}
      sentinels: {disk: 10GB, masterName: cache}
      network:
        cidr: 10.60.0.0/16
        clients: [10.60.0.0/16]
        shell: SHELL
        firstHost: 10
      redis: {port: 6379}
      aws:
        region: eu-central-1
        protect: true
        tags: {Team: a}
      """;

  /** Calls that take a server away, or bring it back. */
  private static final List<String> TOUCHING =
      List.of("StopInstances", "StartInstances", "RunInstances", "TerminateInstances");

  /** Whether rows that differ from others in a number only are tried, too: ./verify --hosts. */
  private static final boolean ALL = Boolean.getBoolean("deploy.all");

  private static final Map<String, String> UNREACHABLE = Map.of("STAND_IN", "unreachable");

  private static DeployLab lab;

  @BeforeAll
  static void deploy() throws Exception {
    assumeTrue(
        DeployLab.isPossible(), "Terraform, or python3 with moto, boto3 and flask is missing");
    lab = DeployLab.start(FILE);
  }

  @AfterAll
  static void end() {
    if (lab != null) {
      lab.close();
    }
  }

  private static Run deploy(Fork fork) throws Exception {
    return fork.rediform("deploy", "exp", "--auto-approve");
  }

  /** Calls that change something, in their order. */
  private static List<String> changes(Fork fork) throws Exception {
    return fork.calls().stream()
        .map(Call::action)
        .filter(action -> !action.matches("(Describe|Get|List|HEAD|GET|Assume).*"))
        .toList();
  }

  /** Who was touched, in its order: such as {@code StopInstances redis-3}. */
  private static List<String> touched(Fork fork) throws Exception {
    Map<String, String> names =
        fork.instances().stream()
            .collect(Collectors.toMap(Instance::id, each -> each.name().replace("exp-", "")));
    List<String> touched = new ArrayList<>();
    for (Call call : fork.calls()) {
      if (TOUCHING.contains(call.action()) && call.status() == 200) {
        String id = call.about().getOrDefault("InstanceId.1", "");
        touched.add((call.action() + " " + names.getOrDefault(id, "")).strip());
      }
    }
    return touched;
  }

  private static void byHand(Fork fork, String name, String what) throws Exception {
    fork.inside(
        """
        for each in ec2().all_instances():
            if {tag["key"]: tag["value"] for tag in each.get_tags()}.get("Name") == "exp-%s":
                %s
        """
            .formatted(name, what));
  }

  @ParameterizedTest
  @Execution(ExecutionMode.CONCURRENT)
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          firstHost: 10         | firstHost: 20        | network.firstHost of exp is "10"
          cidr: 10.60.0.0/16    | cidr: 10.61.0.0/16   | network.cidr of exp is "10.60.0.0/16"
          firstHost: 10         | zones: [eu-central-1b, eu-central-1c] | network.zones of exp is "a b c"
          region: eu-central-1  | region: eu-west-1    | aws.region of exp is "eu-central-1"
          masterName: cache     | masterName: store    | sentinels.masterName of exp is "cache"
          port: 6379            | port: 6380           | redis.port of exp is "6379"
          """)
  void a_line_of_the_file_never_ends_the_cluster(String line, String other, String said)
      throws Exception {
    try (Fork fork = lab.fork()) {
      fork.edit(line, other);
      fork.edit("protect: true", "protect: false"); // whatever guards, this does not lift it
      fork.log("changed");
      assertThat(deploy(fork).ended(1).err()).contains(said, "Nothing was changed");
      assertThat(fork.rediform("plan", "exp").ended(1).err()).contains(said);
      if (line.startsWith("region")) { // a destroy would find nothing there, and call that done
        assertThat(fork.rediform("destroy", "exp", "--auto-approve").ended(1).err()).contains(said);
        fork.rediform("synth", "exp").succeeded();
        Run byHand = fork.cdktf("deploy", "exp", "--auto-approve");
        assertThat(byHand.exitCode()).isNotZero();
        assertThat(byHand.all()).contains("since the first deploy");
      }
      assertThat(changes(fork)).isEmpty();
    }
  }

  @Test
  @Execution(ExecutionMode.CONCURRENT)
  void another_account_is_refused() throws Exception {
    try (Fork fork = lab.fork()) {
      fork.edit("region: eu-central-1", "region: eu-central-1\n  account: \"210987654321\"");
      fork.log("account");
      assertThat(deploy(fork).ended(1).err()).contains("210987654321", "Nothing was changed");
      assertThat(changes(fork)).isEmpty();
    }
  }

  @Test
  @Execution(ExecutionMode.CONCURRENT)
  void machines_that_the_state_does_not_know_are_left_alone() throws Exception {
    try (Fork fork = lab.fork();
        Fork clone = fork.freshClone()) {
      clone.log("fresh");
      assertThat(deploy(clone).ended(1).all()).contains("block unknown-machines", "6 machines");
      Run byHand = clone.cdktf("deploy", "exp", "--auto-approve");
      assertThat(byHand.exitCode()).isNotZero();
      assertThat(byHand.all()).contains("this state knows none of them");
      assertThat(clone.cdktf("deploy", "exp", "--auto-approve").exitCode())
          .as("and the second time")
          .isNotZero();
      assertThat(clone.rediform("destroy", "exp", "--auto-approve").ended(1).err())
          .contains("Nothing was destroyed");
      assertThat(changes(clone)).isEmpty();
    }
  }

  @Test
  @Execution(ExecutionMode.CONCURRENT)
  void what_was_changed_by_hand_is_put_back_behind_gates_one_at_a_time() throws Exception {
    try (Fork fork = lab.fork()) {
      for (String name : List.of("redis-1", "redis-2", "redis-3")) {
        byHand(fork, name, "each.instance_type = 'c5.large'");
      }
      fork.log("types");
      Run deploy = deploy(fork).succeeded();
      assertThat(deploy.all())
          .contains("plans again, so that the gates run of redis-3, redis-2, redis-1", "warn drift")
          .containsSubsequence(
              "redis-3 may be changed", "redis-2 may be changed", "redis-1 may be changed");
      assertThat(touched(fork))
          .containsExactly(
              "StopInstances redis-3", "StartInstances redis-3",
              "StopInstances redis-2", "StartInstances redis-2",
              "StopInstances redis-1", "StartInstances redis-1");
      assertThat(deploy(fork).succeeded().out()).contains("No changes");
    }
  }

  @Test
  @Execution(ExecutionMode.CONCURRENT)
  void a_stopped_and_a_lost_machine_come_back_behind_gates() throws Exception {
    try (Fork fork = lab.fork()) {
      byHand(fork, "redis-3", "each.stop()");
      byHand(fork, "redis-2", "each.terminate()");
      fork.log("lost");
      assertThat(deploy(fork).succeeded().all())
          .contains("plans again, so that the gates run of redis-3, redis-2");
      assertThat(touched(fork)).containsExactly("StartInstances redis-3", "RunInstances");
      assertThat(deploy(fork).succeeded().out()).contains("No changes");
    }
  }

  @Test
  @Execution(ExecutionMode.CONCURRENT)
  void tags_that_were_changed_by_hand_pass_the_gate_before_they_are_put_back() throws Exception {
    try (Fork fork = lab.fork()) {
      fork.byHand(
          """
          found = ec2.describe_instances(Filters=[{"Name": "tag:Name", "Values": ["exp-redis-2"]}])
          machine = found["Reservations"][0]["Instances"][0]["InstanceId"]
          ec2.create_tags(Resources=[machine], Tags=[{"Key": "redis.maxmemory", "Value": "3500mb"}])
          """);
      assertThat(deploy(fork).succeeded().err())
          .containsSubsequence("redis-2 may be changed", "aws_instance.redis-2: Modif");
    }
  }

  @Test
  @Execution(ExecutionMode.CONCURRENT)
  void passwords_that_are_gone_are_not_made_anew() throws Exception {
    try (Fork fork = lab.fork()) {
      fork.byHand(
          "sm.delete_secret(SecretId='rediform/exp/nodes', ForceDeleteWithoutRecovery=True)");
      fork.log("gone");
      assertThat(deploy(fork).ended(1).out()).contains("block passwords-lost");
      assertThat(fork.rediform("replace", "exp", "redis-3", "--auto-approve").ended(1).err())
          .contains("passwords-lost", "Nothing was changed");
      assertThat(changes(fork)).isEmpty();
    }
  }

  @Test
  @Execution(ExecutionMode.CONCURRENT)
  void passwords_that_are_to_be_deleted_can_be_had_back_or_go_with_the_rest() throws Exception {
    try (Fork fork = lab.fork()) {
      fork.byHand("sm.delete_secret(SecretId='rediform/exp/nodes', RecoveryWindowInDays=7)");
      fork.log("scheduled");
      String restore =
          "aws secretsmanager restore-secret --secret-id rediform/exp/nodes. Then run the same"
              + " command again";
      assertThat(deploy(fork).ended(3).err()).contains(restore);
      assertThat(fork.rediform("plan", "exp").ended(3).err()).contains(restore);
      assertThat(changes(fork)).isEmpty();
      try (Fork restored = fork.fork()) {
        restored.byHand("sm.restore_secret(SecretId='rediform/exp/nodes')");
        assertThat(deploy(restored).succeeded().out()).contains("No changes");
      }
      fork.edit("protect: true", "protect: false");
      assertThat(fork.rediform("destroy", "exp", "--auto-approve").succeeded().out())
          .contains("exp is gone");
      assertThat(fork.left()).allMatch(thing -> thing.startsWith("secret rediform/exp/nodes"));
    }
  }

  @Test
  @Execution(ExecutionMode.CONCURRENT)
  void a_living_cluster_is_not_changed_from_where_nobody_sees_it() throws Exception {
    try (Fork fork = lab.fork()) {
      fork.edit("memory: 4GB", "memory: 8GB");
      fork.log("unseen");
      assertThat(fork.rediform(UNREACHABLE, "deploy", "exp", "--auto-approve").ended(3).err())
          .contains("not one node answers", "nothing was changed", "--without-gates");
      assertThat(changes(fork)).isEmpty();
      assertThat(
              fork.rediform(UNREACHABLE, "deploy", "exp", "--auto-approve", "--without-gates")
                  .err())
          .contains("before redis-3: NOT LOOKED AT, because of --without-gates");
      assertThat(fork.actions()).contains("StopInstances");
    }
  }

  @Test
  @Execution(ExecutionMode.CONCURRENT)
  void what_leaves_leaves_last_and_one_at_a_time() throws Exception {
    try (Fork fork = lab.fork()) {
      fork.edit("replicas: {count: 2}", "replicas: {count: 3}");
      fork.edit("sentinels: {disk: 10GB", "sentinels: {count: 5, disk: 10GB");
      deploy(fork).succeeded();
      fork.edit("replicas: {count: 3}", "replicas: {count: 2}");
      fork.edit("sentinels: {count: 5, disk: 10GB", "sentinels: {disk: 10GB");
      fork.log("fewer");
      assertThat(deploy(fork).succeeded().err())
          .containsSubsequence("sentinel-5 leaves", "sentinel-4 leaves", "redis-4 leaves");
      assertThat(touched(fork))
          .as("the Sentinels that stay learn of the quorum before any leaves")
          .containsExactly(
              "StopInstances sentinel-3", "StartInstances sentinel-3",
              "StopInstances sentinel-2", "StartInstances sentinel-2",
              "StopInstances sentinel-1", "StartInstances sentinel-1",
              "TerminateInstances sentinel-5", "TerminateInstances sentinel-4",
              "StopInstances redis-4", "TerminateInstances redis-4");
      assertThat(deploy(fork).succeeded().out()).contains("No changes");
    }
  }

  @Test
  @Execution(ExecutionMode.CONCURRENT)
  void a_whole_cluster_goes_only_when_its_file_says_so_and_its_name_is_free_at_once()
      throws Exception {
    try (Fork fork = lab.fork()) {
      fork.log("destroy");
      assertThat(fork.rediform("destroy", "exp", "--auto-approve").ended(1).err())
          .contains("exp is protected", "nothing was destroyed");
      assertThat(changes(fork)).isEmpty();
      fork.edit("protect: true", "protect: false");
      fork.byHand("sm.create_secret(Name='of-someone-else', SecretString='1')");
      assertThat(fork.rediform("destroy", "exp", "--auto-approve").succeeded().out())
          .contains("data of:  redis-1 (20 GiB), redis-2 (20 GiB), redis-3 (20 GiB)");
      assertThat(fork.left()).containsExactly("secret of-someone-else");
    }
  }

  @Test
  @Execution(ExecutionMode.CONCURRENT)
  void a_type_that_a_zone_does_not_offer_is_refused_at_the_plan() throws Exception {
    try (Fork fork = lab.fork()) {
      fork.edit("memory: 4GB", "memory: 4GB, instanceType: c9x.large");
      fork.log("type");
      assertThat(deploy(fork).ended(1).err())
          .contains("EC2 offers no c9x.large in eu-central-1", "Nothing was changed");
      assertThat(changes(fork)).isEmpty();
    }
  }

  @Test
  @Execution(ExecutionMode.CONCURRENT)
  void a_machine_whose_change_is_refused_after_its_stop_is_started_again() throws Exception {
    try (Fork fork = lab.fork()) {
      fork.edit("memory: 4GB", "memory: 8GB");
      fork.faults(Fault.always("ModifyInstanceAttribute", "Unsupported"));
      fork.log("refused");
      assertThat(deploy(fork).ended(3).err())
          .contains("redis-3 stands stopped, and is started again as it was", "(Unsupported)");
      assertThat(touched(fork)).containsExactly("StopInstances redis-3", "StartInstances redis-3");
      fork.faults();
      assertThat(fork.rediform("plan", "exp").succeeded().out()).contains("exp: go");
      assertThat(deploy(fork).succeeded().out()).contains("exp is whole");
    }
  }

  static List<Integer> moments() {
    return ALL ? List.of(6, 9, 12, 15, 18, 22, 26, 30, 35, 40) : List.of(17);
  }

  @ParameterizedTest
  @Execution(ExecutionMode.CONCURRENT)
  @MethodSource("moments")
  void a_deploy_that_is_killed_is_gone_on_with_by_hand_and_in_ci(int seconds) throws Exception {
    try (Fork fork = lab.fork()) {
      fork.edit("memory: 4GB", "memory: 8GB");
      fork.deployKilledAfter(seconds * 1000);
      assertThat(fork.rediform("plan", "exp").succeeded().out())
          .as("killed on its way, or between two runs of Terraform and so not at all")
          .containsAnyOf("exp: go", "a deploy would change nothing");
      fork.log("on");
      assertThat(fork.rediform("deploy", "exp", "--planned", "--auto-approve").succeeded().out())
          .contains("exp is whole");
      assertThat(fork.actions()).doesNotContain("TerminateInstances", "RunInstances");
      assertThat(deploy(fork).succeeded().out()).contains("No changes");
    }
  }

  static Stream<Arguments> refusals() {
    List<String> codes =
        List.of("InsufficientInstanceCapacity", "VcpuLimitExceeded", "Unsupported");
    return ALL
        ? codes.stream()
            .flatMap(code -> IntStream.range(0, 6).mapToObj(made -> Arguments.of(code, made)))
        : Stream.of(Arguments.of("VcpuLimitExceeded", 3));
  }

  @ParameterizedTest
  @Execution(ExecutionMode.CONCURRENT)
  @MethodSource("refusals")
  void a_first_deploy_that_stops_half_way_goes_on_or_goes(String code, int made) throws Exception {
    try (DeployLab empty = DeployLab.empty(FILE);
        Fork fork = empty.fork()) {
      fork.faults(Fault.always("RunInstances", code).after(made));
      Map<String, String> way = made % 2 == 1 ? UNREACHABLE : Map.of();
      assertThat(fork.rediform(way, "deploy", "exp", "--auto-approve").ended(3).err())
          .contains("(" + code + ")", "What is done stays", "Then: ./rediform deploy exp");
      fork.faults();
      try (Fork other = fork.fork()) {
        assertThat(other.rediform("destroy", "exp", "--auto-approve").succeeded().err())
            .contains("exp was never whole, so its protection does not count");
        assertThat(other.left()).isEmpty();
      }
      assertThat(deploy(fork).succeeded().out()).contains("exp is whole");
      assertThat(fork.instances()).hasSize(6);
    }
  }

  @Test
  @Execution(ExecutionMode.CONCURRENT)
  void a_deploy_that_nobody_saw_succeed_does_not_say_so() throws Exception {
    try (DeployLab empty = DeployLab.empty(FILE.replace("  shell: SHELL\n", ""));
        Fork fork = empty.fork()) {
      assertThat(deploy(fork).ended(3).out()).contains("Nobody has seen the nodes of exp");
      fork.rediform("deploy", "exp", "--auto-approve", "--no-wait").succeeded();
      fork.edit("memory: 4GB", "memory: 8GB");
      fork.log("unseen");
      assertThat(deploy(fork).ended(3).err())
          .contains("there is no way from here to look", "nothing was changed");
      assertThat(changes(fork)).isEmpty();
    }
  }

  @Test
  @Execution(ExecutionMode.CONCURRENT)
  void the_state_moves_to_a_bucket_and_back_and_no_old_copy_is_of_use() throws Exception {
    try (Fork fork = lab.fork()) {
      fork.bucket("our-states");
      String bucket = "state: {backend: s3, bucket: our-states}\n  tags";
      fork.edit("tags", bucket);
      fork.log("move");
      assertThat(deploy(fork).ended(1).err()).contains("./rediform move-state exp");
      assertThat(fork.rediform("move-state", "exp").succeeded().all())
          .contains("the state of exp is now where its file says");
      assertThat(fork.folder().resolve(".rediform/exp/terraform.tfstate")).doesNotExist();
      try (Fork colleague = fork.freshClone()) {
        assertThat(deploy(colleague).succeeded().out()).contains("No changes");
        Files.delete(colleague.folder().resolve("cdktf.out/stacks/exp/cdk.tf.json"));
      }
      assertThat(deploy(fork).succeeded().out()).contains("No changes");
      fork.edit(bucket, "tags");
      assertThat(deploy(fork).ended(1).err()).contains("./rediform move-state exp");
      assertThat(fork.rediform("move-state", "exp").succeeded().err())
          .contains("the old copy in bucket our-states holds nothing any more");
      assertThat(deploy(fork).succeeded().out()).contains("No changes");
      assertThat(fork.rediform("move-state", "exp").succeeded().out()).contains("nothing to move");
      fork.edit("tags", bucket);
      try (Fork late = fork.freshClone()) {
        assertThat(deploy(late).ended(1).out()).contains("block unknown-machines");
      }
      assertThat(fork.actions()).doesNotContainAnyElementsOf(TOUCHING);
    }
  }

  @Test
  @Execution(ExecutionMode.CONCURRENT)
  void a_lock_that_a_killed_run_has_left_names_its_owner_and_the_way_out() throws Exception {
    try (Fork fork = lab.fork()) {
      fork.bucket("our-states");
      fork.edit("tags", "state: {backend: s3, bucket: our-states}\n  tags");
      fork.rediform("move-state", "exp").succeeded();
      fork.byHand(
          """
          lock = '''{"ID": "11111111-2222-3333-4444-555555555555", "Operation": "OperationTypeApply",
          "Info": "", "Who": "someone@elsewhere", "Version": "1.11.4",
          "Created": "2025-01-01T00:00:00Z", "Path": "our-states/rediform/exp.tfstate"}'''
          s3.put_object(Bucket='our-states', Key='rediform/exp.tfstate.tflock', Body=lock)
          """);
      String unlock =
          "terraform -chdir=cdktf.out/stacks/exp force-unlock 11111111-2222-3333-4444-555555555555";
      assertThat(deploy(fork).ended(3).err())
          .contains("locked by someone@elsewhere since 2025-01-01", unlock);
      List<String> words = new ArrayList<>(List.of(unlock.split(" ")).subList(2, 4));
      words.add(1, "-force");
      fork.terraform(words.toArray(String[]::new)).succeeded();
      assertThat(deploy(fork).succeeded().out()).contains("No changes");
    }
  }

  @Test
  @Execution(ExecutionMode.CONCURRENT)
  void tags_of_all_resources_change_without_false_drift() throws Exception {
    try (Fork fork = lab.fork()) {
      fork.edit("tags: {Team: a}", "tags: {Team: b}");
      fork.log("tags");
      deploy(fork).succeeded();
      assertThat(fork.actions()).doesNotContainAnyElementsOf(TOUCHING);
      assertThat(
              fork.byHand(
                  """
                  for volume in ec2.describe_volumes()["Volumes"]:
                      print({tag["Key"]: tag["Value"] for tag in volume.get("Tags", [])}.get("Team"))
                  """))
          .as("root volumes as well")
          .isEqualTo("b\n".repeat(9));
      assertThat(deploy(fork).succeeded().out()).contains("No changes").doesNotContain("drift");
    }
  }

  /** Plain Terraform on what was synthesized, as {@code cdktf deploy} runs it. */
  @Test
  @Execution(ExecutionMode.CONCURRENT)
  void a_deploy_by_hand_changes_nothing_more_than_ours() throws Exception {
    try (Fork fork = lab.fork()) {
      assertThat(fork.cdktf("diff", "exp").succeeded().out()).contains("No changes");
      fork.edit("tags: {Team: a}", "tags: {Team: c}");
      fork.log("cdktf");
      fork.cdktf("deploy", "exp", "--auto-approve").succeeded();
      assertThat(fork.actions()).contains("CreateTags").doesNotContainAnyElementsOf(TOUCHING);
    }
  }
}
