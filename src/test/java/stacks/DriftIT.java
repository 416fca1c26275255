package stacks;

import static org.assertj.core.api.Assertions.assertThat;
import static stacks.LivingCluster.byHand;
import static stacks.LivingCluster.changes;
import static stacks.LivingCluster.deploy;
import static stacks.LivingCluster.lab;
import static stacks.LivingCluster.touched;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import stacks.testing.Fork;
import stacks.testing.Run;

/** What was changed, stopped or deleted by hand is put back behind gates, or not at all. */
class DriftIT {
  @Test
  @Execution(ExecutionMode.CONCURRENT)
  void what_was_changed_by_hand_is_put_back_behind_gates_one_at_a_time() throws Exception {
    try (Fork fork = lab().fork()) {
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
    try (Fork fork = lab().fork()) {
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
    try (Fork fork = lab().fork()) {
      fork.byHand(
          """
          found = ec2.describe_instances(Filters=[{"Name": "tag:Name", "Values": ["exp-redis-2"]}])
          machine = found["Reservations"][0]["Instances"][0]["InstanceId"]
          ec2.create_tags(Resources=[machine], Tags=[{"Key": "rediform.document", "Value": "0" * 64}])
          """);
      assertThat(deploy(fork).succeeded().err())
          .containsSubsequence("redis-2 may be changed", "redis-2: machine changed");
    }
  }

  @Test
  @Execution(ExecutionMode.CONCURRENT)
  void passwords_that_are_gone_are_not_made_anew() throws Exception {
    try (Fork fork = lab().fork()) {
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
    try (Fork fork = lab().fork()) {
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
      assertThat(
              fork.rediform("destroy", "exp", "--auto-approve", "--no-last-backup")
                  .succeeded()
                  .out())
          .contains("exp is gone");
      assertThat(fork.left())
          .allMatch(thing -> thing.matches("secret rediform/exp/nodes.*|bucket .*-backups"));
    }
  }
}
