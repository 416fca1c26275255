package stacks.lab;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import stacks.testing.Eventually;
import stacks.testing.Limits;
import stacks.testing.Load.Seen;

/** Faults made on the hosts of a cluster, while an application writes. */
final class Faults {
  static final Duration SOON = Duration.ofMinutes(2);

  /**
   * A down-after that holds the Sentinels back until a machine with another disk has booted in the
   * master's place; with the usual one the failover would be over before.
   */
  static final Duration PATIENCE = Duration.ofSeconds(40);

  /** What is done to a host, most often the master. */
  interface Fault {
    void strike(Host host) throws Exception;
  }

  private final Hosts hosts;
  private Duration boot;

  /**
   * What a machine in a crashed master's place cost.
   *
   * @param boot from the power loss until the new machine had booted
   */
  record Replaced(Seen seen, Duration boot) {}

  Faults(Hosts hosts) {
    this.hosts = hosts;
  }

  /** A fault under writes, from a healthy cluster to a healthy cluster. */
  Seen under(Fault fault) throws Exception {
    hosts.awaitWhole(SOON);
    LabClient client = hosts.client();
    try {
      fault.strike(hosts.master());
      hosts.awaitWhole(SOON);
    } catch (AssertionError | Exception e) {
      client.abandon();
      throw e;
    }
    Seen seen = client.stop();
    assertThat(seen.splits()).as("two masters").isEmpty();
    return seen;
  }

  /** The master's power goes, and comes back after the failover. */
  Seen powerLoss() throws Exception {
    return under(
        master -> {
          master.powerLoss();
          Eventually.within(SOON, () -> assertThat(hosts.master()).isNotSameAs(master));
          master.powerOn();
        });
  }

  /** A new machine with an empty disk boots in the master's place before Sentinel takes action. */
  Replaced emptyDisk() throws Exception {
    Seen seen =
        under(
            master -> {
              patience(PATIENCE);
              long start = System.nanoTime();
              master.powerLoss();
              master.emptyVolume();
              boot(master, start);
              hosts.awaitWhole(SOON);
              assertThat(master.run("journalctl", "--no-pager", "-u", "redis").out())
                  .contains("has no data");
              patience(Limits.downAfter(hosts.cluster()));
            });
    return new Replaced(seen, boot);
  }

  private void boot(Host master, long powerLoss) throws Exception {
    hosts.replace(master);
    master.powerOn();
    master.awaitBoot();
    boot = Duration.ofNanos(System.nanoTime() - powerLoss);
    Eventually.within(SOON, () -> assertThat(hosts.master()).isNotSameAs(master));
  }

  /** A new machine with an older copy of the disk boots in the master's place. */
  Replaced oldDisk() throws Exception {
    Seen seen =
        under(
            master -> {
              master.powerOff(); // hands over; its disk has what was written up to now
              Path snapshot = master.snapshot();
              master.powerOn();
              hosts.awaitWhole(SOON);
              makeMaster(master);
              patience(PATIENCE);
              long start = System.nanoTime();
              master.powerLoss();
              master.restore(snapshot);
              boot(master, start);
              hosts.awaitWhole(SOON);
              patience(Limits.downAfter(hosts.cluster()));
            });
    return new Replaced(seen, boot);
  }

  /** How long the Sentinels wait before they take a node for down; a boot puts it back. */
  private void patience(Duration downAfter) throws Exception {
    for (Host sentinel : hosts.sentinels()) {
      hosts
          .redisCli(
              sentinel, "sentinel set mymaster down-after-milliseconds " + downAfter.toMillis())
          .succeeded();
    }
  }

  /** Reboots masters, which hand over, until it is this one. */
  private void makeMaster(Host wanted) throws Exception {
    for (Host master = hosts.master(); master != wanted; master = hosts.awaitWhole(SOON)) {
      master.reboot();
    }
  }
}
