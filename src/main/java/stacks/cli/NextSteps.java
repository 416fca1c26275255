package stacks.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import stacks.cluster.Cluster;
import stacks.cluster.Node;
import stacks.operate.ClusterStatus;
import stacks.operate.Differences.Difference;
import stacks.operate.NodeState;
import stacks.operate.RedisState;
import stacks.platform.local.LocalPlatform;

/** What to do about what {@code status} found: one command for each problem, with its case. */
final class NextSteps {
  private static final String PAGE = "docs/runbook.md#";

  private static final String DEPLOY = "./rediform deploy {env}";
  private static final String HEALTH = "{node} health";
  private static final String PLAN = "./rediform plan {env}";

  /** Share of maxmemory from which on a node is as good as full, in percent. */
  private static final int FULL_PERCENT = 95;

  /**
   * A step.
   *
   * @param problem what was found
   * @param command what to run, on this machine unless it begins with the name of another
   * @param runbook the case in the runbook, as a path with an anchor
   */
  record Step(String problem, String command, String runbook) {}

  /** What a problem has in its words, the command, and the case; the first that fits is it. */
  private record Remedy(Pattern words, String command, String anchor) {
    static Remedy of(String words, String command, String anchor) {
      return new Remedy(Pattern.compile(words), command, anchor);
    }
  }

  /** Of a node; the words are the agent's, Sentinel's, or those of a look by password. */
  private static final List<Remedy> OF_NODES =
      List.of(
          Remedy.of("has refused the document", DEPLOY, "a-node-refuses-its-document"),
          Remedy.of(
              "waits for the document|could not look for its",
              HEALTH,
              "a-machine-finds-no-document"),
          Remedy.of("has no agent yet", DEPLOY, "a-machine-finds-no-document"),
          Remedy.of("it has no passwords yet", DEPLOY, "the-secret-cannot-be-read"),
          Remedy.of("no volume is mounted", DEPLOY, "what-heals-by-itself"),
          Remedy.of("restore", "./rediform status {env}", "flushall-by-accident"),
          Remedy.of(
              "no majority says who is master",
              HEALTH,
              "all-sentinels-are-new-and-all-data-nodes-wait"),
          Remedy.of("hold data", HEALTH, "data-that-the-settings-do-not-name"),
          Remedy.of(
              "fill maxclients",
              "redis-cli -h {host} -p {port} --user app info clients",
              "clients-fill-the-server"),
          Remedy.of(
              "password|NOAUTH",
              "read -rs REDIS_PASSWORD && export REDIS_PASSWORD",
              "rediss-own-commands"),
          Remedy.of("cannot write to its disk", "{node} failover", "the-disk-is-full"),
          Remedy.of("in sync \\(min-replicas", DEPLOY, "two-data-nodes-are-lost"),
          Remedy.of("no link to its master", "{node} health", "replication-is-broken"),
          Remedy.of("NOQUORUM", DEPLOY, "two-sentinels-are-lost"),
          Remedy.of("sees the master as down", DEPLOY, "the-master-is-lost"),
          Remedy.of("does not take its new settings", DEPLOY, "a-node-refuses-its-document"),
          Remedy.of(
              "BGSAVE failed|rewrite of the AOF|without a handover", HEALTH, "notes-in-status"),
          Remedy.of("cannot be reached", DEPLOY, "a-zone-is-lost"),
          Remedy.of("loads its data", "./rediform status {env}", "what-heals-by-itself"),
          Remedy.of(".", DEPLOY, "the-master-is-lost"));

  /** Of the cluster; what only follows from a node that is not fit has no step of its own. */
  private static final List<Remedy> OF_CLUSTER =
      List.of(
          Remedy.of(
              "more than one node is master", "./rediform status {env}", "two-masters-split-brain"),
          Remedy.of("no node is master", DEPLOY, "the-master-is-lost"),
          Remedy.of("takes for master|follows", "./rediform status {env}", "sentinels-disagree"),
          Remedy.of(
              "knows \\d+ Sentinel|sees \\d+ replica", "{node} forget", "sentinels-disagree"));

  private final Cluster cluster;
  private final List<Step> steps = new ArrayList<>();

  private NextSteps(Cluster cluster) {
    this.cluster = cluster;
  }

  /** What to do, the most urgent first; empty where there is nothing. */
  static List<Step> of(Cluster cluster, ClusterStatus status, List<Difference> differences) {
    NextSteps next = new NextSteps(cluster);
    next.problems(status);
    status.redis().forEach(next::memory);
    status.nodes().forEach(next::notes);
    differences.forEach(next::difference);
    return next.steps;
  }

  private void problems(ClusterStatus status) {
    List<String> ofNodes =
        status
            .nodes()
            .flatMap(node -> node.problem().map(text -> node.name() + " " + text).stream())
            .toList();
    boolean nodeIsUnfit = !ofNodes.isEmpty();
    if (status.redis().stream().allMatch(node -> node.role().isEmpty() && node.down())) {
      steps.add(step("no data node runs", "", DEPLOY, "everything-is-lost"));
    }
    for (String problem : status.problems()) {
      if (ofNodes.contains(problem)) {
        add(problem, name(problem), OF_NODES);
      } else if (!nodeIsUnfit) {
        add(problem, name(problem), OF_CLUSTER);
      }
    }
    if (nodeIsUnfit) {
      status.problems().stream()
          .filter(Predicate.not(ofNodes::contains))
          .filter(problem -> problem.startsWith("more than one node"))
          .forEach(problem -> add(problem, "", OF_CLUSTER));
    }
  }

  private static String name(String problem) {
    return problem.split(" ", 2)[0];
  }

  private void memory(RedisState node) {
    long used = node.usedMemory().orElse(0L);
    long limit = node.maxmemory().orElse(0L);
    if (limit > 0 && used * 100 >= limit * FULL_PERCENT) {
      steps.add(
          step(
              "%s uses %d %% of its maxmemory".formatted(node.name(), used * 100 / limit),
              node.name(),
              "redis-cli -h {host} -p {port} --user app info stats",
              "the-memory-is-full"));
    }
  }

  private void notes(NodeState node) {
    Stream.concat(node.notes().stream(), node.delivery().notes().stream())
        .forEach(note -> add(node.name() + " " + note, node.name(), OF_NODES));
  }

  private void difference(Difference difference) {
    switch (difference.kind()) {
      case DOCUMENT, SETTING ->
          steps.add(step(difference.words(), difference.node(), PLAN, "a-deploy-was-interrupted"));
      case GHOST, RUNS ->
          steps.add(
              step(difference.words(), knower(difference), "{node} forget", "sentinels-disagree"));
    }
  }

  /** The first Sentinel that has it in mind is where to begin. */
  private String knower(Difference difference) {
    return cluster.sentinels().stream()
        .map(Node::name)
        .filter(difference.words()::contains)
        .findFirst()
        .orElse("");
  }

  private void add(String problem, String node, List<Remedy> remedies) {
    remedies.stream()
        .filter(remedy -> remedy.words().matcher(problem).find())
        .findFirst()
        .ifPresent(remedy -> steps.add(step(problem, node, remedy.command(), remedy.anchor())));
  }

  private Step step(String problem, String name, String command, String anchor) {
    String filled = command.replace("{env}", cluster.name()).replace("{node}", agent(name));
    String full =
        cluster
            .node(name)
            .map(
                node ->
                    filled
                        .replace("{host}", node.address())
                        .replace("{port}", String.valueOf(node.port())))
            .orElse(filled);
    return new Step(problem, full, PAGE + anchor);
  }

  /** The agent of a node, from where it is: a machine, or a folder here. */
  private String agent(String name) {
    String home = LocalPlatform.home(cluster.name());
    return cluster.isLocal()
        ? "python3 %s/bin/rediform-local agent %s/%s".formatted(home, home, name)
        : "%s: sudo rediform-node".formatted(name);
  }
}
