package stacks.platform;

import com.hashicorp.cdktf.TerraformStack;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import stacks.cluster.Addresses;
import stacks.cluster.Cluster;
import stacks.cluster.Node;
import stacks.environment.Environment;
import stacks.node.NodeDocument;
import stacks.rules.Rule;

/** What a platform offers: it turns a cluster into Terraform resources. */
public interface ClusterPlatform {
  /** Rules that hold on this platform only; they are checked together with the general ones. */
  List<Rule> rules();

  /**
   * Where it places the nodes of an environment; of any file that was read, see {@link Addresses}.
   */
  Addresses addresses(Environment environment);

  /** The kinds of resources that it makes, and what the plan review knows of each. */
  List<ResourceKind> kinds();

  /** What was chosen for each node and why, a line each; empty where there is nothing to choose. */
  List<String> explain(Cluster cluster);

  /**
   * Adds the cluster's resources to the stack.
   *
   * @param first whether it is for a first deploy: nothing serves yet, so nodes may be made side by
   *     side
   */
  void build(TerraformStack stack, Cluster cluster, boolean first);

  /**
   * Files that the resources refer to or Terraform reads, by their path relative to the stack's
   * {@code cdk.tf.json}.
   */
  Map<String, String> files(Cluster cluster);

  /**
   * The command, for the project's folder, that does a fault to a node's server.
   *
   * @param kill whether it is killed as by a crash, or else restarted in order
   * @return empty where the environment file does not say how to reach a node
   */
  List<String> strike(Cluster cluster, Node node, boolean kill);

  /**
   * The command, for the project's folder, that runs the agent on a node.
   *
   * @param words the agent's verb and its options
   * @return empty where the environment file does not say how to reach a node
   */
  List<String> agent(Cluster cluster, Node node, List<String> words);

  /** Terraform's addresses of what is replaced when a node is made anew. */
  List<String> replaced(Node node);

  /**
   * What each node's machine is told, by the node's name; empty where nodes are not told by
   * document.
   */
  SortedMap<String, NodeDocument> documents(Cluster cluster);

  /** What a node is told, in clear, by name. */
  Map<String, String> render(Cluster cluster, Node node);
}
