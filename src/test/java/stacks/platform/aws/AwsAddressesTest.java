package stacks.platform.aws;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import stacks.cluster.Cluster;
import stacks.testing.Environments;

class AwsAddressesTest {
  @Test
  void gateway_has_a_block_of_its_own() {
    String zones =
        "abcdefghijklmno"
            .chars()
            .mapToObj(letter -> "eu-central-1" + (char) letter)
            .collect(Collectors.joining(", "));
    Cluster cluster =
        Environments.cluster(
            "wide",
            "platform: aws\naws: {region: eu-central-1}\nnetwork: {zones: [" + zones + "]}\n");
    assertThat(cluster.subnets())
        .hasSize(AwsAddresses.MOST_ZONES)
        .noneMatch(
            subnet ->
                subnet
                    .cidr()
                    .overlaps(AwsAddresses.gatewayBlock(cluster.environment().network().cidr())));
  }
}
