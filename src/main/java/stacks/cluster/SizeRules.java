package stacks.cluster;

import static stacks.cluster.Cluster.isLocal;
import static stacks.cluster.Rule.when;
import static stacks.environment.Problem.Severity.ERROR;
import static stacks.environment.Problem.Severity.WARNING;

import java.util.List;
import java.util.Optional;
import stacks.environment.Environment;
import stacks.environment.Memory;

/** What the data nodes must have for their data to be safe. */
final class SizeRules {
  /** AOF rewrite and full resync each write the data set anew beside the old one. */
  private static final int DISK_PER_MAXMEMORY = 5;

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
              env ->
                  maxmemoryTooLarge(
                      "master", Cluster.masterMaxmemory(env), Cluster.masterSize(env))),
          new Rule(
              "maxmemory-too-large",
              ERROR,
              MEMORY,
              env ->
                  inherits(env)
                      ? Optional.empty()
                      : maxmemoryTooLarge(
                          "replicas", Cluster.replicaMaxmemory(env), Cluster.replicaSize(env))),
          new Rule(
              "disk-too-small",
              WARNING,
              List.of("master.disk", "master.maxmemory", "master.memory", "platform"),
              env ->
                  diskTooSmall(
                      env, "master", Cluster.masterMaxmemory(env), Cluster.masterSize(env))),
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
              env ->
                  inherits(env)
                      ? Optional.empty()
                      : diskTooSmall(
                          env,
                          "replicas",
                          Cluster.replicaMaxmemory(env),
                          Cluster.replicaSize(env))),
          new Rule("single-replica", WARNING, List.of("replicas.count"), SizeRules::singleReplica));

  private SizeRules() {}

  private static Optional<String> unequalMemory(Environment env) {
    Memory master = Cluster.masterMaxmemory(env);
    Memory replica = Cluster.replicaMaxmemory(env);
    Memory masterRam = Cluster.masterSize(env).memory();
    Memory replicaRam = Cluster.replicaSize(env).memory();
    return when(
        replica.compareTo(master) < 0 || replicaRam.compareTo(masterRam) < 0,
        ("replicas have maxmemory %s in %s of RAM, the master %s in %s: above %s of data a replica"
                + " runs out of memory, and a promoted one evicts; give replicas the master's size,"
                + " or accept this rule with the reason")
            .formatted(replica, replicaRam, master, masterRam, replica));
  }

  private static Optional<String> maxmemoryTooLarge(String section, Memory maxmemory, Size size) {
    Memory most = size.memory().percent(Cluster.MAXMEMORY_PERCENT);
    return when(
        maxmemory.compareTo(most) > 0,
        "%s: maxmemory %s leaves too little of %s RAM for fork and buffers; at most %s (%d %%)"
            .formatted(section, maxmemory, size.memory(), most, Cluster.MAXMEMORY_PERCENT));
  }

  private static Optional<String> diskTooSmall(
      Environment env, String section, Memory maxmemory, Size size) {
    Memory least = maxmemory.times(DISK_PER_MAXMEMORY);
    return when(
        !isLocal(env) && size.disk().compareTo(least) < 0,
        "%s: %s of disk for maxmemory %s; AOF rewrites and resyncs need at least %s (%d times)"
            .formatted(section, size.disk(), maxmemory, least, DISK_PER_MAXMEMORY));
  }

  /** Whether replicas have the master's size and maxmemory, so that its problems are theirs. */
  private static boolean inherits(Environment env) {
    return Cluster.replicaSize(env).equals(Cluster.masterSize(env))
        && Cluster.replicaMaxmemory(env).equals(Cluster.masterMaxmemory(env));
  }

  private static Optional<String> singleReplica(Environment env) {
    return when(
        env.replicas().count() < 2,
        "one replica: while it restarts there is no second copy, and the master takes no writes"
            + " (min-replicas-to-write 1); take two");
  }
}
