"""How operators log in to a machine."""

import unittest

from fake_machine import OnAMachine
from rediform.machine import access

KEYS = "/etc/rediform/keys"
CONF = "/etc/ssh/sshd_config.d/rediform.conf"
ONE, TWO = "ssh-ed25519 AAAA one", "ssh-ed25519 BBBB two"


class Access(OnAMachine):
    def test_keys_are_in_a_file_that_sshd_knows(self):
        access.write([ONE, TWO])
        self.assertEqual(self.machine.text(KEYS), f"{ONE}\n{TWO}\n")
        conf = "Match User admin,debian\n AuthorizedKeysFile .ssh/authorized_keys /etc/rediform/keys\n"
        self.assertEqual(self.machine.text(CONF), conf)
        # sshd reads the file of keys as the user who logs in.
        self.assertEqual([self.machine.mode(path) for path in (KEYS, CONF)], ["0o644"] * 2)

    def test_a_key_that_is_gone_opens_nothing(self):
        access.write([ONE, TWO])
        access.write([TWO])
        self.assertEqual(self.machine.text(KEYS), f"{TWO}\n")
        access.write([])
        self.assertEqual(self.machine.text(KEYS), "\n")

    def test_sshd_takes_its_settings_if_it_runs(self):
        access.reload()
        self.assertEqual(self.machine.calls, ["systemctl try-reload-or-restart ssh.service"])
        self.assertEqual(self.said, [])

    def test_an_sshd_that_keeps_its_settings_is_told_and_no_failure(self):
        self.machine.broken = {"systemctl"}
        access.reload()
        self.assertEqual(self.said, ["sshd keeps its settings"])


if __name__ == "__main__":
    unittest.main()
