package stacks;

import com.hashicorp.cdktf.TerraformOutput;
import com.hashicorp.cdktf.TerraformStack;
import java.util.LinkedHashMap;
import java.util.Map;
import software.constructs.Construct;
import stacks.cluster.Cluster;
import stacks.cluster.Node;
import stacks.platform.ClusterPlatform;

/** One environment as a Terraform stack: the platform's resources and the outputs. */
public final class RedisStack extends TerraformStack {
  /**
   * Adds it.
   *
   * @param first whether it is for a first deploy; see {@link ClusterPlatform#build}
   */
  public RedisStack(Construct scope, Cluster cluster, ClusterPlatform platform, boolean first) {
    super(scope, cluster.name());
    platform.build(this, cluster, first);
    output("master_name", cluster.environment().sentinels().masterName());
    output("sentinels", cluster.sentinels().stream().map(Node::endpoint).toList());
    Map<String, Object> nodes = new LinkedHashMap<>();
    for (Node node : cluster.nodes()) {
      nodes.put(
          node.name(), Map.of("address", node.address(), "port", node.port(), "kind", node.kind()));
    }
    output("nodes", nodes);
  }

  private void output(String name, Object value) {
    TerraformOutput.Builder.create(this, name).value(value).build();
  }
}
