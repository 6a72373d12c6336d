#!/usr/bin/env python3
"""Prints the ten slowest tests and the ten slowest files of a run.

Usage: tools/dev/slowest.py FOLDER

FOLDER holds what the stages of the run left there (tools/dev/stages.sh): profiles
of Bazel (STAGE.N.profile), from which come tests and compiled files, by their
seconds on the clock, and clang-tidy's times (STAGE.tidy: CPU-seconds, tab,
file).  What came from a cache took no time and stands last, if at all.
"""

import collections
import glob
import json
import os
import sys

MOST = 10

Row = collections.namedtuple("Row", "seconds what stage")


def read_profile(path, stage):
    """Returns the tests and the compiled files of one profile."""
    with open(path, encoding="utf-8") as f:
        events = json.load(f)["traceEvents"]
    tests, files = [], []
    for event in events:
        if event.get("cat") != "action processing":
            continue
        verb, _, subject = event["name"].partition(" ")
        row = Row(event["dur"] / 1e6, subject, stage)
        if verb == "Testing":
            tests.append(row)
        elif verb == "Compiling":
            files.append(row)
    return tests, files


def read_tidy(path, stage):
    with open(path, encoding="utf-8") as f:
        rows = [line.rstrip("\n").split("\t") for line in f]
    return [Row(float(seconds), file, stage) for seconds, file in rows]


def print_table(title, rows):
    print("\n%s" % title)
    for row in sorted(rows, reverse=True)[:MOST]:
        print("%6.1f s  %s (%s)" % row)


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    tests, files = [], []
    for path in sorted(glob.glob(os.path.join(sys.argv[1], "*.profile"))):
        stage = os.path.basename(path).split(".")[0]
        more_tests, more_files = read_profile(path, "compiled, " + stage)
        tests += [row._replace(stage=stage) for row in more_tests]
        files += more_files
    for path in sorted(glob.glob(os.path.join(sys.argv[1], "*.tidy"))):
        stage = os.path.basename(path).split(".")[0]
        files += read_tidy(path, stage)
    print_table("slowest tests", tests)
    print_table("slowest files", files)


if __name__ == "__main__":
    main()
