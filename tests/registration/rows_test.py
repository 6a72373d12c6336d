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
PYTHON = re.compile(r"^class (\w+)\(|^    def (test_\w+)\(", re.MULTILINE)


def tests_of(paths):
    """(suite, name) of GoogleTest's and of unittest's tests."""
    tests = set()
    for path in paths:
        with open(path, encoding="utf-8") as f:
            text = f.read()
        if path.endswith(".cc"):
            tests.update(TEST.findall(text))
            continue
        suite = None
        for cls, name in PYTHON.findall(text):
            suite = cls or suite
            if name:
                tests.add((suite, name))
    return tests


def row_named_by(suite, name):
    """The row that a test is named after, or None: R7.Name, Suite.R7Name, and in
    Python test_r7_name, test_row_4_name."""
    match = re.match(r"test_(?:row_|(?=[rf]\d))([rf]?\d+)_", name)
    if match:
        return match.group(1).upper()
    match = re.fullmatch(r"([RF]\d+)", suite) or re.match(r"([RF]\d+)[A-Z]", name)
    return match and match.group(1)


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
        for suite, name in sorted(tests):
            test = "%s.%s" % (suite, name)
            if row_named_by(suite, name) == row and not {suite, test} & set(listed):
                yield "row %s does not list %s" % (row, test)
        if not listed and not still_open:
            yield "row %s has no test, and nothing is open" % row
    for row in ROWS:
        if seen.count(row) != 1:
            yield "row %s is there %d times" % (row, seen.count(row))
    for row in seen:
        if row not in ROWS:
            yield "row %s is none" % row
    for suite, name in sorted(tests):
        if row_named_by(suite, name) not in ROWS + [None]:
            yield "%s.%s is named after no row" % (suite, name)


def check_itself():
    """The check finds what it is for."""
    tests = {("R1", "A"), ("R2", "B"), ("S", "C"), ("R99", "D"), ("S", "F1E")}
    tests |= {("P", "test_row_3_g"), ("P", "test_r4_h"), ("P", "test_rows"), ("P", "test_f_1_i")}
    lines = ["| %s | x | `S.C` | |" % row for row in ROWS[:-1]]
    lines[31] = "| R1 | x | `R1`, `S.X` | |"
    lines[33] = "| R3 | x | | |"
    found = list(defects_of("\n".join(lines), tests))
    assert found == [
        "row 3 does not list P.test_row_3_g",
        "row R1: there is no test S.X",
        "row R2 does not list R2.B",
        "row R3 has no test, and nothing is open",
        "row R4 does not list P.test_r4_h",
        "row F1 does not list S.F1E",
        "row F9 is there 0 times",
        "R99.D is named after no row",
    ], found


def main():
    check_itself()
    paths = glob.glob(os.path.join(HERE, "*", "*_test.cc"))
    paths += glob.glob(os.path.join(HERE, "*_test.py"))
    paths += glob.glob(os.path.join(HERE, "browser", "*_test.py"))
    tests = tests_of(paths)
    if len(tests) < 180:
        sys.exit("only %d tests in %d files: where are they?" % (len(tests), len(paths)))
    with open(os.path.join(HERE, "rows.md"), encoding="utf-8") as f:
        defects = list(defects_of(f.read(), tests))
    for defect in defects:
        print(defect)
    print("%d rows, %d tests" % (len(ROWS), len(tests)))
    return 1 if defects else 0


if __name__ == "__main__":
    sys.exit(main())
