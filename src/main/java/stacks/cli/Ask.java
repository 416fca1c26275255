package stacks.cli;

import java.io.Console;
import stacks.cluster.Cluster;

/** The question before something changes. Local environments never ask. */
final class Ask {
  private Ask() {}

  /** Ends the command at once where it would have to ask and there is nobody. */
  static void checkPossible(Cluster cluster, boolean autoApprove) {
    if (!isLocal(cluster) && !autoApprove && System.console() == null) {
      throw Failure.usage(
          "there is no terminal to ask on; look at `./rediform plan %s`, then add --auto-approve"
              .formatted(cluster.name()));
    }
  }

  /** Asks, unless it was told not to; ends the command where the answer is not yes. */
  static void orEnd(Cluster cluster, boolean autoApprove, String question, Object... words) {
    if (isLocal(cluster) || autoApprove) {
      return;
    }
    Console console = System.console();
    if (console == null || !"yes".equals(console.readLine(question, words))) {
      throw Failure.no("nothing was changed");
    }
  }

  private static boolean isLocal(Cluster cluster) {
    return cluster.isLocal();
  }
}
