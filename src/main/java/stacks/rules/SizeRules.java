package stacks.rules;

import static stacks.environment.Problem.Severity.ERROR;
import static stacks.environment.Problem.Severity.WARNING;
import static stacks.rules.Rule.when;

import java.util.List;
import java.util.Optional;
import stacks.cluster.Cluster;
import stacks.cluster.RedisNode;
import stacks.values.Memory;

/** What the data nodes must have for their data to be safe. */
final class SizeRules {
  /** Keys that say how much of everything the two kinds of data nodes have. */
  private static final List<String> MEMORY =
      List.of("replicas.maxmemory", "replicas.memory", "master.maxmemory", "master.memory");

  static final List<Rule> ALL =
      List.of(
          new Rule("unequal-memory", WARNING, MEMORY, SizeRules::unequalMemory),
          new Rule(
              "maxmemory-too-large",
              ERROR,
              List.of("master.maxmemory", "master.memory"),
              cluster -> maxmemoryTooLarge("master", cluster.firstMaster())),
          new Rule(
              "maxmemory-too-large",
              ERROR,
              MEMORY,
              cluster ->
                  inherits(cluster)
                      ? Optional.empty()
                      : maxmemoryTooLarge("replicas", cluster.firstReplica())),
          new Rule(
              "disk-too-small",
              WARNING,
              List.of("master.disk", "master.maxmemory", "master.memory", "platform"),
              cluster -> diskTooSmall(cluster, "master", cluster.firstMaster())),
          new Rule(
              "disk-too-small",
              WARNING,
              List.of(
                  "replicas.disk",
                  "master.disk",
                  "platform",
                  "replicas.maxmemory",
                  "replicas.memory",
                  "master.maxmemory",
                  "master.memory"),
              cluster ->
                  inherits(cluster)
                      ? Optional.empty()
                      : diskTooSmall(cluster, "replicas", cluster.firstReplica())),
          new Rule("single-replica", WARNING, List.of("replicas.count"), SizeRules::singleReplica));

  private SizeRules() {}

  private static Optional<String> unequalMemory(Cluster cluster) {
    Memory master = cluster.firstMaster().maxmemory();
    Memory replica = cluster.firstReplica().maxmemory();
    Memory masterRam = cluster.firstMaster().size().memory();
    Memory replicaRam = cluster.firstReplica().size().memory();
    return when(
        replica.compareTo(master) < 0 || replicaRam.compareTo(masterRam) < 0,
        ("replicas have maxmemory %s in %s of RAM, the master %s in %s: above %s of data a replica"
                + " runs out of memory, and a promoted one evicts; give replicas the master's size,"
                + " or accept this rule with the reason")
            .formatted(replica, replicaRam, master, masterRam, replica));
  }

  private static Optional<String> maxmemoryTooLarge(String section, RedisNode node) {
    Memory memory = node.size().memory();
    Memory most = memory.percent(Cluster.MAXMEMORY_PERCENT);
    return when(
        node.maxmemory().compareTo(most) > 0,
        "%s: maxmemory %s leaves too little of %s RAM for fork and buffers; at most %s (%d %%)"
            .formatted(section, node.maxmemory(), memory, most, Cluster.MAXMEMORY_PERCENT));
  }

  private static Optional<String> diskTooSmall(Cluster cluster, String section, RedisNode node) {
    Memory disk = node.size().disk();
    Memory least = node.maxmemory().times(Cluster.DISK_PER_MAXMEMORY);
    return when(
        !cluster.isLocal() && disk.compareTo(least) < 0,
        "%s: %s of disk for maxmemory %s; AOF rewrites and resyncs need at least %s (%d times)"
            .formatted(section, disk, node.maxmemory(), least, Cluster.DISK_PER_MAXMEMORY));
  }

  /** Whether replicas have the master's size and maxmemory, so that its problems are theirs. */
  private static boolean inherits(Cluster cluster) {
    RedisNode master = cluster.firstMaster();
    RedisNode replica = cluster.firstReplica();
    return replica.size().equals(master.size()) && replica.maxmemory().equals(master.maxmemory());
  }

  private static Optional<String> singleReplica(Cluster cluster) {
    return when(
        cluster.redis().size() < 3,
        "one replica: while it restarts there is no second copy, and the master takes no writes"
            + " (min-replicas-to-write 1); take two");
  }
}
