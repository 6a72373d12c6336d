#!/usr/bin/env python3
# A rehearsal as a whole: the small one holds, and a fault that is planted in it
# is found. Exports are read by a reader that knows nothing of the project's.
import glob
import json
import os
import signal
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join("tests", "registration"))
from harness import PATIENCE, REGISTRY, TEKMATCH, folder_in_memory, read_export, wait_for

CONFIGS = os.path.join("registration", "rehearsal", "configs")
INVARIANTS = {
    "each_accepted_key_in_one_export",
    "no_refused_key_published",
    "no_number_good_twice",
    "none_good_after_its_hour",
    "each_message_to_its_person",
    "everyone_ended",
    "contacts_as_expected",
    "no_secret_in_any_file",
    "exports_are_valid",
    "no_process_ended_by_itself",
}


def processes_of(folder):
    """Those that name the folder on their command line."""
    found = []
    for path in glob.glob("/proc/[0-9]*/cmdline"):
        try:
            with open(path, "rb") as f:
                if folder.encode() in f.read():
                    found.append(int(path.split("/")[2]))
        except OSError:
            pass  # it has ended
    return found


class RehearsalProcessTest(unittest.TestCase):
    def setUp(self):
        holder = folder_in_memory()
        self.addCleanup(holder.cleanup)
        self.folder = holder.name
        self.out = os.path.join(self.folder, "out")

    def config(self, **changes):
        """A quick one: few people, no kills; `changes` by "object.field"."""
        with open(os.path.join(CONFIGS, "small.json"), encoding="utf-8") as f:
            config = json.load(f)
        quick = {
            "name": "quick",
            "speed": 1800,
            "issues.per_step": [6],
            "faults.kill_every_real_seconds": 0,
            "faults.gateway_errors": [],
            "faults.disk_full": [],
            "faults.clock_steps": [],
            "contacts.phones": 1,
            "contacts.met_keys": 10,
            "contacts.sightings": 40,
        }
        quick.update(changes)
        for name, value in quick.items():
            parts = name.split(".")
            place = config if len(parts) == 1 else config[parts[0]]
            self.assertIn(parts[-1], place)
            place[parts[-1]] = value
        path = os.path.join(self.folder, "config.json")
        with open(path, "w", encoding="utf-8") as f:
            json.dump(config, f)
        return path

    def rehearse(self, config, out=None):
        return subprocess.run(
            [REGISTRY, "rehearse", "--config", config, "--out", out or self.out],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def report(self):
        with open(os.path.join(self.out, "report.json"), encoding="utf-8") as f:
            return json.load(f)

    # Row 29: people are notified earlier; how soon is a figure of the report.
    def test_row_29_small_rehearsal_holds(self):
        done = self.rehearse("small")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        report = self.report()
        self.assertTrue(report["holds"])
        self.assertEqual({i["name"] for i in report["invariants"]}, INVARIANTS)
        for invariant in report["invariants"]:
            self.assertEqual(invariant["state"], "holds", invariant)
            self.assertEqual(invariant["broken"], 0)
        checked = {i["name"]: i["checked"] for i in report["invariants"]}
        self.assertEqual(checked["everyone_ended"], 60)
        self.assertEqual(checked["contacts_as_expected"], 3)
        self.assertGreater(checked["none_good_after_its_hour"], 50)

        persons = report["persons"]
        self.assertEqual(sum(persons["ends"].values()), 60)
        self.assertEqual(persons["locked_out"], 0)
        self.assertGreater(persons["ends"]["registered"], 45)
        self.assertEqual(report["messages"]["issued"], 60)
        self.assertGreater(report["publication"]["minutes_to_notice"]["count"], 0)
        self.assertGreater(report["publication"]["minutes_to_notice"]["p50"], 0)
        self.assertGreater(sum(r["count"] for r in report["kills"]["recovery_ms"].values()), 2)
        self.assertTrue(report["machine"]["processor"])

        keys = self.check_exports()
        self.assertEqual(len(keys), report["throughput"]["keys_accepted"])
        self.check_page(report)
        self.assertEqual(processes_of(self.folder), [])

    def check_exports(self):
        """Every key of every export, each of them once."""
        published = os.path.join(self.out, "run", "published", "c19r", "440")
        with open(os.path.join(published, "list.json"), encoding="utf-8") as f:
            listed = [entry["url"].rsplit("/", 1)[1] for entry in json.load(f)]
        self.assertEqual(
            sorted(listed), sorted(n for n in os.listdir(published) if n.endswith(".zip"))
        )
        public_key = os.path.join(self.out, "run", "keys", "public.pem")
        keys = []
        for name in listed:
            path = os.path.join(published, name)
            verdict = subprocess.run(
                [TEKMATCH, "verify", "--trusted-key", "440:v1=" + public_key, path],
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
            self.assertEqual(verdict.returncode, 0, verdict.stdout)
            export = read_export(path)
            self.assertEqual((export["region"], export["revised"]), ("440", 0))
            for key in export["keys"]:
                self.assertIsNone(key["onset"])
                self.assertEqual((key["type"], key["period"]), (1, 144))
            keys += [key["tek"] for key in export["keys"]]
        self.assertEqual(len(keys), len(set(keys)))
        return keys

    def check_page(self, report):
        with open(os.path.join(self.out, "report.html"), encoding="utf-8") as f:
            page = f.read()
        for words in ["All invariants that were checked hold.", report["machine"]["processor"]]:
            self.assertIn(words, page)
        for name in INVARIANTS:
            self.assertIn(name, page)
        self.assertNotIn("<script", page)

    def test_planted_faults_are_found(self):
        for planted, broken in [
            ("secret_in_log", "no_secret_in_any_file"),
            ("key_in_no_export", "each_accepted_key_in_one_export"),
            ("number_twice", "no_number_good_twice"),
            ("unexpected_contact", "contacts_as_expected"),
        ]:
            with self.subTest(planted):
                self.out = os.path.join(self.folder, planted)
                done = self.rehearse(self.config(**{"faults.planted": planted}))
                self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
                states = {i["name"]: i["state"] for i in self.report()["invariants"]}
                self.assertEqual([n for n in states if states[n] == "broken"], [broken])
                self.assertIn("broken: " + broken, done.stdout)
                self.assertFalse(self.report()["holds"])

    # What a broken gateway or a lost life does shows in the ends of persons.
    def test_person_who_is_left_waiting_is_found(self):
        config = self.config(
            **{
                "longest_real_seconds": 5,
                "speed": 60,
                "faults.gateway_errors": [{"at_minute": 0, "minutes": 600}],
            }
        )
        done = self.rehearse(config)
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        states = {i["name"]: i["state"] for i in self.report()["invariants"]}
        self.assertEqual([n for n in states if states[n] == "broken"], ["everyone_ended"])

    def test_configurations_that_are_none(self):
        for config, words in [
            (self.config(speed=0), "speed: "),
            (os.path.join(self.folder, "none.json"), "none.json"),
        ]:
            done = self.rehearse(config)
            self.assertEqual(done.returncode, 1)
            self.assertIn(words, done.stderr)
            self.assertFalse(os.path.exists(self.out))

    def test_folder_with_something_in_it_is_left_alone(self):
        os.makedirs(self.out)
        with open(os.path.join(self.out, "mine"), "w", encoding="utf-8"):
            pass
        done = self.rehearse("small")
        self.assertEqual(done.returncode, 1)
        self.assertIn("not empty", done.stderr)
        self.assertEqual(os.listdir(self.out), ["mine"])

    # Neither Ctrl-C nor kill -9 of the rehearsal leaves a role behind.
    def test_no_role_outlives_the_rehearsal(self):
        config = self.config(speed=1, longest_real_seconds=600)
        for name in ["SIGINT", "SIGKILL"]:
            out = os.path.join(self.folder, name)
            process = subprocess.Popen(
                [REGISTRY, "rehearse", "--config", config, "--out", out],
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            self.assertRegex(process.stderr.readline(), "ready")
            # The rehearsal and its three roles.
            self.assertGreaterEqual(len(processes_of(out)), 4)
            process.send_signal(getattr(signal, name))
            process.communicate(timeout=PATIENCE)
            self.assertTrue(wait_for(lambda: processes_of(out) == []), processes_of(out))


if __name__ == "__main__":
    unittest.main()
