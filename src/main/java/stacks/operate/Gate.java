package stacks.operate;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import stacks.cluster.Cluster;
import stacks.cluster.Node;
import stacks.cluster.RedisNode;
import stacks.values.Memory;

/** What must hold of a cluster before a deploy may go on. Pure: it only judges what was seen. */
public sealed interface Gate {
  /** The part of the cluster that is there, and has to be looked at. */
  Cluster toLookAt();

  /** Judges what was seen. */
  Verdict judge(ClusterStatus status);

  /**
   * Names of the nodes that keep the gate shut and are to be asked until they no longer do: they do
   * not answer, are not fit, or have not taken their document.
   */
  Set<String> unfit(ClusterStatus status);

  /**
   * Names of the nodes whose refusal keeps the gate shut for good, and may be of an earlier deploy:
   * a node that is asked tries the same document again when some time has passed.
   */
  Set<String> refusing(ClusterStatus status);

  /** What is ready when the gate opens, for a person. */
  String what();

  /**
   * Whether the gate opens.
   *
   * @param problems what keeps it shut for now; it opens when there is none
   * @param refusal why it will never open, whatever one waits for
   * @param unreached whether nothing at all answered
   * @param mustForget a Sentinel that must forget nodes that are gone, and then the gate opens
   */
  record Verdict(
      List<String> problems,
      Optional<String> refusal,
      boolean unreached,
      Optional<String> mustForget) {
    static Verdict of(List<String> problems) {
      return new Verdict(problems, Optional.empty(), false, Optional.empty());
    }

    /** Whether nothing keeps it shut. */
    public boolean isOpen() {
      return problems.isEmpty() && refusal.isEmpty();
    }
  }

  /**
   * Opens when a node may be changed: all the others that are there are fit, in sync, and of one
   * mind, so that the cluster can do without this one. The node itself may be in any state, since
   * the change may be what mends it. A cluster that was never formed, or whose servers are all
   * down, has nothing to lose.
   *
   * <p>Of those that had their turn in the same deploy, each must have taken what it was told; a
   * node that leaves the cluster comes after all that stay.
   *
   * @param existing names or addresses of the nodes that were there when the deploy was planned
   * @param documents checksums of the nodes' documents by name; where there are none, settings are
   *     compared
   */
  static Gate before(
      Cluster cluster, Node node, Set<String> existing, Map<String, String> documents) {
    return new Before(cluster, node, existing, new Turn(cluster, documents));
  }

  /**
   * Opens when the cluster is whole, each node has taken what it was told, and no Sentinel thinks
   * of nodes that are gone.
   *
   * @param documents checksums of the nodes' documents by name; where there are none, settings are
   *     compared
   */
  static Gate whole(Cluster cluster, Map<String, String> documents) {
    return new Whole(cluster, Optional.of(new Turn(cluster, documents)));
  }

  /**
   * Opens when all nodes are fit and of one mind, and no Sentinel thinks of nodes that are gone,
   * whatever they were told.
   */
  static Gate forgotten(Cluster cluster) {
    return new Whole(cluster, Optional.empty());
  }

  /** What was found, in the order in which a deploy changes the nodes. */
  private static List<NodeState> inOrder(Cluster cluster, ClusterStatus status) {
    List<String> order = cluster.rollingOrder().stream().map(Node::name).toList();
    return status.nodes().sorted(Comparator.comparing(each -> order.indexOf(each.name()))).toList();
  }

  /** See {@link Gate#before}. */
  record Before(Cluster cluster, Node node, Set<String> existing, Turn turn) implements Gate {
    @Override
    public String what() {
      return node.name() + " may be changed";
    }

    @Override
    public Cluster toLookAt() {
      Set<String> there = new HashSet<>();
      for (Node each : cluster.nodes()) {
        if (existing.contains(each.name()) || existing.contains(each.address())) {
          there.add(each.name());
        }
      }
      // Those before it in the order have been made or changed by this very deploy; but when there
      // was none at all, everything is new.
      if (!existing.isEmpty()) {
        cluster.rollingOrder().stream()
            .takeWhile(each -> !each.equals(node))
            .forEach(each -> there.add(each.name()));
      }
      return cluster.only(there);
    }

    @Override
    public Set<String> unfit(ClusterStatus status) {
      Set<String> others = new HashSet<>(status.unfit());
      others.remove(node.name());
      return turn.asked(others, hadTheirTurn(status));
    }

    @Override
    public Set<String> refusing(ClusterStatus status) {
      return turn.refusing(hadTheirTurn(status));
    }

    @Override
    public Verdict judge(ClusterStatus status) {
      List<RedisState> redis =
          status.redis().stream().filter(each -> !each.name().equals(node.name())).toList();
      List<SentinelState> sentinels =
          status.sentinels().stream().filter(each -> !each.name().equals(node.name())).toList();
      if (redis.isEmpty() && sentinels.isEmpty() || isDown(status)) {
        return Verdict.of(List.of());
      }
      boolean reached =
          redis.stream().anyMatch(RedisState::reached)
              || sentinels.stream().anyMatch(SentinelState::reached);
      if (!reached) {
        return new Verdict(problemsOf(redis, sentinels), Optional.empty(), true, Optional.empty());
      }
      if (hasNothingToLose(status)) {
        return Verdict.of(List.of());
      }
      // The node itself counts for one thing only: it may be the master.
      List<RedisState> withMaster = new ArrayList<>(redis);
      status.redis().stream()
          .filter(each -> each.name().equals(node.name()) && each.isMaster())
          .map(RedisState::withoutProblem)
          .forEach(withMaster::add);
      List<String> problems =
          ClusterStatus.disagreements(withMaster, sentinels, leavingMaster(sentinels));
      for (SentinelState sentinel : sentinels) {
        for (RedisState each : redis) {
          if (!each.isMaster()) {
            mustSee(sentinel, sentinel.seenReplicas(), each.name(), each.endpoint(), problems);
          }
        }
        for (SentinelState each : sentinels) {
          if (!each.equals(sentinel)) {
            mustSee(sentinel, sentinel.seenSentinels(), each.name(), each.endpoint(), problems);
          }
        }
      }
      // One that had its turn and has not taken what this very deploy tells it, or has refused it,
      // is reason enough to tell no other.
      List<NodeState> had = hadTheirTurn(status);
      problems.addAll(turn.problems(had));
      return new Verdict(
          problems, tooSmall(status).or(() -> turn.refusal(had)), false, Optional.empty());
    }

    /** In the order of their turns. */
    private List<NodeState> hadTheirTurn(ClusterStatus status) {
      boolean leaves = !turn.documents().isEmpty() && !turn.documents().containsKey(node.name());
      return inOrder(cluster, status).stream()
          .filter(each -> !each.name().equals(node.name()))
          .filter(each -> leaves || isBefore(each.name()))
          .toList();
    }

    private boolean isBefore(String name) {
      return cluster.rollingOrder().stream()
          .takeWhile(each -> !each.equals(node))
          .anyMatch(each -> each.name().equals(name));
    }

    /**
     * A server that does not run can only get better; which role it may start in, it asks itself.
     */
    private boolean isDown(ClusterStatus status) {
      return status.redis().stream()
              .anyMatch(each -> each.name().equals(node.name()) && each.down())
          || status.sentinels().stream()
              .anyMatch(each -> each.name().equals(node.name()) && each.down());
    }

    /** The master that all Sentinels name, when it is a node that is no longer in the file. */
    private Optional<String> leavingMaster(List<SentinelState> sentinels) {
      Set<String> named = new HashSet<>();
      sentinels.forEach(each -> named.add(each.master().orElse("")));
      boolean ours = cluster.nodes().stream().anyMatch(each -> named.contains(each.endpoint()));
      return named.size() == 1 && !ours
          ? named.stream().filter(each -> !each.isEmpty()).findFirst()
          : Optional.empty();
    }

    private static List<String> problemsOf(List<RedisState> redis, List<SentinelState> sentinels) {
      return Stream.concat(
              redis.stream().map(each -> each.name() + " " + each.problem().orElse("")),
              sentinels.stream().map(each -> each.name() + " " + each.problem().orElse("")))
          .toList();
    }

    /**
     * A cluster that was never formed: its Sentinels say so, and so does each data node but the one
     * to be changed, be it by not running.
     */
    private boolean hasNothingToLose(ClusterStatus status) {
      List<SentinelState> sentinels = status.sentinels();
      return sentinels.stream().allMatch(each -> each.master().isPresent() && !each.knows())
          && !sentinels.isEmpty()
          && status.redis().stream().noneMatch(RedisState::linkUp)
          && status.redis().stream()
              .filter(each -> !each.name().equals(node.name()))
              .allMatch(each -> each.down() || each.role().isPresent());
    }

    private static void mustSee(
        SentinelState sentinel,
        Map<String, Boolean> seen,
        String name,
        String endpoint,
        List<String> problems) {
      if (sentinel.master().isPresent() && !seen.getOrDefault(endpoint, false)) {
        problems.add(sentinel.name() + " does not see " + name + " up");
      }
    }

    /** Less memory than is in use would cost keys. */
    private Optional<String> tooSmall(ClusterStatus status) {
      for (RedisState found : status.redis()) {
        RedisNode wanted = (RedisNode) cluster.node(found.name()).orElseThrow();
        long bytes = wanted.maxmemory().bytes();
        long used = found.usedMemory().orElse(0L);
        // 0 is Redis's word for no limit.
        boolean shrinks =
            found.maxmemory().filter(now -> now == 0 || now > bytes).isPresent() && bytes > 0;
        if (shrinks && used > bytes) {
          return Optional.of(
              "%s uses %s of memory, and the file gives it maxmemory %s: Redis would throw keys away. "
                      .formatted(found.name(), inMib(used), wanted.maxmemory())
                  + "Allowed is %s or more. Give it that, or delete keys first"
                      .formatted(inMib(used)));
        }
      }
      return Optional.empty();
    }

    /** Rounded up, so that what is said to be enough is enough. */
    private static Memory inMib(long bytes) {
      return new Memory((bytes + (1 << 20) - 1) >> 20 << 20);
    }
  }

  /** See {@link Gate#whole}. */
  record Whole(Cluster cluster, Optional<Turn> turn) implements Gate {
    @Override
    public String what() {
      return cluster.name() + " is whole";
    }

    @Override
    public Cluster toLookAt() {
      return cluster;
    }

    @Override
    public Set<String> unfit(ClusterStatus status) {
      return turn.map(each -> each.asked(status.unfit(), inOrder(cluster, status)))
          .orElseGet(status::unfit);
    }

    @Override
    public Set<String> refusing(ClusterStatus status) {
      return turn.map(each -> each.refusing(inOrder(cluster, status))).orElse(Set.of());
    }

    @Override
    public Verdict judge(ClusterStatus status) {
      Set<String> ours = new HashSet<>();
      cluster.nodes().forEach(node -> ours.add(node.endpoint()));
      List<String> problems =
          new ArrayList<>(
              ClusterStatus.disagreements(status.redis(), status.sentinels(), Optional.empty()));
      List<NodeState> all = inOrder(cluster, status);
      turn.ifPresent(each -> problems.addAll(each.problems(all)));
      Optional<String> mustForget = Optional.empty();
      for (SentinelState sentinel : status.sentinels()) {
        Map<String, Boolean> seen = new HashMap<>(sentinel.seenReplicas());
        seen.putAll(sentinel.seenSentinels());
        for (Node node : cluster.nodes()) {
          boolean other =
              !node.name().equals(sentinel.name())
                  && !sentinel.master().equals(Optional.of(node.endpoint()));
          if (other
              && sentinel.master().isPresent()
              && !seen.getOrDefault(node.endpoint(), false)) {
            problems.add(sentinel.name() + " does not see " + node.name() + " up");
          }
        }
        List<String> strangers =
            seen.keySet().stream().filter(each -> !ours.contains(each)).toList();
        for (String stranger : strangers) {
          if (seen.get(stranger)) {
            problems.add(
                "%s sees %s, which is not in the file and still runs"
                    .formatted(sentinel.name(), stranger));
          }
        }
        if (!strangers.isEmpty() && mustForget.isEmpty()) {
          mustForget = Optional.of(sentinel.name());
        }
      }
      return new Verdict(
          problems,
          turn.flatMap(each -> each.refusal(all)),
          status.isUnreached(),
          problems.isEmpty() ? mustForget : Optional.empty());
    }
  }
}
