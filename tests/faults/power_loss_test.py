#!/usr/bin/env python3
# A sample of tools/dev/faults: of each scenario some moments at which the power
# goes. TEKMATCH_SEED chooses others, TEKMATCH_CUTS more of each.
#
# And the disk of disk.py itself, of which all that rests on it takes the word.
import os
import struct
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join("tests", "faults"))
import disk
import power_loss
from scenarios import Tools

LIBRARY = os.path.abspath(os.path.join("tests", "faults", "libfailing_calls.so"))
TEKMATCH = os.path.join("tools", "tekmatch")
REGISTRY = os.path.join("registration", "commands", "tekmatch-registry")
CUTS = int(os.environ.get("TEKMATCH_CUTS", "4"))
SEED = os.environ.get("TEKMATCH_SEED", "1")


class PowerLossTest(unittest.TestCase):
    def test_a_sample_of_all(self):
        print("TEKMATCH_SEED=%s TEKMATCH_CUTS=%d" % (SEED, CUTS), flush=True)
        with tempfile.TemporaryDirectory() as folder:
            results = power_loss.lose_power(
                Tools(TEKMATCH, REGISTRY), LIBRARY, folder, CUTS, 2, SEED, [], 2
            )
        print(power_loss.table(results), flush=True)
        self.assertEqual([fault for result in results for fault in result[3]], [])
        self.assertEqual(len(results), len(power_loss.NAMES) + 1)
        self.assertTrue(all(result[2] >= 4 for result in results))


class DiskTest(unittest.TestCase):
    """A file, f, of 1,024 bytes "a" before."""

    def setUp(self):
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.folder = os.path.join(holder.name, "run")
        os.mkdir(self.folder)
        with open(os.path.join(self.folder, "f"), "wb") as f:
            f.write(b"a" * 1024)
        self.inodes = disk.inodes_of(self.folder)
        self.records = b""
        self.path = os.path.join(holder.name, "trace")

    def add(self, change, name="", to="", inode=0, offset=0, data=b""):
        names = [os.path.join(self.folder, n).encode() if n else b"" for n in (name, to)]
        self.records += struct.pack(
            "=IIIQQQ", change, len(names[0]), len(names[1]), inode, offset, len(data)
        )
        self.records += names[0] + names[1] + data

    def trace(self):
        with open(self.path, "wb") as f:
            f.write(self.records)
        return disk.Trace(self.path, self.folder, self.folder, self.inodes)

    def test_what_was_synced_is_there(self):
        f = self.inodes["f"]
        self.add(disk.WRITE, inode=f, offset=512, data=b"b" * 512)
        self.add(disk.SYNC, inode=f)
        self.add(disk.TRUNCATE, inode=f, offset=100)
        trace = self.trace()
        self.assertEqual([trace.pending(n) for n in range(4)], [[], [0], [], [2]])
        self.assertEqual(trace.state(3, {2}), {"f": b"a" * 512 + b"b" * 512})
        self.assertEqual(trace.state(3, set()), {"f": b"a" * 100})

    def test_a_write_may_be_there_by_sectors(self):
        self.add(disk.WRITE, inode=self.inodes["f"], offset=0, data=b"b" * 1500)
        trace = self.trace()
        self.assertEqual(trace.state(1, set(), (0, [1])), {"f": b"a" * 512 + b"b" * 512})
        self.assertEqual(
            trace.state(1, set(), (0, [2])), {"f": b"a" * 1024 + b"b" * (1500 - 1024)}
        )

    def test_a_rename_is_not_there_before_its_folder_is_synced(self):
        self.add(disk.CREATE, "f.new", inode=7)
        self.add(disk.WRITE, inode=7, data=b"new")
        self.add(disk.SYNC, inode=7)
        self.add(disk.RENAME, "f.new", "f")
        trace = self.trace()
        self.assertEqual(trace.pending(4), [0, 3])
        self.assertEqual(trace.state(4, {0, 3}), {"f": b"a" * 1024})
        self.assertEqual(trace.state(4, {3}), {"f": b"a" * 1024, "f.new": b"new"})
        self.assertEqual(trace.state(4, {0}), {"f": b"new"})
        self.add(disk.SYNC, inode=self.inodes["."])
        self.assertEqual(self.trace().pending(5), [])

    def test_an_unsynced_file_that_was_renamed_may_be_empty(self):
        self.add(disk.CREATE, "f.new", inode=7)
        self.add(disk.WRITE, inode=7, data=b"new")
        self.add(disk.RENAME, "f.new", "f")
        self.assertEqual(self.trace().state(3, {1}), {"f": b""})

    def test_a_folder_goes_with_what_is_in_it(self):
        self.add(disk.FOLDER, "d", inode=8)
        self.add(disk.CREATE, "d/g", inode=9)
        self.add(disk.RENAME, "d", "e")
        trace = self.trace()
        self.assertEqual(trace.state(3, set()), {"e": None, "e/g": b"", "f": b"a" * 1024})
        self.assertEqual(trace.state(3, {0, 2}), {"f": b"a" * 1024})

    def test_what_was_removed_may_be_there_again(self):
        self.add(disk.UNLINK, "f")
        trace = self.trace()
        self.assertEqual(trace.state(1, set()), {})
        self.assertEqual(trace.state(1, {0}), {"f": b"a" * 1024})


if __name__ == "__main__":
    unittest.main()
