package stacks.lab;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import stacks.testing.Eventually;
import stacks.testing.Run;

/**
 * One machine of the lab: real systemd and cloud-init, with an address, a root disk and a volume.
 */
public final class Host {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Duration BOOT = Duration.ofMinutes(4);

  /** A trial, the way back from it, and a restart in both. */
  private static final Duration LOOK = Duration.ofMinutes(5);

  /** Is there as soon as a host hangs in mkfs. */
  static final String HANGS = "/root/hangs-in-mkfs";

  private final Lab lab;
  private Path base;
  private final String name;
  private final String address;
  private final Path folder;
  private int disks;
  private Process process;

  Host(Lab lab, Path base, String name, String address) throws IOException {
    this.lab = lab;
    this.base = base;
    this.name = name;
    this.address = address;
    this.folder = Files.createDirectories(lab.folder().resolve("hosts/" + name));
    newRootDisk();
  }

  public String name() {
    return name;
  }

  public String address() {
    return address;
  }

  /**
   * What the metadata service tells it from now on; it reads the tags at any time, all else when it
   * boots. There are no public keys: EC2 has them only where the plan names a key pair.
   */
  void metadata(String userData, String role, Map<String, String> tags) throws IOException {
    Map<String, Object> metadata =
        Map.of(
            "ami-id",
            "ami-1",
            "instance-id",
            instanceId(),
            "instance-type",
            "m7i.large",
            "local-hostname",
            name,
            "hostname",
            name,
            "local-ipv4",
            address,
            "placement",
            Map.of("availability-zone", "eu-central-1a"),
            "services",
            Map.of("domain", "amazonaws.com"),
            "tags",
            Map.of("instance", tags));
    tell(
        Map.of("user-data", userData, "meta-data", metadata, "identity", identity(), "role", role));
  }

  /** The same as before, to the new machine that it is with a new root disk. */
  void tellAgain() throws IOException {
    ObjectNode told = (ObjectNode) JSON.readTree(metadata().toFile());
    ((ObjectNode) told.path("meta-data")).put("instance-id", instanceId());
    told.put("identity", identity());
    tell(told);
  }

  private String identity() throws IOException {
    return JSON.writeValueAsString(
        Map.of("instanceId", instanceId(), "region", "eu-central-1", "accountId", Lab.ACCOUNT));
  }

  /** Its tags, from now on; nothing for a host that was told nothing yet. */
  void tags(Map<String, String> tags) throws IOException {
    if (Files.exists(metadata())) {
      JsonNode told = JSON.readTree(metadata().toFile());
      ((ObjectNode) told.path("meta-data").path("tags")).set("instance", JSON.valueToTree(tags));
      tell(told);
    }
  }

  /** One of its tags; empty when it has none of that name. */
  String tag(String name) throws IOException {
    JsonNode tags = JSON.readTree(metadata().toFile()).path("meta-data").path("tags");
    return tags.path("instance").path(name).asText();
  }

  private Path metadata() {
    return lab.folder().resolve("metadata/" + address + ".json");
  }

  /** As a whole: the host may be asking just now. */
  private void tell(Object metadata) throws IOException {
    hosts(JSON.valueToTree(metadata).at("/meta-data/tags/instance/rediform").asText());
    Path complete = metadata().resolveSibling(name + ".new");
    JSON.writeValue(complete.toFile(), metadata);
    Files.move(complete, metadata(), StandardCopyOption.ATOMIC_MOVE);
  }

  /** The buckets, beside the names that base.sh gives to every host. */
  private void hosts(String environment) throws IOException {
    Path hosts = folder.resolve("upper/etc/hosts");
    if (!Files.exists(hosts)) {
      String bucket = "rediform-" + environment + "-" + Lab.BUCKET_ID;
      Files.writeString(
          hosts,
          Files.readString(base.resolve("etc/hosts"))
              + "169.254.169.253 %1$s%2$s %1$s-backups%2$s %3$s%2$s\n"
                  .formatted(bucket, ".s3.eu-central-1.amazonaws.com", Lab.BACKUPS));
    }
  }

  /** Takes up what its tag says, as a gate would make it; what came of it. */
  Run look() throws IOException, InterruptedException {
    return run(LOOK, "systemctl", "start", "rediform-look.service");
  }

  /** A machine of this name has a new one whenever its root disk is new. */
  private String instanceId() {
    return "i-%08x%04x".formatted(name.hashCode(), disks);
  }

  /** What its next root disk is made from. */
  void base(Path base) {
    this.base = base;
  }

  /** An empty root disk, as after a replacement; the metadata must be told again. */
  void newRootDisk() throws IOException {
    disks++;
    Lab.delete(folder.resolve("upper"));
    Lab.delete(folder.resolve("work"));
    // What the cloud's network would give by DHCP.
    Path network = folder.resolve("upper/etc/systemd/network");
    Files.createDirectories(network);
    Files.writeString(
        network.resolve("10-host0.network"),
        """
        [Match]
        Name=host0
        [Network]
        Address=%s/16
        Gateway=10.77.0.1
        IPv6AcceptRA=no
        LinkLocalAddressing=no
        """
            .formatted(address));
  }

  /** An empty data volume of so many MiB in place of what was there. */
  public void newVolume(int mib) throws IOException {
    Files.deleteIfExists(disk());
    grow(disk(), mib);
  }

  /** An empty data volume of the same size in place of the one that was there. */
  void emptyVolume() throws IOException {
    newVolume((int) (Files.size(disk()) >> 20));
  }

  /** The same volume, larger; a host that is on sees that at once, as on EC2. */
  public void resizeVolume(int mib) throws IOException, InterruptedException {
    grow(disk(), mib);
    Run.of(
            folder,
            Map.of(),
            lab.inside(
                List.of(
                    "sh",
                    "-ec",
                    "losetup --noheadings --output NAME --associated \"$0\" | xargs -r -n1 losetup -c",
                    disk().toString())))
        .succeeded();
  }

  /**
   * What is new reads as noise, as every block of an encrypted EBS volume that was never written.
   */
  private static void grow(Path volume, int mib) throws IOException {
    SplittableRandom random = new SplittableRandom();
    byte[] noise = new byte[1 << 20];
    try (RandomAccessFile file = new RandomAccessFile(volume.toFile(), "rw")) {
      file.seek(file.length());
      while (file.getFilePointer() < (long) mib << 20) {
        random.nextBytes(noise);
        file.write(noise);
      }
    }
  }

  /**
   * Lets its next mkfs get as far as a file system without superblocks, and wait there: what a
   * power loss may leave. Only of a host that is off.
   */
  void hangInMkfs() throws IOException {
    Files.createDirectories(mkfs().getParent());
    Files.writeString(
        mkfs(),
        """
        #!/bin/sh
        /usr/sbin/mkfs.ext4 "$@"
        for device in "$@"; do :; done
        for at in 1024 $((128 << 20)); do
          dd if=/dev/urandom of="$device" bs=1024 seek="$at" oflag=seek_bytes count=1 conv=notrunc
        done
        touch %s
        sleep infinity
        """
            .formatted(HANGS));
    Files.setPosixFilePermissions(mkfs(), PosixFilePermissions.fromString("rwxr-xr-x"));
  }

  void noLongerHangInMkfs() throws IOException {
    Files.delete(mkfs());
  }

  /** Comes before the real one in a service's search path. */
  private Path mkfs() {
    return folder.resolve("upper/usr/local/sbin/mkfs.ext4");
  }

  /** Attaches a volume, the one that was detached or else a new one; the host may be on. */
  void attach(int mib) throws IOException, InterruptedException {
    Path detached = folder.resolve("detached.img");
    if (!Files.exists(detached)) {
      // Never under the name by which a host that is about to boot finds its volume.
      grow(detached, mib);
    }
    if (isOn()) {
      awaitBoot(); // before that, a host takes a volume for one that it was started with
      attachVolume();
    } else {
      Files.move(detached, disk());
    }
  }

  /** The volume is gone for good. */
  void deleteVolume() throws IOException {
    Files.deleteIfExists(disk());
    Files.deleteIfExists(folder.resolve("detached.img"));
  }

  /** Takes the volume away from a host that is off. */
  void detachVolume() throws IOException {
    if (Files.exists(disk())) {
      Files.move(disk(), folder.resolve("detached.img"));
    }
  }

  /** Gives it back to a host that runs, as EC2 does it a while after a machine has started. */
  void attachVolume() throws IOException, InterruptedException {
    Files.move(folder.resolve("detached.img"), disk());
    Run.of(
            Path.of("."),
            Map.of(),
            lab.inside(
                List.of("bash", Lab.SCRIPTS.resolve("attach.sh").toString(), folder.toString())))
        .succeeded();
  }

  /** Runs a line of shell in the volume of a host that is off. */
  void onVolume(String line) throws IOException, InterruptedException {
    Run.of(
            folder,
            Map.of(),
            lab.inside(
                List.of(
                    "unshare",
                    "--mount",
                    "sh",
                    "-ec",
                    "mount -t ext4 -o loop \"$0/disk.img\" \"$0/root\"; cd \"$0/root\"; " + line,
                    folder.toString())))
        .succeeded();
  }

  /** Keeps a copy of the volume as it is now. Only of a host that is off. */
  public Path snapshot() throws IOException, InterruptedException {
    Path copy = folder.resolve("snapshot.img");
    Run.of(folder, Map.of(), "cp", "--sparse=always", disk().toString(), copy.toString())
        .succeeded();
    return copy;
  }

  /** Puts a copy back in the volume's place. */
  public void restore(Path snapshot) throws IOException {
    Files.move(snapshot, disk(), StandardCopyOption.REPLACE_EXISTING);
  }

  private Path disk() {
    return folder.resolve("disk.img");
  }

  public void powerOn() throws IOException {
    if (isOn()) {
      throw new IllegalStateException(name + " is on");
    }
    process =
        new ProcessBuilder(
                lab.inside(
                    List.of(
                        "unshare",
                        "--mount",
                        "--propagation",
                        "private",
                        "bash",
                        Lab.SCRIPTS.resolve("host.sh").toString(),
                        name,
                        folder.toString(),
                        base.toString())))
            .redirectInput(Path.of("/dev/null").toFile())
            .redirectOutput(ProcessBuilder.Redirect.appendTo(console().toFile()))
            .redirectErrorStream(true)
            .start();
  }

  public boolean isOn() {
    return process != null && process.isAlive();
  }

  /** What it printed on its console since it was made. */
  public Path console() {
    return folder.resolve("console.log");
  }

  /** Waits until cloud-init has done all it does at this boot, and asks how it went. */
  public void awaitBoot() {
    Eventually.within(
        BOOT,
        () -> assertThat(run("test", "-s", "/run/cloud-init/result.json").exitCode()).isZero());
  }

  /** In order: services stop, then it is off. */
  public void powerOff() throws IOException, InterruptedException {
    run("systemctl", "poweroff");
    awaitOff();
  }

  /** All at once: the cable first, or dying processes would still say goodbye. */
  public void powerLoss() throws IOException, InterruptedException {
    unplug();
    Run.of(
            Path.of("."),
            Map.of(),
            lab.inside(
                List.of(
                    "sh",
                    "-c",
                    "kill -9 $(pgrep --parent $(cat $0/nspawn.pid) | head -n 1)",
                    folder.toString())))
        .succeeded();
    awaitOff();
  }

  private void awaitOff() throws InterruptedException {
    assertThat(process.waitFor(2, TimeUnit.MINUTES)).as("%s is off", name).isTrue();
  }

  /** Boots it again in order, and waits until it has. */
  public void reboot() throws IOException, InterruptedException {
    String boot = bootId();
    run("systemctl", "reboot");
    Eventually.within(BOOT, () -> assertThat(bootId()).isNotEmpty().isNotEqualTo(boot));
    awaitBoot();
  }

  private String bootId() throws IOException, InterruptedException {
    // The kernel's boot id is the same on all hosts; when their first process started is not.
    Run run = run("cut", "-d ", "-f22", "/proc/1/stat");
    return run.exitCode() == 0 ? run.out().strip() : "";
  }

  /** Takes its network cable out; the other end sees no goodbye. */
  public void unplug() throws IOException, InterruptedException {
    link("down");
  }

  public void plug() throws IOException, InterruptedException {
    link("up");
  }

  private void link(String state) throws IOException, InterruptedException {
    Run.of(
            Path.of("."),
            Map.of(),
            lab.inside(List.of("ip", "-n", "lab", "link", "set", "vb-" + name, state)))
        .succeeded();
  }

  /** Runs a command on it as root, with more rights than the host itself has. */
  public Run run(String... command) throws IOException, InterruptedException {
    // Entering a host that is just going down has hung once; whoever polls tries again.
    return run(Duration.ofSeconds(60), command);
  }

  /** The same with a limit of its own. */
  Run run(Duration limit, String... command) throws IOException, InterruptedException {
    List<String> all =
        new ArrayList<>(
            List.of(
                "timeout",
                "--signal=KILL",
                String.valueOf(limit.toSeconds()),
                "bash",
                Lab.SCRIPTS.resolve("enter.sh").toString(),
                folder.toString()));
    all.addAll(List.of(command));
    return Run.of(Path.of("."), Map.of(), lab.inside(all));
  }

  /** Runs a line of shell on it as root. */
  public Run shell(String line) throws IOException, InterruptedException {
    return run("sh", "-c", line);
  }
}
