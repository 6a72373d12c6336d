#!/usr/bin/env python3
# What tools/dev/bench_report makes of JSON, and when it refuses to; nothing is
# measured here.
import contextlib
import copy
import importlib.machinery
import importlib.util
import io
import json
import os
import pathlib
import re
import sys
import tempfile
import unittest
from unittest import mock

ROOT = str(pathlib.Path(os.path.abspath(__file__)).parents[3])


def load_tool():
    sys.dont_write_bytecode = True  # not into tools/dev/
    sys.path.insert(0, os.path.join(ROOT, "tools", "dev"))
    loader = importlib.machinery.SourceFileLoader(
        "bench_report", os.path.join(ROOT, "tools", "dev", "bench_report")
    )
    spec = importlib.util.spec_from_loader(loader.name, loader)
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


tool = load_tool()


def bench(name, real_time, time_unit, **counters):
    return {
        "name": name + "/manual_time",
        "run_type": "iteration",
        "iterations": 3,
        "real_time": real_time,
        "cpu_time": 1e9,  # of everything, the checks too
        "time_unit": time_unit,
        **{name.replace("_per_", "/"): value for name, value in counters.items()},
    }


def kernel(operation, name, keys_per_s, **counters):
    full_name = "%s/%s" % (operation, name)
    return bench(full_name, 1, "us", keys_per_s=keys_per_s, **counters)


BENCH = {
    "context": {
        "date": "2021-03-04T05:06:07+00:00",
        "skipped kernels": "arm64_crypto",
        "commit": "c0ffee",
    },
    "benchmarks": [
        bench(
            "Ceiling/vaesenc 512/iterations:20",
            120,
            "us",
            instructions_per_s=8.25e9,
            instructions_per_cycle=3.5,
        ),
        kernel(
            "DeriveRpiks",
            "x86_vaes512",
            16e6,
            cycles_per_key=150,
            share_of_ceiling=0.557,
        ),
        kernel("DeriveRpiks", "portable", 2.5e6),
        kernel("GenerateRpis", "portable", 1e6, RPI_per_s=144e6, cycles_per_key=3200.4),
        kernel("FindCandidates", "portable", 0.8e6, RPI_per_s=115.2e6),
        bench(
            "BuildIndex/sightings:1000",
            1.5,
            "ms",
            sightings_per_s=666666.7,
            bytes_per_sighting=20.07,
        ),
        bench("MatchKeys/x86_vaes512/sightings:1000", 60, "ms", keys_per_s=2e6),
        bench("MatchKeys/x86_vaes512/sightings:10000000", 60, "ms", keys_per_s=1.25e6),
        bench("MatchKeys/baseline/sightings:1000", 60, "ms", keys_per_s=5e5),
        bench("Inflate", 11.25, "ms", keys_per_s=20e6, bytes_per_s=7e8),
        bench("HashFile", 4, "ms", keys_per_s=50e6, bytes_per_s=1.75e9),
        bench("Decode", 71, "ms", keys_per_s=4e6, bytes_per_s=1.1e8),
        bench("VerifySignature", 84.4, "us"),
        bench("EndToEnd/threads:1", 954, "ms", keys_per_s=1e6, RPI_per_s=144e6),
        bench("EndToEnd/threads:4", 251, "ms", keys_per_s=3.8e6, RPI_per_s=547.2e6),
    ],
}

RATIOS = {
    "quick": False,
    "commit": "c0ffee",
    "machine": "Some processor, 4 cores, compiler 12.2.0",
    "kernel": "x86_vaes512",
    "rows": [
        {
            "name": "dense_20k",
            "kernel": "x86_vaes512",
            "runs": 5,
            "ratio": 4.0026,
            "low_quartile": 3.9,
            "high_quartile": 4.25,
            "ceiling": 8.0,
            "share_of_ceiling": 0.498,
            "engine_keys_per_s": 1973782.06,
            "baseline_keys_per_s": 493125.7,
        },
        {"name": "x86_aesni", "skipped": "this machine lacks AES-NI"},
    ],
}


WAIT = {
    "quick": False,
    "keys": 1000000,
    "rounds": 3,
    "programs": ["before", "now"],
    "rows": [
        {
            "sightings": 10000000,
            "before": {"cpu_s": 6.3, "keys_cpu_s": 0.36, "peak_bytes": 769 << 20},
            "now": {"cpu_s": 2.1004, "keys_cpu_s": 0.35, "peak_bytes": 440 << 20},
        },
    ],
}


def write_json(folder, bench_json, ratios, wait=None):
    """Writes those that are there."""
    contents = {"bench.json": bench_json, "ratios.json": ratios, "wait.json": wait}
    for name, content in contents.items():
        if content is None:
            continue
        with open(os.path.join(folder, name), "w", encoding="utf-8") as f:
            json.dump(content, f)


class FolderTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.bench = copy.deepcopy(BENCH)
        self.ratios = copy.deepcopy(RATIOS)
        self.wait = None

    def path(self, name):
        return os.path.join(self.folder, name)

    def entry(self, name):
        for entry in self.bench["benchmarks"]:
            if entry["name"] == name + "/manual_time":
                return entry
        self.fail("no benchmark " + name)

    def run_main(self, *arguments):
        """Returns the exit status and what stderr says."""
        with contextlib.redirect_stderr(io.StringIO()) as stderr:
            # //bench:report_page is among the test's files.
            with mock.patch.object(tool, "build", return_value="bench"):
                try:
                    status = tool.main(list(arguments))
                except SystemExit as leave:
                    status = leave.code
        return status, stderr.getvalue()


class TablesTest(FolderTest):
    # The first columns of the tables, by the file that they show.
    BY_BENCH = ["operation", "instruction, bits", "sightings", "by", "step", "threads"]
    BY_BOTH = ["row"] + BY_BENCH
    QUICK = {"notice": "Quick run: these figures mean nothing."}

    def parts(self):
        write_json(self.folder, self.bench, self.ratios, self.wait)
        context, benches = tool.read_bench(self.folder)
        ratios, wait = tool.read_ratios(self.folder), tool.read_wait(self.folder)
        return tool.report(context, benches, ratios, wait)["parts"]

    def tables(self):
        return [part["table"] for part in self.parts() if "table" in part]

    def expect_table(self, header, *rows):
        """That the report has a table of these cells, and no others."""

        def cells(line):
            return [cell.strip() for cell in line.strip("|").split("|")]

        found = [t["rows"] for t in self.tables() if t["header"] == cells(header)]
        self.assertEqual(found, [[cells(row) for row in rows]])

    def facts(self):
        return dict(self.tables()[0]["rows"])

    def test_head(self):
        self.assertEqual(
            self.facts(),
            {
                "Processor, compiler": "Some processor, 4 cores, compiler 12.2.0",
                "Kernel": "x86_vaes512",
                "Commit": "c0ffee",
                "Measured": "2021-03-04T05:06:07+00:00",
                "Kernels that it cannot run": "arm64_crypto",
            },
        )

    def test_no_kernel_skipped(self):
        self.bench["context"]["skipped kernels"] = "none"
        self.assertNotIn("Kernels that it cannot run", self.facts())

    def test_two_commits(self):
        self.bench["context"]["commit"] = "f00d"
        self.assertEqual(self.facts()["Commit of bench.json"], "f00d")

    def test_ratios_of_an_older_program(self):
        for name in ["commit", "kernel"]:
            del self.ratios[name]
        for name in [
            "kernel",
            "runs",
            "low_quartile",
            "high_quartile",
            "ceiling",
            "share_of_ceiling",
        ]:
            del self.ratios["rows"][0][name]
        self.assertEqual(self.facts()["Commit"], "not said")
        self.expect_table(
            "| row | kernel | ratio | half of the runs | ceiling"
            " | share of it | engine keys/s | against keys/s | runs |",
            "| dense_20k | - | 4.00 | - | - | - | 1,973,782 | 493,126 | - |",
            "| x86_aesni | skipped: this machine lacks AES-NI | | | | | | | |",
        )

    def tables_with_mark(self):
        """Returns the first columns' names of all tables, and of the marked ones;
        every plot is marked as the table after it is."""
        names, marked = [], []
        parts = self.parts()
        for before, part in zip(parts, parts[1:]):
            if "table" not in part or part["table"]["header"][0] == "what":
                continue
            names.append(part["table"]["header"][0])
            if before == self.QUICK:
                marked.append(names[-1])
        plots = [i for i, p in enumerate(parts) if {"ranges", "groups", "lines"} & set(p)]
        self.assertEqual(len(plots), 4)
        num_marked_plots = sum(parts[i - 1] == self.QUICK for i in plots)
        # No mark stands elsewhere.
        self.assertEqual(parts.count(self.QUICK), len(marked) + num_marked_plots)
        return names, marked

    def test_full_run_is_not_marked(self):
        names, marked = self.tables_with_mark()
        self.assertEqual(names, self.BY_BOTH)
        self.assertEqual(marked, [])
        self.bench["context"]["run"] = "full"
        self.assertEqual(self.tables_with_mark()[1], [])
        self.assertNotIn("mean nothing", json.dumps(self.parts()))

    def test_quick_run_says_so_first_and_above_each_table(self):
        self.bench["context"]["run"] = "quick"
        self.ratios["quick"] = True
        notice = self.parts()[0]["notice"]
        self.assertIn("bench.json and ratios.json are of a quick run", notice)
        self.assertIn("mean nothing", notice)
        self.assertEqual(self.tables_with_mark(), (self.BY_BOTH, self.BY_BOTH))
        self.assertEqual(self.parts().count(self.QUICK), len(self.BY_BOTH) + 4)

    def test_quick_ratios_beside_a_full_suite(self):
        self.bench["context"]["run"] = "full"
        self.ratios["quick"] = True
        self.assertIn("ratios.json is of a quick run", self.parts()[0]["notice"])
        self.assertEqual(self.tables_with_mark()[1], ["row"])
        self.assertEqual(self.parts().count(self.QUICK), 2)

    def test_full_ratios_beside_a_quick_suite(self):
        self.bench["context"]["run"] = "quick"
        self.assertIn("bench.json is of a quick run", self.parts()[0]["notice"])
        self.assertEqual(self.tables_with_mark()[1], self.BY_BENCH)

    def test_ratios(self):
        self.expect_table(
            "| row | kernel | ratio | half of the runs | ceiling"
            " | share of it | engine keys/s | against keys/s | runs |",
            "| dense_20k | x86_vaes512 | 4.00 | 3.90–4.25 | 8.00 | 0.50"
            " | 1,973,782 | 493,126 | 5 |",
            "| x86_aesni | skipped: this machine lacks AES-NI | | | | | | | |",
        )

    def test_kernels(self):
        self.expect_table(
            "| operation | kernel | ns a key | keys/s | RPI/s | cycles a key"
            " | share of the ceiling |",
            "| DeriveRpiks | x86_vaes512 | 62.5 | 16,000,000 | - | 150 | 0.56 |",
            "| DeriveRpiks | portable | 400 | 2,500,000 | - | - | - |",
            "| GenerateRpis | portable | 1,000 | 1,000,000 | 144,000,000 | 3,200 | - |",
            "| FindCandidates | portable | 1,250 | 800,000 | 115,200,000 | - | - |",
        )

    def test_ceilings(self):
        self.expect_table(
            "| instruction, bits | a second | a cycle |",
            "| vaesenc 512 | 8,250,000,000 | 3.50 |",
        )

    def test_index(self):
        self.expect_table(
            "| sightings | time | ns a sighting | sightings/s | bytes a sighting |",
            "| 1,000 | 1.5 ms | 1,500 | 666,667 | 20.1 |",
        )

    def test_by_sightings(self):
        self.expect_table(
            "| by | sightings | ns a key | keys/s | RPI/s | cycles a key |",
            "| x86_vaes512 | 1,000 | 500 | 2,000,000 | - | - |",
            "| x86_vaes512 | 10,000,000 | 800 | 1,250,000 | - | - |",
            "| baseline | 1,000 | 2,000 | 500,000 | - | - |",
        )

    def test_file(self):
        self.expect_table(
            "| step | time | ns a key | keys/s | bytes/s |",
            "| Inflate | 11.2 ms | 50 | 20,000,000 | 700,000,000 |",
            "| HashFile | 4 ms | 20 | 50,000,000 | 1,750,000,000 |",
            "| Decode | 71 ms | 250 | 4,000,000 | 110,000,000 |",
            "| VerifySignature | 84.4 µs | - | - | - |",
        )

    def test_threads(self):
        self.expect_table(
            "| threads | ns a key | keys/s | RPI/s | bytes/s | times one thread |",
            "| 1 | 1,000 | 1,000,000 | 144,000,000 | - | 1.00 |",
            "| 4 | 263 | 3,800,000 | 547,200,000 | - | 3.80 |",
        )

    def test_waits(self):
        self.assertNotIn("The whole wait", json.dumps(self.parts()))
        self.wait = copy.deepcopy(WAIT)
        self.expect_table(
            "| sightings | before: CPU s | of which keys | peak MiB"
            " | now: CPU s | of which keys | peak MiB |",
            "| 10,000,000 | 6.300 | 0.360 | 769 | 2.100 | 0.350 | 440 |",
        )
        self.assertIn("1,000,000 keys", json.dumps(self.parts()))
        self.assertNotIn("mean nothing", json.dumps(self.parts()))
        self.wait["quick"] = True
        self.assertIn("wait.json is of a quick run", self.parts()[0]["notice"])
        self.assertEqual(self.parts().count(self.QUICK), 1)
        self.bench["context"]["run"] = "quick"
        self.ratios["quick"] = True
        self.assertIn(
            "bench.json, ratios.json and wait.json are of a quick run",
            self.parts()[0]["notice"],
        )

    def test_means_over_repetitions_are_left_out(self):
        mean = dict(self.entry("Inflate"), name="Inflate/manual_time_mean")
        self.bench["benchmarks"].append(dict(mean, run_type="aggregate"))
        self.assertEqual(json.dumps(self.parts()).count('"Inflate"'), 1)


class FailuresTest(FolderTest):
    def expect_failure(self, *messages):
        """That there is no report, nor an old one, and what stderr says."""
        if not os.path.exists(self.path("bench.json")):
            write_json(self.folder, self.bench, self.ratios, self.wait)
        earlier = ["report.html"]
        for name in earlier:
            with open(self.path(name), "w", encoding="utf-8") as f:
                f.write("of an earlier run\n")
        status, stderr = self.run_main("--from", self.folder, self.folder)
        self.assertEqual(status, 1)
        for message in messages:
            self.assertIn(message, stderr)
        for name in earlier:
            self.assertFalse(os.path.exists(self.path(name)), name)

    def test_benchmark_with_an_error(self):
        self.entry("Decode").update(error_occurred=True, error_message="wrong answer")
        self.expect_failure("Decode", "wrong answer")

    def test_missing_benchmark(self):
        self.bench["benchmarks"].remove(self.entry("VerifySignature"))
        self.expect_failure("bench.json", "VerifySignature")

    def test_missing_one_thread(self):
        self.bench["benchmarks"].remove(self.entry("EndToEnd/threads:1"))
        self.expect_failure("bench.json", "threads:1")

    def test_missing_rate(self):
        del self.entry("DeriveRpiks/portable")["keys/s"]
        self.expect_failure("bench.json", "DeriveRpiks/portable", "keys/s")

    def test_missing_argument(self):
        self.entry("MatchKeys/baseline/sightings:1000")["name"] = "MatchKeys/baseline"
        self.expect_failure("bench.json", "MatchKeys/baseline", "sightings")

    def test_missing_time(self):
        del self.entry("Inflate")["real_time"]
        self.expect_failure("bench.json", "real_time")

    def test_other_json(self):
        self.bench = [1, 2]
        self.expect_failure("bench.json")

    def test_half_a_file(self):
        write_json(self.folder, self.bench, self.ratios)
        with open(self.path("bench.json"), "r+", encoding="utf-8") as f:
            f.truncate(100)
        self.expect_failure("reading", "bench.json")

    def test_missing_file(self):
        write_json(self.folder, self.bench, self.ratios)
        os.remove(self.path("ratios.json"))
        self.expect_failure("reading", "ratios.json")

    def test_ratio_without_figures(self):
        del self.ratios["rows"][0]["ratio"]
        self.expect_failure("ratios.json", "ratio")

    def test_no_ratios(self):
        self.ratios["rows"] = []
        self.expect_failure("ratios.json", "no rows")

    def test_no_machine(self):
        del self.ratios["machine"]
        self.expect_failure("ratios.json", "machine")

    def test_ratios_that_do_not_say_whether_they_are_quick(self):
        del self.ratios["quick"]
        self.expect_failure("ratios.json", "quick")

    def test_quick_that_is_no_boolean(self):
        self.ratios["quick"] = "false"
        self.expect_failure("ratios.json", "quick")

    def test_waits_without_figures(self):
        self.wait = copy.deepcopy(WAIT)
        del self.wait["rows"][0]["now"]["peak_bytes"]
        self.expect_failure("wait.json", "peak_bytes")

    def test_waits_of_another_form(self):
        for wait in [[], {}, {**WAIT, "quick": 0}, {**WAIT, "rows": [1]}]:
            write_json(self.folder, self.bench, self.ratios, wait)
            self.expect_failure("wait.json")

    def test_missing_folder(self):
        status, stderr = self.run_main("--from", self.path("none"), self.folder)
        self.assertEqual(status, 1)
        self.assertIn(self.path("none"), stderr)

    def test_build_that_fails(self):
        out = self.path("out")
        with contextlib.redirect_stderr(io.StringIO()) as stderr:
            with mock.patch.object(
                tool, "build", side_effect=tool.Failure("building failed")
            ):
                status = tool.main(["--quick", out])
        self.assertEqual(status, 1)
        self.assertIn("building failed", stderr.getvalue())
        self.assertEqual(os.listdir(out), [])

    def test_wrong_usage(self):
        wrong = [[], ["a", "b"], ["--fast", "a"], ["--quick", "--from", "a", "b"]]
        wrong.append(["--before", "program", "--from", "a", "b"])
        for arguments in wrong:
            self.assertEqual(self.run_main(*arguments)[0], 2, arguments)


class MeasureTest(FolderTest):
    """By programs that only write down their arguments."""

    def program(self, name, status, more=""):
        with open(self.path(name), "w", encoding="utf-8") as f:
            f.write('#!/bin/sh\nprintf "%s\\n" "$@" > "$0.arguments"\n' + more)
            f.write("exit %d\n" % status)
        os.chmod(self.path(name), 0o755)

    def arguments(self, name):
        with open(self.path(name + ".arguments"), encoding="utf-8") as f:
            return f.read().splitlines()

    def measure(self, quick=False, suite=0, ratios=0, wait=0, before=None):
        context = {"host_name": "h", "executable": "/home/u/bench", "num_cpus": 2}
        written = json.dumps({"context": context, "benchmarks": []})
        more = "echo '%s' > '%s'\n" % (written, self.path("bench.json"))
        self.program("bench", suite, more)
        self.program("ratios", ratios)
        os.makedirs(self.path("tools/dev"), exist_ok=True)
        self.program("tools/dev/wait_table", wait)
        with mock.patch.object(tool, "commit", return_value="c0ffee"):
            with mock.patch.object(tool, "ROOT", self.folder):
                tool.measure(self.folder, self.folder, quick, before)

    def test_writes_json_into_the_folder(self):
        self.measure()
        json_file = "--benchmark_out=" + self.path("bench.json")
        self.assertEqual(
            self.arguments("bench"),
            [
                json_file,
                "--benchmark_out_format=json",
                "--benchmark_context=run=full,commit=c0ffee",
            ],
        )
        self.assertEqual(
            self.arguments("ratios"),
            ["--json", self.path("ratios.json"), "--commit", "c0ffee"],
        )

    def test_waits(self):
        programs = os.path.dirname(self.folder)
        programs = [
            os.path.join(programs, "tools", "tekmatch"),
            os.path.join(programs, "tests", "tools", "dev", "cost_of"),
        ]
        into = ["--json", self.path("wait.json")]
        self.measure()
        self.assertEqual(self.arguments("tools/dev/wait_table"), into + programs)
        self.measure(before="/an/older/tekmatch")
        self.assertEqual(
            self.arguments("tools/dev/wait_table"),
            [*into, "--before", "/an/older/tekmatch", *programs],
        )
        self.measure(quick=True)
        self.assertIn("--quick", self.arguments("tools/dev/wait_table"))
        with self.assertRaisesRegex(tool.Failure, "waits.*exit status 1"):
            self.measure(wait=1)

    def test_quick(self):
        self.measure(quick=True)
        context = "--benchmark_context=run=quick,figures=mean nothing,commit=c0ffee"
        self.assertIn(context, self.arguments("bench"))
        self.assertIn("--quick", self.arguments("ratios"))

    def test_nothing_tells_whose_machine_it_was(self):
        self.measure()
        with open(self.path("bench.json"), encoding="utf-8") as f:
            self.assertEqual(json.load(f)["context"], {"num_cpus": 2})

    def test_wrong_answer_of_the_suite(self):
        with self.assertRaisesRegex(tool.Failure, "suite.*exit status 1"):
            self.measure(suite=1)

    def test_wrong_answer_of_the_ratios(self):
        with self.assertRaisesRegex(tool.Failure, "ratios.*exit status 1"):
            self.measure(ratios=1)

    def test_missing_program(self):
        with self.assertRaisesRegex(tool.Failure, "suite"):
            tool.measure(self.folder, self.folder, False, None)


class PageTest(FolderTest):
    def page(self):
        write_json(self.folder, self.bench, self.ratios, self.wait)
        out = self.path("out")
        self.assertEqual(self.run_main("--from", self.folder, out), (0, ""))
        expected = ["bench.json", "ratios.json", "report.html"]
        expected += [] if self.wait is None else ["wait.json"]
        self.assertEqual(sorted(os.listdir(out)), expected)
        with open(os.path.join(out, "report.html"), encoding="utf-8") as f:
            return f.read()

    def figure(self, page, name):
        return re.search('<figure id="%s">.*?</figure>' % name, page, re.S)[0]

    def test_plots(self):
        page = self.page()
        self.assertTrue(page.startswith("<!DOCTYPE html>"))
        self.assertIn("default-src 'none'", page)
        self.assertIn("<td>c0ffee</td>", page)
        # Underscores are as they were.
        expected = {
            "ratios": ["dense_20k", "<td class=\"n\">3.9</td>", "as fast"],
            "kernels": ["x86_vaes512", "portable", "million keys/s"],
            "sightings": ["x86_vaes512", "baseline", "10\u202f000\u202f000", "ns a key"],
            "threads": ["measured", "ideal", "threads"],
        }
        expected["kernels"] += tool.KERNEL_OPERATIONS
        for name, texts in expected.items():
            figure = self.figure(page, name)
            self.assertIn("</svg>", figure)
            for text in texts:
                self.assertIn(text, figure, name)
        # 2 million keys a second; a kernel that was not measured has no bar.
        self.assertIn("DeriveRpiks, portable: 2.5<", self.figure(page, "kernels"))
        self.assertNotIn("GenerateRpis, x86_vaes512:", self.figure(page, "kernels"))
        self.assertEqual(page, self.page())

    def test_pages_of_a_quick_run_say_so(self):
        self.bench["context"]["run"] = "quick"
        self.assertIn("Quick run: these figures mean nothing.", self.page())

    def test_one_thread_and_one_number_of_sightings(self):
        for name in ["EndToEnd/threads:4", "MatchKeys/x86_vaes512/sightings:10000000"]:
            self.bench["benchmarks"].remove(self.entry(name))
        self.assertIn("</html>", self.page())

    def test_no_ratio_was_measured(self):
        del self.ratios["rows"][0]
        self.assertIn("Nothing was measured.", self.page())

    def test_waits_of_an_earlier_report_do_not_stay(self):
        self.assertNotIn("The whole wait", self.page())
        self.wait = copy.deepcopy(WAIT)
        page = self.page()
        self.assertIn("The whole wait", page)
        self.assertIn("now: CPU s", page)
        os.remove(self.path("wait.json"))
        self.wait = None
        self.assertNotIn("The whole wait", self.page())

    def test_failing_program(self):
        write_json(self.folder, self.bench, self.ratios)
        for program in ["/bin/false", self.path("none")]:
            with self.assertRaisesRegex(tool.Failure, "drawing the page"):
                tool.write_report(program, self.folder, self.folder)


if __name__ == "__main__":
    unittest.main()
