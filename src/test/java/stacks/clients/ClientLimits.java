package stacks.clients;

import java.time.Duration;

/** What a change of master may cost an application, by the library it uses. */
final class ClientLimits {
  /** Acknowledged writes that a crash may lose: replication is asynchronous. */
  static final int UNDER_WAY = 20;

  private ClientLimits() {}

  static Duration planned(Library library) {
    return Duration.ofSeconds(4).plus(hears(library));
  }

  static Duration crash(Library library) {
    return Duration.ofSeconds(8).plus(hears(library));
  }

  static Duration hang(Library library) {
    return Duration.ofSeconds(10).plus(hears(library));
  }

  /**
   * Lettuce looks for the new master five seconds after the Sentinels' first message, and there is
   * no setting for it (SentinelTopologyRefresh.TimedSemaphore).
   */
  private static Duration hears(Library library) {
    return switch (library) {
      case LETTUCE, SPRING -> Duration.ofSeconds(5);
      default -> Duration.ZERO;
    };
  }
}
