"""What is installed on a machine."""

import dataclasses
import hashlib
import os
import tempfile
import unittest
import unittest.mock

from fake_machine import OnAMachine
from rediform.contents import Backup
from rediform.machine import packages
from rediform.machine.commands import Failed

INSTALLED = "install ok installed"
URL = "https://download.redis.io/releases"
TARBALL = b"a tarball"
SHA256 = hashlib.sha256(TARBALL).hexdigest()


class Packages(OnAMachine):
    def test_of_each_kind_of_node(self):
        build = ("build-essential", "ca-certificates", "curl", "libssl-dev", "libsystemd-dev", "pkg-config")
        self.assertEqual(packages.names("redis", False), ("redis-server", "ufw", "nvme-cli"))
        self.assertEqual(packages.names("sentinel", False), ("redis-server", "ufw"))
        backup = Backup(everySeconds=60, keepDays=1, keepLast=1, place="s3://bucket/a", recipients=[], undo=None)
        self.assertEqual(packages.names("redis", False, backup), ("redis-server", "ufw", "nvme-cli", "zstd"))
        backup = dataclasses.replace(backup, recipients=["age1x"])
        self.assertEqual(packages.names("redis", False, backup), ("redis-server", "ufw", "nvme-cli", "zstd", "age"))
        self.assertEqual(packages.names("redis", True), (*build, "ufw", "nvme-cli"))
        self.assertEqual(packages.names("sentinel", True), (*build, "ufw"))

    def test_missing_packages_are_installed(self):
        self.machine.packages["ufw"] = INSTALLED
        packages.install(["redis-server", "ufw"])
        self.assertEqual(
            self.machine.calls,
            [
                "dpkg -s redis-server ufw",
                "apt-get -qq -o DPkg::Lock::Timeout=300 update",
                "DEBIAN_FRONTEND=noninteractive apt-get -qqy -o DPkg::Lock::Timeout=300 install redis-server ufw",
            ],
        )

    def test_when_all_are_there_apt_is_not_asked(self):
        self.machine.packages.update({"redis-server": INSTALLED, "ufw": "hold ok installed"})
        packages.install(["redis-server", "ufw"])
        self.assertEqual(self.machine.calls, ["dpkg -s redis-server ufw"])

    def test_a_package_that_was_removed_or_never_configured_is_not_there(self):
        for state in ("deinstall ok config-files", "install ok half-configured", "install ok unpacked"):
            with self.subTest(state=state):
                self.machine.packages.update({"redis-server": INSTALLED, "ufw": state})
                packages.install(["redis-server", "ufw"])
                self.assertEqual(self.machine.packages["ufw"], INSTALLED)

    def test_what_apt_refuses_is_a_failure(self):
        self.machine.broken = {"apt-get"}
        with self.assertRaisesRegex(Failed, "^apt-get -qq .* update ended with 1: apt-get: it is broken$"):
            packages.install(["ufw"])

    def test_what_debian_would_start_is_masked(self):
        packages.mask()
        units = "redis-server.service redis-sentinel.service nvmf-autoconnect.service"
        self.assertEqual(self.machine.calls, ["systemctl --quiet mask " + units])

    def test_the_user_is_made_once(self):
        packages.user()
        packages.user()
        make = "useradd --system --no-create-home --home-dir /var/redis --shell /usr/sbin/nologin redis"
        self.assertEqual(self.machine.calls, ["id redis", make, "id redis"])


class Build(OnAMachine):
    def setUp(self):
        super().setUp()
        self.machine.downloads[f"{URL}/redis-7.2.4.tar.gz"] = TARBALL
        self.temporary = self.enterContext(tempfile.TemporaryDirectory())
        self.enterContext(unittest.mock.patch.object(tempfile, "tempdir", self.temporary))

    def programs(self):
        return [call.split()[0] for call in self.machine.calls]

    def test_fetches_checks_and_makes(self):
        packages.build("7.2.4", SHA256, URL)
        version, curl, tar, make = self.machine.calls
        folder = os.path.dirname(curl.split()[5])
        self.assertEqual(version, "/usr/local/bin/redis-server --version")
        self.assertEqual(curl, f"curl -fsS --retry 5 -o {folder}/redis-7.2.4.tar.gz {URL}/redis-7.2.4.tar.gz")
        self.assertEqual(tar, f"tar xzf {folder}/redis-7.2.4.tar.gz -C {folder}")
        jobs = len(os.sched_getaffinity(0))
        self.assertEqual(make, f"make -s -j{jobs} -C {folder}/redis-7.2.4 BUILD_TLS=yes USE_SYSTEMD=yes install")
        self.assertEqual(self.machine.built, "7.2.4")
        self.assertEqual(os.listdir(self.temporary), [])

    def test_is_done_once(self):
        packages.build("7.2.4", SHA256, URL)
        self.machine.calls.clear()
        packages.build("7.2.4", SHA256, URL)
        self.assertEqual(self.machine.calls, ["/usr/local/bin/redis-server --version"])

    def test_another_version_is_built_over_the_one_before(self):
        for before in ("7.2.3", "7.2.40", "17.2.4"):
            self.machine.built = before
            packages.build("7.2.4", SHA256, URL)
            self.assertEqual(self.machine.built, "7.2.4")

    def test_a_server_that_does_not_say_its_version_is_built_again(self):
        self.machine.built = "7.2.4"
        self.machine.broken = {packages.BUILT}
        packages.build("7.2.4", SHA256, URL)
        self.assertEqual(self.programs()[1:], ["curl", "tar", "make"])

    def test_the_checksum_decides_before_anything_is_unpacked(self):
        refusal = "redis-7.2.4.tar.gz has another checksum than the environment file says; nothing was installed"
        with self.assertRaisesRegex(Failed, f"^{refusal}$"):
            packages.build("7.2.4", "0" * 64, URL)
        self.assertEqual(self.programs()[1:], ["curl"])
        self.assertEqual(os.listdir(self.temporary), [])

    def test_what_cannot_be_fetched_or_made_is_a_failure_and_leaves_nothing(self):
        with self.assertRaisesRegex(Failed, "^curl .*/redis-7.2.5.tar.gz ended with 22: curl: .22. The requested"):
            packages.build("7.2.5", SHA256, URL)
        self.machine.broken = {"make"}
        with self.assertRaisesRegex(Failed, "^make .* ended with 1"):
            packages.build("7.2.4", SHA256, URL)
        self.assertEqual(os.listdir(self.temporary), [])


if __name__ == "__main__":
    unittest.main()
