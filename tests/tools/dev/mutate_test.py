#!/usr/bin/env python3
# What tools/dev/mutate writes into a source, what it draws, and what it fails for.
# Nothing is compiled here, and Clang's library is not needed.
import contextlib
import importlib.machinery
import importlib.util
import io
import os
import pathlib
import sys
import tempfile
import types
import unittest

ROOT = str(pathlib.Path(os.path.abspath(__file__)).parents[3])


def load_tool():
    sys.dont_write_bytecode = True  # not into tools/dev/
    loader = importlib.machinery.SourceFileLoader(
        "mutate", os.path.join(ROOT, "tools", "dev", "mutate")
    )
    spec = importlib.util.spec_from_loader(loader.name, loader)
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


tool = load_tool()
from mutation import rewrite  # noqa: E402
from mutation.mutant import (  # noqa: E402
    DELETED,
    EXPRESSION,
    NO_JUMP,
    UNCHECKED,
    Mutant,
    name_all,
)

SOURCE = b"""bool f(int a, int b) {
  while (a < b + 1) { g(a); break; }
  CHECK(h(a));
}
"""


def change(before, form, after, number, source=SOURCE):
    start = source.index(before)
    line = source[:start].count(b"\n") + 1
    where = source.split(b"\n")[line - 1].decode().strip()
    names = before.decode(), after.decode()
    mutant = Mutant("a/f.cc", start, start + len(before), form, after, line, *names, where)
    mutant.id = number
    return mutant


class RewriteTest(unittest.TestCase):
    def written(self, mutants):
        return rewrite.Rewritten("a/f.cc", SOURCE, mutants)

    def test_writes_each_form(self):
        file = self.written(
            [
                change(b"a < b + 1", EXPRESSION, b"a <= b + 1", 1),
                change(b"a < b + 1", EXPRESSION, b"a >= b + 1", 2),
                change(b"b + 1", EXPRESSION, b"b - 1", 3),
                change(b"g(a)", DELETED, b"", 4),
                change(b"break;", NO_JUMP, b"", 5),
                change(b"CHECK(h(a))", UNCHECKED, b"h(a)", 6),
            ]
        )
        self.assertEqual(file.left_out, [])
        self.assertEqual(
            bytes(file.body),
            b"""bool f(int a, int b) {
  while ((::tekmatch_mutant(1) ? (a <= b + 1) : ::tekmatch_mutant(2) ? (a >= b + 1) : """
            b"""(a < (::tekmatch_mutant(3) ? (b - 1) : (b + 1))))) { """
            b"""(::tekmatch_mutant(4) ? (void)0 : (void)(g(a))); """
            b"""{ if (!::tekmatch_mutant(5)) break; } }
  if (::tekmatch_mutant(6)) { (void)(h(a)); } else CHECK(h(a));
}
""",
        )
        self.assertTrue(file.text.startswith(b"#ifndef TEKMATCH_MUTANT_"))

    def test_an_error_leads_to_the_mutants_of_its_place(self):
        outer = change(b"a < b + 1", EXPRESSION, b"a <= b + 1", 1)
        inner = change(b"b + 1", EXPRESSION, b"b - 1", 2)
        file = self.written([outer, inner])
        line = bytes(file.body).split(b"\n")[1]
        for text, mutants in ((b"a <= b", [outer]), (b"b - 1", [inner])):
            self.assertEqual(file.at(2, line.index(text) + 1), mutants, text)
        self.assertEqual({m.id for m in file.at(2, 1)}, {1, 2})
        self.assertEqual(file.at(1, 1), [])

    def test_leaves_out_what_overlaps(self):
        one = change(b"a < b", EXPRESSION, b"a > b", 1)
        other = change(b"b + 1", EXPRESSION, b"b - 1", 2)
        file = self.written([one, other])
        self.assertEqual(file.left_out, [other])
        self.assertIn(b"(::tekmatch_mutant(1) ? (a > b) : (a < b)) + 1", file.body)

    def test_a_header_is_the_systems(self):
        text = rewrite.Rewritten("a/f.h", SOURCE, []).text
        self.assertTrue(text.startswith(b"#pragma GCC system_header\n"))
        self.assertTrue(text.endswith(b"#line 1\n" + SOURCE))


class DrawTest(unittest.TestCase):
    def mutants(self):
        found = []
        for path, number in (("a/large.cc", 90), ("a/small.cc", 10), ("b/one.cc", 1)):
            for i in range(number):
                text = b"%d" % (i + 1000)
                mutant = change(b"1", EXPRESSION, text, 0)
                mutant.path = path
                found.append(mutant)
        return name_all(found)

    def test_draws_of_all_files(self):
        drawn = tool.draw(self.mutants(), 20, 7)
        self.assertEqual(len(drawn), 20)
        self.assertEqual(len({m.key for m in drawn}), 20)
        paths = {m.path for m in drawn}
        self.assertLessEqual({"a/large.cc", "a/small.cc"}, paths)
        again = tool.draw(self.mutants(), 20, 7)
        self.assertEqual([m.key for m in drawn], [m.key for m in again])
        other = tool.draw(self.mutants(), 20, 8)
        self.assertNotEqual([m.key for m in drawn], [m.key for m in other])

    def test_draws_all_where_there_are_few(self):
        self.assertEqual(len(tool.draw(self.mutants(), 0, 1)), 101)
        self.assertEqual(len(tool.draw(self.mutants(), 101, 1)), 101)

    def test_keys_are_unique(self):
        found = [change(b"1", EXPRESSION, b"2", 0) for _ in range(3)]
        found[1].start += 4
        found[2].start += 8
        where = "a/f.cc: `1` -> `2` in `while (a < b + 1) { g(a); break; }`"
        keys = [m.key for m in name_all(found)]
        self.assertEqual(keys, [where, where + " #2", where + " #3"])


class TableTest(unittest.TestCase):
    def judge(self, verdicts, equivalent=()):
        mutants = []
        for number in range(1, len(verdicts) + 1):
            mutants.append(change(b"1", EXPRESSION, b"%d" % (number + 1), number))
        name_all(mutants)
        lines = {mutants[i].key: "why" for i in equivalent}
        output = io.StringIO()
        with contextlib.redirect_stdout(output):
            share = tool.print_table(
                mutants, {m.id: (v, "") for m, v in zip(mutants, verdicts)}, lines
            )
        return share, output.getvalue()

    def test_share(self):
        share, text = self.judge(["killed", "too long", "survived", "unreached"])
        self.assertEqual(share, 50)
        self.assertRegex(text, r"\na +4 +1 +1 +1 +1 +0 +50\.0 %\nall ")

    def test_equivalent_is_not_asked_for(self):
        share, text = self.judge(["killed", "survived", "unreached", "survived"], [1, 2])
        self.assertEqual(share, 50)
        self.assertRegex(text, r"\na +4 +0 +1 +0 +1 +2 +50\.0 %")

    def test_equivalent_that_is_killed_counts_as_killed(self):
        self.assertEqual(self.judge(["killed", "survived"], [0])[0], 50)

    def test_nothing_but_equivalent_is_no_success(self):
        self.assertEqual(self.judge(["survived"], [0])[0], 0)


class EquivalentTest(unittest.TestCase):
    def read(self, text):
        with tempfile.NamedTemporaryFile("w", suffix="equivalent") as f:
            f.write(text)
            f.flush()
            old, tool.EQUIVALENT = tool.EQUIVALENT, f.name
            try:
                return tool.read_equivalent()
            finally:
                tool.EQUIVALENT = old

    def test_keys_with_reasons(self):
        text = "# Comment\n\na: `1` -> `2` in `x`\n    one\n    two\nb: `1` -> `2` in `x`\n    c\n"
        self.assertEqual(
            self.read(text),
            {"a: `1` -> `2` in `x`": "one two ", "b: `1` -> `2` in `x`": "c "},
        )

    def test_a_reason_is_needed(self):
        with self.assertRaises(RuntimeError):
            self.read("a: `1` -> `2` in `x`\n")

    def test_the_list_itself(self):
        self.assertIsInstance(tool.read_equivalent(), dict)


class VerdictTest(unittest.TestCase):
    class Fake:
        def __init__(self, label, seconds, reached, how):
            self.label, self.seconds, self.reached, self.how = label, seconds, reached, how
            self.ran = []

        def run(self, mutant, seconds):
            self.ran.append((mutant, seconds))
            return self.how, ""

    def test_only_what_reaches_it_the_fastest_first(self):
        slow = self.Fake("slow", 2.0, {1}, "failed")
        fast = self.Fake("fast", 0.5, {1, 2}, "")
        away = self.Fake("away", 0.1, {2}, "failed")
        tests = [slow, fast, away]
        self.assertEqual(tool.runs.try_mutant(1, tests), ("killed", "slow"))
        self.assertEqual((fast.ran, slow.ran, away.ran), ([(1, 10.0)], [(1, 25.0)], []))
        self.assertEqual(tool.runs.try_mutant(2, tests), ("killed", "away"))
        self.assertEqual(tool.runs.try_mutant(3, tests), ("unreached", ""))
        slow.how = "took too long"
        self.assertEqual(tool.runs.try_mutant(1, tests), ("too long", "slow"))
        slow.how = ""
        self.assertEqual(tool.runs.try_mutant(1, tests), ("survived", ""))

    def test_a_test_that_fails_without_a_mutant_is_said(self):
        fake = types.SimpleNamespace(label="//x", run=lambda m, s, f: ("failed", "why"))
        self.assertEqual(tool.runs.record([fake], 1), [("//x", "failed\nwhy")])


if __name__ == "__main__":
    unittest.main()
