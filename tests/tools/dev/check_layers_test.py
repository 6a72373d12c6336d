#!/usr/bin/env python3
# What tools/dev/check_layers refuses, in a small tree of its own.
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(os.path.abspath(__file__)).parents[3]

ROOMS = [
    "keyformat",
    "matcher/kernels",
    "matcher/join",
    "matcher/exposure",
    "matcher/store",
    "matcher/check",
    "matcher/api",
    "matcher/api/java",
    "tools/files",
    "tools/page",
    "registration/rules",
    "registration/service",
    "registration/server",
    "registration/hersys",
    "tools/sightings",
    "registration/phone",
    "tools/world",
    "tools/report",
    "tools/commands",
    "registration/rehearsal",
    "registration/commands",
    "bench",
]
DOOR = """cc_library(
    name = "check",
    visibility = ["//visibility:public"],
)

cc_library(
    name = "check_lock",
    visibility = ["//visibility:public"],
)

cc_library(
    name = "stored_check",
    visibility = ["//visibility:public"],
)

cc_library(
    name = "inner",
)
"""


class CheckLayersTest(unittest.TestCase):
    def setUp(self):
        if shutil.which("git") is None:
            message = "git is missing: run tools/dev/setup.sh --checks"
            if os.environ.get("CI"):
                self.fail(message)
            self.skipTest(message)
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        self.environment = {k: v for k, v in os.environ.items() if k[:4] != "GIT_"}
        subprocess.run(
            ["git", "init", "-q", str(self.root)], check=True, env=self.environment
        )
        for room in ROOMS:
            self.write(room + "/a.h", "#include <string>\n")
        self.write("matcher/check/BUILD.bazel", DOOR)

    def write(self, name, text):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def check(self):
        """Returns exit status and what is said, but for the count."""
        result = subprocess.run(
            [sys.executable, str(ROOT / "tools/dev/check_layers")],
            cwd=self.root,
            env=self.environment,
            capture_output=True,
            text=True,
        )
        self.assertEqual(result.stderr, "")
        return result.returncode, result.stdout.splitlines()[:-1]

    def test_includes_downwards_pass(self):
        self.write("matcher/join/a.cc", '#include "keyformat/a.h"\n')
        self.write("tools/commands/a.cc", '#include "tools/report/a.h"\n')
        self.write("matcher/join/b.cc", '#include "matcher/join/a.h"\n')
        self.write("tools/commands/b.cc", '#include "gtest/gtest.h"\n')
        self.assertEqual(self.check(), (0, []))

    def test_a_role_includes_no_other(self):
        roles = ["registration/server", "registration/hersys", "registration/phone"]
        for role in roles:
            for other in roles:
                if other != role:
                    self.write(role + "/b.cc", '#include "%s/a.h"\n' % other)
                    status, lines = self.check()
                    self.assertEqual(status, 1)
                    self.assertEqual(len(lines), 1)
                    (self.root / role / "b.cc").unlink()

    def test_every_include_upwards_is_refused(self):
        for place, room in enumerate(ROOMS[:-1]):
            for below in ROOMS[place + 1 :]:
                with self.subTest(room=room, below=below):
                    self.write(room + "/b.cc", '# include "%s/a.h"\n' % below)
                    status, lines = self.check()
                    self.assertEqual(status, 1)
                    self.assertEqual(
                        lines,
                        [
                            "%s/b.cc: includes %s/a.h; %s may not include %s"
                            % (room, below, room, below)
                        ],
                    )
            (self.root / room / "b.cc").unlink()

    def test_made_worlds_know_nothing_of_the_check(self):
        self.write("tools/world/b.h", "#include <matcher/check/a.h>\n")
        self.assertEqual(self.check()[0], 1)

    def test_places_that_are_no_rooms(self):
        self.write("matcher/a.h", "")
        self.write("keyformat/b.h", '#include "tools/new/a.h"\n')
        self.write("keyformat/c.h", '#include "tests/test_files.h"\n')
        self.assertEqual(
            self.check(),
            (
                1,
                [
                    "keyformat/b.h: includes tools/new/a.h, which is in no room",
                    "keyformat/c.h: includes tests/test_files.h, a test's",
                    "matcher/a.h: matcher is no room",
                ],
            ),
        )

    def test_a_room_that_is_gone(self):
        shutil.rmtree(self.root / "tools/world")
        self.assertEqual(self.check(), (1, ["the table: tools/world has no source"]))

    def test_only_the_door_is_public(self):
        public = '    visibility = ["//visibility:public"],\n'
        self.write(
            "matcher/check/BUILD.bazel",
            DOOR.replace(public, "").replace(
                '    name = "inner",\n', '    name = "inner",\n' + public
            ),
        )
        self.assertEqual(
            self.check(),
            (
                1,
                [
                    "matcher/check/BUILD.bazel: inner is public",
                    "matcher/check/BUILD.bazel: check is not public",
                    "matcher/check/BUILD.bazel: check_lock is not public",
                    "matcher/check/BUILD.bazel: stored_check is not public",
                ],
            ),
        )

    def test_nothing_is_public_by_default(self):
        self.write(
            "matcher/check/BUILD.bazel",
            'package(default_visibility = [\n    "//visibility:public",\n])\n\n' + DOOR,
        )
        self.assertEqual(
            self.check(), (1, ["matcher/check/BUILD.bazel: everything is public"])
        )

    def test_keys_of_a_file_without_a_verdict_go_to_known_callers_only(self):
        for name in [
            "KeyDecoder",
            "ExportReader",
            "ReadExportFile",
            "MatchFiles",
            "MatchBlock",
        ]:
            with self.subTest(name=name):
                self.write("tools/report/b.cc", "auto x = engine.%s(path);\n" % name)
                self.assertEqual(
                    self.check(),
                    (
                        1,
                        [
                            "tools/report/b.cc: uses %s, which is not for it (READERS)"
                            % name
                        ],
                    ),
                )
        self.write("tools/report/b.cc", "// As ReadExportFile says.\nint ReadExportFiles;\n")
        self.assertEqual(self.check(), (0, []))

    def test_a_caller_that_calls_no_more(self):
        self.write("tools/commands/cmd_verify.cc", "int x;\n")
        self.assertEqual(
            self.check(),
            (1, ["the table: tools/commands/cmd_verify.cc does not use ReadExportFile"]),
        )


if __name__ == "__main__":
    unittest.main()
