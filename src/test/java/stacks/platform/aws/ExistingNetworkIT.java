package stacks.platform.aws;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import stacks.Synth;
import stacks.cluster.Cluster;
import stacks.testing.Environments;
import stacks.testing.Terraform;

/** An existing VPC, state in S3 and operators, as the real Terraform and AWS provider read them. */
class ExistingNetworkIT {
  @TempDir private Path out;

  @Test
  void existing_network_state_in_s3_and_operators_are_valid_terraform() throws Exception {
    assumeTrue(
        Terraform.isPossible(), "Terraform is missing; to get it: ./verify downloads it, once");
    Cluster cluster = Environments.cluster("existing", AwsSynthTest.EXISTING);
    Synth.write(out, List.of(cluster));
    Terraform terraform = new Terraform(Synth.stack(out, cluster.name()), Map.of());
    terraform.initWithoutBackend();
    terraform.validate();
  }
}
