#!/usr/bin/env python3
# What tools/dev/check_slurm relies on, without Slurm: ports that no client takes, and
# questions that are asked again until they are answered.
import os
import pathlib
import socket
import sys
import tempfile
import unittest
from unittest import mock

ROOT = pathlib.Path(os.path.abspath(__file__)).parents[3]
sys.path.insert(0, str(ROOT / "tools" / "dev"))
sys.dont_write_bytecode = True  # not into the tree

import private_slurm  # noqa: E402


class FreePortsTest(unittest.TestCase):
    def test_are_below_those_of_clients_and_can_be_bound(self):
        text = pathlib.Path("/proc/sys/net/ipv4/ip_local_port_range").read_text(encoding="ascii")
        ports = private_slurm.free_ports(5)
        self.assertEqual(len(set(ports)), 5)
        for port in ports:
            self.assertTrue(1024 <= port < int(text.split()[0]), port)

    def test_leaves_out_what_is_taken(self):
        [port] = private_slurm.free_ports(1)
        with socket.socket() as taken:
            try:
                taken.bind(("127.0.0.1", port))
            except OSError:
                pass  # another one has it: it is taken as well
            with mock.patch("secrets.randbelow", return_value=port - 1024):
                self.assertNotIn(port, private_slurm.free_ports(3))

    def test_goes_on_at_the_first_one_after_the_last(self):
        with mock.patch("secrets.randbelow", side_effect=lambda number: number - 1):
            ports = private_slurm.free_ports(4)
        # The very last one may be taken.
        self.assertLess(ports[-1], 2000)
        self.assertEqual(ports[1:], sorted(ports[1:]))


class AskUntilTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.count = pathlib.Path(folder.name) / "count"
        self.slurm = private_slurm.PrivateSlurm(folder.name, [])

    def test_asks_again_until_the_answer_is_good(self):
        # Fails twice, then says what is not wanted, then what is.
        script = (
            'echo x >>"$0"; n=$(wc -l <"$0"); [ "$n" -gt 2 ] || exit 1; '
            '[ "$n" -gt 3 ] || { echo no; exit; }; echo yes'
        )
        said = self.slurm.ask_until(
            "sh", "-c", script, str(self.count), says=lambda text: text == "yes\n"
        )
        self.assertEqual(said, "yes\n")
        self.assertEqual(self.count.read_text(encoding="ascii"), "x\n" * 4)


if __name__ == "__main__":
    unittest.main()
