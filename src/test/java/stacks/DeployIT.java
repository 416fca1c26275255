package stacks;

import static org.assertj.core.api.Assertions.assertThat;
import static stacks.LivingCluster.TOUCHING;
import static stacks.LivingCluster.UNREACHABLE;
import static stacks.LivingCluster.changes;
import static stacks.LivingCluster.deploy;
import static stacks.LivingCluster.lab;
import static stacks.LivingCluster.told;
import static stacks.LivingCluster.touched;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import stacks.testing.Fork;
import stacks.testing.Run;

/**
 * What a deploy refuses of a living cluster, and what it does in order; told by the calls that it
 * makes of the account.
 */
class DeployIT {
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
    try (Fork fork = lab().fork()) {
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
    try (Fork fork = lab().fork()) {
      fork.edit("region: eu-central-1", "region: eu-central-1\n  account: \"210987654321\"");
      fork.log("account");
      assertThat(deploy(fork).ended(1).err()).contains("210987654321", "Nothing was changed");
      assertThat(changes(fork)).isEmpty();
    }
  }

  @Test
  @Execution(ExecutionMode.CONCURRENT)
  void machines_that_the_state_does_not_know_are_left_alone() throws Exception {
    try (Fork fork = lab().fork();
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
  void a_living_cluster_is_not_changed_from_where_nobody_sees_it() throws Exception {
    try (Fork fork = lab().fork()) {
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
    try (Fork fork = lab().fork()) {
      fork.edit("replicas: {count: 2}", "replicas: {count: 3}");
      fork.edit("sentinels: {disk: 10GB", "sentinels: {count: 5, disk: 10GB");
      deploy(fork).succeeded();
      fork.edit("replicas: {count: 3}", "replicas: {count: 2}");
      fork.edit("sentinels: {count: 5, disk: 10GB", "sentinels: {disk: 10GB");
      fork.log("fewer");
      assertThat(deploy(fork).succeeded().err())
          .containsSubsequence("sentinel-5 leaves", "sentinel-4 leaves", "redis-4 leaves");
      assertThat(touched(fork))
          .containsExactly(
              "TerminateInstances sentinel-5", "TerminateInstances sentinel-4",
              "StopInstances redis-4", "TerminateInstances redis-4");
      assertThat(told(fork)).containsExactly("sentinel-3", "sentinel-2", "sentinel-1");
      assertThat(fork.actions())
          .as("the Sentinels that stay learn of the quorum before any leaves")
          .containsSubsequence("CreateTags", "CreateTags", "CreateTags", "TerminateInstances");
      assertThat(deploy(fork).succeeded().out()).contains("No changes");
    }
  }

  @Test
  @Execution(ExecutionMode.CONCURRENT)
  void a_whole_cluster_goes_only_when_its_file_says_so_and_its_name_is_free_at_once()
      throws Exception {
    try (Fork fork = lab().fork()) {
      fork.log("destroy");
      assertThat(fork.rediform("destroy", "exp", "--auto-approve").ended(1).err())
          .contains("exp is protected", "nothing was destroyed");
      assertThat(changes(fork)).isEmpty();
      fork.edit("protect: true", "protect: false");
      fork.byHand("sm.create_secret(Name='of-someone-else', SecretString='1')");
      assertThat(fork.rediform("destroy", "exp", "--auto-approve").ended(1).err())
          .as("a node that takes no backup")
          .contains("no last backup of exp can be taken", "Nothing was destroyed");
      assertThat(changes(fork)).as("but what was done by hand").containsExactly("CreateSecret");
      String bucket = bucket(fork);
      fork.byHand("s3.put_object(Bucket='%s', Key='rediform/exp/a', Body=b'1')".formatted(bucket));
      assertThat(
              fork.rediform("destroy", "exp", "--auto-approve", "--no-last-backup")
                  .succeeded()
                  .out())
          .contains(
              "data of:  redis-1 (20 GiB), redis-2 (20 GiB), redis-3 (20 GiB)",
              "aws s3 ls s3://" + bucket + "/rediform/exp/",
              "backup: {bucket: " + bucket + "}");
      assertThat(fork.left()).containsExactly("bucket " + bucket, "secret of-someone-else");
      assertThat(kept(fork, bucket)).isEqualTo("1 Enabled True\n");
      assertThat(fork.rediform("plan", "exp").succeeded().out())
          .as("a new cluster of this name goes on with it")
          .contains("is there already, and is taken over");
      fork.edit("\naws:\n", "\nbackup: {bucket: " + bucket + "}\naws:\n");
      assertThat(fork.rediform("plan", "exp").succeeded().out())
          .as("or leaves it alone")
          .doesNotContain("aws_s3_bucket.backups", "is taken over");
    }
  }

  @Test
  @Execution(ExecutionMode.CONCURRENT)
  void the_bucket_for_backups_outlives_what_the_file_says() throws Exception {
    try (Fork fork = lab().fork()) {
      String bucket = bucket(fork);
      fork.byHand("s3.put_object(Bucket='%s', Key='rediform/exp/a', Body=b'1')".formatted(bucket));
      fork.edit("\naws:\n", "\nbackup: {enabled: false}\naws:\n");
      assertThat(deploy(fork).ended(1).out()).contains("approval backup-off");
      assertThat(fork.rediform("deploy", "exp", "--auto-approve", "--approved").succeeded().out())
          .contains("the bucket for backups stays with all that it holds");
      assertThat(kept(fork, bucket)).isEqualTo("1 Enabled True\n");
      fork.edit("backup: {enabled: false}", "backup: {lock: 30d}");
      assertThat(deploy(fork).succeeded().out()).contains("is there already, and is taken over");
      assertThat(kept(fork, bucket)).isEqualTo("1 Enabled True\n");
      assertThat(
              fork.byHand(
                  "print(s3.get_object_lock_configuration(Bucket='%s')".formatted(bucket)
                      + "['ObjectLockConfiguration']['Rule']['DefaultRetention']['Days'])"))
          .isEqualTo("30\n");
      assertThat(deploy(fork).succeeded().out()).contains("No changes");
      fork.edit("lock: 30d", "lock: 29d");
      assertThat(deploy(fork).ended(1).out())
          .contains("approval backup-unlocked", "locked for 29 days (before: 30 days)");
    }
  }

  /** The bucket for backups that the stack makes. */
  private static String bucket(Fork fork) throws Exception {
    return fork.left().stream()
        .filter(each -> each.endsWith("-backups"))
        .map(each -> each.replace("bucket ", ""))
        .findFirst()
        .orElseThrow();
  }

  /** What is in it, and whether older versions and the wall around it are there. */
  private static String kept(Fork fork, String bucket) throws Exception {
    return fork.byHand(
        """
        bucket = '%s'
        print(s3.get_object(Bucket=bucket, Key='rediform/exp/a')['Body'].read().decode(),
              s3.get_bucket_versioning(Bucket=bucket)['Status'],
              s3.get_public_access_block(Bucket=bucket)['PublicAccessBlockConfiguration']['BlockPublicPolicy'])
        """
            .formatted(bucket));
  }

  @Test
  @Execution(ExecutionMode.CONCURRENT)
  void a_type_that_a_zone_does_not_offer_is_refused_at_the_plan() throws Exception {
    try (Fork fork = lab().fork()) {
      fork.edit("memory: 4GB", "memory: 4GB, instanceType: c9x.large");
      fork.log("type");
      assertThat(deploy(fork).ended(1).err())
          .contains("EC2 offers no c9x.large in eu-central-1", "Nothing was changed");
      assertThat(changes(fork)).isEmpty();
    }
  }

  @Test
  @Execution(ExecutionMode.CONCURRENT)
  void tags_of_all_resources_change_without_false_drift() throws Exception {
    try (Fork fork = lab().fork()) {
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
    try (Fork fork = lab().fork()) {
      assertThat(fork.cdktf("diff", "exp").succeeded().out()).contains("No changes");
      fork.edit("tags: {Team: a}", "tags: {Team: c}");
      fork.log("cdktf");
      fork.cdktf("deploy", "exp", "--auto-approve").succeeded();
      assertThat(fork.actions()).contains("CreateTags").doesNotContainAnyElementsOf(TOUCHING);
    }
  }
}
