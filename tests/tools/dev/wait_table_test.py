#!/usr/bin/env python3
# What tools/dev/wait_table prints and writes, over small worlds, and that a
# wrong answer is none.
import json
import os
import pathlib
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(os.path.abspath(__file__)).parents[3]
TABLE = str(ROOT / "tools" / "dev" / "wait_table")
TEKMATCH = str(ROOT / "tools" / "tekmatch")
COST_OF = str(ROOT / "tests" / "tools" / "dev" / "cost_of")


class WaitTableTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def run_table(self, *arguments):
        """Returns exit status, stdout, stderr, and the JSON or None."""
        path = os.path.join(self.folder, "wait.json")
        result = subprocess.run(
            [TABLE, "--keys=500", "--rounds=2", "--json", path, *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "TMPDIR": self.folder},
        )
        content = None
        if os.path.exists(path):
            with open(path, encoding="utf-8") as f:
                content = json.load(f)
        return result.returncode, result.stdout, result.stderr, content

    def program(self, script):
        path = os.path.join(self.folder, "program")
        with open(path, "w", encoding="utf-8") as f:
            f.write("#!/bin/sh\n" + script)
        os.chmod(path, 0o755)
        return path

    def check_figures(self, figures):
        self.assertGreater(figures["cpu_s"], 0)
        self.assertLess(figures["keys_cpu_s"], figures["cpu_s"])
        self.assertGreater(figures["peak_bytes"], 1 << 20)

    def test_rows_by_number_of_sightings(self):
        status, out, err, content = self.run_table(
            "--sightings=300,40", "--before", TEKMATCH, TEKMATCH, COST_OF
        )
        self.assertEqual((status, err), (0, ""))
        self.assertEqual(content["programs"], ["before", "now"])
        self.assertEqual([row["sightings"] for row in content["rows"]], [300, 40])
        self.assertEqual((content["keys"], content["rounds"]), (500, 2))
        self.assertIs(content["quick"], False)
        for row in content["rows"]:
            self.check_figures(row["before"])
            self.check_figures(row["now"])
        lines = out.splitlines()
        self.assertEqual(len(lines), 4)
        self.assertIn("before: CPU s", lines[0])
        self.assertRegex(lines[3], r"^\| 40 (\| \d+\.\d{3} \| -?\d+\.\d{3} \| \d+ ){2}\|$")
        # Worlds are not left behind.
        self.assertEqual(os.listdir(self.folder), ["wait.json"])

    def test_quick_run_says_so_first(self):
        status, out, _, content = self.run_table(
            "--quick", "--sightings=40", TEKMATCH, COST_OF
        )
        self.assertEqual(status, 0)
        self.assertTrue(out.startswith("Quick run: these figures mean nothing."))
        self.assertIs(content["quick"], True)

    def test_a_wrong_answer_is_no_figure(self):
        # Answers nothing, and says that all is well.
        silent = self.program(
            'for a in "$@"; do case $a in --matches-out=*)'
            ' : > "${a#--matches-out=}";; esac; done\n'
        )
        for arguments in [["--before", silent, TEKMATCH], ["--before", "/bin/false", TEKMATCH]]:
            status, out, err, content = self.run_table(
                "--sightings=40", *arguments, COST_OF
            )
            self.assertEqual((status, out, content), (1, "", None))
            self.assertIn("wait_table: ", err)

    def test_wrong_usage(self):
        wrong = [[], [TEKMATCH], ["--sightings=0", TEKMATCH, COST_OF]]
        wrong.append(["--rounds=5,6", TEKMATCH, COST_OF])
        for arguments in wrong:
            self.assertEqual(self.run_table(*arguments)[0], 2, arguments)


if __name__ == "__main__":
    unittest.main()
