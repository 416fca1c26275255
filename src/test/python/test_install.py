"""What `install` leaves on a machine, and when it restarts the server."""
import os
import time
import unittest

from machine import Machine


class Install(Machine):
    def test_files_are_written_and_those_of_another_document_go(self):
        def more(name, text):  # as another release would write it
            return (
                text.replace("    return {CONF: ", '    return {"/etc/more": "text\\n", CONF: ')
                if "kernel" in name
                else text
            )

        a, b = self.document(change=more), self.document()
        self.works(a, "install")
        self.assertEqual(self.read("etc/more"), "text\n")
        self.assertEqual(os.stat(self.path("etc/systemd/system/redis.service")).st_mode & 0o777, 0o644)
        self.assertEqual(self.read("var/lib/rediform/settings.conf"), "maxmemory 64mb\n")
        self.works(b, "install")
        self.assertFalse(os.path.exists(self.path("etc/more")))
        self.works(a, "install")
        self.assertEqual(self.read("etc/more"), "text\n")
        self.assertEqual(self.read("calls").count("systemctl daemon-reload\n"), 3)

    def test_an_installation_that_was_killed_is_done_again_and_leaves_nothing_behind(self):
        a, b = self.document(), self.document(keys=["ssh-ed25519 AAAA"])
        self.works(a, "install")
        before = self.files()
        self.script("sysctl", "#!/bin/sh\nkill -9 $PPID\n")
        self.assertEqual(self.ask(b, "install")[0], -9)
        self.script("sysctl", "#!/bin/sh\n")
        self.works(a, "install")
        self.assertEqual(self.read("etc/rediform/keys"), "\n")
        self.assertEqual(self.files(), before)

    def test_a_set_up_that_fails_is_the_reason(self):
        self.script("bin/dpkg", "#!/bin/sh\nexit 1\n")
        self.script("bin/apt-get", "#!/bin/sh\necho no network\nexit 7\n")
        self.assertRegex(self.fails(self.document(), "install"), "^apt-get .* update ended with 7: no network$")

    def test_a_running_server_takes_live_settings_at_once(self):
        a = self.document()
        self.works(a, "install")
        self.start(a)
        b = self.document(live={"maxmemory": "32mb"})
        self.assertIn("takes maxmemory 32mb", self.works(b, "install"))
        self.assertEqual(self.info("maxmemory"), str(32 << 20))
        self.works(a, "install")
        self.assertEqual(self.info("maxmemory"), str(64 << 20))
        self.works(b, "install", "--restart")
        self.assertNotIn("systemctl restart", self.read("calls"))

    def test_what_the_running_server_has_no_room_for_is_forgotten_on_the_way_back(self):
        a = self.document()
        self.works(a, "install")
        self.start(a)
        self.assertIn("more than maxmemory 1kb", self.fails(self.document(live={"maxmemory": "1kb"}), "install"))
        self.works(a, "install")
        self.works(a, "health")

    def test_what_is_beside_the_server_runs_the_new_agent(self):
        self.works(self.document(), "install")
        self.write("calls", "")
        self.works(self.document(live={"hz": "20"}), "install")
        self.assertNotIn("rediform-attend", self.read("calls"))
        self.works(self.document(change=(lambda name, text: text + "\n")), "install")
        self.assertIn("systemctl try-restart rediform-attend.service", self.read("calls"))

    def test_what_is_beside_the_server_learns_of_other_backups(self):
        self.works(self.document(), "install")
        self.write("calls", "")
        backup = {
            "everySeconds": 3600,
            "keepDays": 1,
            "keepLast": 1,
            "place": "s3://bucket/x",
            "recipients": [],
            "undo": None,
        }
        self.works(self.document(backup=backup), "install")
        self.assertIn("systemctl try-restart rediform-attend.service", self.read("calls"))
        self.assertIn("systemctl restart rediform-backup.timer", self.read("calls"))
        self.assertTrue(os.path.exists(self.path("etc/systemd/system/rediform-backup.timer")))
        self.works(self.document(), "install")
        self.assertFalse(os.path.exists(self.path("etc/systemd/system/rediform-backup.timer")))
        self.assertIn("systemctl --quiet stop rediform-backup.timer", self.read("calls"))


class Restart(Machine):
    def setUp(self):
        super().setUp()
        self.a = self.document()
        self.works(self.a, "install")
        self.start(self.a)
        self.b = self.document({"databases": "32"})
        self.works(self.b, "install")
        self.write("calls", "")

    def restarts(self, script):
        self.write("restart", "#!/bin/sh\n" + script)
        os.chmod(self.path("restart"), 0o755)

    def test_only_what_the_server_was_started_with_counts(self):
        self.works(self.a, "install")
        self.works(self.a, "install", "--restart")
        self.assertNotIn("systemctl restart", self.read("calls"))

    def test_a_due_restart_ends_once_the_node_is_fit_again(self):
        self.restarts("echo two > $MACHINE/invocation\n")
        self.assertIn("restarts its server", self.works(self.b, "install", "--restart"))
        self.assertEqual(self.read("calls").count("systemctl restart --no-block redis.service"), 1)

    def test_a_node_that_looks_fit_before_its_stop_has_begun_is_not_taken_for_restarted(self):
        self.restarts("(sleep 2; echo two > $MACHINE/invocation) > /dev/null 2>&1 &\n")
        began = time.monotonic()
        self.works(self.b, "install", "--restart")
        self.assertGreater(time.monotonic() - began, 2)

    def test_a_server_that_ends_each_time_is_given_up(self):
        self.restarts(
            "kill %d\n(for i in 2 3 4 5 6 7 8; do echo $i > $MACHINE/invocation; sleep 1; done) > /dev/null 2>&1 &\n"
            % self.server.pid
        )
        self.assertEqual(
            self.fails(self.b, "install", "--restart"), "its server does not start with the new settings: its last line"
        )

    def test_a_server_that_did_not_run_is_started_and_not_judged(self):
        self.end()
        self.is_active("activating")
        self.restarts("echo two > $MACHINE/invocation\n")
        c = self.document(
            {"databases": "32"}, change=(lambda name, text: text.replace("COME_BACK = 30", "COME_BACK = 1"))
        )
        self.assertIn("was not fit before", self.works(c, "install", "--restart"))


if __name__ == "__main__":
    unittest.main()
