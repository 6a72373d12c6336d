"""What is run while calls fail, and how its result is read.

A scenario has a folder that is copied for each run, with inputs beside it that
no run changes.  Paths are relative to the copy, so that all runs print the same.
"""

import contextlib
import glob
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "registration"))
import harness

TRUST = ["--trusted-key", "440:v1=../in/public.pem"]
NOW = ["--now", "2020-06-16T00:00:00Z"]
DATABASE = r"(tekmatch|server)\.sqlite(-wal|-shm|-journal)?"


class Tools:
    """The programs, and how they are run where nothing fails."""

    def __init__(self, tekmatch, registry):
        self.tekmatch = os.path.abspath(tekmatch)
        self.registry = os.path.abspath(registry)

    def run(self, folder, *argv, program=None, status=0):
        done = subprocess.run(
            [program or self.tekmatch] + list(argv),
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        if done.returncode != status:
            raise AssertionError("%s: %d: %s" % (argv, done.returncode, done.stderr))
        return done.stdout


class Scenario:
    """Outputs are files that are there whole, as before or as after, or not."""

    name = ""
    outputs = []
    # Of files that may be there beside the outputs; and until the next run.
    keeps = r"$^"
    leaves = r"$^"
    status_of_success = 0
    settles = True  # to the same files, whatever came before
    together = []  # outputs that appear at once

    def __init__(self, tools):
        self.tools = tools
        self.program = tools.tekmatch

    def prepare(self, folder):
        """Fills the folder that is copied."""

    def argv(self):
        raise NotImplementedError

    def view(self, folder):
        """What is there, as who uses it sees it; equal where nothing was lost."""
        found = {}
        for name in self.outputs:
            path = os.path.join(folder, name)
            if os.path.exists(path):
                with open(path, "rb") as f:
                    found[name] = f.read()
        return found

    def check_between(self, folder, before, after, success):
        """Whether what a run left is sound, before anybody repairs it."""
        found = Scenario.view(self, folder)
        for name in self.outputs:
            allowed = [after.get(name)] if success else [before.get(name), after.get(name)]
            assert found.get(name) in allowed, "%s is neither old nor new" % name

    def check_together(self, folder, before, after):
        """Whether outputs of one run are all old or all new; for where no rename fails."""
        found = Scenario.view(self, folder)
        states = [[of.get(name) for name in self.together] for of in (before, after, found)]
        assert states[2] in states[:2], "an output is new beside an old one"

    def is_right(self, stdout, right):
        return stdout == right

    def check_answer(self, stdout, right):
        """Of a run that failed: what came to stdout before is no wrong answer."""
        assert right.startswith(stdout), "a wrong answer: %r" % stdout[:300]

    def run_again(self, folder, before, after):
        """The same command, where nothing fails any more."""
        del before, after
        self.tools.run(folder, *self.argv(), program=self.program, status=self.status_of_success)

    def files(self, folder):
        return sorted(
            os.path.relpath(os.path.join(root, name), folder)
            for root, folders, names in os.walk(folder)
            for name in names + [f for f in folders if not os.listdir(os.path.join(root, f))]
        )


class Match(Scenario):
    name = "match"
    outputs = ["result.json", "matches.jsonl", "page.html"]
    together = outputs

    def prepare(self, folder):
        with open(os.path.join(folder, "result.json"), "w", encoding="utf-8") as f:
            f.write("of yesterday\n")

    def argv(self):
        return (
            ["match", "../in/00001.zip", "--sightings", "../in/sightings.csv", "--threads", "2"]
            + TRUST
            + ["--config", "cocoa", "--format", "json", "--out", "result.json"]
            + ["--matches-out", "matches.jsonl", "--html", "page.html"]
        )


class MatchToStdout(Scenario):
    name = "match-stdout"

    def argv(self):
        files = ["../in/00001.zip", "../in/00002.zip"]
        return (
            ["match"]
            + files
            + ["--sightings", "../in/sightings.csv"]
            + TRUST
            + ["--config", "cocoa"]
        )


class Plan(Scenario):
    """A match over both exports, in two shards."""

    name = "plan"
    outputs = ["study.plan"]

    def prepare(self, folder):
        with open(os.path.join(folder, "study.plan"), "w", encoding="utf-8") as f:
            f.write("of yesterday\n")

    def argv(self):
        return (
            ["plan", "../in/00001.zip", "../in/00002.zip", "--sightings", "../in/sightings.csv"]
            + TRUST
            + NOW
            + ["--config", "cocoa", "--shards", "2", "--by", "files", "--out", "study.plan"]
        )


class MatchPlan(Plan):
    """One of the shards."""

    name = "match-plan"
    outputs = ["study.2"]
    keeps = r"study\.plan$"

    def prepare(self, folder):
        self.tools.run(folder, *Plan.argv(self))

    def shard(self, number):
        return [
            *("match --plan study.plan --threads 2".split()),
            *("--shard", number, "--partial", "study." + number),
        ]

    def argv(self):
        return self.shard("2")


class Merge(MatchPlan):
    name = "merge"
    outputs = together = Match.outputs
    keeps = r"study\.(plan|1|2)$"

    def prepare(self, folder):
        super().prepare(folder)
        for number in ["1", "2"]:
            self.tools.run(folder, *self.shard(number))
        with open(os.path.join(folder, "result.json"), "w", encoding="utf-8") as f:
            f.write("of yesterday\n")

    def argv(self):
        return (
            "merge --plan study.plan study.1 study.2 --format json --out result.json "
            "--matches-out matches.jsonl --html page.html"
        ).split()


class MergeInPieces(Merge):
    """What it prints, and all else, goes by a file for what does not fit in memory."""

    name = "merge-pieces"
    outputs = together = ["matches.jsonl"]
    keeps = r"(study\.(plan|1|2)|result\.json)$"

    def argv(self):
        return (
            "merge --plan study.plan study.1 study.2 --format json --memory 0 "
            "--matches-out matches.jsonl"
        ).split()


class Verify(Scenario):
    """No failure of the system becomes a verdict over a file."""

    name = "verify"

    def argv(self):
        return ["verify", "../in/00001.zip", "../in/00002.zip"] + TRUST

    def check_answer(self, stdout, right):
        for line in stdout.splitlines():
            assert line in right or ": unreadable" in line, "a wrong verdict: %r" % line


class Sightings(Scenario):
    name = "sightings"
    outputs = ["out.jsonl"]

    def argv(self):
        return ["sightings", "../in/sightings.csv", "--format", "jsonl", "--out", "out.jsonl"]


class SightingsToTksight(Scenario):
    name = "sightings-to-tksight"
    outputs = ["out.tksight"]
    keeps = r"in\.tksight$"

    def prepare(self, folder):
        argv = ["sightings", "../in/sightings.csv", "--format", "tksight"]
        self.tools.run(folder, *argv, "--out", "in.tksight")

    def argv(self):
        return ["sightings", "in.tksight", "--format", "tksight", "--out", "out.tksight"]


class SightingsOfDatabase(Scenario):
    name = "sightings-sqlite"
    outputs = ["out.csv"]

    def argv(self):
        return ["sightings", "../in/microg.db", "--out", "out.csv"]


class Check(Scenario):
    """A new store, sightings and an export."""

    name = "check-new"
    keeps = r"s/(tekmatch\.sqlite|check\.lock)$"
    leaves = r"s$|s/" + DATABASE + r"(\.new(-wal|-shm|-journal)?)?$"
    export = "../in/00001.zip"

    def is_right(self, stdout, right):
        """What goes may be erased by the next run, which is said."""
        return stdout.replace('"erased": false', '"erased": true') == right

    def argv(self):
        return (
            ["check", "--store", "s", self.export, "--sightings", "../in/sightings.csv"]
            + ["--config", "cocoa", "--format", "json"]
            + TRUST
            + NOW
        )

    def view(self, folder):
        argv = ["check", "--store", "s", "--config", "cocoa", "--format", "json"]
        return [self.tools.run(folder, *argv, *TRUST, *NOW), self.status(folder)]

    def status(self, folder):
        argv = ["check", "--store", "s", "--status", "--format", "json"]
        status = json.loads(self.tools.run(folder, *argv))
        status.pop("bytes")
        return status


class CheckAgain(Check):
    """A store that has an export, another export, and sightings that are new."""

    name = "check-again"
    export = "../in/00002.zip"

    def prepare(self, folder):
        argv = ["check", "--store", "s", "../in/00001.zip", "--sightings", "../in/half.csv"]
        self.tools.run(folder, *argv, *TRUST, *NOW)


class Forget(CheckAgain):
    name = "forget"
    settles = False  # no store is as good as an empty one

    def prepare(self, folder):
        super().prepare(folder)
        with open(os.path.join(folder, "s", "tekmatch.sqlite.damaged-1"), "wb") as f:
            f.write(b"evidence" * 1000)

    # A medium that does not give the database back is set aside, and erased.
    leaves = CheckAgain.leaves[:-1] + r"|s/" + DATABASE + r"\.damaged-[12]$"

    def argv(self):
        return ["check", "--store", "s", "--forget"]

    def view(self, folder):
        """What tells of contacts: in tables, in files, in what is between rows."""
        with open(os.path.join(folder, "..", "in", "half.csv"), encoding="utf-8") as f:
            heard = [bytes.fromhex(row.split(",")[1]) for row in f.readlines()[1:]]
        told = 0
        for path in glob.glob(os.path.join(folder, "s", "*")):
            with open(path, "rb") as f:
                content = f.read()
            told += sum(one in content for one in heard + [b"evidence"])
        status = None  # of a store that is empty, and of none
        if os.path.exists(os.path.join(folder, "s", "tekmatch.sqlite")):
            status = self.status(folder)
            if status["sightings"] == status["exports"] == 0 and not status["set_aside"]:
                status = None
        return [status, told]

    def check_between(self, folder, before, after, success):
        if success:
            assert self.view(folder) == after, "what was forgotten is there"


class ForgetOfKilled(Forget):
    """What a killed run left in the -wal goes, too."""

    name = "forget-killed"

    def prepare(self, folder):
        made = os.path.join(folder, "..", "made")
        os.mkdir(made)
        super().prepare(made)
        database = os.path.join(made, "s", "tekmatch.sqlite")
        with contextlib.closing(sqlite3.connect(database)) as other:
            # The last connection would empty the -wal; this one stays longer.
            other.execute("SELECT count(*) FROM meta").fetchall()
            argv = ["check", "--store", "s", "../in/00002.zip"]
            argv += ["--sightings", "../in/sightings.csv"]
            self.tools.run(made, *argv, *TRUST, *NOW)
            shutil.copytree(made, folder, dirs_exist_ok=True)
        assert os.path.getsize(os.path.join(folder, "s", "tekmatch.sqlite-wal")) > 0


class Status(CheckAgain):
    name = "status"
    # Who only reads cannot remove what connections share.
    keeps = r"s/(" + DATABASE + r"|check\.lock)$"

    def argv(self):
        return ["check", "--store", "s", "--status"]


class SetAside(CheckAgain):
    name = "set-aside"
    keeps = r"s/(check\.lock|tekmatch\.sqlite(-wal|-shm)?(\.damaged-\d)?)$"
    settles = False  # which number it has

    def is_right(self, stdout, right):
        """A number of which the system does not tell is passed over."""
        return re.sub(r"damaged-\d", "damaged-N", stdout) == re.sub(
            r"damaged-\d", "damaged-N", right
        )

    def prepare(self, folder):
        super().prepare(folder)
        with open(os.path.join(folder, "s", "tekmatch.sqlite"), "r+b") as f:
            f.write(b"no database at all")
        with open(os.path.join(folder, "s", "tekmatch.sqlite.damaged-1"), "wb") as f:
            f.write(b"of last year")

    def argv(self):
        return ["check", "--store", "s", "--set-aside"]

    def view(self, folder):
        """What is kept of the damaged database."""
        found = []
        for path in glob.glob(os.path.join(folder, "s", "tekmatch.sqlite.damaged*")):
            with open(path, "rb") as f:
                found.append(f.read())
        return sorted(found)

    def run_again(self, folder, before, after):
        if self.view(folder) != after:
            super().run_again(folder, before, after)


class SetAsideSound(CheckAgain):
    """Whatever fails: a store that is sound stays."""

    name = "set-aside-sound"
    status_of_success = 1
    leaves = r"s/" + DATABASE + "$"

    def argv(self):
        return ["check", "--store", "s", "--set-aside"]


class SightingsThatSkip(SightingsOfDatabase):
    """What the system cannot read is no part of a database that is lost."""

    name = "sightings-skip"

    def argv(self):
        return super().argv() + ["--skip-bad-sightings"]


class Export(Scenario):
    """A window into a folder that has another one."""

    name = "export"
    keeps = r"out/(index\.txt|\d+-\d+-\d+\.zip)$"
    leaves = r"out/\.tekmatch-.*$"

    def window(self, start, end, keys):
        return (
            ["export", "--keys", keys, "--signing-key", "../in/signing.pem", "--key-id", "440"]
            + ["--region", "440", "--start", start, "--end", end, "--out", "out"]
            + ["--min-keys", "8", "--padding-range", "2", "--max-keys", "12", "--seed", "1"]
        )

    def prepare(self, folder):
        argv = self.window("2020-06-15T00:00:00Z", "2020-06-16T12:00:00Z", "../in/first.jsonl")
        self.tools.run(folder, *argv)

    def argv(self):
        return self.window("2020-06-16T12:00:00Z", "2020-06-17T12:00:00Z", "../in/keys.jsonl")

    def view(self, folder):
        """The index, and the keys of each file, as a reader of another make sees them."""
        out = os.path.join(folder, "out")
        found = {}
        for path in sorted(glob.glob(os.path.join(out, "*.zip"))):
            found[os.path.basename(path)] = harness.read_export(path)
            self.tools.run(folder, "verify", path, *TRUST)
        index = os.path.join(out, "index.txt")
        if os.path.exists(index):
            with open(index, encoding="utf-8") as f:
                found["index"] = f.read()
        return found

    def check_between(self, folder, before, after, success):
        """Each listed file is there and whole."""
        found = self.view(folder)
        for name in found.get("index", "").split():
            assert os.path.basename(name) in found, "index.txt names %s" % name
        for name, content in found.items():
            assert content in (before.get(name), after.get(name)), name
        if success:
            assert found == after

    def run_again(self, folder, before, after):
        if self.view(folder) == after and not glob.glob(os.path.join(folder, "out", ".tekmatch*")):
            return
        # Where the run that failed had published, this one completes that, and is
        # refused: a window goes out once.
        argv = self.argv()
        done = subprocess.run(
            [self.program] + argv,
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        if done.returncode != 0:
            assert done.returncode == 1 and "shares time" in done.stderr, done.stderr


class Publish(Scenario):
    """tekmatch-registry: keys of a server's database into the folder of phones."""

    name = "publish"
    keeps = (
        r"data/server\.sqlite$|out/c19r/440/(\.lock|list\.json|\d+\.zip)$"
        r"|(signing\.pem|public\.pem|clock)$"
    )
    leaves = r"data/" + DATABASE + r"$|out(/c19r(/440(/(list\.json|\d+\.zip)\.new)?)?)?$"

    def __init__(self, tools):
        super().__init__(tools)
        self.program = tools.registry

    def prepare(self, folder):
        harness.REGISTRY = self.program
        self.fill(folder)

    def fill(self, folder):
        world = harness.World()
        try:
            world.start()
            self.register(world, 1)
            world.end()
            self.later(world)
            for name, to in [("server", "data"), ("out", "out")]:
                if os.path.exists(world.path(name)):
                    shutil.copytree(world.path(name), os.path.join(folder, to))
            for name in ["signing.pem", "public.pem", "clock"]:
                shutil.copy(world.path(name), os.path.join(folder, name))
        finally:
            world.close()

    def register(self, world, n):
        """Three people, two keys each."""
        for person in range(3):
            number = "%08d" % (10 * n + person)
            world.management.claims[number] = None
            keys = [
                harness.key(bytes([n, person, i]) * 5 + b"k", self.today(n) - 144 * (i + 1))
                for i in range(2)
            ]
            status, answer = world.put(harness.request(number, keys))
            assert (status, answer["accepted"]) == (200, 2), answer

    def today(self, n):
        del n
        return harness.YESTERDAY

    def later(self, world):
        world.set_time(harness.SLOT)

    def argv(self):
        return [
            "publish",
            "--data=data",
            "--out=out",
            "--signing-key=signing.pem",
            "--key-id=440",
            "--base-url=https://example.jp",
            "--clock-file=clock",
        ]

    def published(self, folder):
        """What a phone finds: the list, and the keys of each file in it."""
        region = os.path.join(folder, "out", "c19r", "440")
        listed = os.path.join(region, "list.json")
        if not os.path.exists(listed):
            return {}
        with open(listed, encoding="utf-8") as f:
            found = {"list": json.load(f)}
        for entry in found["list"]:
            path = os.path.join(region, entry["url"].rsplit("/", 1)[1])
            found[os.path.basename(path)] = sorted(
                key["tek"] for key in harness.read_export(path)["keys"]
            )
            self.tools.run(folder, "verify", path, "--trusted-key", "440:v1=public.pem")
        return found

    def view(self, folder):
        status = self.tools.run(
            folder, "status", "--data=data", "--clock-file=clock", program=self.program
        )
        return [self.published(folder), status]

    def check_between(self, folder, before, after, success):
        found = self.published(folder)
        for name, content in found.items():
            assert content in (before[0].get(name), after[0].get(name)), name
        if success:
            assert self.view(folder) == after


class PublishNext(Publish):
    """Sixteen days later: a batch goes, and another one comes."""

    name = "publish-next"

    def today(self, n):
        return harness.YESTERDAY + (16 * 144 if n == 2 else 0)

    def later(self, world):
        world.set_time(harness.SLOT)
        assert world.publish().returncode == 0
        world.set_time(harness.NOW + 16 * 86400)
        world.start()
        self.register(world, 2)
        world.end()
        world.set_time(harness.SLOT + 16 * 86400)


ALL = [
    Match,
    MatchToStdout,
    Plan,
    MatchPlan,
    Merge,
    MergeInPieces,
    Verify,
    Sightings,
    SightingsToTksight,
    SightingsOfDatabase,
    SightingsThatSkip,
    Check,
    CheckAgain,
    Forget,
    ForgetOfKilled,
    Status,
    SetAside,
    SetAsideSound,
    Export,
    Publish,
    PublishNext,
]


def make_inputs(tools, folder):
    """What all scenarios read: a small world, its keys, its sightings."""
    made = os.path.join(folder, "world")
    tools.run(
        folder, *"generate --keys 40 --days 3 --sightings 60 --met 8 --seed 1 --out world".split()
    )
    tools.run(
        folder, *"generate --keys 30 --days 3 --sightings 40 --met 8 --seed 2 --out other".split()
    )
    for name in ["00001.zip", "public.pem", "signing.pem", "sightings.csv"]:
        shutil.copy(os.path.join(made, name), folder)
    tools.run(folder, "inspect", "world/00001.zip", "--keys-out", "all.jsonl")
    tools.run(folder, "inspect", "other/00001.zip", "--keys-out", "more.jsonl")
    with open(os.path.join(folder, "all.jsonl"), encoding="utf-8") as f:
        keys = f.readlines()
    write_lines(folder, "keys.jsonl", keys)
    write_lines(folder, "first.jsonl", keys[:15])
    # Another export by the same key, of which the store has heard something, too.
    os.rename(os.path.join(folder, "more.jsonl"), os.path.join(folder, "others.jsonl"))
    with open(os.path.join(folder, "others.jsonl"), encoding="utf-8") as f:
        write_lines(folder, "second.jsonl", f.readlines() + keys[15:])
    tools.run(
        folder,
        *(
            "export --keys second.jsonl --signing-key signing.pem --key-id 440 --region 440 "
            "--out zips --start 2020-06-15T00:00:00Z --end 2020-06-16T00:00:00Z "
            "--release-same-day --min-keys 0 --padding-range 0 --seed 1"
        ).split()
    )
    (zip_path,) = glob.glob(os.path.join(folder, "zips", "*.zip"))
    shutil.copy(zip_path, os.path.join(folder, "00002.zip"))
    database = sqlite3.connect(os.path.join(folder, "microg.db"))
    database.executescript(
        "CREATE TABLE advertisements(rpi BLOB NOT NULL, aem BLOB NOT NULL, "
        "timestamp INTEGER NOT NULL, rssi INTEGER NOT NULL, "
        "duration INTEGER NOT NULL DEFAULT 0, PRIMARY KEY(rpi, timestamp));"
        "CREATE TABLE tek(keyData BLOB NOT NULL, rollingStartNumber INTEGER NOT NULL, "
        "rollingPeriod INTEGER NOT NULL); PRAGMA user_version=12;"
    )
    database.executemany(
        "INSERT INTO advertisements VALUES(?, ?, ?, ?, ?)",
        [(bytes([i]) * 16, b"\1\2\3\4", 1598500000123 + i, -72, 542317) for i in range(60)],
    )
    database.commit()
    database.close()
    with open(os.path.join(folder, "sightings.csv"), encoding="utf-8") as f:
        rows = f.readlines()
    write_lines(folder, "half.csv", rows[: len(rows) // 2])


def write_lines(folder, name, lines):
    with open(os.path.join(folder, name), "w", encoding="utf-8") as f:
        f.writelines(lines)


def secrets(text):
    """What looks like a key or an identifier in what a program says."""
    return re.findall(r"[0-9a-fA-F]{24,}|[A-Za-z0-9+]{22,}", text)
