package stacks.testing;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import stacks.cluster.Cluster;
import stacks.operate.Password;
import stacks.operate.Writer;

/** Applications that write and read all the time and follow Sentinel, and what they saw. */
public final class Load implements AutoCloseable {
  /**
   * What they saw.
   *
   * @param acknowledged writes that were acknowledged
   * @param longestGapMillis longest time between two of them
   * @param masters endpoints that took them, in order
   * @param splits where two nodes took writes by turns
   * @param lost acknowledged writes that are not there at the end
   * @param longestReadGapMillis longest time between two answered reads, of whichever data node
   * @param dataNodesAway the most data nodes that were away at the same time
   * @param sentinelsAway the most Sentinels that were away at the same time
   * @param quorumLost when Sentinels that answered could not have brought about a failover
   */
  public record Seen(
      int acknowledged,
      long longestGapMillis,
      List<String> masters,
      List<String> splits,
      int lost,
      long longestReadGapMillis,
      int dataNodesAway,
      int sentinelsAway,
      List<String> quorumLost) {}

  private final List<String> masters = Collections.synchronizedList(new ArrayList<>());
  private final Writer writer;
  private final WriteProbe probe;
  private final ReadProbe reader;
  private final Presence presence;
  private final QuorumProbe quorum;

  /**
   * Starts them.
   *
   * @param onFirstWrite run once the first write is acknowledged
   */
  public Load(Cluster cluster, String appPassword, Runnable onFirstWrite) {
    writer =
        new Writer(
            cluster,
            new Password(appPassword),
            "load:" + Long.toHexString(System.nanoTime()) + ":",
            (before, now) -> {
              masters.add(now);
              if (masters.size() == 1) {
                onFirstWrite.run();
              }
            });
    probe = new WriteProbe(cluster, appPassword);
    reader = new ReadProbe(cluster, appPassword);
    presence = new Presence(cluster, appPassword);
    quorum = new QuorumProbe(cluster);
  }

  /** How many writes were acknowledged up to now. */
  public int acknowledged() {
    return writer.acknowledged();
  }

  /** Ends them and tells what they saw. */
  public Seen stop() {
    close();
    return new Seen(
        writer.acknowledged(),
        writer.longestGap().toMillis(),
        List.copyOf(masters),
        probe.splits(),
        writer.countLostAndCleanUp(),
        reader.longestGapMillis(),
        presence.mostAway("redis"),
        presence.mostAway("sentinel"),
        quorum.lost());
  }

  @Override
  public void close() {
    quorum.close();
    presence.close();
    reader.close();
    probe.close();
    writer.close();
  }
}
