#!/usr/bin/env python3
# tekmatch-slurm without Slurm: what it asks of sbatch, what it says of a folder, and
# what it refuses. Stand-ins for Slurm's commands write down how they are called, and
# answer what a test tells them; the tool is the real one. tools/dev/check_slurm runs
# it on a real Slurm.
import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import tempfile
import time
import unittest

ROOT = pathlib.Path(os.path.abspath(__file__)).parents[3]
SLURM = ROOT / "tools" / "slurm"
TEKMATCH = ROOT / "tools" / "tekmatch"

# Answers with the next number, or with $SBATCH_PRINTS; or with $SBATCH_SAYS and 1.
SBATCH = """
[[ -z ${SBATCH_SAYS-} ]] || { echo "$SBATCH_SAYS" >&2; exit 1; }
number=$(($(cat "$HERE/jobs" 2>/dev/null || echo 10) + 1))
echo "$number" >"$HERE/jobs"
printf '%s\\0' "$@" >"$HERE/sbatch.$number"
env -0 >"$HERE/environment.sbatch"
echo "${SBATCH_PRINTS-$number;cluster}"
"""
SQUEUE = """
if [[ -n ${HOLD-} ]]; then touch "$HERE/held"; while [[ ! -e $HERE/go-on ]]; do sleep 0.05; done; fi
env -0 >"$HERE/environment.squeue"
[[ ! -e $HERE/controller-down ]] || { echo "slurm_load_jobs error: no contact" >&2; exit 1; }
cat "$HERE/queue"
"""

UNKNOWN = "missing, or waiting in Slurm, which cannot be asked"
AWKWARD = "a 'folder' \"of\" 100%a $HOME;&"


class TekmatchSlurmTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.study = pathlib.Path(folder.name) / AWKWARD
        cls.study.mkdir()
        world = ["--keys", "1000", "--sightings", "600", "--devices", "3", "--met", "20"]
        inputs = ["world", "--trusted-key", "440:v1=world/public.pem"]
        inputs += ["--sightings", "world/sightings.csv"]
        plan = ["--shards", "3", "--by", "devices", "--out", "plan"]
        for arguments in (
            ["generate", *world, "--out", "world"],
            ["plan", *inputs, *plan],
            ["match", *inputs, "--format", "json", "--out", "whole.json"],
        ):
            subprocess.run([TEKMATCH, *arguments], cwd=cls.study, check=True, capture_output=True)

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.here = pathlib.Path(folder.name)
        self.out = self.here / AWKWARD
        for name, text in (
            ("sbatch", SBATCH),
            ("squeue", SQUEUE),
            ("scancel", 'echo "$*" >>"$HERE/cancelled"; env -0 >"$HERE/environment.scancel"'),
            (
                "scontrol",
                'env -0 >"$HERE/environment.scontrol"\n'
                'echo "MaxArraySize            = ${MAX_ARRAY-1001}"',
            ),
        ):
            self.write_script("bin/" + name, text)
        # A PATH without Slurm, wherever that is.
        self.plain = self.here / "plain"
        self.plain.mkdir()
        for name in ("bash", "cat", "env", "hostname", "python3", "rm"):
            (self.plain / name).symlink_to(shutil.which(name))
        self.queue()

    # ------------------------------------------------------------- helpers

    def write_script(self, name, text):
        path = self.here / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("#!/bin/bash\n%s\n" % text, encoding="utf-8")
        path.chmod(0o755)
        return path

    def queue(self, *rows):
        """What squeue says: (job, shards or merge, state, nodes, reason) each."""
        lines = []
        for job, what, *rest in rows:
            lines.append("|".join([job, "tekmatch-%s-%s" % (what, self.id()), *rest]))
        (self.here / "queue").write_text("".join(x + "\n" for x in lines), encoding="utf-8")

    def id(self):
        return (self.out / "id").read_text(encoding="ascii")

    def begin_tool(self, *arguments, cwd=None, path=None, **environment):
        return subprocess.Popen(
            [SLURM / "tekmatch-slurm", *arguments],
            cwd=cwd or self.study,
            env={
                "PATH": str(path) if path else "%s:%s" % (self.here / "bin", os.environ["PATH"]),
                "HERE": str(self.here),
                **environment,
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )

    def run_tool(self, *arguments, **more):
        """Returns exit status, stdout and stderr."""
        process = self.begin_tool(*arguments, **more)
        out, err = process.communicate()
        return process.returncode, out, err

    def submit_arguments(self):
        return ["submit", "--plan", "plan", "--out-dir", self.out, "--tekmatch", TEKMATCH]

    def submit(self, *options, **more):
        return self.run_tool(*self.submit_arguments(), *options, **more)

    def wait_for_file(self, name):
        while not (self.here / name).exists():
            time.sleep(0.05)

    def expect_refusal(self, run, *words):
        status, out, err = run
        self.assertEqual((status, out), (1, ""), err)
        self.assertTrue(err.startswith("tekmatch-slurm: "), err)
        self.assertEqual(err.count("\n"), 1, err)
        for word in words:
            self.assertIn(word, err)

    def job(self, number):
        """The arguments of sbatch for a job."""
        text = (self.here / ("sbatch.%d" % number)).read_text(encoding="utf-8")
        return text.split("\0")[:-1]

    def given(self, command):
        """The names that begin with S, as Slurm's do, of a command's environment."""
        text = (self.here / ("environment." + command)).read_text(encoding="utf-8")
        return {x.partition("=")[0] for x in text.split("\0") if re.match("S[A-Z]+_", x)}

    def begin_task(self, shard, restarts=0, job=11, tekmatch=None, folder=None):
        """Runs a shard as Slurm would, by what sbatch was given."""
        arguments = self.job(job)
        script = next(i for i, a in enumerate(arguments) if a.endswith("shard_task.sh"))
        _, tool, out, submission = arguments[script:]
        return subprocess.Popen(
            [arguments[script], tekmatch or tool, folder or out, submission],
            cwd=next(a[8:] for a in arguments if a.startswith("--chdir=")),
            env={
                "PATH": os.environ["PATH"],
                "HERE": str(self.here),
                "SLURM_ARRAY_TASK_ID": str(shard),
                "SLURM_ARRAY_JOB_ID": str(job),
                "SLURM_RESTART_COUNT": str(restarts),
                "SLURMD_NODENAME": "n7",
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )

    def end_task(self, process, shard, status=0):
        """Waits for it; returns its stderr."""
        out, err = process.communicate()
        self.assertEqual(process.returncode, status, out + err)
        with open(self.out / "logs" / ("shard-%d.log" % shard), "a", encoding="utf-8") as log:
            log.write(out + err)
        return err

    def run_task(self, shard, status=0, **more):
        return self.end_task(self.begin_task(shard, **more), shard, status)

    def status(self, **more):
        status, out, err = self.run_tool("status", "--out-dir", self.out, **more)
        self.assertEqual(err, "")
        return status, out.splitlines()

    def shards(self):
        return sorted(os.listdir(self.out / "shards"))


class SubmitTest(TekmatchSlurmTest):
    def test_sends_an_array_and_a_merge_after_it(self):
        status, out, err = self.submit("--format", "json", "--", "--partition=p q", "--mem=4G")
        self.assertEqual((status, err), (0, ""))
        self.assertEqual(out, "job 11: shards 1-3 of 3\njob 12: the merge\n")
        array, merge = self.job(11), self.job(12)
        self.assertEqual(array[:3], ["--parsable", "--partition=p q", "--mem=4G"])
        logs = str(self.out / "logs").replace("%", "%%")
        for option in (
            "--requeue",
            "--open-mode=append",
            "--array=1-3",
            "--chdir=%s" % self.study,
            "--job-name=tekmatch-shards-" + self.id(),
            "--output=%s/shard-%%a.log" % logs,
        ):
            self.assertIn(option, array)
        self.assertEqual(array[-3:], [str(TEKMATCH), str(self.out), self.id()])
        for option in (
            "--partition=p q",
            "--dependency=afterok:11",
            "--kill-on-invalid-dep=yes",
            "--output=%s/merge.log" % logs,
        ):
            self.assertIn(option, merge)
        self.assertEqual(self.out.stat().st_mode & 0o777, 0o700)
        self.assertEqual((self.out / "plan").read_bytes(), (self.study / "plan").read_bytes())

    def test_lets_some_shards_run_at_a_time(self):
        self.assertEqual(self.submit("--at-once", "2")[0], 0)
        self.assertIn("--array=1-3%2", self.job(11))
        self.run_task(2)
        self.submit("--at-once", "1")
        self.assertIn("--array=1,3%1", self.job(13))
        self.submit()
        self.assertIn("--array=1,3", self.job(15))

    def test_of_two_first_ones_at_once_refuses_the_second(self):
        first = self.begin_tool(*self.submit_arguments(), HOLD="1")
        self.wait_for_file("held")
        self.expect_refusal(self.submit(), "another tekmatch-slurm is at it")
        (self.here / "go-on").touch()
        out, err = first.communicate()
        self.assertEqual((first.returncode, err), (0, ""))
        self.assertEqual(out, "job 11: shards 1-3 of 3\njob 12: the merge\n")
        # What the second one found it left alone: the first one's tasks know the folder.
        self.run_task(1)
        self.assertEqual(self.shards(), ["1.partial"])

    def test_removes_what_earlier_jobs_left_of_shards_that_are_sent(self):
        self.submit()
        self.run_task(1)
        for name in ("1.partial.11_1.0.abc", "2.partial.11_2.0", "2.started", "3.failed"):
            (self.out / "shards" / name).write_text("11_2.0 n1 1\n", encoding="utf-8")
        self.submit()
        self.assertEqual(self.shards(), ["1.partial", "1.partial.11_1.0.abc"])

    def test_refuses_options_that_would_break_the_chain(self):
        for name, *options in (
            ("--array", "--array=1-9"),
            ("--array", "--mem=1", "--array", "1-9"),
            ("-a", "-a", "1-9"),
            ("-a", "-a1-9"),
            ("-a", "-Ha1-9"),
            ("--arr", "--arr=1"),
            ("--dependency", "--dependency=afterok:1"),
            ("-d", "-d", "singleton"),
            ("--output", "--output", "x"),
            ("-o", "-ox"),
            ("--error", "--error=x"),
            ("-e", "-e", "x"),
            ("--job-name", "--job-name=x"),
            ("-J", "-J", "x"),
            ("--chdir", "--chdir=/"),
            ("-D", "-D", "/"),
            ("--wrap", "--wrap=true"),
            ("--test-only", "--test-only"),
            ("--wait", "--wait"),
            ("-W", "-vW"),
            ("--clusters", "--clusters=other"),
            ("--cluster", "--cluster", "other"),
            ("-M", "-M", "other"),
            ("-M", "-HMother"),
            ("--", "--"),
        ):
            with self.subTest(options):
                status, _, err = self.submit("--", *options)
                self.assertEqual(status, 2, err)
                self.assertIn("error: %s: tekmatch-slurm says this" % name, err)
                self.assertFalse(self.out.exists())
        options = ["--wait-all-nodes=1", "-pall", "-n", "1", "--exclude=node-a", "-Hsv", "-wd"]
        self.assertEqual(self.submit("--", *options)[0], 0)
        self.assertEqual(self.job(11)[1 : 1 + len(options)], options)

    def test_takes_no_such_option_from_the_environment(self):
        for name in (
            # Of sbatch: what is refused as an option, or given by the tool.
            *("SBATCH_ARRAY_INX", "SBATCH_ERROR", "SBATCH_JOB_NAME", "SBATCH_NO_REQUEUE"),
            *("SBATCH_OPEN_MODE", "SBATCH_OUTPUT", "SBATCH_WAIT"),
            # They would hide the jobs, or ask before they are cancelled.
            *("SQUEUE_PARTITION", "SQUEUE_FORMAT2", "SCANCEL_INTERACTIVE", "SCONTROL_LOCAL"),
        ):
            with self.subTest(name):
                self.queue()
                status, _, err = self.submit(**{name: "1", "SBATCH_PARTITION": "p", "SHELL_": "x"})
                self.assertEqual((status, err), (0, ""))
                self.queue(("99", "merge", "PENDING", "", "Dependency"))
                status, _, err = self.submit(**{name: "1", "SBATCH_PARTITION": "p", "SHELL_": "x"})
                self.assertEqual((status, err), (0, ""))
                for command in ("sbatch", "squeue", "scancel", "scontrol"):
                    self.assertEqual(self.given(command), {"SBATCH_PARTITION", "SHELL_"})

    def test_refuses_other_clusters_of_the_environment(self):
        for name in ("SBATCH_CLUSTERS", "SLURM_CLUSTERS"):
            with self.subTest(name):
                run = self.submit(**{name: "other"})
                self.expect_refusal(run, name + " is set", "one cluster")
                self.assertFalse(self.out.exists())
        self.assertEqual(self.submit(SLURM_CLUSTERS="")[0], 0)
        status, lines = self.status(SLURM_CLUSTERS="other")
        self.assertEqual(status, 3)
        self.assertIn("Slurm is not asked (SLURM_CLUSTERS is set", lines[0])

    def test_a_second_time_takes_what_is_not_done(self):
        self.submit()
        self.run_task(1)
        self.run_task(3)
        status, out, _ = self.submit()
        self.assertEqual((status, out), (0, "job 13: shard 2 of 3\njob 14: the merge\n"))
        self.run_task(2, job=13)
        status, out, _ = self.submit()
        self.assertEqual((status, out), (0, "job 15: the merge\n"))
        self.assertFalse([a for a in self.job(15) if a.startswith("--dependency")])

    def test_refuses_while_shards_are_in_the_queue(self):
        self.submit()
        self.queue(
            ("11_1", "shards", "COMPLETED", "n1", "None"),
            ("11_2", "shards", "RUNNING", "n1", "None"),
            ("11_3", "shards", "PENDING", "", "Resources"),
        )
        self.expect_refusal(self.submit(), "shards 2-3 still in the queue, as job 11")

    def test_takes_a_merge_that_waits_out_of_the_queue(self):
        self.submit()
        self.queue(("12", "merge", "PENDING", "", "Dependency"))
        self.assertEqual(self.submit()[0], 0)
        self.assertEqual((self.here / "cancelled").read_text(), "12\n")

    def test_refuses_a_folder_of_another_plan_or_of_other_things(self):
        self.submit()
        other = self.here / "other plan"
        other.write_bytes((self.study / "plan").read_bytes() + b"\n")
        run = self.run_tool(
            "submit", "--plan", other, "--out-dir", self.out, "--tekmatch", TEKMATCH
        )
        self.expect_refusal(run, "another plan", str(self.out))
        (self.here / "full").mkdir()
        (self.here / "full" / "letter").touch()
        run = self.run_tool(
            "submit", "--plan", "plan", "--out-dir", self.here / "full", "--tekmatch", TEKMATCH
        )
        self.expect_refusal(run, "not empty")
        self.assertEqual(os.listdir(self.here / "full"), ["letter"])

    def test_says_what_is_missing(self):
        self.expect_refusal(self.submit(path=self.plain), "sbatch is missing")
        run = self.run_tool("submit", "--plan", "no plan", "--out-dir", self.out)
        self.expect_refusal(run, "no plan: cannot read the plan: No such file")
        run = self.run_tool("submit", "--plan", "world/public.pem", "--out-dir", self.out)
        self.expect_refusal(run, "world/public.pem: not what tekmatch plan writes")
        run = self.run_tool("submit", "--plan", "plan", "--out-dir", self.out)
        self.expect_refusal(run, "tekmatch: no such program", "--tekmatch")
        run = self.run_tool(
            "submit",
            "--plan",
            self.study / "plan",
            "--out-dir",
            self.out,
            "--tekmatch",
            TEKMATCH,
            cwd=self.here,
        )
        self.expect_refusal(run, "world/00001.zip", "--chdir")
        run = self.submit("--html", "nowhere/page.html")
        self.expect_refusal(run, "--html", "nowhere/page.html has no folder")
        for option, path in (("--html", "page.CSV"), ("--matches-out", "matches.json")):
            run = self.submit(option, path)
            self.expect_refusal(run, option, path + " is the name of a file of another format")
        self.expect_refusal(self.submit(MAX_ARRAY="3"), "MaxArraySize", "at most 2 tasks")
        self.assertFalse(self.out.exists())
        (self.here / "file").touch()
        run = self.run_tool(
            "submit", "--plan", "plan", "--out-dir", self.here / "file", "--tekmatch", TEKMATCH
        )
        self.expect_refusal(run, "file: File exists")
        run = self.run_tool("submit", "--plan", "plan", "--out-dir", "a\\b", "--tekmatch", TEKMATCH)
        self.expect_refusal(run, "Slurm takes no \\")

    def test_hands_on_what_sbatch_says(self):
        run = self.submit(SBATCH_SAYS="sbatch: error: invalid partition specified: x")
        self.expect_refusal(run, "sbatch: sbatch: error: invalid partition specified: x")
        run = self.submit(SBATCH_PRINTS="Submitted batch job")
        self.expect_refusal(run, "sbatch: answers with no number of a job")
        # What is there is that of a submission: it can be tried again.
        self.assertEqual(self.submit()[0], 0)

    def test_refuses_wrong_usage(self):
        for arguments in (
            [],
            ["submit", "--out-dir", "x"],
            ["submit", "--plan", "plan", "--out-dir", "x", "--format", "xml"],
            ["status", "--out-dir", "x", "--", "--mem=1"],
            ["merge", "--out-dir", "x", "--local", "--", "--mem=1"],
            ["merge", "--out-dir", "x", "--", "--array=1"],
            ["submit", "--plan", "plan", "--out-dir", "x", "--at-once", "0"],
            ["submit", "--plan", "plan", "--out-dir", "x", "--at-once", "some"],
        ):
            with self.subTest(arguments):
                self.assertEqual(self.run_tool(*arguments)[0], 2)


class TaskTest(TekmatchSlurmTest):
    def setUp(self):
        super().setUp()
        self.submit()

    def test_leaves_a_whole_partial_and_nothing_else(self):
        # What a run left that was killed.
        (self.out / "shards" / "2.partial.11_2.0").touch()
        self.run_task(2, restarts=1)
        self.assertEqual(self.shards(), ["2.partial"])
        whole = (self.out / "shards" / "2.partial").read_bytes()
        # Once more: a node died before Slurm knew that it was done.
        self.run_task(2, restarts=2)
        self.assertEqual((self.out / "shards" / "2.partial").read_bytes(), whole)
        self.assertEqual((self.out / "shards" / "2.partial").stat().st_mode & 0o777, 0o600)

    def test_two_runs_at_once_leave_each_other_alone(self):
        # A node that was thought to be dead goes on with the first run.
        slow = self.write_script(
            "slow",
            'all=("$@")\n'
            "until [[ $1 == --partial ]]; do shift; done\n"
            ': >"$2"\n'
            'touch "$HERE/begun-$SLURM_RESTART_COUNT"\n'
            "until [[ -e $HERE/go-on-$SLURM_RESTART_COUNT ]]; do sleep 0.05; done\n"
            'exec %s "${all[@]}"' % shlex.quote(str(TEKMATCH)),
        )
        first = self.begin_task(2, tekmatch=slow)
        self.wait_for_file("begun-0")
        second = self.begin_task(2, restarts=1, tekmatch=slow)
        self.wait_for_file("begun-1")
        self.assertEqual(self.shards(), ["2.partial.11_2.0", "2.partial.11_2.1", "2.started"])
        # The first one is done: what is the second one's stays. A third one had failed.
        (self.out / "shards" / "2.failed").write_text("11_2.0 n7 1\n", encoding="utf-8")
        (self.here / "go-on-0").touch()
        self.end_task(first, 2)
        self.assertEqual(self.shards(), ["2.partial", "2.partial.11_2.1", "2.started"])
        whole = (self.out / "shards" / "2.partial").read_bytes()
        (self.here / "go-on-1").touch()
        self.end_task(second, 2)
        self.assertEqual(self.shards(), ["2.partial"])
        self.assertEqual((self.out / "shards" / "2.partial").read_bytes(), whole)

    def test_a_run_has_not_failed_where_another_was_done_first(self):
        partial = self.out / "shards" / "2.partial"
        self.run_task(2)
        good = shutil.move(partial, self.here / "good")
        other = "cp %s %s\n" % (shlex.quote(str(good)), shlex.quote(str(partial)))
        # The tool fails; or its file is gone, and mv fails.
        for end in ("exit 1", "exit 0"):
            with self.subTest(end):
                self.run_task(2, tekmatch=self.write_script("overtaken", other + end))
                self.assertEqual(self.shards(), ["2.partial"])
                partial.unlink()

    def test_a_failure_is_recorded_until_the_next_run(self):
        broken = self.write_script("broken", "echo 'tekmatch: no such luck' >&2; exit 1")
        said = self.run_task(2, tekmatch=broken, status=1)
        self.assertIn("no such luck", said)
        self.assertEqual(self.shards(), ["2.failed", "2.started"])
        status, lines = self.status()
        self.assertEqual(status, 1)
        self.assertIn(
            "shard 2: failed (shard 2, run 11_2.0 on n7: tekmatch ended with status 1; "
            "logs/shard-2.log)",
            lines,
        )
        self.run_task(2)
        self.assertEqual(self.shards(), ["2.partial"])

    def test_says_that_the_tool_is_not_on_the_node(self):
        self.assertIn(
            "there is no /nowhere/tekmatch",
            self.run_task(1, tekmatch="/nowhere/tekmatch", status=127),
        )
        self.assertIn("there is no /nowhere/tekmatch", self.status()[1][0])

    def test_says_that_the_folder_is_not_shared(self):
        other = self.here / "of the same name on a node"
        for name in ("shards", "logs"):
            (other / name).mkdir(parents=True)
        for strange in (other, self.here / "nothing"):
            said = self.run_task(1, folder=strange, status=75)
            self.assertIn("is it shared?", said)
        (other / "id").write_text("0123", encoding="ascii")
        self.assertIn("is it shared?", self.run_task(1, folder=other, status=75))
        self.assertEqual(os.listdir(other / "shards"), [])


class StatusTest(TekmatchSlurmTest):
    def setUp(self):
        super().setUp()
        self.submit()

    def test_knows_what_slurm_says(self):
        self.run_task(1)
        self.queue(
            ("11_1", "shards", "COMPLETED", "n1", "None"),
            ("11_2", "shards", "RUNNING", "n1", "None"),
            ("11_3", "shards", "PENDING", "", "BeginTime"),
            ("12", "merge", "PENDING", "", "Dependency"),
        )
        self.assertEqual(
            self.status(),
            (
                3,
                [
                    "shard 1: done",
                    "shard 2: running (job 11_2 on n1)",
                    "shard 3: waiting (job 11, BeginTime)",
                    "merge: waiting (job 12, Dependency)",
                ],
            ),
        )

    def test_names_shards_that_ended_without_a_partial(self):
        (self.out / "shards" / "1.started").write_text("11_1.0 n1\n", encoding="utf-8")
        (self.out / "shards" / "2.started").write_text("11_2.0 n2\n", encoding="utf-8")
        self.queue(
            ("11_1", "shards", "TIMEOUT", "n1", "TimeLimit"),
            ("11_3", "shards", "FAILED", "n3", "NonZeroExitCode"),
            ("12", "merge", "CANCELLED", "", "DependencyNeverSatisfied"),
        )
        status, lines = self.status()
        self.assertEqual(status, 1)
        self.assertEqual(
            lines,
            [
                "shard 1: failed (run 11_1.0 on n1: TIMEOUT; logs/shard-1.log)",
                "shard 2: failed (run 11_2.0 on n2: it ended without a word; logs/shard-2.log)",
                "shard 3: failed (job 11_3 on n3 left nothing in DIR: "
                "is it shared with that node?)",
                "merge: missing",
            ],
        )

    def test_takes_the_task_in_the_queue_before_an_older_one(self):
        self.queue(
            ("13_1", "shards", "PENDING", "", "Priority"),
            ("11_1", "shards", "FAILED", "n1", "NonZeroExitCode"),
            ("11_2", "shards", "CANCELLED", "n1", "None"),
            ("11_3", "shards", "CANCELLED", "n1", "None"),
        )
        self.assertEqual(
            self.status()[1],
            [
                "shard 1: waiting (job 13, Priority)",
                "shards 2-3: missing (job 11 was cancelled)",
                "merge: missing",
            ],
        )

    def test_knows_from_the_folder_alone(self):
        self.run_task(1)
        broken = self.write_script("broken", "exit 1")
        self.run_task(2, tekmatch=broken, status=1)
        (self.out / "shards" / "3.started").write_text("11_3.1 n4\n", encoding="utf-8")
        for more in ({"path": self.plain}, {}):
            (self.here / "controller-down").touch()
            status, lines = self.status(**more)
            self.assertEqual(status, 1)
            self.assertIn("Slurm is not asked", lines[0])
            self.assertEqual(lines[1], "shard 1: done")
            self.assertTrue(lines[2].startswith("shard 2: failed (shard 2, run 11_2.0 on n7"))
            self.assertEqual(
                lines[3], "shard 3: running (run 11_3.1 on n4, when Slurm was last heard of)"
            )
            self.assertEqual(lines[4], "merge: " + UNKNOWN)

    def test_calls_nothing_missing_while_slurm_does_not_answer(self):
        self.run_task(1)
        (self.here / "controller-down").touch()
        status, lines = self.status()
        self.assertEqual(status, 3)
        self.assertEqual(
            lines[1:], ["shard 1: done", "shards 2-3: " + UNKNOWN, "merge: " + UNKNOWN]
        )
        self.run_task(2)
        self.run_task(3)
        self.assertEqual(self.status()[0], 3)
        (self.out / "merge.failed").write_text("1\n", encoding="utf-8")
        self.assertEqual(self.status()[0], 1)
        (self.here / "controller-down").unlink()
        (self.out / "merge.failed").unlink()
        self.assertEqual(self.status(), (1, ["shards 1-3: done", "merge: missing"]))

    def test_does_not_take_another_plans_partial_for_a_shard(self):
        self.run_task(1)
        path = self.out / "shards" / "1.partial"
        good = path.read_bytes()
        for bad in (
            good[:40],
            b"",
            good[:12] + b"x" * 32 + good[44:],
            good[:44] + b"\2" + good[45:],
        ):
            path.write_bytes(bad)
            self.assertIn(
                "shard 1: failed (its partial is not of this plan and shard)", self.status()[1]
            )

    def test_says_that_there_is_no_submission(self):
        run = self.run_tool("status", "--out-dir", self.here)
        self.expect_refusal(run, "no submission")


class MergeTest(TekmatchSlurmTest):
    def setUp(self):
        super().setUp()
        self.submit("--format", "json")
        for shard in (1, 2, 3):
            self.run_task(shard)

    def merge(self, *options, **more):
        return self.run_tool("merge", "--out-dir", self.out, *options, **more)

    def expect_result(self):
        self.assertEqual(
            (self.out / "result.json").read_bytes(), (self.study / "whole.json").read_bytes()
        )

    def test_merges_here(self):
        self.assertEqual(self.status()[1], ["shards 1-3: done", "merge: missing"])
        self.assertEqual(self.merge("--local", path=self.plain), (0, "", ""))
        self.expect_result()
        self.assertEqual(self.status()[0], 0)
        matches = self.here / "the matches"
        self.assertEqual(self.merge("--local", "--matches-out", matches)[0], 0)
        self.assertEqual(
            matches.read_bytes(), (self.study / "world" / "expected_matches.jsonl").read_bytes()
        )
        self.assertIn("Matched", (self.out / "result.txt").read_text(encoding="utf-8"))

    def test_merges_as_a_job(self):
        self.queue(("12", "merge", "PENDING", "", "Dependency"))
        self.assertEqual(self.merge("--", "--mem=9G"), (0, "job 13: the merge\n", ""))
        self.assertEqual((self.here / "cancelled").read_text(), "12\n")
        job = self.job(13)
        self.assertIn("--mem=9G", job)
        self.assertFalse([a for a in job if a.startswith("--dependency")])
        script = next(i for i, a in enumerate(job) if a.endswith("merge_task.sh"))
        subprocess.run(job[script:], cwd=self.study, check=True)
        self.expect_result()
        self.queue()
        self.assertEqual(
            self.status(), (0, ["shards 1-3: done", "merge: done (%s/result.json)" % self.out])
        )

    def test_another_merge_is_not_done_before_it_ran(self):
        self.assertEqual(self.merge("--local")[0], 0)
        self.assertEqual(self.status()[0], 0)
        self.assertEqual(self.merge("--format", "text")[1], "job 13: the merge\n")
        self.assertEqual(self.status(), (1, ["shards 1-3: done", "merge: missing"]))
        self.queue(("13", "merge", "PENDING", "", "Resources"))
        self.assertEqual(
            self.status(), (3, ["shards 1-3: done", "merge: waiting (job 13, Resources)"])
        )
        # Whatever there is of an earlier one.
        (self.out / "merge.done").touch()
        self.queue(("13", "merge", "RUNNING", "n1", "None"))
        self.assertEqual(self.status()[1][-1], "merge: running (job 13, n1)")

    def test_refuses_while_a_merge_runs(self):
        self.queue(("12", "merge", "RUNNING", "n1", "None"))
        (self.out / "merge.failed").write_text("1\n", encoding="utf-8")
        before = (self.out / "submission.json").read_bytes()
        changes = ["--format", "text", "--", "--mem=9G"]
        self.expect_refusal(self.merge(*changes), "the merge is running, as job 12")
        self.expect_refusal(self.merge(*changes, path=self.plain), "sbatch is missing")
        self.assertEqual((self.out / "submission.json").read_bytes(), before)
        self.assertTrue((self.out / "merge.failed").exists())

    def test_refuses_where_shards_are_missing(self):
        for shard in (1, 3):
            (self.out / "shards" / ("%d.partial" % shard)).unlink()
        self.expect_refusal(self.merge("--local"), "shards 1,3 missing")
        self.expect_refusal(self.merge(), "shards 1,3 missing")
        # As the job of another day would, which nobody asked.
        task = [SLURM / "merge_task.sh", TEKMATCH, self.out, self.id(), "3"]
        result = subprocess.run(
            task + ["--out", self.here / "x"], cwd=self.study, capture_output=True, text=True
        )
        self.assertEqual(result.returncode, 1)
        self.assertIn("of the 3 shards, these are missing: 1, 3", result.stderr)
        self.assertFalse((self.here / "x").exists())
        self.assertIn("merge: failed", self.status()[1][-1])

    def test_says_which_partial_is_damaged(self):
        path = self.out / "shards" / "2.partial"
        path.write_bytes(path.read_bytes()[:-1] + b"\0\0")
        status, _, err = self.merge("--local")
        self.assertEqual(status, 1)
        self.assertIn("2.partial", err)
        self.assertFalse((self.out / "result.json").exists())
        self.assertEqual(self.status()[0], 1)

    def test_settings_are_of_the_last_submission(self):
        settings = json.loads((self.out / "submission.json").read_text(encoding="utf-8"))
        self.assertEqual(settings["shards"], 3)
        self.assertEqual(settings["chdir"], str(self.study))
        self.submit("--format", "text")
        self.assertEqual(self.merge("--local")[0], 0)
        self.assertTrue((self.out / "result.txt").exists())


if __name__ == "__main__":
    unittest.main()
