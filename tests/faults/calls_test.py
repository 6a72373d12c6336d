#!/usr/bin/env python3
# A sample of tools/dev/faults: of each kind of call, in some scenarios, one fails in
# one way. TEKMATCH_SEED chooses others, TEKMATCH_FAULTS more of each.
#
# And calls that once had a wrong end.
import os
import random
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join("tests", "faults"))
import sweep
from faults import KINDS, WAYS, Fault
from scenarios import Tools

LIBRARY = os.path.abspath(os.path.join("tests", "faults", "libfailing_calls.so"))
TEKMATCH = os.path.join("tools", "tekmatch")
REGISTRY = os.path.join("registration", "commands", "tekmatch-registry")
SAMPLE = int(os.environ.get("TEKMATCH_FAULTS", "1"))
SCENARIOS = 6
SEED = os.environ.get("TEKMATCH_SEED", "1")


class CallsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.holder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.holder.cleanup)
        tools = Tools(TEKMATCH, REGISTRY)
        cls.prepared = sweep.prepare_all(tools, LIBRARY, cls.holder.name, [])

    def named(self, name):
        (found,) = [one for one in self.prepared if one.scenario.name == name]
        return found

    def test_a_sample_of_all(self):
        print("TEKMATCH_SEED=%s TEKMATCH_FAULTS=%d" % (SEED, SAMPLE), flush=True)
        chosen = random.Random(SEED)
        jobs = []
        for kind in KINDS:
            having = [one for one in self.prepared if one.right.calls[kind] > 0]
            for one in chosen.sample(having, min(SCENARIOS, len(having))):
                jobs.append((one, kind, chosen.choice(WAYS[kind]), SAMPLE, SEED))
        results = [sweep.sweep(job) for job in jobs]
        print(sweep.table(results), flush=True)
        faults = [fault for result in results for fault in result.faults]
        self.assertEqual(faults, [])
        # Neither end is the only one, and each kind was reached somewhere.
        self.assertGreater(sum(result.successes for result in results), 10)
        self.assertGreater(sum(result.errors for result in results), 20)
        reached = {result.kind for result in results if result.points}
        self.assertEqual(reached, set(KINDS))

    def every(self, name, kind, how, lasting=False, only=""):
        """Runs of a scenario, for all n of a kind and a way, judged."""
        prepared = self.named(name)
        for n in range(1, prepared.right.calls[kind] + 1):
            fault = Fault(kind, n, how, lasting)
            folder = prepared.copy("every")
            run = prepared.run(folder, fault)
            if not run.function.startswith(only):
                continue
            with self.subTest(str(fault)):
                prepared.judge(run, fault, folder)
            yield run

    def test_a_file_that_the_system_cannot_read_is_not_malformed(self):
        said = "".join(run.stdout for run in self.every("verify", "read", "EIO"))
        self.assertIn("unreadable", said)
        self.assertNotIn("malformed", said)

    def test_a_store_that_cannot_be_opened_is_not_taken_for_none(self):
        # It was: --forget said that it had forgotten, and had not.
        failed = [run for run in self.every("forget", "open", "EIO") if run.status != 0]
        self.assertGreater(len(failed), 1)

    def test_a_folder_that_cannot_be_listed_is_not_taken_for_empty(self):
        # It was: what had been set aside stayed.
        runs = list(self.every("forget", "read", "EIO", only="readdir"))
        self.assertGreater(len(runs), 3)

    def test_a_sound_store_is_not_set_aside_when_a_read_fails(self):
        # The check of the pages says a failure in words.
        runs = list(self.every("set-aside-sound", "read", "EIO", only="pread"))
        self.assertEqual({run.status for run in runs}, {1})

    def test_a_shard_writes_no_partial_of_an_export_that_could_not_be_read(self):
        # It did: the export was unreadable in it for good, and nobody was told.
        runs = list(self.every("match-plan", "read", "EIO", only="pread"))
        self.assertEqual({run.status for run in runs}, {1})

    def test_outputs_of_a_run_are_all_old_where_the_disk_is_full(self):
        # The report was new, beside a page and matches of yesterday.
        for name, kind, how in [
            ("match", "write", "ENOSPC"),
            ("match", "sync", "EIO"),
            ("merge", "sync", "EIO"),
        ]:
            # One write is of a message, without which a run goes on.
            failed = [run for run in self.every(name, kind, how) if run.status != 0]
            self.assertGreaterEqual(len(failed), 3)

    def test_a_database_that_cannot_be_read_is_not_called_damaged(self):
        # It was, and left out with success: --skip-bad-sightings asks for that.
        runs = list(self.every("sightings-skip", "read", "EIO", lasting=True, only="pread"))
        self.assertGreater(len(runs), 3)
        said = "".join(run.stderr for run in runs)
        self.assertNotIn("pages are damaged", said)

    def test_a_role_without_memory_ends_with_a_sentence(self):
        prepared = self.named("publish")
        for n in [1, 100, 1000]:
            folder = prepared.copy("memory")
            run = prepared.run(folder, Fault("allocate", n, "ENOMEM"))
            self.assertEqual(
                (run.status, run.stderr), (1, "tekmatch-registry: not enough memory\n")
            )


if __name__ == "__main__":
    unittest.main()
