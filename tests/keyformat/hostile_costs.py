#!/usr/bin/env python3
"""Measures what hostile exports cost, as multiples of an honest one.

For every kind of tests/keyformat/hostile_exports.h: the time and the memory of
`tekmatch verify` and `tekmatch inspect`, by byte of the zip, against those of an
honest export; medians of interleaved runs. Exits 1 when one is above 4.

Usage: hostile_costs.py TEKMATCH WRITE_HOSTILE_EXPORTS [BYTES [RUNS]]
"""

import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

COMMANDS = ("verify", "inspect")
LIMIT = 4


def cost(tekmatch, command, path):
    """Seconds and KiB of one run."""
    begin = time.perf_counter()
    with open(os.devnull, "w") as nowhere:
        child = subprocess.Popen(
            [tekmatch, command, path], stdout=nowhere, stderr=nowhere
        )
        _, _, usage = os.wait4(child.pid, 0)
    child.returncode = 0  # waited for above
    return time.perf_counter() - begin, usage.ru_maxrss


def processor():
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return "unknown processor"


def main():
    if len(sys.argv) not in (3, 4, 5):
        print(__doc__, file=sys.stderr)
        return 2
    tekmatch, write = sys.argv[1:3]
    size = sys.argv[3] if len(sys.argv) > 3 else "16000000"
    runs = int(sys.argv[4]) if len(sys.argv) > 4 else 5
    worst = 0.0
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([write, folder, size], check=True)
        paths = sorted(pathlib.Path(folder).glob("*.zip"))
        costs = {(p.stem, c): [] for p in paths for c in COMMANDS}
        for _ in range(runs):
            for path in paths:
                for command in COMMANDS:
                    costs[path.stem, command].append(
                        cost(tekmatch, command, path)
                    )
        print(f"{processor()}; {size} bytes, medians of {runs}")
        print("kind".ljust(24), *(f"{c} time memory".rjust(20) for c in COMMANDS))
        for path in paths:
            line = path.stem.ljust(24)
            for command in COMMANDS:
                share = path.stat().st_size / (paths_size(paths, "honest"))
                row = []
                for what in (0, 1):
                    own, honest = (
                        statistics.median(c[what] for c in costs[n, command])
                        for n in (path.stem, "honest")
                    )
                    row.append(own / honest / share)
                worst = max(worst, *row)
                line += f" {row[0]:14.2f} {row[1]:5.2f}"
            print(line)
    return 0 if worst <= LIMIT else 1


def paths_size(paths, stem):
    return next(p.stat().st_size for p in paths if p.stem == stem)


if __name__ == "__main__":
    sys.exit(main())
