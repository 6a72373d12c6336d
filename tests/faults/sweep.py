#!/usr/bin/env python3
"""Lets the n-th call fail, for n = 1, 2, 3 ... until a run passes, and judges each run.

A run ends by itself with status 0 and the right answer, or with status 1 and a
message; what it leaves is whole; and the same command, where nothing fails any
more, brings about what it would have without the failure.
"""

import argparse
import collections
import filecmp
import multiprocessing
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile

from faults import KINDS, WAYS, Fault, Run
from scenarios import ALL, Tools, make_inputs, secrets

Result = collections.namedtuple(
    "Result", "scenario kind points runs successes errors faults messages"
)


class Prepared:
    """A scenario, the folder that is copied, and what is right."""

    def __init__(self, scenario, library, folder):
        self.scenario = scenario
        self.library = library
        self.folder = folder
        self.template = os.path.join(folder, "template")
        os.mkdir(self.template)
        scenario.prepare(self.template)
        self.before = self.view(self.template)
        right = self.copy("right")
        self.right = self.run(right)
        assert self.right.status == scenario.status_of_success, self.right.stderr
        self.files_after = scenario.files(right)
        for name in self.files_after:
            assert self.is_kept(name), "%s: nobody said that %s stays" % (scenario.name, name)
        self.after = self.view(right)

    def copy(self, name, of=None):
        made = os.path.join(self.folder, name)
        shutil.rmtree(made, ignore_errors=True)
        shutil.copytree(of or self.template, made)
        return made

    def run(self, folder, fault=None, trace=None):
        argv = [self.scenario.program] + self.scenario.argv()
        return Run(self.library, argv, folder, folder + ".report", fault, trace)

    def view(self, of):
        """Of a copy: whoever looks at a store may write to it."""
        folder = self.copy(os.path.basename(of) + ".view", of)
        try:
            return self.scenario.view(folder)
        except AssertionError:
            if of == self.template:  # there is no store yet
                return None
            raise

    def is_kept(self, name):
        return name in self.scenario.outputs or re.match(self.scenario.keeps, name)

    def judge(self, run, fault, folder):
        """Raises AssertionError where something is wrong."""
        scenario = self.scenario
        assert run.status in (0, 1), "status %d" % run.status
        success = run.status == scenario.status_of_success
        if run.status == 0:
            assert success, "success where there is none"
            right = scenario.is_right(run.stdout, self.right.stdout)
            assert right, "another answer: %r" % run.stdout[:300]
        else:
            assert success or not run.has_to_pass(fault), "did not ask again"
            lines = run.stderr.splitlines()
            assert 1 <= len(lines) <= 4 and lines[-1].startswith("tekmatch"), "no clear message"
            assert len(lines[-1].split(": ", 1)[-1]) >= 8, "no clear message"
            if fault.kind == "allocate" and not success:
                assert "memory" in lines[-1], "another reason"
            scenario.check_answer(run.stdout, self.right.stdout)
        assert not secrets(run.stderr), "a secret: " + run.stderr
        if fault.kind != "remove":
            for name in scenario.files(folder):
                assert self.is_kept(name) or re.match(scenario.leaves, name), "left " + name
        seen = self.copy(os.path.basename(folder) + ".view", folder)
        scenario.check_between(seen, self.before, self.after, run.status == 0)
        if fault.kind != "rename":
            scenario.check_together(seen, self.before, self.after)
        if run.status != 0 and is_same(folder, self.template):
            return  # the next run begins where this one did
        scenario.run_again(folder, self.before, self.after)
        assert self.view(folder) == self.after, "the next run does not mend it"
        if fault.kind != "remove" and scenario.settles:
            assert scenario.files(folder) == self.files_after, scenario.files(folder)


def is_same(folder, other):
    compared = filecmp.dircmp(folder, other, ignore=[])
    if compared.left_only or compared.right_only or compared.funny_files:
        return False
    _, different, odd = filecmp.cmpfiles(folder, other, compared.common_files, shallow=False)
    return not (different or odd) and all(
        is_same(os.path.join(folder, name), os.path.join(other, name))
        for name in compared.common_dirs
    )


def sweep(job):
    """All n of a kind and a way, or a sample of them."""
    prepared, kind, way, sample, seed = job
    how, lasting = way
    scenario = prepared.scenario
    calls = prepared.right.calls[kind]
    if sample:
        chosen = random.Random("%s %s %s %s" % (seed, scenario.name, kind, way))
        numbers = sorted(chosen.sample(range(1, calls + 1), min(sample, calls)))
        numbers.append(10 * calls + 100)  # none fails, whatever the threads did
    else:
        numbers = range(1, 10 * calls + 100)
    points = successes = errors = 0
    found = []
    messages = collections.Counter()
    for n in numbers:
        fault = Fault(kind, n, how, lasting)
        folder = prepared.copy("run-%d" % os.getpid())
        try:
            run = prepared.run(folder, fault)
        except subprocess.TimeoutExpired:
            found.append("%s, %s: does not end" % (scenario.name, fault))
            continue
        points += run.reached
        try:
            prepared.judge(run, fault, folder)
        except Exception as wrong:  # what a view cannot read is a fault, too
            found.append(
                "%s, %s (%s): %s; it said: %s"
                % (scenario.name, fault, run.function, wrong, run.stderr.strip())
            )
        if not run.reached:
            break
        successes += run.status == 0
        errors += run.status != 0
        if run.status != 0:
            messages[re.sub(r"\.[0-9a-f]{8}\b|\.tekmatch-\w+", "", run.stderr.strip())] += 1
    else:
        found.append("%s, %s: no run passed" % (scenario.name, kind))
    runs = successes + errors
    return Result(scenario.name, kind, points, runs, successes, errors, found, messages)


def prepare_all(tools, library, folder, names):
    os.mkdir(os.path.join(folder, "in"))
    make_inputs(tools, os.path.join(folder, "in"))
    prepared = []
    for scenario in ALL:
        if names and scenario.name not in names:
            continue
        # Beside "in" lie the copies, all of them.
        made = os.path.join(folder, scenario.name)
        os.mkdir(made)
        os.symlink("../in", os.path.join(made, "in"))
        prepared.append(Prepared(scenario(tools), library, made))
    return prepared


def sweep_all(prepared, kinds, sample, seed, processes):
    """Results by scenario and kind, those of several ways together."""
    jobs = [
        (one, kind, way, sample, seed)
        for one in prepared
        for kind in kinds
        for way in WAYS[kind]
        if one.right.calls[kind] > 0
    ]
    # The longest first.
    jobs.sort(key=lambda job: -job[0].right.calls[job[1]])
    with multiprocessing.Pool(processes) as pool:
        results = pool.map(sweep, jobs, chunksize=1)
    order = [one.scenario.name for one in prepared]
    return sorted(results, key=lambda r: (order.index(r.scenario), KINDS.index(r.kind)))


def table(results):
    """A line for each scenario and kind, and their sum."""
    rows = collections.OrderedDict()
    for r in results:
        row = rows.setdefault((r.scenario, r.kind), [0, 0, 0, 0])
        row[0] = max(row[0], r.points)
        for i, value in enumerate([r.runs, r.successes, r.errors]):
            row[i + 1] += value
    sums = [sum(column) for column in zip(*rows.values())] or [0] * 4
    lines = ["%-18s %-9s %7s %7s %7s %7s" % ("", "", "points", "runs", "done", "errors")]
    for (scenario, kind), row in rows.items():
        lines.append("%-18s %-9s %7d %7d %7d %7d" % (scenario, kind, *row))
    lines.append("%-18s %-9s %7d %7d %7d %7d" % ("all", "", *sums))
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("library")
    parser.add_argument("tekmatch")
    parser.add_argument("registry")
    parser.add_argument("--scenario", action="append", default=[])
    parser.add_argument("--kind", action="append", default=[])
    parser.add_argument("--sample", type=int, default=0, help="of each kind and way; 0: all")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    parser.add_argument("--messages", action="store_true", help="that runs ended with")
    options = parser.parse_args()
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=memory) as folder:
        tools = Tools(options.tekmatch, options.registry)
        prepared = prepare_all(tools, os.path.abspath(options.library), folder, options.scenario)
        results = sweep_all(
            prepared, options.kind or KINDS, options.sample, options.seed, options.processes
        )
    print(table(results))
    if options.messages:
        for r in results:
            for message, times in r.messages.most_common():
                print("%6d %s %s: %s" % (times, r.scenario, r.kind, message))
    found = [fault for r in results for fault in r.faults]
    for fault in found[:200]:
        print("FAULT " + fault)
    print("%d faults" % len(found))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
