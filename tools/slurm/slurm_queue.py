"""Slurm's commands, as far as tekmatch-slurm needs them; and a submission's jobs."""

import os
import re
import shutil
import subprocess

from submission import Refusal, ranges

HERE = os.path.dirname(os.path.realpath(__file__))

# States of a job that has ended; all others are ahead of it, or running.
ENDED = frozenset(
    "BOOT_FAIL CANCELLED COMPLETED DEADLINE FAILED NODE_FAIL OUT_OF_MEMORY PREEMPTED "
    "REVOKED TIMEOUT".split()
)
WAITING = frozenset("PENDING REQUEUED REQUEUE_HOLD REQUEUE_FED SPECIAL_EXIT".split())

# Options of sbatch that shards and merge cannot share, or would not survive.
TAKEN = {
    "array": "a",
    "chdir": "D",
    "clusters": "M",
    "dependency": "d",
    "error": "e",
    "job-name": "J",
    "output": "o",
    "test-only": "",
    "wait": "W",
    "wrap": "",
}
# Options of one letter and without a value: others may follow in the same word.
FLAGS = "hHIkOQsuvVX"

# Slurm's commands take options from the environment, too. A person sets them for other
# jobs and other questions; these do not reach ours. Of sbatch: what is TAKEN, or given
# below; the rest holds, such as SBATCH_PARTITION. Of the others: all, since
# SQUEUE_PARTITION, for one, hides jobs of other partitions.
NOT_HANDED_ON = frozenset(
    "SBATCH_" + name
    for name in "ARRAY_INX ERROR JOB_NAME NO_REQUEUE OPEN_MODE OUTPUT REQUEUE WAIT".split()
)
NOTHING_HANDED_ON = ("SCANCEL_", "SCONTROL_", "SQUEUE_")
# What is sent to one cluster is not found when another one is asked.
OTHER_CLUSTERS = ("SBATCH_CLUSTERS", "SLURM_CLUSTERS")


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


def environment():
    """What Slurm's commands are given of this process's."""
    for name in OTHER_CLUSTERS:
        if os.environ.get(name):
            raise Refusal("%s is set: tekmatch-slurm serves one cluster, this machine's own" % name)
    return {
        name: value
        for name, value in os.environ.items()
        if name not in NOT_HANDED_ON and not name.startswith(NOTHING_HANDED_ON)
    }


def run(arguments):
    """What a command of Slurm prints."""
    result = subprocess.run(
        arguments,
        env=environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
    )
    if result.returncode:
        said = "; ".join(result.stderr.split("\n")[:-1]) or "exit status %d" % result.returncode
        raise Refusal("%s: %s" % (arguments[0], said))
    return result.stdout


def tasks_named(*names):
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
    job = output.strip().split(";")[0]
    if not re.fullmatch("[0-9]+", job):
        raise Refusal("sbatch: answers with no number of a job")
    return job


def cancel(jobs):
    if jobs:
        run(["scancel"] + jobs)


def taken_option(options):
    """The first of these options that is tekmatch-slurm's own, as it is written; or None.

    As sbatch reads them: a long name may be cut short, and letters share a word. A bare
    -- is among them, since the word behind it would be the script.
    """
    letters = set("".join(TAKEN.values()))
    for word in options:
        name = word.partition("=")[0]
        if name.startswith("--"):
            if any(option.startswith(name[2:]) for option in TAKEN):
                return name
        elif word.startswith("-"):
            for letter in word[1:]:
                if letter in letters:
                    return "-" + letter
                if letter not in FLAGS:
                    break
    return None


# ------------------------------------------------------- a submission's jobs


def job_name(what, submission):
    return "tekmatch-%s-%s" % (what, submission.id)


def log_options(submission, log):
    # % begins a pattern of Slurm's, such as %a in `log`.
    folder = submission.path("logs").replace("%", "%%")
    return ["--open-mode=append", "--output=" + os.path.join(folder, log)]


def send_shards(submission, shards):
    settings = submission.settings
    limit = "%%%d" % settings["at_once"] if settings["at_once"] else ""
    options = settings["sbatch"] + [
        "--requeue",
        "--array=" + ranges(shards) + limit,
        "--job-name=" + job_name("shards", submission),
        "--chdir=" + settings["chdir"],
    ]
    return submit(
        options + log_options(submission, "shard-%a.log"),
        os.path.join(HERE, "shard_task.sh"),
        [settings["tekmatch"], submission.folder, submission.id],
    )


def merge_arguments(submission):
    settings = submission.settings
    return [
        settings["tekmatch"],
        submission.folder,
        submission.id,
        str(settings["shards"]),
    ] + settings["outputs"]


def send_merge(submission, after):
    """`after`: the job of the shards that it has to wait for; or None."""
    settings = submission.settings
    options = settings["sbatch"] + [
        "--requeue",
        "--job-name=" + job_name("merge", submission),
        "--chdir=" + settings["chdir"],
    ]
    if after:
        options += ["--dependency=afterok:" + after, "--kill-on-invalid-dep=yes"]
    return submit(
        options + log_options(submission, "merge.log"),
        os.path.join(HERE, "merge_task.sh"),
        merge_arguments(submission),
    )


def tasks_of(submission):
    """What Slurm knows of the shards' tasks, and of merges."""
    return tasks_named(job_name("shards", submission), job_name("merge", submission))


def drop_waiting_merges(submission, merges):
    """Takes merges out of the queue that wait; refuses where one runs."""
    merges = [task for task in merges if not task.ended]
    running = [task.job for task in merges if not task.waits]
    if running:
        raise Refusal("%s: the merge is running, as job %s" % (submission.folder, running[0]))
    cancel([task.job for task in merges])
