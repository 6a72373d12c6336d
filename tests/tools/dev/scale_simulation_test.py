#!/usr/bin/env python3
# The lines that tools/dev/scale_simulation draws, and what it adds up by them. The tool
# itself runs on small cells among the commands of docs/scale.md.
import contextlib
import importlib.machinery
import importlib.util
import io
import os
import pathlib
import sys
import types
import unittest

ROOT = pathlib.Path(os.path.abspath(__file__)).parents[3]
MILLION = 1_000_000


def load_tool():
    sys.dont_write_bytecode = True  # not into tools/dev/
    path = str(ROOT / "tools" / "dev" / "scale_simulation")
    loader = importlib.machinery.SourceFileLoader("scale_simulation", path)
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
    loader.exec_module(module)
    return module


tool = load_tool()
SIZES = [(20, 20), (20, 10), (20, 5), (10, 20), (5, 20), (5, 5)]


class SolveTest(unittest.TestCase):
    def expect(self, found, wanted):
        for a, b in zip(found, wanted):
            self.assertAlmostEqual(a, b, 6)
        self.assertEqual(len(found), len(wanted))

    def test_finds_a_plane(self):
        rows = [(1.0, k, s) for k, s in SIZES]
        self.expect(tool.solve(rows, [0.5 + 0.2 * k + 0.7 * s for k, s in SIZES]), [0.5, 0.2, 0.7])

    def test_finds_the_others_without_what_would_be_below_zero(self):
        rows = [(1.0, k, s) for k, s in SIZES]
        found = tool.solve(rows, [0.3 * k + 0.7 * s - 0.4 for k, s in SIZES])
        self.assertEqual(found[0], 0.0)
        # As if only these two had been asked for.
        values = [0.3 * k + 0.7 * s - 0.4 for k, s in SIZES]
        self.expect(found[1:], tool.solve([row[1:] for row in rows], values))
        self.expect(tool.solve(rows, [2.0 * s for _, s in SIZES]), [0, 0, 2])


class AddUpTest(unittest.TestCase):
    def test_multiplies_cells_by_what_a_cell_takes(self):
        cells = []
        for k, s in SIZES:
            cell = tool.Cell(k * MILLION, s * MILLION)
            cell.cpu = {
                "convert": 0.25 * s,
                "plan": 0.5 * s,
                "match": 0.1 * k + s,
                "merge": 0.01 * k,
            }
            cell.memory = {"convert": 10**12, "plan": 1000, "match": 100 * MILLION * s}
            cell.bytes = {
                "exports": 20 * cell.keys,
                "sightings": 60 * cell.sightings,
                "partial": 4 * cell.keys,
            }
            cells.append(cell)
        args = types.SimpleNamespace(keys=10**9, sightings=24 * 10**10, days=750, hours=28)
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            tool.add_up(tool.Lines(cells), args, [10 * MILLION, 40 * MILLION], 20 * MILLION)
        rows = [line.split() for line in said.getvalue().splitlines() if line.split()]
        [small] = [row for row in rows if row[0] == "10.00"]
        # A cell has 20 M keys and 10 M sightings; 28 * 10^10 sightings are read.
        # 2.5 + 5 + 12 + 0.2 s a cell, of 28,000 cells; 1,000 MB of memory.
        self.assertEqual(
            small,
            ["10.00", "28000", "19", "39", "93", "2", "153", "19.7", "954", "11.2", "16.8", "2.2"],
        )
        [large] = [row for row in rows if row[0] == "40.00"]
        self.assertEqual(large[1], "7000")
        self.assertEqual(large[-4:], ["(beyond", "what", "was", "measured)"])


if __name__ == "__main__":
    unittest.main()
