"""The data volume of a machine (docs/decisions/0020)."""
import os
import struct
import subprocess
from collections.abc import Callable

from rediform.errors import Failed
from rediform.machine.commands import said
from rediform.machine.retry import retry
from rediform.places import USER

DEVICE = "/dev/sdf"  # the name under which EC2 attaches it


def find_device(name: str) -> str:
    """The block device attached as `name`: under that name, or, on NVMe, the disk that says so."""
    for path in (name, name.replace("/sd", "/xvd")):
        if os.path.exists(path):
            return os.path.realpath(path)
    for disk in sorted(os.listdir("/sys/block")):
        if disk.startswith("nvme") and nvme_name(disk) in (name, os.path.basename(name)):
            return "/dev/" + disk
    raise Failed("no block device %s yet" % name)


def nvme_says(disk: str) -> bytes:
    command = ["nvme", "id-ctrl", "--raw-binary", "/dev/" + disk]
    return subprocess.run(command, capture_output=True, check=False).stdout


def nvme_name(disk: str) -> str:
    """The name EC2 wrote into the controller's vendor area (as Amazon's own ebsnvme-id reads it)."""
    return nvme_says(disk)[3072:3104].decode("ascii", "replace").strip(" \0")


# What is on a volume. An empty one of EBS reads as noise when it is encrypted, and libblkid
# finds a file system in one such volume of ten thousand: it is asked for a hint only.


def is_superblock(block: bytes) -> bool:
    """An ext4 superblock as mkfs below makes it, primary or backup.

    No checksum and no group number: not every kernel keeps them right in backups when it grows a file system.
    """
    # Block size, blocks per group, magic, revision, inode size.
    fields = struct.unpack_from("<24xI4xI20xH18xI8xH", block)
    return fields[:4] == (2, 32768, 0xEF53, 1) and fields[4] in (128, 256, 512, 1024)


def is_empty(device: str) -> bool:
    """Whether the volume was never written to; False for an ext4 of ours. Fails for anything else."""
    with open(device, "rb", buffering=0) as file:
        size = file.seek(0, os.SEEK_END)

        def read(at: int, count: int) -> bytes:
            file.seek(at)
            return file.read(count)

        if is_superblock(read(1024, 1024)):
            return False
        # Groups of 128 MiB where mkfs puts backups (sparse_super).
        for group in (1, 3, 5, 7, 9, 25, 27, 49):
            if group << 27 < size and is_superblock(read(group << 27, 1024).ljust(1024)):
                raise Failed(
                    "%s holds an ext4 file system whose start is damaged; it is not formatted. To repair it: "
                    "e2fsck -y -b %d -B 4096 %s" % (device, group << 15, device)
                )
        # All structure of file systems, partition tables, LVM, RAID and LUKS is in the first 4 MiB or the last one, in
        # sectors with many zero bytes. Noise has 2 of them in 512, and 32 once in 10**22 volumes.
        both = read(0, 4 << 20) + read(max(0, size - (1 << 20)), 1 << 20)
    zeros = (both.count(0, at, at + 512) for at in range(0, len(both), 512))
    if all(count < 32 or count == 512 for count in zeros):
        return True
    found = said("blkid", "-p", "-o", "value", "-s", "TYPE", "-s", "PTTYPE", device)
    raise Failed(
        "%s holds data that is not ours (blkid says: %s); it is not formatted. Restore the volume from a "
        "snapshot, or put an empty one in its place" % (device, " ".join(found.split()) or "unknown")
    )


def identity(device: str) -> str:
    """What tells this volume from others: its id on NVMe, else its name and size."""
    if "/nvme" in device:
        return nvme_says(os.path.basename(device))[4:24].decode("ascii", "replace").strip()
    with open(device, "rb") as file:
        return "%s %d" % (device, file.seek(0, os.SEEK_END))


def holds_files(device: str, target: str) -> bool:
    if subprocess.run(["mount", "-t", "ext4", "-o", "ro", device, target], check=False).returncode != 0:
        return False
    found = os.listdir(target)
    subprocess.run(["umount", target], check=True)
    return found != ["lost+found"]


def prepare(device: str, target: str, mark_path: str) -> None:
    """Makes a file system where there is none.

    A power loss during mkfs leaves what looks like somebody's data. So the root disk has a mark while it runs. It is
    gone before the file system is mounted for Redis: a volume with a mark holds nothing of ours. If it does hold
    files, the mark is older than they are, as on a root disk that was restored: they stay.
    """
    me, mark = identity(device), ""
    if os.path.exists(mark_path):
        with open(mark_path, encoding="utf-8") as file:
            mark = file.read()
    if not holds_files(device, target) if mark == me else is_empty(device):
        with open(mark_path, "w", encoding="utf-8") as file:
            file.write(me)
        os.sync()
        # The block size is what is_superblock looks for, also on volumes below 512 MiB.
        subprocess.run(["mkfs.ext4", "-q", "-b", "4096", device], check=True)
        os.sync()
        mark = me
    if mark:
        os.remove(mark_path)
        os.sync()


def grow(device: str) -> bool:
    """Lets the file system fill its volume; says why when it cannot."""
    done = subprocess.run(["resize2fs", device], check=False, capture_output=True, text=True)
    if done.returncode != 0:
        print("rediform: %s stays as large as it is: %s" % (device, done.stderr.strip()), flush=True)
    return done.returncode == 0


def mount(device: str, target: str) -> None:
    mount_ext4 = ["mount", "-t", "ext4", "-o", "noatime", device, target]
    subprocess.run(mount_ext4, check=True)
    if not grow(device):
        # Not every kernel grows a file system in use. Nobody uses it yet; one that does not grow even so is
        # still good to start on.
        subprocess.run(["umount", target], check=True)
        subprocess.run(["e2fsck", "-f", "-p", device], check=False)
        grow(device)
        subprocess.run(mount_ext4, check=True)


def bring(target: str, mark: str, will_change: Callable[[], None]) -> None:
    """Waits for the volume and mounts it. `mark`: a file on the root disk that names the volume while it is formatted.
    `will_change` is called before a device or what is on it changes.
    """

    def find() -> str:
        will_change()
        return find_device(DEVICE)

    # Mounted already: by an earlier run, or by somebody who has made the data folder a mount of his
    # own. Either way it is what Redis shall use.
    if not os.path.ismount(target):
        device = retry("data volume", find)
        for folder in (target, os.path.dirname(mark)):
            os.makedirs(folder, exist_ok=True)
        prepare(device, target, mark)
        mount(device, target)
    else:  # the volume may have grown since
        device = said("findmnt", "-no", "SOURCE", target)
        will_change()
        grow(device)
    os.chmod(target, 0o700)
    # A machine that replaced another may know the user by another number.
    subprocess.run(["chown", "-R", "%s:%s" % (USER, USER), target], check=True)
