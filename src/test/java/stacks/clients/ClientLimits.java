package stacks.clients;

import java.time.Duration;

/** What a change of master may cost an application, by the library it uses. */
final class ClientLimits {
  /** Acknowledged writes that a crash may lose: replication is asynchronous. */
  static final int UNDER_WAY = 20;

  private ClientLimits() {}

  static Duration planned(Library library) {
    return Duration.ofSeconds(4);
  }

  static Duration crash(Library library) {
    return Duration.ofSeconds(8);
  }

  static Duration hang(Library library) {
    return Duration.ofSeconds(10);
  }
}
