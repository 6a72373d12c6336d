#!/usr/bin/env python3
"""Whether rows.md tells the truth about which test holds which row.

Every row is there once; every test that it names exists; a test that is named
after a row stands in it; a row without a test says what is open.
"""

import glob
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROWS = (
    [str(i) for i in range(1, 32)]
    + ["R%d" % i for i in range(1, 28)]
    + ["F%d" % i for i in range(1, 10)]
)
TEST = re.compile(r"^TEST(?:_F|_P)?\((\w+),\s*(\w+)\)", re.MULTILINE)


def tests_of(paths):
    tests = set()
    for path in paths:
        with open(path, encoding="utf-8") as f:
            tests.update(TEST.findall(f.read()))
    return tests


def table_of(text):
    """The cells of each row of the tables, without their headings."""
    rows = []
    for line in text.splitlines():
        if not line.startswith("|") or line.startswith(("|---", "| row ")):
            continue
        rows.append([cell.strip() for cell in line.strip("|").split("|")])
    return rows


def defects_of(text, tests):
    suites = {suite for suite, _ in tests}
    names = {"%s.%s" % test for test in tests}
    seen = []
    for cells in table_of(text):
        if len(cells) != 4:
            yield "not four cells: %s" % cells[0]
            continue
        row, _, named, still_open = cells
        seen.append(row)
        listed = re.findall(r"`([\w.]+)`", named)
        for name in listed:
            if name not in suites and name not in names:
                yield "row %s: there is no test %s" % (row, name)
        if row in suites and row not in listed:
            yield "row %s does not list the tests %s" % (row, row)
        if not listed and not still_open:
            yield "row %s has no test, and nothing is open" % row
    for row in ROWS:
        if seen.count(row) != 1:
            yield "row %s is there %d times" % (row, seen.count(row))
    for row in seen:
        if row not in ROWS:
            yield "row %s is none" % row
    for suite in sorted(suites):
        if re.fullmatch(r"[RF]\d+", suite) and suite not in ROWS:
            yield "tests are named after %s, which is no row" % suite


def check_itself():
    """The check finds what it is for."""
    tests = {("R1", "A"), ("R2", "B"), ("S", "C"), ("R99", "D")}
    lines = ["| %s | x | `S.C` | |" % row for row in ROWS[:-1]]
    lines[31] = "| R1 | x | `R1`, `S.X` | |"
    lines[33] = "| R3 | x | | |"
    found = list(defects_of("\n".join(lines), tests))
    assert found == [
        "row R1: there is no test S.X",
        "row R2 does not list the tests R2",
        "row R3 has no test, and nothing is open",
        "row F9 is there 0 times",
        "tests are named after R99, which is no row",
    ], found


def main():
    check_itself()
    paths = glob.glob(os.path.join(HERE, "*", "*_test.cc"))
    tests = tests_of(paths)
    if len(tests) < 80:
        sys.exit("only %d tests in %d files: where are they?" % (len(tests), len(paths)))
    with open(os.path.join(HERE, "rows.md"), encoding="utf-8") as f:
        defects = list(defects_of(f.read(), tests))
    for defect in defects:
        print(defect)
    print("%d rows, %d tests" % (len(ROWS), len(tests)))
    return 1 if defects else 0


if __name__ == "__main__":
    sys.exit(main())
