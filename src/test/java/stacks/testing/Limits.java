package stacks.testing;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import stacks.cluster.Cluster;
import stacks.testing.Load.Seen;

/**
 * What a change or a fault may cost an application. Every suite asserts these; what it really costs
 * is in docs/evidence/.
 */
public final class Limits {
  /**
   * Longest time without writes of a planned change. A handover takes 1.0 to 1.2 s: the replicas
   * catch up, Sentinel promotes, clients ask it again.
   */
  public static final Duration PLANNED_GAP = Duration.ofMillis(1500);

  /**
   * Until six machines in turn have taken a document that restarts nothing, without what Terraform
   * and its gates need besides. One takes it in two to three seconds.
   */
  public static final Duration TAKEN_BY_SIX = Duration.ofSeconds(20);

  /**
   * The same while a replica's link loses 10 % of its packets: a lost packet is sent again after
   * 0.2 s, and after twice that when it is lost again. Seen: up to 2.2 s.
   */
  public static final Duration LOSSY_GAP = Duration.ofMillis(3000);

  /** So much longer a time without writes may be while a backup is taken. */
  private static final Duration BACKUP_GAP = Duration.ofMillis(100);

  /** Until the other replica has taken the backup that one was killed at, with one every minute. */
  public static final Duration NEXT_BACKUP = Duration.ofSeconds(100);

  /** Until there is a backup again once S3 is: the node's pauses end after 16 s, then it asks. */
  public static final Duration BACKUP_AFTER_OUTAGE = Duration.ofSeconds(60);

  /** Until a whole cluster has the data of a backup of some megabytes. */
  public static final Duration RESTORED = Duration.ofSeconds(60);

  /** The same of a backup of a gigabyte. */
  public static final Duration RESTORED_GIGABYTE = Duration.ofSeconds(90);

  /** Of some megabytes, from the moment that six new machines are switched on. */
  public static final Duration RESTORED_FROM_NOTHING = Duration.ofMinutes(4);

  /**
   * Beyond down-after, after a crash: Sentinel pings once a second, promotes in 1.2 to 1.5 s, and
   * the client's own timeouts are 0.5 s. Seen with a power loss: up to 2.4 s.
   */
  private static final Duration AFTER_DOWN_AFTER = Duration.ofMillis(2500);

  /**
   * After the boot of another machine that has taken the crashed master's address and does not
   * start as master: its agent asks for the failover if no Sentinel does one. It takes about 2 s.
   */
  private static final Duration AFTER_BOOT = Duration.ofSeconds(5);

  /**
   * Acknowledged writes that a crash may lose: replication is asynchronous, and a tenth of a second
   * of writes (one every 5 ms) may be under way on a busy machine.
   */
  private static final int UNDER_WAY = 20;

  /** The writer waits this long between two writes; so it makes no more in any time. */
  private static final Duration BETWEEN_WRITES = Duration.ofMillis(5);

  /** Redis counts a replica's lag in whole seconds, and looks at it once a second. */
  private static final Duration LAG_COUNTING = Duration.ofSeconds(2);

  private Limits() {}

  /** A planned change: loses nothing, and takes at most one node of each kind away at a time. */
  public static void planned(Seen seen) {
    planned(seen, 0);
  }

  /**
   * A planned change that removes nodes for good.
   *
   * @param removed how many of those that are watched, of each kind at most
   */
  public static void planned(Seen seen, int removed) {
    lossless(seen);
    gap(seen, PLANNED_GAP);
    assertThat(seen.dataNodesAway())
        .as("data nodes away at a time")
        .isLessThanOrEqualTo(1 + removed);
    assertThat(seen.sentinelsAway())
        .as("Sentinels away at a time")
        .isLessThanOrEqualTo(1 + removed);
  }

  /** A planned change while a replica's link loses 10 % of its packets. */
  public static void plannedOverLossyLink(Seen seen) {
    lossless(seen);
    gap(seen, LOSSY_GAP);
    // Behind such a link a node looks away now and then.
    assertThat(seen.dataNodesAway()).as("data nodes away at a time").isLessThanOrEqualTo(2);
  }

  /** A backup: nothing is lost, no node is away, and writes go on as they do without. */
  public static void backup(Seen seen, Seen without) {
    lossless(seen);
    gap(seen, Duration.ofMillis(without.longestGapMillis()).plus(BACKUP_GAP));
    assertThat(seen.dataNodesAway()).as("data nodes away at a time").isZero();
  }

  private static void lossless(Seen seen) {
    oneMaster(seen);
    assertThat(seen.lost()).as("acknowledged writes that are gone").isZero();
    assertThat(seen.quorumLost()).as("Sentinels without a quorum").isEmpty();
  }

  /** A crash of the master: server, machine or network. */
  public static void crash(Seen seen, Duration downAfter) {
    lossOf(seen, UNDER_WAY);
    gap(seen, downAfter.plus(AFTER_DOWN_AFTER));
  }

  /** A crash of the master, and a machine with another disk in its place. */
  public static void replacedAfterCrash(Seen seen, Duration boot) {
    lossOf(seen, UNDER_WAY);
    gap(seen, boot.plus(AFTER_BOOT));
  }

  /** Several things that crash together: nothing is lost but what was under way. */
  public static void crashes(Seen seen) {
    lossOf(seen, UNDER_WAY);
  }

  /** A master that is cut off with a minority loses what it takes until it notices. */
  public static void cutOff(Seen seen, Duration downAfter, Duration maxLag) {
    lossOf(seen, mostLostCutOff(maxLag));
    gap(seen, downAfter.plus(AFTER_DOWN_AFTER));
  }

  /** How many writes a master that is cut off takes at most until it notices. */
  public static int mostLostCutOff(Duration maxLag) {
    return (int) (maxLag.plus(LAG_COUNTING).toMillis() / BETWEEN_WRITES.toMillis());
  }

  private static void lossOf(Seen seen, int most) {
    oneMaster(seen);
    assertThat(seen.lost()).as("acknowledged writes that are gone").isLessThanOrEqualTo(most);
  }

  private static void oneMaster(Seen seen) {
    assertThat(seen.splits()).as("two masters").isEmpty();
  }

  private static void gap(Seen seen, Duration most) {
    assertThat(seen.longestGapMillis())
        .as("milliseconds without writes")
        .isLessThanOrEqualTo(most.toMillis());
  }

  /** How long the Sentinels of a cluster wait before they take a node for down. */
  public static Duration downAfter(Cluster cluster) {
    return cluster.environment().sentinels().downAfter();
  }
}
