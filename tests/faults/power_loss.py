#!/usr/bin/env python3
"""Takes the power away after each change of the disk, and looks at what is left.

Of each prefix of a run's changes: the disk with all of them, with none but the
synced, and with others in between (disk.py), of few all, of many a sample.  Each
such disk
  - has nothing half: outputs are old or new, what is listed is there and whole
  - has a state of its database that a run was in, when it was killed
  - has what was acknowledged before
  - is brought by the next run to what a run without a loss brings it to.
"""

import argparse
import contextlib
import hashlib
import itertools
import multiprocessing
import os
import random
import re
import shutil
import sys
import tempfile

import disk
from scenarios import Tools, harness
from sweep import prepare_all

NAMES = (
    "match sightings check-new check-again forget forget-killed export publish publish-next"
).split()
# On the disk when the command has ended.
DURABLE = ["forget", "forget-killed", "export", "publish", "publish-next"]


def variants(trace, cut, chosen, num):
    """Pairs of (ops that are missing, a torn write)."""
    pending = trace.pending(cut)
    yield (), None
    if not pending:
        return
    yield tuple(pending), None
    last = pending[-1]
    size = len(trace.ops[last].data)
    if size > disk.SECTOR:
        sectors = range((size + disk.SECTOR - 1) // disk.SECTOR)
        yield (), (last, [s for s in sectors if chosen.random() < 0.5])
    if 2 ** len(pending) <= num:
        subsets = itertools.chain.from_iterable(
            itertools.combinations(pending, n) for n in range(1, len(pending))
        )
        yield from ((missing, None) for missing in subsets)
        return
    for _ in range(num):
        share = chosen.random()
        yield tuple(i for i in pending if chosen.random() < share), None


def cuts(trace, sample, chosen):
    everything = range(len(trace.ops) + 1)
    if not sample or sample >= len(everything):
        return list(everything)
    return sorted(chosen.sample(everything[:-1], sample - 1)) + [len(trace.ops)]


def fingerprint(state):
    digest = hashlib.sha256()
    for name, content in state.items():
        digest.update(repr((name, content)).encode())
    return digest.digest()


def judge_all(job):
    """The disks of one scenario: (name, cuts, disks, faults)."""
    judge, sample, num, seed = job
    trace = judge.trace
    chosen = random.Random("%s %s" % (seed, judge.name))
    seen = set()
    faults = []
    chosen_cuts = cuts(trace, sample, chosen)
    for cut in chosen_cuts:
        for missing, torn in variants(trace, cut, chosen, num):
            state = trace.state(cut, set(missing), torn)
            mark = (fingerprint(state), cut == len(trace.ops))
            if mark in seen:
                continue
            seen.add(mark)
            folder = os.path.join(judge.folder, "disk")
            shutil.rmtree(folder, ignore_errors=True)
            disk.write_state(state, folder)
            try:
                judge.check(folder, cut)
            except Exception as wrong:
                faults.append(
                    "%s: cut at %d of %d, without %s, torn %s: %s"
                    % (judge.name, cut, len(trace.ops), list(missing), torn, wrong)
                )
    return judge.name, len(chosen_cuts), len(seen), faults


class CommandJudge:
    """Of a command's run."""

    def __init__(self, prepared):
        self.prepared = prepared
        self.name = prepared.scenario.name
        self.folder = prepared.folder
        folder = prepared.copy("traced")
        inodes = disk.inodes_of(folder)
        written = folder + ".trace"
        with open(written, "wb"):
            pass
        run = prepared.run(folder, trace=written)
        assert run.status == 0, run.stderr
        self.trace = disk.Trace(written, folder, prepared.template, inodes)
        assert len(self.trace.ops) > 3
        self.kills = self.states_of_kills() if hasattr(prepared.scenario, "status") else None

    def states_of_kills(self):
        """What the database said of itself at any moment."""
        found = []
        for cut in range(len(self.trace.ops) + 1):
            folder = os.path.join(self.folder, "disk")
            shutil.rmtree(folder, ignore_errors=True)
            disk.write_state(self.trace.state(cut, set()), folder)
            state = self.database(folder)
            if state not in found:
                found.append(state)
        return found

    def database(self, folder):
        """None where there is none yet; sound otherwise."""
        if not os.path.exists(os.path.join(folder, "s", "tekmatch.sqlite")):
            return None
        return self.prepared.scenario.status(self.prepared.copy("disk.database", folder))

    def check(self, folder, cut):
        prepared = self.prepared
        scenario = prepared.scenario
        done = cut == len(self.trace.ops) and self.name in DURABLE
        if self.kills is not None:
            state = self.database(folder)
            assert state in self.kills, "never committed: %s" % state
        copy = prepared.copy("disk.view", folder)
        scenario.check_between(copy, prepared.before, prepared.after, done)
        scenario.run_again(folder, prepared.before, prepared.after)
        assert prepared.view(folder) == prepared.after, "the next run does not mend it"
        for name in scenario.files(folder):
            # A file that was being written is nobody's any more.
            if not re.search(r"\.[0-9a-f]{8}$|\.tekmatch-", name):
                assert prepared.is_kept(name), "left " + name


class ServerJudge:
    """Of a notification server that takes keys: what it answered 200 is there."""

    name = "server"
    KEYS = 2

    def __init__(self, tools, library, folder):
        self.tools = tools
        self.folder = folder
        harness.REGISTRY = tools.registry
        world = harness.World()
        try:
            os.mkdir(world.path("server"), 0o700)
            inodes = disk.inodes_of(world.path("server"))
            written = os.path.join(folder, "server.trace")
            with open(written, "wb"):
                pass
            template = os.path.join(folder, "empty")
            os.mkdir(template)
            with environment(LD_PRELOAD=library, TEKMATCH_TRACE=written):
                world.start()
            for person in range(4):
                number = "%08d" % person
                world.management.claims[number] = None
                keys = [
                    harness.key(bytes([person, i]) * 8, harness.YESTERDAY - 144 * i)
                    for i in range(self.KEYS)
                ]
                status, answer = world.put(harness.request(number, keys))
                assert (status, answer["accepted"]) == (200, self.KEYS), answer
            world.end()
            shutil.copy(world.path("clock"), os.path.join(folder, "clock"))
            self.trace = disk.Trace(written, world.path("server"), template, inodes)
        finally:
            world.close()
        self.answers = [
            i
            for i, op in enumerate(self.trace.ops)
            if op.change == disk.SAID and b'"accepted":' in op.data
        ]
        assert len(self.answers) == 4, self.answers

    def check(self, folder, cut):
        answered = sum(i < cut for i in self.answers)
        if not os.path.exists(os.path.join(folder, "server.sqlite")):
            assert answered == 0, "the database is gone"
            return
        clock = "--clock-file=" + os.path.join(self.folder, "clock")
        said = self.tools.run(
            self.folder, "status", "--data=" + folder, clock, program=self.tools.registry
        )
        waiting = int(re.match(r"keys that wait: (\d+)", said).group(1))
        assert waiting % self.KEYS == 0, "half a submission: %d keys" % waiting
        assert waiting >= self.KEYS * answered, "%d keys, %d answers" % (waiting, answered)
        claims = int(re.search(r"numbers to confirm: (\d+)", said).group(1))
        assert claims <= waiting // self.KEYS, said


@contextlib.contextmanager
def environment(**values):
    os.environ.update(values)
    try:
        yield
    finally:
        for name in values:
            del os.environ[name]


def lose_power(tools, library, folder, sample, num, seed, names, processes):
    """(name, cuts, disks, faults) of each scenario."""
    commands = [name for name in NAMES if not names or name in names]
    jobs = []
    if commands:
        for prepared in prepare_all(tools, library, folder, commands):
            jobs.append((CommandJudge(prepared), sample, num, seed))
    if not names or ServerJudge.name in names:
        made = os.path.join(folder, "server")
        os.mkdir(made)
        jobs.append((ServerJudge(tools, library, made), sample, num, seed))
    with multiprocessing.Pool(processes) as pool:
        return pool.map(judge_all, jobs, chunksize=1)


def table(results):
    lines = ["%-14s %6s %6s" % ("", "cuts", "disks")]
    for name, num_cuts, num_disks, _ in results:
        lines.append("%-14s %6d %6d" % (name, num_cuts, num_disks))
    lines.append("%-14s %6d %6d" % ("all", sum(r[1] for r in results), sum(r[2] for r in results)))
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("library")
    parser.add_argument("tekmatch")
    parser.add_argument("registry")
    parser.add_argument("--scenario", action="append", default=[])
    parser.add_argument("--sample", type=int, default=0, help="cuts of a run; 0: all")
    parser.add_argument("--disks", type=int, default=8, help="beyond which they are a sample")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    options = parser.parse_args()
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=memory) as folder:
        results = lose_power(
            Tools(options.tekmatch, options.registry),
            os.path.abspath(options.library),
            folder,
            options.sample,
            options.disks,
            options.seed,
            options.scenario,
            options.processes,
        )
    print(table(results))
    faults = [fault for r in results for fault in r[3]]
    for fault in faults[:200]:
        print("FAULT " + fault)
    print("%d faults" % len(faults))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
