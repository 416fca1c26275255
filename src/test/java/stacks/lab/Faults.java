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
  Seen emptyDisk() throws Exception {
    return under(
        master -> {
          patience(PATIENCE);
          master.powerLoss();
          master.emptyVolume();
          hosts.replace(master);
          master.powerOn();
          master.awaitBoot();
          Eventually.within(
              SOON,
              () ->
                  assertThat(hosts.health(master).path("reason").asText()).contains("has no data"));
          Eventually.within(SOON, () -> assertThat(hosts.master()).isNotSameAs(master));
          hosts.awaitWhole(SOON);
          patience(Limits.downAfter(hosts.cluster()));
        });
  }

  /** A new machine with an older copy of the disk boots in the master's place. */
  Seen oldDisk() throws Exception {
    return under(
        master -> {
          master.powerOff(); // hands over; its disk has what was written up to now
          Path snapshot = master.snapshot();
          master.powerOn();
          hosts.awaitWhole(SOON);
          makeMaster(master);
          patience(PATIENCE);
          master.powerLoss();
          master.restore(snapshot);
          hosts.replace(master);
          master.powerOn();
          Eventually.within(SOON, () -> assertThat(hosts.master()).isNotSameAs(master));
          hosts.awaitWhole(SOON);
          patience(Limits.downAfter(hosts.cluster()));
        });
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
