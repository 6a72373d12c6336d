#!/usr/bin/env python3
# A disk that is full while the server takes keys and while the publisher writes,
# and then has room again: nothing is lost, nothing is there twice, and nobody
# has to do anything but free the disk.
#
# The disk is full for one process at a time: RLIMIT_FSIZE lets no file of it grow
# beyond a limit (EFBIG, where a full disk gives ENOSPC).
import os
import resource
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join("tests", "registration"))
import harness
from harness import REGISTRY, SLOT, key, request, wait_for

UNLIMITED = resource.RLIM_INFINITY


def limit_file_size(process, num_bytes):
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (num_bytes, UNLIMITED))


class ServerDiskTest(unittest.TestCase):
    def setUp(self):
        self.world = harness.World()
        self.addCleanup(self.world.close)

    def person(self, n):
        number = "%08d" % (20000000 + n)
        self.world.management.claims[number] = None
        tek = b"%016d" % n
        return number, tek, request(number, [key(tek)])

    def test_no_room_for_a_submission(self):
        world = self.world
        world.start()
        number, tek, first = self.person(1)
        self.assertEqual(world.put(first)[0], 200)
        limit_file_size(world.process, 1)
        number, tek, second = self.person(2)
        for _ in range(3):
            status, answer = world.put(second)
            self.assertEqual((status, answer["reason"]), (503, "unavailable"))
        # The number is this request's by now, and is not used.
        self.assertIsNotNone(world.management.claims[number])
        self.assertNotIn(number, world.management.used)
        # What is published is served meanwhile.
        self.assertEqual(world.ask("GET", "/c19r/440/list.json")[0], 200)

        limit_file_size(world.process, UNLIMITED)
        status, answer = world.put(second)
        self.assertEqual((status, answer["accepted"]), (200, 1))
        self.assertTrue(wait_for(lambda: world.management.used.get(number) == 1))
        self.assertEqual(world.put(second), (status, answer))
        self.assertEqual(world.end(), 0)

        world.set_time(SLOT)
        self.assertEqual(world.publish().returncode, 0)
        keys = [tek for teks in world.published().values() for tek in teks]
        self.assertEqual(sorted(keys), sorted((b"%016d" % n).hex() for n in (1, 2)))

    def test_no_room_for_an_export(self):
        world = self.world
        world.start()
        for n in range(200):
            self.assertEqual(world.put(self.person(n)[2])[0], 200)
        self.assertEqual(world.end(), 0)
        world.set_time(SLOT)
        # The sizes at which some write of a run fails: of the database's log, of
        # the export, of the list.
        for num_bytes in [1, 1000, 4000, 20_000, 35_000]:
            failed = subprocess.run(
                [REGISTRY, "publish"] + world.publish_options(),
                preexec_fn=lambda size=num_bytes: resource.setrlimit(
                    resource.RLIMIT_FSIZE, (size, UNLIMITED)
                ),
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            self.assertEqual(failed.returncode, 1, (num_bytes, failed.stderr))
            self.assertTrue(failed.stderr.startswith("tekmatch-registry: "))
            # Whoever fetches finds nothing, or what is whole.
            for name in world.published():
                self.assertEqual(world.verify(name).returncode, 0)

        done = world.publish()
        self.assertEqual(done.returncode, 0, done.stderr)
        files = world.published()
        keys = sorted(tek for teks in files.values() for tek in teks)
        self.assertEqual(keys, sorted((b"%016d" % n).hex() for n in range(200)))
        for name in files:
            self.assertEqual(world.verify(name).returncode, 0)
        left = os.listdir(world.path("out", "c19r", "440"))
        self.assertEqual(sorted(left), sorted(list(files) + [".lock", "list.json"]))


if __name__ == "__main__":
    unittest.main(verbosity=2)
