#!/usr/bin/env python3
# What ./demo, ./test and tools/dev/setup.sh tell a person, and where: run with
# stand-ins for Bazel and for Debian's package tools.
import os
import pathlib
import pty
import shutil
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(os.path.abspath(__file__)).parents[3]

# Answers as Bazel does, and writes down how it was called.
BAZEL = """
echo "$*" >> "$ROOT/bazel.calls"
case $1 in
  info) echo "$ROOT/bin" ;;
  build) echo progress >&2; exit "${BUILD_STATUS-0}" ;;
  test)
    for option; do
      [[ $option != --build_event_json_file=* ]] || events=${option#*=}
    done
    echo '{"id": {}, "finished": {"exitCode": {"name": "SUCCESS"}}}' > "$events" ;;
esac
"""
SET_UP = "echo 'tools/dev/setup.sh: installing a' >&2"


class ScriptsTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        for name in ["demo", "test", "tools/dev/count_tests.py", "tools/dev/shell.sh"]:
            (self.root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, self.root / name)
        self.write_script("tools/dev/setup.sh", SET_UP)
        self.write_script("bin/bazel", BAZEL)
        self.write_script("bin/tools/tekmatch", 'echo "demonstration: $*"')

    def write_script(self, name, text):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("#!/bin/bash\n%s\n" % text, encoding="utf-8")
        path.chmod(0o755)

    def environment(self, **more):
        return {
            "PATH": "%s:%s" % (self.root / "bin", os.environ["PATH"]),
            "ROOT": str(self.root),
            "HOME": str(self.root),
            **more,
        }

    def run_script(self, name, *arguments, **environment):
        """Returns exit status, stdout and stderr, as lines."""
        result = subprocess.run(
            [self.root / name, *arguments],
            env=self.environment(**environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        return result.returncode, result.stdout.splitlines(), result.stderr.splitlines()

    def bazel_calls(self, command):
        calls = (self.root / "bazel.calls").read_text(encoding="utf-8").splitlines()
        return [call for call in calls if call.split()[0] == command]


class EntryScriptsTest(ScriptsTest):
    def test_demo_names_its_steps_and_keeps_stdout_clean(self):
        status, out, err = self.run_script("demo", "--seed", "2")
        self.assertEqual(status, 0)
        self.assertEqual(out, ["demonstration: demo --seed 2"])
        self.assertEqual(
            err,
            [
                "tekmatch: set-up: packages that are missing",
                "tools/dev/setup.sh: installing a",
                "tekmatch: build: some minutes the first time",
                "progress",
            ],
        )

    def test_demo_explains_itself_before_it_installs_anything(self):
        status, out, err = self.run_script("demo", "--help")
        self.assertEqual((status, err), (0, []))
        self.assertIn("Usage: ./demo [argument of `tekmatch demo`]...", out)

    def test_demo_says_which_step_failed(self):
        status, out, err = self.run_script("demo", BUILD_STATUS="3")
        self.assertEqual((status, out), (3, []))
        self.assertEqual(err[-1], "tekmatch: build failed (exit status 3)")
        self.write_script("tools/dev/setup.sh", "exit 4")
        status, _, err = self.run_script("demo")
        self.assertEqual((status, err[-1]), (4, "tekmatch: set-up failed (exit status 4)"))

    def test_progress_of_a_build_without_a_terminal(self):
        self.run_script("demo")
        (build,) = self.bazel_calls("build")
        self.assertIn("--show_progress_rate_limit=20", build)
        self.assertNotIn("--noshow_progress", build)
        for call in self.bazel_calls("info"):
            self.assertIn("--noshow_progress", call)

    def test_no_progress_in_ci(self):
        self.run_script("demo", CI="true")
        self.assertIn("--noshow_progress", self.bazel_calls("build")[0])

    def test_progress_in_place_on_a_terminal(self):
        controller, terminal = pty.openpty()
        self.addCleanup(os.close, controller)
        status = subprocess.run(
            [self.root / "demo"],
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=terminal,
        ).returncode
        os.close(terminal)
        self.assertEqual(status, 0)
        (build,) = self.bazel_calls("build")
        self.assertNotIn("progress", build)
        self.assertNotIn("curses", build)

    def test_test_names_its_steps(self):
        status, out, err = self.run_script("test", "//a:all")
        # No test was run.
        self.assertEqual((status, out), (1, ["0 test cases passed, 0 failed"]))
        self.assertEqual(err[0], "tekmatch: set-up: packages that are missing")
        self.assertIn("tekmatch: TEKMATCH_SHARED is unset", err[2])
        self.assertIn("tekmatch: build and tests: ", err[3])
        (call,) = self.bazel_calls("test")
        self.assertIn(" //a:all ", call)
        self.assertNotIn("//...", call)
        self.assertIn("--show_progress_rate_limit=20", call)

    def test_help_does_nothing(self):
        self.write_script("tools/dev/setup.sh", "exit 4")
        status, out, err = self.run_script("test", "--help")
        self.assertEqual((status, err), (0, []))
        self.assertIn("Usage: ./test [option of `bazel test`, or target]...", out)
        self.assertFalse((self.root / "bazel.calls").exists())


class SetUpTest(ScriptsTest):
    def setUp(self):
        super().setUp()
        shutil.copy(ROOT / "tools/dev" / "setup.sh", self.root / "tools/dev")
        self.write_script("bin/dpkg", "echo amd64")
        self.write_script("bin/dpkg-query", 'echo "$INSTALLED"; exit 1')
        self.write_script("bin/sudo", 'exec "$@"')
        self.write_script(
            "bin/apt-get",
            """
            echo "$*" >> "$ROOT/apt.calls"
            if [[ " $* " == *" --assume-no "* ]]; then
              printf 'Reading...\\nNeed to get 3 MB of archives.\\n'
              printf 'After this operation, 4 MB of additional disk space will be used.\\n'
              exit 1
            fi
            echo "what apt says"
            exit "${APT_STATUS-0}"
            """,
        )

    def test_says_what_it_installs_and_how_much_that_is(self):
        status, out, err = self.run_script("tools/dev/setup.sh")
        self.assertEqual((status, out), (0, []))
        self.assertRegex(err[0], "^tools/dev/setup.sh: installing .*bazel-bootstrap")
        self.assertEqual(
            err[1:],
            [
                "tools/dev/setup.sh: Need to get 3 MB of archives.",
                "tools/dev/setup.sh: After this operation, 4 MB of additional disk space"
                " will be used.",
            ],
        )

    def test_shows_what_apt_said_when_it_fails(self):
        status, out, err = self.run_script("tools/dev/setup.sh", APT_STATUS="100")
        self.assertEqual((status, out), (1, []))
        self.assertEqual(err[-2:], ["what apt says", "tools/dev/setup.sh: apt-get update"])

    def test_says_nothing_when_nothing_is_missing(self):
        script = (ROOT / "tools/dev" / "setup.sh").read_text(encoding="utf-8")
        names = script.split("\nbuild=(\n")[1].split("\n)\n")[0].splitlines()
        names = [name.strip() for name in names if "#" not in name]
        installed = "\n".join("installed %s:amd64" % name for name in names)
        found = self.run_script("tools/dev/setup.sh", INSTALLED=installed)
        self.assertEqual(found, (0, [], []))
        self.assertFalse((self.root / "apt.calls").exists())
        # The last one is another's.
        found = self.run_script("tools/dev/setup.sh", INSTALLED=installed[:-5] + "arm64")
        self.assertIn("installing " + names[-1], found[2][0])

    def test_help_and_wrong_usage(self):
        status, out, err = self.run_script("tools/dev/setup.sh", "--help")
        self.assertEqual((status, err), (0, []))
        for option in [
            "--checks",
            "--arm64",
            "--report",
            "--coverage",
            "--registration",
            "--slurm",
            "--fingerprint",
        ]:
            self.assertTrue(any(line.split()[:1] == [option] for line in out), option)
        status, _, err = self.run_script("tools/dev/setup.sh", "--chekcs")
        self.assertEqual(status, 1)
        self.assertEqual(
            err, ["tools/dev/setup.sh: unknown argument --chekcs (--help lists them)"]
        )


if __name__ == "__main__":
    unittest.main()
