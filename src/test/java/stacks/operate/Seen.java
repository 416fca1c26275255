package stacks.operate;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import stacks.cluster.Cluster;

/** What a look may find of nodes; each test changes what it is about. */
public final class Seen {
  private Seen() {}

  /** What a server with something to do says of it. */
  public static final Vitals BUSY =
      new Vitals(
          Optional.of("7.0.15"),
          Optional.of(3600L),
          Optional.of(120L),
          Optional.of(900L),
          Optional.of(100L),
          Optional.of(12L),
          Optional.of(10000L));

  /** What a node says of documents: it runs with one, and has refused another for this reason. */
  public static Delivery delivery(String document, String refusal) {
    return new Delivery(
        Optional.of(document),
        Optional.of(new Delivery.Reason("8d00aa17bb99", refusal)).filter(it -> !refusal.isEmpty()),
        Optional.empty());
  }

  /** What a look finds in all. */
  public static ClusterStatus status(
      Cluster cluster, List<RedisState> redis, List<SentinelState> sentinels) {
    return ClusterStatus.of(cluster, redis, sentinels);
  }

  /** A data node that is fit: the master where it follows none. */
  public static RedisState redis(String name, String endpoint, Optional<String> master) {
    return redis(name, endpoint, master, Optional.empty(), true);
  }

  /** A data node that answers. */
  public static RedisState redis(
      String name,
      String endpoint,
      Optional<String> master,
      Optional<String> problem,
      boolean linkUp) {
    return redis(
        name,
        endpoint,
        new RedisState.Server(
            master.isPresent() ? "replica" : "master",
            master,
            linkUp,
            master.isEmpty() && problem.isEmpty(),
            1,
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Vitals.UNKNOWN),
        problem,
        List.of(),
        Delivery.UNKNOWN);
  }

  /** A data node that says this of itself. */
  public static RedisState redis(
      String name,
      String endpoint,
      RedisState.Server server,
      Optional<String> problem,
      List<String> notes,
      Delivery delivery) {
    return new RedisState(
        name,
        endpoint,
        new Answer.Given<>(server, problem, notes),
        Optional.empty(),
        delivery,
        Optional.empty());
  }

  /** The same with other memory. */
  public static RedisState withMemory(RedisState node, long used, long limit) {
    return with(node, Optional.of(used), Optional.of(limit), Optional.empty(), Vitals.UNKNOWN);
  }

  /** The same with all that a server may say of itself. */
  public static RedisState with(
      RedisState node,
      Optional<Long> used,
      Optional<Long> limit,
      Optional<Map<String, String>> settings,
      Vitals vitals) {
    Answer.Given<RedisState.Server> given = (Answer.Given<RedisState.Server>) node.answer();
    RedisState.Server was = given.server();
    return new RedisState(
        node.name(),
        node.endpoint(),
        new Answer.Given<>(
            new RedisState.Server(
                was.role(),
                was.master(),
                was.linkUp(),
                was.takesWrites(),
                was.offset(),
                used,
                limit,
                settings,
                Optional.empty(),
                vitals),
            given.problem(),
            given.notes()),
        node.lagBytes(),
        node.delivery(),
        node.backup());
  }

  /** A Sentinel that is fit. */
  public static SentinelState sentinel(
      String name,
      String endpoint,
      String master,
      boolean knows,
      Map<String, Boolean> replicas,
      Map<String, Boolean> others,
      Delivery delivery) {
    return new SentinelState(
        name,
        endpoint,
        new Answer.Given<>(
            new SentinelState.Server(
                master,
                knows,
                replicas,
                others,
                Optional.empty(),
                Optional.empty(),
                Vitals.UNKNOWN),
            Optional.empty(),
            List.of()),
        delivery);
  }

  /** The same that says something is wrong. */
  public static SentinelState with(SentinelState node, String problem) {
    return new SentinelState(
        node.name(),
        node.endpoint(),
        new Answer.Given<>(node.answer().said().orElseThrow(), Optional.of(problem), List.of()),
        node.delivery());
  }

  /** The same that has had its master for so long, by that election. */
  public static SentinelState since(SentinelState node, long epoch, long masterSeconds, long up) {
    SentinelState.Server was = node.answer().said().orElseThrow();
    Vitals vitals =
        new Vitals(
            Optional.of("7.0.15"),
            Optional.of(up),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty());
    return new SentinelState(
        node.name(),
        node.endpoint(),
        new Answer.Given<>(
            new SentinelState.Server(
                was.master(),
                was.knows(),
                was.seenReplicas(),
                was.seenSentinels(),
                Optional.of(epoch),
                Optional.of(masterSeconds),
                vitals),
            Optional.empty(),
            List.of()),
        node.delivery());
  }

  /** A data node whose server has said nothing. */
  public static RedisState missing(
      String name, String endpoint, boolean reached, boolean down, String why, Delivery delivery) {
    return new RedisState(
        name,
        endpoint,
        new Answer.Missing<>(reached, down, why),
        Optional.empty(),
        delivery,
        Optional.empty());
  }

  /** A Sentinel that has said nothing. */
  public static SentinelState missingSentinel(
      String name, String endpoint, boolean reached, boolean down, String why) {
    return new SentinelState(
        name, endpoint, new Answer.Missing<>(reached, down, why), Delivery.UNKNOWN);
  }
}
