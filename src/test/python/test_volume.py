"""What is on a volume, and when it gets a file system. Volumes are sparse files.

What needs a mount needs root, and is skipped without. A tool that is not there skips its file system.
"""
import os
import shutil
import signal
import subprocess
import tempfile
import unittest

import fixtures  # noqa: F401

from rediform.errors import Failed
from rediform.machine import volume

MIB = 1 << 20
SIZE = 300 * MIB
# Where a program of Debian's may be that a user's PATH does not have.
os.environ["PATH"] += ":/usr/sbin:/sbin"


def can_mount():
    """Whether this process may mount a file."""
    with tempfile.TemporaryDirectory() as folder:
        image = folder + "/image"
        with open(image, "wb") as file:
            file.truncate(8 * MIB)
        subprocess.run(["mkfs.ext4", "-qF", image], check=True)
        done = subprocess.run(["mount", "-t", "ext4", image, folder], check=False, capture_output=True)
        return done.returncode == 0 and subprocess.run(["umount", "--lazy", folder], check=False).returncode == 0


class Volume(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.device = self.folder + "/volume"
        self.target = self.folder + "/target"
        os.mkdir(self.target)
        self.mark_path = self.folder + "/mkfs"

    def noise(self, size=SIZE):
        """As a new encrypted volume of EBS reads, where somebody looks; what nobody reads is left out."""
        with open(self.device, "wb") as file:
            file.truncate(size)
            for at in range(0, size, 128 * MIB):
                file.seek(at)
                file.write(os.urandom(min(5 * MIB, size - at)))
            file.seek(size - 5 * MIB)
            file.write(os.urandom(5 * MIB))

    def zeros(self, size=SIZE):
        with open(self.device, "wb") as file:
            file.truncate(size)

    def overwrite(self, at, data):
        with open(self.device, "r+b") as file:
            file.seek(at)
            file.write(data)

    def run_tool(self, *words, **more):
        if not shutil.which(words[0]):
            self.skipTest("missing: " + words[0])
        subprocess.run([*words, self.device], check=True, capture_output=True, **more)

    def ext4(self):
        subprocess.run(["mkfs.ext4", "-q", "-b", "4096", self.device], check=True, stdin=subprocess.DEVNULL)

    def refusal(self):
        with self.assertRaises(Failed) as caught:
            volume.is_empty(self.device)
        return str(caught.exception)


class WhatIsOnAVolume(Volume):
    def test_noise_is_empty(self):
        self.noise()
        self.assertTrue(volume.is_empty(self.device))

    def test_zeros_are_empty(self):
        self.zeros()
        self.assertTrue(volume.is_empty(self.device))

    def test_noise_that_libblkid_takes_for_a_file_system_is_empty(self):
        self.noise()
        self.overwrite(1024, b"H+")
        self.overwrite(0x438, b"\x53\xef")
        self.assertTrue(volume.is_empty(self.device))

    def test_an_ext4_of_ours_is_not_empty(self):
        for fill in (self.noise, self.zeros):
            fill()
            self.ext4()
            self.assertFalse(volume.is_empty(self.device))

    def test_an_ext4_of_debians_defaults_is_ours_where_volumes_are_as_large_as_a_clouds(self):
        self.zeros(1024 * MIB)
        subprocess.run(["mkfs.ext4", "-q", self.device], check=True, stdin=subprocess.DEVNULL)
        self.assertFalse(volume.is_empty(self.device))

    def test_an_ext4_without_its_start_is_not_formatted_and_the_command_for_it_works(self):
        for head in (os.urandom(64 << 10), os.urandom(16 * MIB), bytes(4 * MIB)):
            self.noise()
            self.ext4()
            self.overwrite(0, head)
            said = self.refusal()
            self.assertIn("start is damaged", said)
            command = said.split("To repair it: ")[1].split()
            self.assertEqual(command, ["e2fsck", "-y", "-b", "32768", "-B", "4096", self.device])
            self.assertEqual(subprocess.run(command, check=False, capture_output=True).returncode, 1)
            self.assertFalse(volume.is_empty(self.device))

    def test_without_the_first_backup_too_the_next_one_is_named(self):
        self.zeros(520 * MIB)
        self.ext4()
        self.overwrite(0, bytes(4 * MIB))
        self.overwrite(128 * MIB, bytes(4096))
        self.assertIn("-b 98304 ", self.refusal())

    def test_a_raid_signature_at_the_end_does_not_hide_an_ext4(self):
        self.noise()
        self.ext4()
        self.overwrite(SIZE - 1024, b"Intel Raid ISM Cfg Sig. 1.0.00")
        self.assertFalse(volume.is_empty(self.device))

    def test_what_others_wrote_is_refused(self):
        tools = {
            "xfs": ["mkfs.xfs", "-q", "-f"],
            "btrfs": ["mkfs.btrfs", "-q", "-f"],
            "vfat": ["mkfs.vfat", "-I"],
            "swap": ["mkswap"],
            "crypto_LUKS": [
                "cryptsetup",
                "-q",
                "luksFormat",
                "--type",
                "luks2",
                "--pbkdf",
                "pbkdf2",
                "--pbkdf-force-iterations",
                "1000",
                "--key-file",
                "/etc/hostname",
            ],
            "gpt": ["sfdisk", "-q", "--label", "gpt"],
            "dos": ["sfdisk", "-q", "--label", "dos"],
        }
        for kind, words in tools.items():
            with self.subTest(kind):
                self.noise(400 * MIB)
                more = {"input": b",\n"} if words[0] == "sfdisk" else {}
                self.run_tool(*words, **more)
                said = self.refusal()
                self.assertIn("holds data that is not ours", said)
                self.assertIn(kind, said)

    def test_an_lvm_label_is_refused_also_where_libblkid_does_not_know_it(self):
        self.noise()
        # Sector 1, as pvcreate writes it: the rest of the sector is zeros.
        self.overwrite(512, b"LABELONE" + bytes(504))
        self.assertIn("not ours", self.refusal())

    def test_text_at_the_end_is_refused(self):
        self.noise()
        self.overwrite(SIZE - 4096, b"nobody may lose this\n".ljust(512, b"\0"))
        self.assertIn("blkid says: unknown", self.refusal())


class Prepare(Volume):
    def prepare(self):
        volume.prepare(self.device, self.target, self.mark_path)

    def mounted(self):
        """Mounts as the agent does, and takes it away after the test."""
        volume.mount(self.device, self.target)
        self.addCleanup(subprocess.run, ["umount", self.target], check=True)

    def mark(self, text=None):
        with open(self.mark_path, "w", encoding="utf-8") as file:
            file.write(volume.identity(self.device) if text is None else text)

    def put_a_file(self):
        subprocess.run(["mount", "-t", "ext4", self.device, self.target], check=True)
        with open(self.target + "/appendonly.aof", "w", encoding="utf-8") as file:
            file.write("data")
        subprocess.run(["umount", self.target], check=True)

    def files(self):
        self.mounted()
        return sorted(os.listdir(self.target))

    def test_an_empty_volume_gets_a_file_system_and_no_mark_stays(self):
        self.noise()
        self.prepare()
        self.assertFalse(os.path.exists(self.mark_path))
        self.assertEqual(self.files(), ["lost+found"])

    def test_what_is_there_stays(self):
        self.noise()
        self.prepare()
        self.put_a_file()
        self.prepare()
        self.assertEqual(self.files(), ["appendonly.aof", "lost+found"])

    def test_a_volume_with_a_raid_signature_at_its_end_is_mounted(self):
        self.noise()
        self.prepare()
        self.overwrite(SIZE - 1024, b"Intel Raid ISM Cfg Sig. 1.0.00")
        self.prepare()
        self.assertEqual(self.files(), ["lost+found"])

    def test_a_mark_of_another_volume_means_nothing(self):
        self.noise()
        self.overwrite(0, b"not ours".ljust(512, b"\0"))
        self.mark("vol0123456789abcdef0")
        with self.assertRaises(Failed):
            self.prepare()

    def test_files_of_ours_outlive_a_mark_that_was_not_removed(self):
        self.noise()
        self.prepare()
        self.put_a_file()
        self.mark()
        self.prepare()
        self.assertFalse(os.path.exists(self.mark_path))
        self.assertEqual(self.files(), ["appendonly.aof", "lost+found"])

    def test_an_mkfs_that_was_complete_but_for_its_mark_is_done_again(self):
        self.noise()
        self.prepare()
        self.mark()
        self.prepare()
        self.assertFalse(os.path.exists(self.mark_path))
        self.assertEqual(self.files(), ["lost+found"])

    def test_an_mkfs_that_was_cut_anywhere_is_done_again(self):
        """Cuts mkfs at its n-th write, by a library that ends the process there."""
        library = self.folder + "/cut.so"
        source = self.folder + "/cut.c"
        if not shutil.which("cc"):
            self.skipTest("missing: cc")
        with open(source, "w", encoding="utf-8") as file:
            file.write(
                """
                #define _GNU_SOURCE
                #include <dlfcn.h>
                #include <signal.h>
                #include <stdlib.h>
                #include <unistd.h>
                static ssize_t cut(ssize_t (*write)(int, const void *, size_t, off64_t), int fd, const void *b,
                                   size_t n, off64_t at) {
                    static int left = -1;
                    if (left < 0) left = atoi(getenv("CUT"));
                    if (left-- == 0) { write(fd, b, n / 2, at); raise(SIGKILL); }
                    return write(fd, b, n, at);
                }
                ssize_t pwrite64(int fd, const void *b, size_t n, off64_t at) {
                    return cut(dlsym(RTLD_NEXT, "pwrite64"), fd, b, n, at);
                }
                ssize_t pwrite(int fd, const void *b, size_t n, off_t at) { return pwrite64(fd, b, n, at); }
                """
            )
        subprocess.run(["cc", "-shared", "-fPIC", "-w", "-o", library, source, "-ldl"], check=True)
        seen = set()
        for cut in (0, 1, 2, 3, 5, 8, 13, 21, 34, 55):
            with self.subTest(cut):
                self.noise()
                self.mark()
                env = dict(os.environ, LD_PRELOAD=library, CUT=str(cut))
                done = subprocess.run(
                    ["mkfs.ext4", "-q", "-b", "4096", self.device], env=env, check=False, stdin=subprocess.DEVNULL
                )
                try:
                    seen.add((done.returncode, "empty" if volume.is_empty(self.device) else "ext4"))
                except Failed as failed:
                    seen.add((done.returncode, str(failed)[len(self.device) :][:20]))
                self.prepare()
                self.assertFalse(os.path.exists(self.mark_path))
                self.assertEqual(
                    subprocess.run(["e2fsck", "-f", "-n", self.device], check=False, capture_output=True).returncode, 0
                )
        # Without the mark, some of these would never be formatted.
        self.assertTrue(any(code == -signal.SIGKILL and word.startswith(" holds") for code, word in seen), seen)


if __name__ == "__main__":
    unittest.main()
