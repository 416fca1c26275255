package stacks.operate;

import java.util.List;
import java.util.Optional;
import stacks.cluster.Node;
import stacks.cluster.SentinelNode;

/** What is known of a node of either kind at one moment. */
public sealed interface NodeState permits RedisState, SentinelState {
  /** Name of the node. */
  String name();

  /** {@code host:port} of its server. */
  String endpoint();

  /** What asking its server came to. */
  Answer<?> answer();

  /** What it says of its machine's documents. */
  Delivery delivery();

  /** What its server says of its work; all is empty where it says nothing. */
  Vitals vitals();

  /**
   * One whose server has said nothing.
   *
   * @param why said after the node's name
   */
  static NodeState missing(
      Node node, boolean reached, boolean down, String why, Delivery delivery) {
    return node instanceof SentinelNode
        ? new SentinelState(
            node.name(), node.endpoint(), new Answer.Missing<>(reached, down, why), delivery)
        : new RedisState(
            node.name(),
            node.endpoint(),
            new Answer.Missing<>(reached, down, why),
            Optional.empty(),
            delivery,
            Optional.empty());
  }

  /** Whether something on the node answered, be it only that its server is down. */
  default boolean reached() {
    return answer().reached();
  }

  /** Whether it is proven that the server does not run. */
  default boolean down() {
    return answer().down();
  }

  /** Why it did not answer, or what is wrong with it; empty when it is fit. */
  default Optional<String> problem() {
    return answer().problem();
  }

  /** What keeps nothing from working, and yet is for a person to know. */
  default List<String> notes() {
    return answer().notes();
  }
}
