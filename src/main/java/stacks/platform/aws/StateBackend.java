package stacks.platform.aws;

import com.hashicorp.cdktf.LocalBackend;
import com.hashicorp.cdktf.S3Backend;
import com.hashicorp.cdktf.TerraformStack;
import stacks.cluster.Cluster;
import stacks.environment.Environment.Aws;
import stacks.environment.Environment.State;

/** Where Terraform keeps its state: a file beside the project, or a bucket. */
final class StateBackend {
  private StateBackend() {}

  static void addTo(TerraformStack stack, Cluster cluster) {
    State state = cluster.environment().aws().state();
    switch (state.backend()) {
      case LOCAL -> local(stack, cluster);
      case S3 -> s3(stack, cluster, state);
    }
  }

  /** Terraform runs in {@code cdktf.out/stacks/ENV}; the state outlives that folder. */
  private static void local(TerraformStack stack, Cluster cluster) {
    LocalBackend.Builder.create(stack)
        .path("../../../.rediform/" + cluster.name() + "/terraform.tfstate")
        .build();
  }

  private static void s3(TerraformStack stack, Cluster cluster, State state) {
    Aws aws = cluster.environment().aws();
    S3Backend.Builder.create(stack)
        .bucket(state.bucket().orElseThrow())
        .key(state.key().orElse("rediform/" + cluster.name() + ".tfstate"))
        .region(state.region().or(aws::region).orElseThrow())
        .encrypt(true)
        .build();
    // A lock beside the object, new in Terraform 1.10, so that no DynamoDB table is needed.
    stack.addOverride("terraform.backend.s3.use_lockfile", true);
  }
}
