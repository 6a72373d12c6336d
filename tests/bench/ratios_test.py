#!/usr/bin/env python3
# What the program prints and writes, on rows that take little.
import json
import os
import subprocess
import tempfile
import unittest

PROGRAM = os.path.join("bench", "ratios")
QUICK = "Quick run: these figures mean nothing."


def run(*arguments):
    """Returns the exit status, the lines of stdout, and the JSON or None."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "ratios.json")
        result = subprocess.run(
            [PROGRAM, "--json", path, *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        content = None
        if os.path.exists(path):
            with open(path, encoding="utf-8") as f:
                content = json.load(f)
    return result.returncode, result.stdout.split("\n"), content


class RatiosTest(unittest.TestCase):
    def test_quick_run_says_so_in_table_and_json(self):
        status, lines, content = run("--quick", "--rows", "dense_20k")
        self.assertEqual(status, 0)
        # Above the table, after the machine and the commit.
        self.assertEqual(lines[0], content["machine"])
        self.assertEqual(lines[2], QUICK)
        self.assertIs(content["quick"], True)
        self.assertEqual([row["name"] for row in content["rows"]], ["dense_20k"])

    def test_one_run_of_one_row_is_no_quick_run(self):
        status, lines, content = run("--runs", "1", "--rows", "dense_20k")
        self.assertEqual(status, 0)
        self.assertNotIn(QUICK, lines)
        self.assertIs(content["quick"], False)

    def test_says_of_which_commit_kernel_and_runs(self):
        status, lines, content = run(
            "--runs", "2", "--rows", "dense_20k", "--commit", "c0ffee"
        )
        self.assertEqual(status, 0)
        self.assertEqual(content["commit"], "c0ffee")
        self.assertEqual(lines[1], "Commit c0ffee, kernel " + content["kernel"])
        row = content["rows"][0]
        self.assertEqual(row["kernel"], content["kernel"])
        self.assertEqual(row["runs"], 2)
        self.assertLessEqual(row["low_quartile"], row["ratio"])
        self.assertLessEqual(row["ratio"], row["high_quartile"])

    def test_number_of_runs_has_no_effect_on_a_quick_run(self):
        status, _, content = run("--quick", "--runs", "9", "--rows", "dense_20k")
        self.assertNotEqual(status, 0)
        self.assertIsNone(content)


if __name__ == "__main__":
    unittest.main()
