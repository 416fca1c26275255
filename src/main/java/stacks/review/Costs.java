package stacks.review;

import static java.util.stream.Collectors.toMap;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import stacks.cluster.RedisNode;
import stacks.review.Machines.Direction;
import stacks.values.Memory;

/**
 * What a plan costs, all nodes together.
 *
 * @param restarts nodes whose servers stop and start, one after the other
 * @param fewestMasterChanges how often another node becomes master, at least
 * @param mostMasterChanges the same, at most: a plan does not know who is master
 * @param fullResyncs copies of all data that go from one node to another
 * @param mostData what these move at most: the data is no larger than {@code maxmemory}
 * @param newNodes nodes that are made
 * @param removedNodes nodes that go
 * @param replacedNodes nodes that are made anew
 * @param bigger machines that become larger
 * @param smaller machines that become smaller
 * @param otherwise machines of which nobody can say that
 */
public record Costs(
    int restarts,
    int fewestMasterChanges,
    int mostMasterChanges,
    int fullResyncs,
    Memory mostData,
    int newNodes,
    int removedNodes,
    int replacedNodes,
    int bigger,
    int smaller,
    int otherwise) {

  /**
   * Longest time without writes for a change of master in order, in seconds, when a deploy rolls:
   * {@link #SOURCE}.
   */
  public static final double WRITE_GAP = 1.2;

  /** Where {@link #WRITE_GAP} was measured. */
  public static final String SOURCE = "docs/evidence/rolling.md";

  static Costs of(Plan plan) {
    Map<String, Memory> inFile =
        plan.cluster().redis().stream().collect(toMap(RedisNode::name, RedisNode::maxmemory));
    List<NodePlan> data = plan.redis().filter(NodePlan::existed).toList();
    int handOver = count(data, node -> node.restarts() || node.isReplaced() || node.isRemoved());
    boolean all = handOver > 0 && handOver == data.size();
    List<NodePlan> resync =
        plan.redis()
            .filter(node -> node.restarts() || node.isReplaced() || node.isNew() && !data.isEmpty())
            .toList();
    List<NodePlan> nodes = plan.nodes().toList();
    return new Costs(
        count(nodes, NodePlan::restarts),
        all ? 1 : 0,
        handOver,
        resync.size(),
        new Memory(resync.stream().mapToLong(node -> maxmemory(node, inFile)).sum()),
        count(nodes, NodePlan::isNew),
        count(nodes, NodePlan::isRemoved),
        count(nodes, NodePlan::isReplaced),
        count(nodes, node -> Machines.direction(node) == Direction.BIGGER),
        count(nodes, node -> Machines.direction(node) == Direction.SMALLER),
        count(nodes, node -> Machines.direction(node) == Direction.OTHER));
  }

  private static int count(List<NodePlan> nodes, Predicate<NodePlan> which) {
    return (int) nodes.stream().filter(which).count();
  }

  private static long maxmemory(NodePlan node, Map<String, Memory> inFile) {
    return node.maxmemoryAfter()
        .or(() -> Optional.ofNullable(inFile.get(node.name())))
        .map(Memory::bytes)
        .orElse(0L);
  }
}
