"""Slurm's commands, as far as tekmatch-slurm needs them."""

import re
import shutil
import subprocess

from submission import Refusal

# States of a job that has ended; all others are ahead of it, or running.
ENDED = frozenset(
    "BOOT_FAIL CANCELLED COMPLETED DEADLINE FAILED NODE_FAIL OUT_OF_MEMORY PREEMPTED "
    "REVOKED TIMEOUT".split()
)
WAITING = frozenset("PENDING REQUEUED REQUEUE_HOLD REQUEUE_FED SPECIAL_EXIT".split())


class Task:
    """A job, or a task of an array, in squeue's words."""

    def __init__(self, line):
        self.job, self.name, self.state, self.nodes, self.reason = line.split("|", 4)

    @property
    def number(self):
        """Of the task in its array."""
        _, _, number = self.job.partition("_")
        return int(number) if number.isdigit() else 0

    @property
    def first(self):
        """Of the array's tasks."""
        return int(self.job.partition("_")[0])

    @property
    def ended(self):
        return self.state in ENDED

    @property
    def waits(self):
        return self.state in WAITING


def need(command):
    if not shutil.which(command):
        raise Refusal("%s is missing: this machine's PATH has no commands of Slurm" % command)


def run(arguments):
    """What a command of Slurm prints."""
    result = subprocess.run(
        arguments, stdin=subprocess.DEVNULL, capture_output=True, encoding="utf-8", errors="replace"
    )
    if result.returncode:
        said = "; ".join(result.stderr.split("\n")[:-1]) or "exit status %d" % result.returncode
        raise Refusal("%s: %s" % (arguments[0], said))
    return result.stdout


def tasks_of(*names):
    """For each name all that Slurm remembers of its jobs; an array task by task."""
    need("squeue")
    output = run(
        ["squeue", "--noheader", "--array", "--states=all", "--name=" + ",".join(names)]
        + ["--format=%i|%j|%T|%N|%r"]
    )
    tasks = [Task(line.strip()) for line in output.splitlines() if line.count("|") >= 4]
    return [[task for task in tasks if task.name == name] for name in names]


def largest_index():
    """The largest number that a task of an array may have."""
    found = re.search(r"^MaxArraySize\s*=\s*(\d+)", run(["scontrol", "show", "config"]), re.M)
    return int(found[1]) - 1 if found else 1000


def submit(options, script, arguments):
    """Returns the job's number."""
    output = run(["sbatch", "--parsable"] + options + [script] + arguments)
    return output.strip().split(";")[0]


def cancel(jobs):
    if jobs:
        run(["scancel"] + jobs)
