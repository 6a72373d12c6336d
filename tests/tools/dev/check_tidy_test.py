#!/usr/bin/env python3
# Which files tools/dev/check_tidy.py chooses, in a small repository of its own. No
# clang-tidy is run.
import contextlib
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest
from unittest import mock

ROOT = pathlib.Path(os.path.abspath(__file__)).parents[3]
sys.dont_write_bytecode = True  # not into tools/dev/
sys.path.insert(0, str(ROOT / "tools/dev"))
import check_tidy  # noqa: E402

TREE = {
    "a/leaf.h": "",
    "a/middle.h": '#include "a/leaf.h"\n',
    "a/leaf.cc": '#include "a/leaf.h"\n',
    "a/user.cc": '#include <string>\n\n  #  include "a/middle.h"\n',
    "a/other.cc": "#include <string>\n",
    "a/BUILD.bazel": 'cc_library(\n    name = "a",\n)\n',
    "b/wire.proto": "",
    "b/wire.cc": '#include "b/wire.pb.h"\n',
    ".bazelrc": "build --jobs=1\ntest --test_timeout=1\n",
    "README.md": "",
}
ALL = ["a/leaf.cc", "a/other.cc", "a/user.cc", "b/wire.cc"]


class CheckTidyTest(unittest.TestCase):
    def setUp(self):
        if shutil.which("git") is None:
            message = "git is missing: run tools/dev/setup.sh --checks"
            if os.environ.get("CI"):
                self.fail(message)
            self.skipTest(message)
        stack = contextlib.ExitStack()
        self.addCleanup(stack.close)
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        before = os.getcwd()
        stack.callback(os.chdir, before)
        os.chdir(folder)
        # Nothing of the machine's, nor of a hook that runs this test.
        environment = {k: v for k, v in os.environ.items() if k[:4] != "GIT_"}
        environment.update(
            GIT_CONFIG_GLOBAL="/dev/null",
            GIT_CONFIG_NOSYSTEM="1",
            GIT_AUTHOR_NAME="a",
            GIT_AUTHOR_EMAIL="a@localhost",
            GIT_COMMITTER_NAME="a",
            GIT_COMMITTER_EMAIL="a@localhost",
        )
        stack.enter_context(mock.patch.dict(os.environ, environment, clear=True))
        version = mock.patch.object(check_tidy, "clang_tidy_version", lambda: "14.0")
        stack.enter_context(version)
        self.git("init", "--quiet")
        for path, text in TREE.items():
            self.write(path, text)
        self.commit()
        self.record("%s 14.0\n" % self.git("rev-parse", "HEAD"))
        self.commit()

    def git(self, *arguments):
        result = subprocess.run(
            ["git", *arguments], stdout=subprocess.PIPE, text=True, check=True
        )
        return result.stdout.strip()

    def commit(self):
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message=a")

    def write(self, path, text):
        os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)

    def append(self, path, text):
        with open(path, "a", encoding="utf-8") as f:
            f.write(text)

    def record(self, text):
        self.write(check_tidy.RECORD, text)

    def chosen(self):
        return check_tidy.choose(check_tidy.sources("*.cc"))

    def expect(self, *paths):
        files, why = self.chosen()
        self.assertEqual(files, list(paths))
        self.assertIn("changed since", why)

    def expect_all(self, why):
        files, found = self.chosen()
        self.assertEqual(files, ALL)
        self.assertIn(why, found)

    def test_nothing_changed(self):
        self.expect()
        self.append("README.md", "a\n")
        self.expect()

    def test_a_source(self):
        self.append("a/leaf.cc", "int a;\n")
        self.expect("a/leaf.cc")
        # It does not matter whether it is committed.
        self.commit()
        self.expect("a/leaf.cc")

    def test_what_includes_a_header_directly_or_not(self):
        self.append("a/leaf.h", "int a;\n")
        self.expect("a/leaf.cc", "a/user.cc")

    def test_a_header_in_between(self):
        self.append("a/middle.h", "int a;\n")
        self.expect("a/user.cc")

    def test_a_proto(self):
        self.append("b/wire.proto", "// a\n")
        self.expect("b/wire.cc")

    def test_headers_that_include_each_other(self):
        self.append("a/leaf.h", '#include "a/middle.h"\n')
        self.expect("a/leaf.cc", "a/user.cc")

    def test_files_that_git_does_not_know_yet(self):
        self.write("a/new.cc", "")
        self.write("a/new.h", "")
        self.expect("a/new.cc")

    def test_a_deleted_header_and_a_deleted_source(self):
        os.remove("a/middle.h")
        os.remove("a/other.cc")
        self.expect("a/user.cc")

    def test_a_renamed_header(self):
        self.git("mv", "a/middle.h", "a/centre.h")
        self.expect("a/user.cc")

    def test_flags_in_a_build_file_concern_its_folder(self):
        self.append("a/BUILD.bazel", 'cc_library(\n    name = "b",\n)\n')
        self.expect()
        self.append("a/BUILD.bazel", 'cc_library(\n    copts = ["-O1"],\n)\n')
        self.expect("a/leaf.cc", "a/other.cc", "a/user.cc")

    def test_flags_in_bazelrc_concern_all(self):
        self.append(".bazelrc", "test --test_output=all\n")
        self.append(".bazelrc", "build:asan --copt=-g\n")
        self.append(".bazelrc", "# build\n")
        self.expect()
        self.append(".bazelrc", "build:arm64 --copt=-g\n")
        self.expect_all("concerns every file")

    def test_what_concerns_all(self):
        for path in [".clang-tidy", "a/.clang-tidy", "WORKSPACE", "bazel/b.bzl"]:
            with self.subTest(path):
                self.write(path, "a")
                self.expect_all("concerns every file")
                os.remove(path)
                self.expect()

    def test_no_record_or_half_a_record(self):
        for text in ["", "0123\n"]:
            self.record(text)
            self.expect_all("no record")
        os.remove(check_tidy.RECORD)
        self.expect_all("no record")

    def test_another_version(self):
        self.record("%s 15.0\n" % self.git("rev-parse", "HEAD"))
        self.expect_all("another clang-tidy")

    def test_a_commit_that_is_not_in_the_history(self):
        self.record("%s 14.0\n" % ("0" * 40))
        self.expect_all("not in the history")
        side = self.git("commit-tree", "-m", "a", self.git("write-tree"))
        self.record("%s 14.0\n" % side)
        self.expect_all("not in the history")


if __name__ == "__main__":
    unittest.main()
