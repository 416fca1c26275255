"""Kernel settings of a machine."""

import unittest

from fake_machine import OnAMachine
from rediform.machine import kernel

CONF = "/etc/sysctl.d/60-rediform.conf"
ENABLED, DEFRAG = ("/sys/kernel/mm/transparent_hugepage/" + name for name in ("enabled", "defrag"))


class Kernel(OnAMachine):
    def test_is_asked_for_what_redis_wants(self):
        for path in (ENABLED, DEFRAG):
            self.machine.put(path, "always [madvise] never\n")
        kernel.apply()
        text = "net.core.somaxconn = 4096\nvm.overcommit_memory = 1\nvm.swappiness = 1\n"
        self.assertEqual(self.machine.text(CONF), text)
        self.assertEqual(self.machine.calls, ["sysctl -q --system"])
        self.assertEqual([self.machine.text(path) for path in (ENABLED, DEFRAG)], ["never\n"] * 2)
        self.assertEqual(self.said, [])

    def test_what_is_refused_is_told_and_no_failure(self):
        self.machine.broken = {"sysctl"}
        self.machine.put(ENABLED + "/a-folder-refuses", "")
        kernel.apply()
        self.assertEqual(self.said, ["some kernel settings were refused", "THP stays on"])
        self.assertEqual(self.machine.text(DEFRAG), "never\n")

    def test_a_kernel_without_huge_pages_is_no_failure(self):
        kernel.apply()
        self.assertEqual(self.said, ["THP stays on", "THP stays on"])

    def test_health_reports_what_is_not_as_it_was_asked_for(self):
        self.machine.put("/proc/sys/vm/overcommit_memory", "0\n")
        self.machine.put("/proc/sys/net/core/somaxconn", "128\n")
        self.machine.put("/proc/sys/vm/swappiness", "60\n")  # a wish: Redis does not warn about it
        self.machine.put(ENABLED, "always [madvise] never\n")
        self.assertEqual(
            kernel.refused_settings(),
            [
                "/proc/sys/vm/overcommit_memory is 0, wanted 1",
                "/proc/sys/net/core/somaxconn is 128, wanted 4096",
                "/sys/kernel/mm/transparent_hugepage/enabled is always [madvise] never, wanted never",
            ],
        )

    def test_what_is_as_asked_for_or_not_there_is_not_reported(self):
        self.assertEqual(kernel.refused_settings(), [])
        self.machine.put("/proc/sys/vm/overcommit_memory", "1\n")
        self.machine.put(ENABLED, "always madvise [never]\n")
        self.assertEqual(kernel.refused_settings(), [])


if __name__ == "__main__":
    unittest.main()
