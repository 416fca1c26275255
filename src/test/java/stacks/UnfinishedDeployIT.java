package stacks;

import static org.assertj.core.api.Assertions.assertThat;
import static stacks.LivingCluster.ALL;
import static stacks.LivingCluster.FILE;
import static stacks.LivingCluster.UNREACHABLE;
import static stacks.LivingCluster.changes;
import static stacks.LivingCluster.deploy;
import static stacks.LivingCluster.lab;
import static stacks.LivingCluster.told;
import static stacks.LivingCluster.touched;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import stacks.testing.Account.Fault;
import stacks.testing.DeployLab;
import stacks.testing.Fork;

/** Deploys that AWS refuses, that are killed, or that nobody saw end: the next one goes on. */
class UnfinishedDeployIT {
  @Test
  @Execution(ExecutionMode.CONCURRENT)
  void a_machine_whose_change_is_refused_after_its_stop_is_started_again() throws Exception {
    try (Fork fork = lab().fork()) {
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
    try (Fork fork = lab().fork()) {
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

  /** A node looks when a gate asks, and so it knows of nothing; DeliveryDeploySuite sees that. */
  @Test
  @Execution(ExecutionMode.CONCURRENT)
  void a_deploy_killed_between_a_tag_and_the_next_gate_has_made_no_node_look() throws Exception {
    try (Fork fork = lab().fork()) {
      fork.edit("redis: {port: 6379}", "redis: {port: 6379, config: {databases: 32, hz: 20}}");
      Path asked = Files.createFile(fork.folder().resolve("asked.jsonl"));
      fork.log("killed");
      assertThat(
              fork.deployKilledOnce(
                  Map.of("STAND_IN_LOG", asked.toString()), () -> !told(fork).isEmpty()))
          .as("it told a node")
          .isTrue();
      assertThat(told(fork)).containsExactly("redis-3");
      assertThat(asked).content().contains("redis-3").doesNotContain("--wait");
      fork.log("on");
      assertThat(deploy(fork).succeeded().out()).contains("exp is whole");
      assertThat(told(fork)).containsExactly("redis-2", "redis-1");
      assertThat(touched(fork)).isEmpty();
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
        assertThat(other.left()).hasSize(1).allMatch(each -> each.matches("bucket .*-backups"));
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
          .contains("the file has no network.shell", "nothing was changed");
      assertThat(changes(fork)).isEmpty();
    }
  }
}
