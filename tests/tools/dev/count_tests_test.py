#!/usr/bin/env python3
# What tools/dev/count_tests.py makes of the events and the XML of a run of tests:
# above all, that nothing that went wrong counts as passed.
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(os.path.abspath(__file__)).parents[3]
PASSED = '<testcase name="a"/>'
FAILED = '<testcase name="b"><failure message="1 is not 2"/></testcase>'
SKIPPED = '<testcase name="c"><skipped message="no such files"/></testcase>'
DISABLED = '<testcase name="d" status="notrun"/>'


class CountTestsTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.events = []

    def write(self, name, text):
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return path

    def add_test(self, label, tags=()):
        """A test that the run was asked for."""
        self.events.append({
            "id": {"targetConfigured": {"label": label}},
            "configured": {"testSize": "SMALL", "tag": list(tags)},
        })

    def add_result(self, label, cases, status="PASSED", log="", shard=1):
        """A result of it; cases: the XML's, or None where it wrote none."""
        name = "%s.%d.%d" % (label.strip("/:"), shard, len(self.events))
        outputs = []
        if cases is not None:
            xml = self.write(
                name + ".xml",
                '<testsuites><testsuite name="Suite">%s</testsuite></testsuites>' % cases,
            )
            outputs.append({"name": "test.xml", "uri": xml.as_uri()})
        outputs.append({
            "name": "test.log",
            "uri": self.write(name + ".log", log).as_uri(),
        })
        self.events.append({
            "id": {"testResult": {"label": label, "run": 1, "shard": shard}},
            "testResult": {"status": status, "testActionOutput": outputs},
        })

    def count(self, exit_code="SUCCESS", ci=False):
        """Returns exit status, stdout's lines, and what was added to the tally."""
        events = list(self.events)
        if exit_code:
            events.append({
                "id": {"buildFinished": {}},
                "finished": {"exitCode": {"name": exit_code}},
            })
        path = self.write("events", "".join(json.dumps(e) + "\n" for e in events))
        tally = self.write("tally", "before\n")
        self.faults = self.write("faults", "")
        environment = {
            "PATH": os.environ["PATH"],
            "TEKMATCH_FAULTS": str(self.faults),
            "TEKMATCH_TALLY": str(tally),
        }
        if ci:
            environment["CI"] = "true"
        result = subprocess.run(
            [sys.executable, ROOT / "tools/dev" / "count_tests.py", path],
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )
        before, added = tally.read_text(encoding="utf-8").splitlines()
        self.assertEqual(before, "before")
        return result.returncode, result.stdout.splitlines(), added

    def add(self, *arguments, **named):
        self.add_test("//a:a_test")
        self.add_result("//a:a_test", *arguments, **named)

    def test_passed(self):
        self.add(PASSED + PASSED)
        self.assertEqual(self.count(), (0, ["2 test cases passed, 0 failed"], "2 0 0"))

    def test_failed_case_with_its_log(self):
        self.add(PASSED + FAILED, status="FAILED", log="what it printed")
        status, lines, tally = self.count("TESTS_FAILED")
        self.assertEqual((status, tally), (1, "1 1 0"))
        self.assertIn("what it printed", lines)
        fault = "failed: //a:a_test Suite.b: 1 is not 2"
        self.assertIn(fault, lines)
        self.assertEqual(self.faults.read_text(encoding="utf-8"), fault + "\n")

    def test_skipped_is_a_failure_in_ci_alone(self):
        self.add(PASSED + SKIPPED + DISABLED)
        status, lines, tally = self.count()
        self.assertEqual((status, tally), (0, "1 0 2"))
        self.assertEqual(self.faults.read_text(encoding="utf-8"), "")
        self.assertIn("skipped: //a:a_test Suite.c: no such files", lines)
        status, lines, tally = self.count(ci=True)
        self.assertEqual((status, tally), (1, "1 2 0"))
        self.assertIn("failed: //a:a_test Suite.c: skipped: no such files", lines)

    def test_nothing_but_skipped(self):
        self.add(SKIPPED)
        self.assertEqual(self.count()[0], 1)

    def test_crash_after_the_last_case(self):
        self.add(PASSED, status="FAILED")
        self.assertEqual(self.count("TESTS_FAILED")[::2], (1, "1 1 0"))

    def test_no_xml_broken_xml_no_case(self):
        for cases in [None, "<", ""]:
            self.events = []
            self.add(cases)
            self.assertEqual(self.count()[::2], (1, "0 1 0"), cases)

    def test_not_built(self):
        self.add(PASSED)
        self.add_test("//a:b_test")
        status, lines, tally = self.count("BUILD_FAILURE")
        self.assertEqual((status, tally), (1, "1 1 0"))
        self.assertIn("failed: //a:b_test: was not built or not run", lines)

    def test_bazel_failed_or_was_killed(self):
        self.add(PASSED)
        for exit_code in ["BUILD_FAILURE", None]:
            self.assertEqual(self.count(exit_code)[::2], (1, "1 1 0"), exit_code)

    def test_the_last_attempt_counts(self):
        self.add(FAILED, status="FAILED")
        self.add_result("//a:a_test", PASSED)
        self.assertEqual(self.count()[::2], (0, "1 0 0"))

    def test_every_shard_counts(self):
        self.add(PASSED)
        self.add_result("//a:a_test", PASSED + FAILED, status="FAILED", shard=2)
        self.assertEqual(self.count("TESTS_FAILED")[::2], (1, "2 1 0"))

    def test_tests_that_a_filter_leaves_out(self):
        for run, filters in [("threads", "threads"), ("plain", "-slow,-threads")]:
            self.events = []
            self.add_test("//a:threads_test", tags=["threads"])
            self.add_test("//a:plain_test")
            self.add_result("//a:%s_test" % run, PASSED)
            self.assertEqual(self.count()[::2], (1, "1 1 0"))
            options = {"cmdLine": ["--jobs=2", "--test_tag_filters=" + filters]}
            self.events.append({"id": {"optionsParsed": {}}, "optionsParsed": options})
            self.assertEqual(self.count()[::2], (0, "1 0 0"), filters)


if __name__ == "__main__":
    unittest.main()
