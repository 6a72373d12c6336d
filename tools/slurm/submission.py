"""The folder of a submission: what tekmatch-slurm and its tasks leave there.

  id                     which submission this is, for names of jobs
  plan                   a copy of the plan
  submission.json        what it was submitted with
  shards/N.partial       shard N, whole
  shards/N.partial.RUN   shard N, as the run JOB_N.RESTARTS writes it
  shards/N.started       "RUN NODE"; gone once the shard is done
  shards/N.failed        "RUN NODE STATUS", of the last run
  merge.done, .failed    how the last merge ended
  logs/                  shard-N.log and merge.log, to which each run appends
  result.txt, .json      what the merge found

All of it is its owner's alone: it holds keys and times of contacts.
"""

import contextlib
import fcntl
import hashlib
import json
import os
import secrets
import shutil
import struct

PLAN_VERSION = 1
PARTIAL_VERSION = 1  # matcher/check/partial.h


class Refusal(Exception):
    """What is wrong, for people."""


def read_plan(path):
    """The text of a plan, its number of shards and the paths that it reads."""
    try:
        with open(path, "rb") as f:
            text = f.read()
    except OSError as error:
        raise Refusal("%s: cannot read the plan: %s" % (path, error.strerror)) from None
    try:
        plan = json.loads(text)
        if plan["tekmatch_plan"] != PLAN_VERSION:
            raise Refusal("%s: a plan of another version of tekmatch" % path)
        shards = plan["shards"]
        inputs = [i["path"] for i in plan["inputs"] if i["sha256"] != "none"]
    except (ValueError, KeyError, TypeError):
        raise Refusal("%s: not what tekmatch plan writes" % path) from None
    if not isinstance(shards, int) or shards < 1:
        raise Refusal("%s: not what tekmatch plan writes" % path)
    return text, shards, inputs


def ranges(numbers):
    """1, 2, 3 and 7 as "1-3,7"."""
    runs = []
    for number in sorted(numbers):
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return ",".join("%d" % a if a == b else "%d-%d" % (a, b) for a, b in runs)


def shards_text(numbers):
    return "%s %s" % ("shard" if len(numbers) == 1 else "shards", ranges(numbers))


class Submission:
    def __init__(self, folder):
        self.folder = os.path.abspath(folder)
        # Slurm would take one for the end of its own patterns in a log's name.
        if "\\" in self.folder or "\n" in self.folder:
            raise Refusal("%s: Slurm takes no \\ and no line break in a name" % folder)
        self.settings = {}
        self.id = ""
        self.digest = b""

    def path(self, *names):
        return os.path.join(self.folder, *names)

    def exists(self):
        return os.path.exists(self.path("submission.json"))

    def make_folder(self):
        """Makes the folder, so that it can be locked; leaves one of other things as it is."""
        try:
            os.makedirs(self.folder, mode=0o700, exist_ok=True)
            # A submit that was killed, or is at it, may have left these.
            strange = {name.removesuffix(".new") for name in os.listdir(self.folder)}
            strange -= {"id", "plan", "shards", "logs", "lock", "submission.json"}
        except OSError as error:
            raise Refusal("%s: %s" % (error.filename or self.folder, error.strerror)) from None
        if strange and not self.exists():
            raise Refusal("%s: not empty, and no submission" % self.folder)

    def create(self, plan_text):
        """Fills the folder, which is locked, for this plan; or takes what is of it there."""
        try:
            if self.exists():
                self.load()
                if hashlib.sha256(plan_text).digest() != self.digest:
                    raise Refusal("%s: has a submission of another plan" % self.folder)
                return
            for name in ("shards", "logs"):
                os.makedirs(self.path(name), mode=0o700, exist_ok=True)
            self._write("plan", plan_text)
            self._write("id", secrets.token_hex(6).encode())
        except OSError as error:
            raise Refusal("%s: %s" % (error.filename or self.folder, error.strerror)) from None
        self._load_plan()

    def load(self):
        try:
            with open(self.path("submission.json"), encoding="utf-8") as f:
                self.settings = json.load(f)
            self._load_plan()
        except FileNotFoundError as error:
            raise Refusal(
                "%s: no submission: there is no %s"
                % (self.folder, os.path.basename(error.filename))
            ) from None
        except (OSError, ValueError) as error:
            raise Refusal("%s: cannot be read: %s" % (self.folder, error)) from None

    def _load_plan(self):
        with open(self.path("plan"), "rb") as f:
            self.digest = hashlib.sha256(f.read()).digest()
        with open(self.path("id"), encoding="ascii") as f:
            self.id = f.read().strip()

    def save(self, **settings):
        self.settings.update(settings)
        text = json.dumps(self.settings, indent=1, ensure_ascii=True)
        try:
            self._write("submission.json", text.encode())
        except OSError as error:
            raise Refusal("%s: %s" % (error.filename, error.strerror)) from None

    def _write(self, name, data):
        scratch = self.path(name + ".new")
        with open(os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as f:
            f.write(data)
            f.flush()
            os.fsync(f.fileno())
        os.replace(scratch, self.path(name))

    @contextlib.contextmanager
    def locked(self):
        """Holds off another submit or merge into the folder."""
        try:
            lock = open(self.path("lock"), "ab")
        except OSError as error:
            raise Refusal("%s: %s" % (error.filename, error.strerror)) from None
        with lock as f:
            try:
                fcntl.flock(f, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise Refusal("%s: another tekmatch-slurm is at it" % self.folder) from None
            except OSError:
                pass  # a file system without locks
            yield

    def _remove(self, *names):
        try:
            os.remove(self.path(*names))
        except FileNotFoundError:
            pass
        except OSError as error:
            raise Refusal("%s: %s" % (error.filename, error.strerror)) from None

    def forget_merge(self):
        """Removes how the last merge ended, before another one is sent."""
        for name in ("merge.done", "merge.failed"):
            self._remove(name)

    def forget_runs(self, shards):
        """Removes what earlier jobs left of these shards, before they are sent again.

        A run removes what is of its own job alone.
        """
        shards = {str(shard) for shard in shards}
        for name in os.listdir(self.path("shards")):
            shard, _, rest = name.partition(".")
            if shard in shards and rest != "partial":
                self._remove("shards", name)

    # ------------------------------------------------------------- one shard

    def partial(self, shard):
        """None: there is none; "": it is this shard's; else what is wrong with it.

        Looks at its first bytes only: `tekmatch merge` looks at all of them.
        """
        try:
            with open(self.path("shards", "%d.partial" % shard), "rb") as f:
                head = f.read(48)
        except FileNotFoundError:
            return None
        except OSError as error:
            return error.strerror
        wanted = struct.pack("<8sI32sI", b"TEKPART\n", PARTIAL_VERSION, self.digest, shard - 1)
        return "" if head == wanted else "its partial is not of this plan and shard"

    def started(self, shard):
        """RUN and NODE of the run that began last, and did not say how it ended."""
        words = self._words("shards", "%d.started" % shard)
        return words[:2] if len(words) >= 2 else None

    def failed(self, shard):
        """RUN, NODE and STATUS of the last run, if it failed."""
        words = self._words("shards", "%d.failed" % shard)
        return words[:3] if len(words) >= 3 else None

    def last_words(self, log):
        """The last line of a log."""
        try:
            with open(self.path("logs", log), "rb") as f:
                f.seek(0, os.SEEK_END)
                f.seek(max(0, f.tell() - 1000))
                lines = f.read().decode("utf-8", "replace").split("\n")
        except OSError:
            return ""
        lines = [line for line in lines if line.strip()]
        return "".join(c if c.isprintable() else "?" for c in lines[-1]) if lines else ""

    def _words(self, *names):
        try:
            with open(self.path(*names), encoding="utf-8", errors="replace") as f:
                return f.read().split()
        except OSError:
            return []


def tool_path(given):
    """The tool's path, as nodes will look for it."""
    path = shutil.which(given) or ""
    if not path:
        raise Refusal("%s: no such program (--tekmatch PATH says where it is)" % given)
    return os.path.abspath(path)
