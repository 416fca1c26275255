package stacks.platform.aws;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import stacks.cluster.Node;
import stacks.cluster.Size;
import stacks.testing.Environments;
import stacks.values.Memory;

class InstanceTypesTest {
  @ParameterizedTest
  @CsvSource({
    "1, 512mb, c7i.large",
    "2, 4GB, c7i.large",
    "2, 4097mb, m7i.large",
    "2, 8193mb, r7i.large",
    "3, 1GB, c7i.xlarge",
    "4, 8GB, c7i.xlarge",
    "4, 32GB, r7i.xlarge",
    "4, 33GB, r7i.2xlarge",
    "192, 1536GB, r7i.48xlarge"
  })
  void data_node_gets_the_smallest_type_that_is_not_burstable(
      int cpu, String memory, String expected) {
    assertThat(InstanceTypes.forRedis(size(cpu, memory)))
        .hasValueSatisfying(type -> assertThat(type.name()).isEqualTo(expected))
        .hasValueSatisfying(type -> assertThat(type.burstable()).isFalse());
  }

  @ParameterizedTest
  @CsvSource({
    "1, 512mb, t3.nano",
    "1, 1GB, t3.micro",
    "2, 4GB, t3.medium",
    "2, 9GB, r7i.large",
    "4, 8GB, c7i.xlarge",
    "4, 16GB, t3.xlarge",
    "16, 8GB, c7i.4xlarge"
  })
  void sentinel_may_get_a_burstable_type(int cpu, String memory, String expected) {
    assertThat(InstanceTypes.forSentinel(size(cpu, memory)))
        .hasValueSatisfying(type -> assertThat(type.name()).isEqualTo(expected));
  }

  @Test
  void nothing_is_large_enough_for_more_than_the_largest() {
    assertThat(InstanceTypes.forRedis(size(193, "1GB"))).isEmpty();
    assertThat(InstanceTypes.forRedis(size(1, "1537GB"))).isEmpty();
  }

  @Test
  void choice_is_explained() {
    assertThat(InstanceTypes.explain(node("production", "redis-1")))
        .isEqualTo("redis-1: c7i.xlarge (4 CPU, 8 GiB) for 4 CPU, 8gb");
    assertThat(InstanceTypes.explain(node("production", "sentinel-3")))
        .isEqualTo("sentinel-3: t3.micro (2 CPU, 1 GiB) for 1 CPU, 1gb");
  }

  @Test
  void pinned_type_is_taken_and_explained() {
    Node known = pinned("m6i.xlarge");
    assertThat(InstanceTypes.of(known)).isEqualTo("m6i.xlarge");
    assertThat(InstanceTypes.explain(known))
        .isEqualTo("redis-1: m6i.xlarge (4 CPU, 16 GiB), pinned, for 4 CPU, 8gb");
    Node unknown = pinned("x99.large");
    assertThat(InstanceTypes.of(unknown)).isEqualTo("x99.large");
    assertThat(InstanceTypes.explain(unknown))
        .isEqualTo("redis-1: x99.large, pinned, for 4 CPU, 8gb");
  }

  private static Node pinned(String type) {
    return Environments.cluster(
            "pinned",
            "platform: aws\nmaster: {instanceType: %s}\naws: {region: eu-west-1}\n".formatted(type))
        .firstMaster();
  }

  private static Node node(String environment, String name) {
    return Environments.cluster(environment).node(name).orElseThrow();
  }

  private static Size size(int cpu, String memory) {
    return new Size(cpu, Memory.parse(memory), Memory.gib(20));
  }
}
