package stacks.platform;

import com.hashicorp.cdktf.LocalExecProvisioner;
import java.util.List;
import java.util.Map;
import stacks.cluster.Cluster;
import stacks.cluster.Node;

/**
 * The commands by which a deploy waits on its way. They run in the project's folder; Terraform runs
 * in {@code cdktf.out/stacks/ENV}.
 */
public final class Gates {
  /**
   * Name of the {@code terraform_data} that is made once, after the last gate of a first deploy:
   * what the state remembers of the cluster having been whole.
   */
  public static final String FORMED = "formed";

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

  /** Arguments of {@link #FORMED}. */
  public static Map<String, Object> formed() {
    return Map.of("depends_on", List.of("terraform_data.whole"));
  }

  private static LocalExecProvisioner wait(Cluster cluster, String options) {
    return LocalExecProvisioner.builder()
        .type("local-exec")
        .command("./rediform wait " + cluster.name() + " " + options)
        .workingDir(PROJECT)
        .build();
  }
}
