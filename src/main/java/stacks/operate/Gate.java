package stacks.operate;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import stacks.cluster.Cluster;
import stacks.cluster.Node;
import stacks.cluster.RedisNode;
import stacks.node.LiveSettings;
import stacks.operate.ClusterStatus.Redis;
import stacks.operate.ClusterStatus.Sentinel;
import stacks.values.Memory;

/** What must hold of a cluster before a deploy may go on. Pure: it only judges what was seen. */
public sealed interface Gate {
  /** The part of the cluster that is there, and has to be looked at. */
  Cluster toLookAt();

  /** Judges what was seen. */
  Verdict judge(ClusterStatus status);

  /** Names of the nodes that keep the gate shut because they do not answer, or are not fit. */
  default Set<String> unfit(ClusterStatus status) {
    return status.unfit();
  }

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
   * @param existing names or addresses of the nodes that were there when the deploy was planned
   */
  static Gate before(Cluster cluster, Node node, Set<String> existing) {
    return new Before(cluster, node, existing);
  }

  /** Opens when the cluster is whole, and no Sentinel thinks of nodes that are gone. */
  static Gate whole(Cluster cluster) {
    return new Whole(cluster, true);
  }

  /**
   * Opens when all nodes are fit and of one mind, and no Sentinel thinks of nodes that are gone,
   * whatever their settings.
   */
  static Gate forgotten(Cluster cluster) {
    return new Whole(cluster, false);
  }

  /** Settings reach a node some seconds after Terraform is done with it. */
  private static Optional<String> notYetTaken(Cluster cluster, Redis found) {
    RedisNode node = (RedisNode) cluster.node(found.name()).orElseThrow();
    if (found.settings().isPresent()) {
      Map<String, String> wanted = LiveSettings.of(cluster, node);
      Map<String, String> now = found.settings().get();
      String missing =
          Stream.concat(wanted.keySet().stream(), now.keySet().stream())
              .distinct()
              .filter(name -> !Objects.equals(wanted.get(name), now.get(name)))
              .map(name -> name + " " + wanted.getOrDefault(name, "by default"))
              .collect(Collectors.joining(", "));
      return Optional.of(missing)
          .filter(names -> !names.isEmpty())
          .map(names -> found.name() + " has not yet taken " + names);
    }
    return found
        .maxmemory()
        .filter(bytes -> bytes != node.maxmemory().bytes())
        .map(bytes -> found.name() + " has not yet taken maxmemory " + node.maxmemory());
  }

  /** What Redis has refused it will refuse the next time, too: only another file helps. */
  private static Optional<String> refused(Cluster cluster, Redis found) {
    RedisNode node = (RedisNode) cluster.node(found.name()).orElseThrow();
    return found
        .refusedSettings()
        .filter(settings -> settings.equals(LiveSettings.of(cluster, node)))
        .map(
            settings -> "%s %s. Mend the file".formatted(found.name(), found.problem().orElse("")));
  }

  /** See {@link Gate#before}. */
  record Before(Cluster cluster, Node node, Set<String> existing) implements Gate {
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
      return others;
    }

    @Override
    public Verdict judge(ClusterStatus status) {
      List<Redis> redis =
          status.redis().stream().filter(each -> !each.name().equals(node.name())).toList();
      List<Sentinel> sentinels =
          status.sentinels().stream().filter(each -> !each.name().equals(node.name())).toList();
      if (redis.isEmpty() && sentinels.isEmpty() || isDown(status)) {
        return Verdict.of(List.of());
      }
      boolean reached =
          redis.stream().anyMatch(Redis::reached) || sentinels.stream().anyMatch(Sentinel::reached);
      if (!reached) {
        return new Verdict(problemsOf(redis, sentinels), Optional.empty(), true, Optional.empty());
      }
      if (hasNothingToLose(status)) {
        return Verdict.of(List.of());
      }
      // The node itself counts for one thing only: it may be the master.
      List<Redis> withMaster = new ArrayList<>(redis);
      status.redis().stream()
          .filter(each -> each.name().equals(node.name()) && each.isMaster())
          .map(Before::withoutProblem)
          .forEach(withMaster::add);
      List<String> problems =
          ClusterStatus.disagreements(withMaster, sentinels, leavingMaster(sentinels));
      for (Sentinel sentinel : sentinels) {
        for (Redis each : redis) {
          if (!each.isMaster()) {
            mustSee(sentinel, sentinel.seenReplicas(), each.name(), each.endpoint(), problems);
          }
        }
        for (Sentinel each : sentinels) {
          if (!each.equals(sentinel)) {
            mustSee(sentinel, sentinel.seenSentinels(), each.name(), each.endpoint(), problems);
          }
        }
      }
      // Those whose turn has been have the settings of this very deploy; one that has not, or has
      // refused them, is reason enough to tell them to no other.
      Optional<String> refusal = tooSmall(status);
      for (Redis each : redis) {
        if (hadItsTurn(each)) {
          notYetTaken(cluster, each).ifPresent(problems::add);
          refusal = refusal.or(() -> refused(cluster, each));
        }
      }
      return new Verdict(problems, refusal, false, Optional.empty());
    }

    private boolean hadItsTurn(Redis other) {
      return cluster.rollingOrder().stream()
          .takeWhile(each -> !each.equals(node))
          .anyMatch(each -> each.name().equals(other.name()));
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
    private Optional<String> leavingMaster(List<Sentinel> sentinels) {
      Set<String> named = new HashSet<>();
      sentinels.forEach(each -> named.add(each.master().orElse("")));
      boolean ours = cluster.nodes().stream().anyMatch(each -> named.contains(each.endpoint()));
      return named.size() == 1 && !ours
          ? named.stream().filter(each -> !each.isEmpty()).findFirst()
          : Optional.empty();
    }

    private static List<String> problemsOf(List<Redis> redis, List<Sentinel> sentinels) {
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
      List<Sentinel> sentinels = status.sentinels();
      return sentinels.stream().allMatch(each -> each.master().isPresent() && !each.knows())
          && !sentinels.isEmpty()
          && status.redis().stream().noneMatch(Redis::linkUp)
          && status.redis().stream()
              .filter(each -> !each.name().equals(node.name()))
              .allMatch(each -> each.down() || each.role().isPresent());
    }

    private static Redis withoutProblem(Redis node) {
      return new Redis(
          node.name(),
          node.endpoint(),
          node.reached(),
          node.down(),
          node.role(),
          node.master(),
          node.linkUp(),
          node.offset(),
          node.lagBytes(),
          node.usedMemory(),
          node.maxmemory(),
          node.settings(),
          node.refusedSettings(),
          Optional.empty(),
          node.notes());
    }

    private static void mustSee(
        Sentinel sentinel,
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
      for (Redis found : status.redis()) {
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
  record Whole(Cluster cluster, boolean settings) implements Gate {
    @Override
    public String what() {
      return cluster.name() + " is whole";
    }

    @Override
    public Cluster toLookAt() {
      return cluster;
    }

    @Override
    public Verdict judge(ClusterStatus status) {
      Set<String> ours = new HashSet<>();
      cluster.nodes().forEach(node -> ours.add(node.endpoint()));
      List<String> problems =
          new ArrayList<>(
              ClusterStatus.disagreements(status.redis(), status.sentinels(), Optional.empty()));
      if (settings) {
        status.redis().forEach(node -> notYetTaken(cluster, node).ifPresent(problems::add));
      }
      Optional<String> mustForget = Optional.empty();
      for (Sentinel sentinel : status.sentinels()) {
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
      boolean unreached =
          status.redis().stream().noneMatch(Redis::reached)
              && status.sentinels().stream().noneMatch(Sentinel::reached);
      return new Verdict(
          problems,
          status.redis().stream().flatMap(each -> refused(cluster, each).stream()).findFirst(),
          unreached,
          problems.isEmpty() ? mustForget : Optional.empty());
    }
  }
}
