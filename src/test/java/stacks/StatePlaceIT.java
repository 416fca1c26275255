package stacks;

import static org.assertj.core.api.Assertions.assertThat;
import static stacks.LivingCluster.TOUCHING;
import static stacks.LivingCluster.deploy;
import static stacks.LivingCluster.lab;

import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import stacks.testing.Fork;

/** Where the state is, and whose it is at the moment. */
class StatePlaceIT {
  @Test
  @Execution(ExecutionMode.CONCURRENT)
  void the_state_moves_to_a_bucket_and_back_and_no_old_copy_is_of_use() throws Exception {
    try (Fork fork = lab().fork()) {
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
    try (Fork fork = lab().fork()) {
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
}
