#!/usr/bin/env python3
# What tools/dev/stages.sh counts and says of stages that pass, fail and crash, and
# the tables of tools/dev/slowest.py, which end them.
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(os.path.abspath(__file__)).parents[3]


class StagesTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        for name in ["tools/dev", "bin", "tmp"]:
            (self.root / name).mkdir(parents=True)
        for name in ["shell.sh", "slowest.py", "stages.sh"]:
            shutil.copy(ROOT / "tools/dev" / name, self.root / "tools/dev")
        # Asked for its server.
        self.write_script("bin/bazel", "exit 1")

    def write_script(self, name, *lines):
        path = self.root / name
        path.write_text("\n".join(["#!/bin/bash", *lines, ""]), encoding="utf-8")
        path.chmod(0o755)
        return path

    def run_stages(self, *lines):
        """Returns exit status and the lines of stdout."""
        script = self.write_script("run", 'source "$ROOT/tools/dev/stages.sh"', *lines)
        environment = {
            "PATH": "%s:%s" % (self.root / "bin", os.environ["PATH"]),
            "ROOT": str(self.root),
            "TMPDIR": str(self.root / "tmp"),
        }
        result = subprocess.run(
            [script],
            cwd="/",
            env=environment,
            input="not for the stages\n",
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        # What stages keep is deleted, however they ended.
        self.assertEqual(os.listdir(self.root / "tmp"), [])
        return result.returncode, result.stdout.splitlines()

    def expect(self, status, last_line, *lines):
        found = self.run_stages(*lines, "end_stages")
        self.assertEqual((found[0], found[1][-1]), (status, last_line), found[1])
        return found[1]

    def test_stages_that_pass(self):
        lines = self.expect(0, "2 passed, 0 failed", "stage a true", "stage b true")
        self.assertIn("== a", lines)
        self.assertTrue(any(line.startswith("-- b: 0 CPU-s, ") for line in lines))
        self.assertIn("slowest tests", lines)

    def test_goes_on_after_a_failure(self):
        lines = self.expect(1, "1 passed, 1 failed", "stage a no_such_command", "stage b true")
        self.assertIn("FAILED: a (127)", lines)
        self.assertIn("== b", lines)

    def test_what_failed_is_said_again_at_the_end(self):
        lines = self.expect(
            1,
            "1 passed, 1 failed",
            'why() { echo "x_test: 1 is not 2" >>"$TEKMATCH_FAULTS"; return 3; }',
            "stage a why",
            "stage b true",
        )
        self.assertEqual(
            lines[-5:],
            ["== what failed", "FAILED: a (3)", "x_test: 1 is not 2", "", "1 passed, 1 failed"],
        )
        lines = self.expect(
            1,
            "0 passed, 2 failed",
            'many() { seq "$1" | sed "s/^/case /" >>"$TEKMATCH_FAULTS"; return 1; }',
            "stage a many 45",
            "stage b false",
        )
        at = lines.index("== what failed")
        self.assertEqual(lines[at + 1 : at + 4], ["FAILED: a (1)", "FAILED: b (1)", "case 1"])
        self.assertEqual(lines[-4:-1], ["case 40", "and 5 more", ""])
        lines = self.expect(0, "1 passed, 0 failed", "stage b true")
        self.assertNotIn("== what failed", lines)

    def test_a_stage_may_count_by_itself(self):
        count = 'count() { tally "$@"; return "${4-0}"; }'
        self.expect(0, "5 passed, 0 failed, 2 skipped", count, "stage a count 5 0 2")
        self.expect(1, "5 passed, 1 failed", count, "stage a count 5 1 0 1")
        # It failed, and counted no failure.
        self.expect(1, "5 passed, 1 failed", count, "stage a count 5 0 0 1")

    def test_a_stage_beside_others(self):
        lines = self.expect(
            1,
            "7 passed, 1 failed",
            'slow() { read -r <>"$ROOT/fifo"; echo slow; tally 5 0 0; return "$1"; }',
            'release() { echo >"$ROOT/fifo"; }',
            'mkfifo "$ROOT/fifo"',
            "stage_beside slow slow 0",
            "stage release release",
            "stage after true",
            "join_stages",
            "stage_beside bad false",
            "join_stages",
        )
        end = lines.index("== what it took")
        said = [line for line in lines[:end] if re.match("== [a-z]+$|slow$|FAILED", line)]
        self.assertEqual(
            said, ["== release", "== after", "== slow", "slow", "== bad", "FAILED: bad (1)"]
        )
        table = lines[end:]
        rows = {line.split()[-1] for line in table if " CPU-s " in line}
        self.assertEqual(rows, {"slow", "release", "after", "bad", "all"})

    def test_no_stage_beside_others_is_forgotten(self):
        self.expect(
            1,
            "1 passed, 2 failed",
            "stage_beside bad false",
            "stage_beside worse false",
            "stage after true",
        )

    def test_nothing_passed(self):
        self.expect(1, "0 passed, 0 failed, 3 skipped", "stage a tally 0 0 3")

    def test_stages_run_in_the_root_in_ci_without_stdin(self):
        self.expect(
            0,
            "3 passed, 0 failed",
            "in_root() { [[ $PWD -ef $ROOT ]]; }",
            "in_ci() { [[ $CI == true && $TEKMATCH_STAGE == b ]]; }",
            "ended() { ! read -r; }",
            "stage a in_root",
            "stage b in_ci",
            "stage c ended",
        )

    def test_cpu_time_of_what_a_stage_started(self):
        # The limit ends it.
        burn = "burn() { bash -c 'ulimit -t 2; while :; do :; done' || true; }"
        lines = self.expect(0, "1 passed, 0 failed", burn, "stage a burn")
        (cost,) = [line for line in lines if line.startswith("-- a: ")]
        seconds = int(cost.split()[2])
        self.assertIn(seconds, [1, 2, 3], cost)

    def test_what_was_slowest(self):
        # Two profiles, one of the same name with another number.
        for number, seconds in [(1, 1), (2, 20)]:
            events = [
                {"cat": "action processing", "name": "Testing //a:t", "dur": 3e6},
                {"cat": "action processing", "name": "Linking b", "dur": 99e6},
                {"cat": "other", "name": "Compiling b.cc", "dur": 99e6},
                {
                    "cat": "action processing",
                    "name": "Compiling %d.cc" % number,
                    "dur": seconds * 1e6,
                },
                {"name": "no category"},
            ]
            path = self.root / ("tests.%d.profile" % number)
            path.write_text(json.dumps({"traceEvents": events}), encoding="utf-8")
        tidy = "".join("%d.25\tc%d.cc\n" % (i, i) for i in range(2, 14))
        (self.root / "clang-tidy.tidy").write_text(tidy, encoding="utf-8")
        output = subprocess.run(
            [sys.executable, ROOT / "tools/dev" / "slowest.py", self.root],
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        ).stdout
        files = ["  20.0 s  2.cc (compiled, tests)"]
        files += ["%6.1f s  c%d.cc (clang-tidy)" % (i + 0.25, i) for i in range(13, 4, -1)]
        tests = ["   3.0 s  //a:t (tests)"] * 2
        self.assertEqual(
            output.splitlines(),
            ["", "slowest tests", *tests, "", "slowest files", *files],
        )

    def write_bazel(self):
        """One that only says its arguments, in the file `said`."""
        self.write_script(
            "bin/bazel",
            "for argument; do",
            "  [[ $argument != --profile=* ]] ||",
            """    echo '{"traceEvents": []}' > "${argument#*=}\"""",
            "done",
            'printf "%s|" "$@" >> "$ROOT/said"',
            'echo >> "$ROOT/said"',
        )

    def test_every_build_of_a_stage_takes_the_compiled_headers(self):
        self.write_script("tools/dev/precompile_headers", "true")
        self.write_bazel()
        self.expect(
            0,
            "8 passed, 0 failed",
            "stage headers precompile_headers",
            "stage a run_bazel build //a",
            "stage b run_bazel test --config=asan-ubsan //b",
            "stage c run_bazel build --config=fuzz",
            "stage d run_bazel test //d --config=tsan",
            "stage e run_bazel build --config=arm64 //e",
            "stage f bash -c 'bazel run //f -- --x'",
            "stage g env workspace=/ bash -c 'cd / && bazel build //g'",
        )
        said = (self.root / "said").read_text(encoding="utf-8").splitlines()
        said = [line for line in said if not line.startswith(("info|", "shutdown|"))]
        said = [re.sub("--ui_event.*--profile=[^|]*", "OPTIONS", line) for line in said]
        self.assertEqual(
            said,
            [
                "build|--config=precompiled|OPTIONS|//a|",
                "test|--config=precompiled-asan-ubsan|OPTIONS|--config=asan-ubsan|//b|",
                "build|--config=precompiled-asan-ubsan|OPTIONS|--config=fuzz|",
                "test|--config=precompiled-tsan|OPTIONS|//d|--config=tsan|",
                "build|OPTIONS|--config=arm64|//e|",
                "run|--config=precompiled|//f|--|--x|",
                "build|//g|",
            ],
        )

    def test_where_headers_cannot_be_compiled_all_is_built_as_ever(self):
        self.write_script("tools/dev/precompile_headers", "exit 1")
        self.write_bazel()
        self.expect(
            1,
            "1 passed, 1 failed",
            "stage headers precompile_headers",
            "stage a run_bazel build //a",
        )
        said = (self.root / "said").read_text(encoding="utf-8")
        self.assertIn("build|--ui", said)
        self.assertNotIn("precompiled", said)

    def test_a_broken_profile_fails(self):
        break_it = 'break_it() { echo "{" > "$TEKMATCH_TIMES/a.1.profile"; }'
        lines = self.expect(1, "1 passed, 1 failed", break_it, "stage a break_it")
        self.assertEqual(lines[-4:-2], ["== what failed", "FAILED: tools/dev/slowest.py"])


if __name__ == "__main__":
    unittest.main()
