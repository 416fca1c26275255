package stacks.platform;

import com.hashicorp.cdktf.LocalExecProvisioner;
import stacks.cluster.Cluster;
import stacks.cluster.Node;

/**
 * The commands by which a deploy waits on its way. They run in the project's folder; Terraform runs
 * in {@code cdktf.out/stacks/ENV}.
 */
public final class Gates {
  private static final String PROJECT = "${path.module}/../../..";

  private Gates() {}

  /** Waits until a node may be changed, or ends the deploy before it is. */
  public static LocalExecProvisioner before(Cluster cluster, Node node, String options) {
    return wait(cluster, ("--node " + node.name() + " " + options).strip());
  }

  /** Waits until the whole cluster is as the file says. */
  public static LocalExecProvisioner whole(Cluster cluster, String options) {
    return wait(cluster, options);
  }

  private static LocalExecProvisioner wait(Cluster cluster, String options) {
    return LocalExecProvisioner.builder()
        .type("local-exec")
        .command("./rediform wait " + cluster.name() + " " + options)
        .workingDir(PROJECT)
        .build();
  }
}
