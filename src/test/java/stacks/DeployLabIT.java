package stacks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import stacks.testing.Account.Call;
import stacks.testing.Account.Fault;
import stacks.testing.Account.Instance;
import stacks.testing.DeployLab;
import stacks.testing.Fork;
import stacks.testing.Run;

/** That the world of the deploy tests is what they take it for. */
class DeployLabIT {
  private static final String FILE =
      """
      platform: aws
      master: {cpu: 2, memory: 4GB, disk: 20GB}
      replicas: {count: 2}
      sentinels: {disk: 10GB}
      network:
        cidr: 10.60.0.0/16
        clients: [10.60.0.0/16]
        shell: SHELL
      aws: {region: eu-central-1}
      """;

  private static final String LOCK = "rediform/exp.tfstate.tflock";

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

  @Test
  void the_cluster_of_a_fork_is_whole() throws Exception {
    try (Fork fork = lab.fork()) {
      Path log = fork.folder().resolve("stand-in.jsonl");
      assertThat(
              fork.rediform(Map.of("STAND_IN_LOG", log.toString()), "status", "exp")
                  .succeeded()
                  .out())
          .contains("whole");
      assertThat(log).content().contains("\"node\": \"redis-3\"").contains("health");
      assertThat(fork.rediform(Map.of("STAND_IN", "unreachable"), "status", "exp").all())
          .contains("Connection timed out");
      assertThat(fork.left())
          .contains("instance exp-redis-1", "instance exp-sentinel-3", "volume exp-redis-3-data");
    }
  }

  @Test
  void a_second_deploy_changes_nothing() throws Exception {
    try (Fork fork = lab.fork()) {
      fork.log("again");
      fork.rediform("deploy", "exp", "--auto-approve").succeeded();
      assertThat(fork.actions())
          .contains("DescribeInstances")
          .doesNotContain("RunInstances", "TerminateInstances");
      fork.terraform("plan", "-detailed-exitcode").succeeded();
      assertThat(fork.cdktf("diff", "exp").succeeded().out()).contains("No changes");
    }
  }

  @Test
  void cdktf_deploys_by_hand_with_the_lock_file_that_is_kept() throws Exception {
    try (Fork fork = lab.fork()) {
      fork.edit("aws:", "redis: {config: {slowlog-max-len: 256}}\naws:");
      Path stack = fork.folder().resolve("cdktf.out/stacks/exp");
      Files.delete(stack.resolve(".terraform.lock.hcl"));
      // `terraform providers lock` asks the registry and ignores mirrors. With this it fails.
      Map<String, String> noLocking = Map.of("TF_CLI_ARGS_providers_lock", "-not-called");
      assertThat(fork.cdktf(noLocking, "diff", "exp").succeeded().out())
          .contains("Reusing previous version of hashicorp/aws", "6 to change");
      fork.cdktf(noLocking, "deploy", "exp", "--auto-approve").succeeded();
      assertThat(fork.cdktf(noLocking, "diff", "exp").succeeded().out()).contains("No changes");
      assertThat(stack.resolve(".terraform.lock.hcl"))
          .hasSameBinaryContentAs(Path.of("src/main/resources/terraform/providers.lock.hcl"));
    }
  }

  @Test
  void a_fault_fails_the_deploy_that_meets_it_and_no_other_account() throws Exception {
    try (Fork fork = lab.fork()) {
      fork.edit("replicas: {count: 2}", "replicas: {count: 3}");
      fork.faults(Fault.always("RunInstances", "UnauthorizedOperation"));
      fork.log("refused");
      Run deploy = fork.rediform("deploy", "exp", "--auto-approve");
      assertThat(deploy.exitCode()).isNotZero();
      assertThat(deploy.all()).contains("UnauthorizedOperation");
      assertThat(fork.calls())
          .filteredOn(call -> call.action().equals("RunInstances"))
          .extracting(Call::note)
          .containsOnly("UnauthorizedOperation");
      fork.byHand("ec2.create_vpc(CidrBlock='10.99.0.0/16')");
      fork.inside("for each in ec2().all_instances(): each.instance_type = 'x2iedn.metal'");
      assertThat(fork.instances()).extracting(Instance::type).containsOnly("x2iedn.metal");
    }
    assertThat(lab.origin().instances())
        .extracting(Instance::type)
        .isNotEmpty()
        .doesNotContain("x2iedn.metal");
    assertThat(lab.origin().left()).filteredOn(thing -> thing.startsWith("network ")).hasSize(1);
  }

  @Test
  void state_in_a_bucket_is_the_same_for_all() throws Exception {
    try (DeployLab empty = DeployLab.empty(FILE);
        Fork fork = empty.fork()) {
      fork.bucket("our-states");
      fork.edit(
          "aws: {region: eu-central-1}",
          "aws: {region: eu-central-1, state: {backend: s3, bucket: our-states}}");
      fork.log("first");
      fork.rediform("deploy", "exp", "--auto-approve").succeeded();
      assertThat(fork.calls())
          .filteredOn(call -> call.service().equals("s3") && call.action().equals("PUT"))
          .extracting(call -> call.about().get("path"))
          .contains("/our-states/rediform/exp.tfstate", "/our-states/" + LOCK);
      assertThat(fork.folder().resolve(".rediform/exp/terraform.tfstate")).doesNotExist();
      try (Fork colleague = fork.freshClone()) {
        colleague.log("second");
        colleague.rediform("deploy", "exp", "--auto-approve").succeeded();
        assertThat(colleague.actions()).doesNotContain("RunInstances", "TerminateInstances");
      }
    }
  }
}
