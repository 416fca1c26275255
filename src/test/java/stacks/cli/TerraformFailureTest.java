package stacks.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import stacks.cluster.Cluster;
import stacks.testing.Environments;

/** A failure says what happened, what is done, what is not, and what to do, in this order. */
class TerraformFailureTest {
  private static final Path LOG = Path.of("cdktf.out/stacks/exp/terraform.log");
  private static final List<String> PLANNED =
      List.of("aws_vpc.network", "aws_instance.redis-1", "aws_instance.redis-2");

  private final Cluster cluster = Environments.cluster("exp", "platform: aws\n");

  private String message(Set<String> done, String summary, String detail) {
    return TerraformFailure.ofApply(
            cluster,
            new Terraform.Applied(
                1,
                done,
                List.of(new Terraform.Diagnostic(summary, detail, "aws_instance.redis-2"))),
            PLANNED,
            "./rediform deploy exp",
            LOG)
        .getMessage();
  }

  @Test
  void an_error_that_is_not_known_is_there_as_a_whole() {
    assertThat(message(Set.of("aws_vpc.network"), "it broke", "in one line\nand in another"))
        .isEqualTo(
            """
            terraform apply failed. What is done stays (1 of the plan's steps). Not done: redis-1, redis-2
            aws_instance.redis-2 it broke
            in one line
            and in another
            Machines that exist cost money meanwhile
            All that Terraform printed: cdktf.out/stacks/exp/terraform.log
            Mend the cause, then: ./rediform deploy exp""");
  }

  @Test
  void a_machine_that_is_not_to_be_had_has_its_own_remedy() {
    assertThat(message(Set.of(), "creating", "api error VcpuLimitExceeded: no"))
        .startsWith("aws_instance.redis-2: the account's quota of vCPUs is used up")
        .contains("Nothing was changed. Not done: redis-1, redis-2, and 1 shared")
        .endsWith("or make room. Then: ./rediform deploy exp");
  }

  @Test
  void a_gate_that_stays_shut_is_told_from_a_node_that_does_not_take_its_settings() {
    String error = "local-exec provisioner error";
    String gate = "Error running command './rediform wait exp --node redis-2': exit status 1";
    assertThat(message(Set.of(), error, gate)).contains("the gate of aws_instance.redis-2");
    assertThat(message(Set.of(), error, "Error running command 'python3 x': exit status 1"))
        .contains("does not run as the file says; the lines above say why");
  }
}
