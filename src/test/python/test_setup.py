"""A machine is made into a node: which steps, in which order, and what a failure leaves."""

import dataclasses
import hashlib
import unittest

from fake_machine import OnAMachine
from rediform.machine import files
from rediform.machine import setup
from rediform.machine.commands import Failed
from rediform.contents import Allow, Backup
from rediform.machine.packages import Source

KEY = "ssh-ed25519 AAAA one"
TARBALL = b"a tarball"
URL = "https://download.redis.io/releases"
SOURCE = Source("7.2.4", hashlib.sha256(TARBALL).hexdigest(), URL)
REDIS = setup.Facts(
    cluster="production",
    kind="redis",
    port=6379,
    data="/var/redis/6379",
    conf="/etc/redis/6379.conf",
    source=None,
    allow=(Allow("10.60.0.0/20", 6379), Allow("10.9.0.0/24", 22)),
    keys=(KEY,),
)
SENTINEL = dataclasses.replace(
    REDIS,
    kind="sentinel",
    port=26379,
    data="/var/redis/sentinel",
    conf="/etc/redis/sentinel.conf",
    source=SOURCE,
    allow=(Allow("10.60.0.0/20", 26379),),
)
BACKED_UP = dataclasses.replace(REDIS, backup=Backup(3600, 30, 28, "s3://bucket/rediform/production", ["age1x"], None))
MASK = "systemctl --quiet mask redis-server.service redis-sentinel.service nvmf-autoconnect.service"
BUILD = "build-essential ca-certificates curl libssl-dev libsystemd-dev pkg-config ufw"
UPDATE = "apt-get -qq -o DPkg::Lock::Timeout=300 update"
INSTALL = "DEBIAN_FRONTEND=noninteractive apt-get -qqy -o DPkg::Lock::Timeout=300 install "


class SetUp(OnAMachine):
    def setUp(self):
        super().setUp()
        self.machine.downloads[f"{URL}/redis-7.2.4.tar.gz"] = TARBALL
        for name in ("enabled", "defrag"):
            self.machine.put("/sys/kernel/mm/transparent_hugepage/" + name, "[always] madvise never\n")
        self.before = self.machine.files()

    def set_up(self, facts):
        self.machine.calls.clear()
        setup.set_up(facts, lambda: self.machine.calls.append("fetch-secret"))
        return [call for call in self.machine.calls if call.split()[0] not in ("curl", "tar", "make")]

    def test_a_new_data_node_with_debians_redis(self):
        self.assertEqual(
            self.set_up(REDIS),
            [
                MASK,
                "dpkg -s redis-server ufw nvme-cli",
                UPDATE,
                INSTALL + "redis-server ufw nvme-cli",
                "sysctl -q --system",
                "ufw status verbose",
                "ufw default deny incoming",
                "ufw default allow outgoing",
                "ufw show added",
                "ufw allow from 10.60.0.0/20 to any port 6379 proto tcp",
                "ufw allow from 10.9.0.0/24 to any port 22 proto tcp",
                "ufw --force enable",
                "fetch-secret",
                "systemctl daemon-reload",
                "systemctl try-reload-or-restart ssh.service",
                "systemctl enable --quiet redis.service",
                "systemctl --no-block start rediform-volume.service redis.service",
                "systemctl --quiet stop rediform-backup.timer",
            ],
        )
        self.assertEqual(self.said, [])

    def test_a_new_sentinel_with_redis_from_source(self):
        self.assertEqual(
            self.set_up(SENTINEL),
            [
                MASK,
                "id redis",
                "useradd --system --no-create-home --home-dir /var/redis --shell /usr/sbin/nologin redis",
                "dpkg -s " + BUILD,
                UPDATE,
                INSTALL + BUILD,
                "sysctl -q --system",
                "ufw status verbose",
                "ufw default deny incoming",
                "ufw default allow outgoing",
                "ufw show added",
                "ufw allow from 10.60.0.0/20 to any port 26379 proto tcp",
                "ufw --force enable",
                "/usr/local/bin/redis-server --version",
                "fetch-secret",
                "systemctl daemon-reload",
                "systemctl try-reload-or-restart ssh.service",
                "systemctl enable --quiet sentinel.service",
                "systemctl --no-block start sentinel.service",
            ],
        )
        self.assertEqual(self.machine.built, "7.2.4")

    def test_a_data_node_with_backups_has_what_packs_them_and_a_timer(self):
        calls = self.set_up(BACKED_UP)
        self.assertIn("dpkg -s redis-server ufw nvme-cli zstd age", calls)
        self.assertEqual(calls[-1], "systemctl restart rediform-backup.timer")
        self.assertIn("OnUnitInactiveSec=300\n", self.machine.text("/etc/systemd/system/rediform-backup.timer"))

    def test_the_same_again_changes_nothing(self):
        for facts in (REDIS, SENTINEL):
            self.set_up(facts)
            known = {path: self.machine.text(path) for path in self.machine.files()}
            calls = self.set_up(facts)
            self.assertEqual({path: self.machine.text(path) for path in self.machine.files()}, known)
            changing = ("apt-get", "DEBIAN_FRONTEND", "useradd", "ufw default", "ufw delete", "ufw --force")
            self.assertEqual([call for call in calls if call.startswith(changing)], [])
            self.assertEqual([call for call in self.machine.calls if call.startswith(("curl", "make"))], [])

    def test_folders_have_their_modes_and_owners(self):
        self.set_up(REDIS)
        modes = {path: self.machine.mode(path) for path in ("/var/redis", "/etc/redis", "/var/redis/6379")}
        self.assertEqual(modes, {"/var/redis": "0o755", "/etc/redis": "0o700", "/var/redis/6379": "0o700"})
        self.assertEqual(self.machine.owners, {"etc/redis": "redis:redis", "var/redis/6379": "redis:redis"})

    def test_what_it_writes_is_known_before(self):
        for facts in (REDIS, SENTINEL, BACKED_UP):
            for path in self.machine.files() - self.before:
                files.write(path, "of an earlier document")
            self.set_up(facts)
            texts = setup.texts(facts)
            self.assertEqual({path: self.machine.text(path) for path in texts}, texts)
        everything = {*setup.texts(BACKED_UP), *setup.texts(SENTINEL), "/etc/ufw/rediform"}
        self.assertEqual(self.machine.files() - self.before, everything)

    def test_what_fails_ends_it(self):
        for program, last in (
            ("apt-get", UPDATE),
            ("ufw", "ufw default deny incoming"),
            ("systemctl", MASK),
        ):
            with self.subTest(program=program):
                self.machine.packages.clear()
                self.machine.broken = {program}
                with self.assertRaisesRegex(Failed, f"{program}: it is broken"):
                    self.set_up(REDIS)
                self.assertEqual(self.machine.calls[-1], last)

    def test_a_secret_that_does_not_come_ends_it_before_the_server_is_started(self):
        def fail():
            raise Failed("secret: no such secret")

        with self.assertRaisesRegex(Failed, "no such secret"):
            setup.set_up(REDIS, fail)
        self.assertNotIn("systemctl daemon-reload", self.machine.calls)

    def test_a_key_that_is_gone_opens_nothing_even_if_a_step_fails(self):
        self.set_up(REDIS)
        self.machine.broken = {"systemctl"}
        with self.assertRaises(Failed):
            self.set_up(dataclasses.replace(REDIS, keys=()))
        self.assertEqual(self.machine.text("/etc/rediform/keys"), "\n")

    def test_a_kernel_and_an_sshd_that_refuse_are_told_and_no_failure(self):
        self.machine.broken = {"sysctl"}
        self.set_up(REDIS)
        self.assertEqual(self.said, ["some kernel settings were refused"])


if __name__ == "__main__":
    unittest.main()
