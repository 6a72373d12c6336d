#!/usr/bin/env python3
# What tools/dev/readme_commands.py runs of a document, and when it fails.
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(os.path.abspath(__file__)).parents[3]


class ReadmeCommandsTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def run_documents(self, *texts):
        """Returns exit status, stdout and the tally; "~~~" closes a block."""
        paths = []
        for i, text in enumerate(texts):
            paths.append(self.folder / ("%d.md" % i))
            paths[-1].write_text(text, encoding="utf-8")
        tally = self.folder / "tally"
        tally.write_text("", encoding="utf-8")
        result = subprocess.run(
            [sys.executable, ROOT / "tools/dev" / "readme_commands.py", *paths],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=dict(os.environ, OUT="/callers", TEKMATCH_TALLY=str(tally)),
        )
        return result.returncode, result.stdout, tally.read_text(encoding="utf-8")

    def run_sh(self, *lines):
        return self.run_documents("\n".join(["~~~sh", *lines, "~~~", ""]))

    def run_console(self, *lines):
        return self.run_documents("\n".join(["~~~console", *lines, "~~~", ""]))

    def test_each_line_is_run(self):
        mark = self.folder / "mark"
        status, output, tally = self.run_sh(
            "# a remark", "", "echo a > %s" % mark, "echo b \\", "  c >> %s" % mark
        )
        self.assertEqual((status, tally), (0, "2 0 0\n"), output)
        self.assertEqual(mark.read_text(encoding="utf-8"), "a\nb c\n")

    def test_failures(self):
        for line in ["false", "false | cat", "echo $NO_SUCH_VARIABLE", "X=$(false)"]:
            status, output, tally = self.run_sh("true", line)
            self.assertEqual((status, tally), (1, "1 1 0\n"), output)
            self.assertIn("failed: %s:3: %s" % (self.folder / "0.md", line), output)

    def test_output_to_the_letter(self):
        good = ["$ echo a; echo b >&2", "a", "b", "$ true"]
        self.assertEqual(self.run_console(*good)[::2], (0, "2 0 0\n"))
        for wrong in [["$ echo a"], ["$ echo a", "b"], ["$ echo a", "a", ""]]:
            self.assertEqual(self.run_console(*wrong)[::2], (1, "0 1 0\n"), wrong)

    def test_assignments_hold_for_what_follows(self):
        status, output, _ = self.run_sh(
            "export PATH=$PWD/no_such_folder:$PATH",
            "OUT=$(mktemp -d)",
            "sh -c 'echo $PATH' | grep -q ^$PWD/no_such_folder:",
            "touch $OUT/a",
            "test -f $OUT/a; echo $OUT > %s" % (self.folder / "out"),
            "A=1 true",
        )
        self.assertEqual(status, 0, output)
        out = (self.folder / "out").read_text(encoding="utf-8").strip()
        self.assertTrue(os.path.isabs(out), out)
        # It was deleted.
        self.assertFalse(os.path.exists(out))

    def test_a_document_has_to_set_what_it_needs(self):
        self.assertEqual(self.run_sh("echo $OUT")[0], 1)
        first = "~~~sh\nIN=$(mktemp -d)\n~~~\n"
        second = "~~~sh\necho $IN\n~~~\n"
        self.assertEqual(self.run_documents(first, second)[::2], (1, "1 1 0\n"))
        self.assertEqual(self.run_documents(first + second)[::2], (0, "2 0 0\n"))

    def test_an_assignment_before_a_command_is_none(self):
        self.assertEqual(self.run_sh("A=1 false")[0], 1)
        self.assertEqual(self.run_sh("A=1; false")[0], 1)
        self.assertEqual(self.run_sh("A=1 true", "echo $A")[0], 1)

    def test_other_shells_are_refused_before_anything_is_run(self):
        mark = self.folder / "mark"
        text = "~~~sh\ntouch %s\n~~~\n~~~bash\ntrue\n~~~\n" % mark
        status, output, _ = self.run_documents(text)
        self.assertEqual(status, 1)
        self.assertIn("0.md:4: write sh or console for bash", output)
        self.assertFalse(mark.exists())

    def test_open_block_and_output_without_command(self):
        self.assertIn("not closed", self.run_documents("~~~sh\ntrue\n")[1])
        self.assertIn("start with", self.run_console("a", "$ true")[1])

    def test_other_blocks_and_parts_of_this_check_are_not_run(self):
        text = "~~~json\n{}\n~~~\n~~~sh\n./test --no_such_option\ntrue\n~~~\n"
        status, output, tally = self.run_documents(text)
        self.assertEqual((status, tally), (0, "1 0 0\n"))
        self.assertIn("not run: ", output)

    def test_links_lead_somewhere(self):
        command = "~~~sh\ntrue\n~~~\n"
        other = "# Two `words`: --here\n" + command + "~~~text\n# none\n[a](no)\n~~~\n# End\n"
        for link in ["1.md", "1.md#two-words---here", "1.md#end", "#top", "https://a.invalid/"]:
            status, output, tally = self.run_documents(
                "## Top\n[a](%s)\n" % link + command, other
            )
            self.assertEqual((status, tally), (0, "2 0 0\n"), output)
        for link in ["2.md", "1.md#two", "1.md#none", "#bottom", "folder/1.md"]:
            status, output, tally = self.run_documents(
                "## Top\n[a](%s)\n" % link + command, other
            )
            self.assertEqual((status, tally), (1, "2 1 0\n"), output)
            self.assertIn("0.md: links that lead nowhere: %s\n" % link, output)

    def test_nothing_run(self):
        self.assertEqual(self.run_documents("No command.\n")[0], 1)


if __name__ == "__main__":
    unittest.main()
