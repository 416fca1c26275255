package stacks.cli;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Steps have the names that a person knows them by. */
class StepWordsTest {
  @ParameterizedTest
  @CsvSource({
    "aws_instance, redis-1, create, redis-1: machine created",
    "aws_instance, redis-1, update, redis-1: machine changed",
    "aws_ec2_instance_state, redis-1-running, update, redis-1: machine started",
    "aws_ebs_volume, redis-1-data, create, redis-1: data volume created",
    "aws_volume_attachment, redis-1-data-attachment, create, redis-1: data volume attached",
    "aws_volume_attachment, redis-1-data-attachment, delete, redis-1: data volume detached",
    "aws_network_interface, sentinel-2-address, delete, sentinel-2: network interface destroyed",
    "aws_s3_object, sentinel-2-document, update, sentinel-2: document changed",
    "aws_s3_object, program, update, aws_s3_object.program changed",
    "aws_vpc_security_group_ingress_rule, redis-from-sentinel, create, firewall rule redis-from-sentinel created",
    "aws_nat_gateway, nat, create, aws_nat_gateway.nat created",
    "terraform_data, redis-1-gate, create, redis-1: gate opened",
    "terraform_data, redis-1-settings, create, redis-1 configured",
    "terraform_data, redis-1, delete, redis-1 removed",
  })
  void a_step_is_named_by_its_node_or_its_address(
      String type, String name, String action, String words) {
    StepWords step = StepWords.of("exp", type, name, action);
    assertThat(step.end()).isEqualTo(words);
    assertThat(step.isQuiet()).isFalse();
  }

  @ParameterizedTest
  @CsvSource({
    "terraform_data, identity, create",
    "terraform_data, formed, create",
    "terraform_data, redis-1, create",
    "terraform_data, redis-1-gate, delete",
    "terraform_data, whole, delete",
    "aws_ec2_instance_state, redis-1-running, delete",
    "aws_instances, mine, read",
  })
  void bookkeeping_of_terraform_is_no_news(String type, String name, String action) {
    assertThat(StepWords.of("exp", type, name, action).isQuiet()).isTrue();
  }

  @Test
  void what_fails_is_what_would_have_been_done() {
    assertThat(StepWords.of("exp", "aws_instance", "redis-1", "create").failure())
        .isEqualTo("redis-1: machine not created");
    assertThat(StepWords.of("exp", "terraform_data", "whole", "create").failure())
        .isEqualTo("exp: last gate not opened");
  }
}
