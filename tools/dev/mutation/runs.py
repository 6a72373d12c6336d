"""Builds the rewritten copy, and runs the tests against one mutant at a time."""

import concurrent.futures
import json
import os
import re
import resource
import shutil
import signal
import subprocess
import tempfile
import time

ERROR = re.compile(r"^(?:\./)?([\w./-]+):(\d+):(\d+): (?:fatal )?error: (.*)", re.MULTILINE)
MEMORY = 8 << 30
FILE = 1 << 30


def bazel(folder, *arguments, check=True):
    """Runs Bazel in the copy as the other scripts do; returns (status, stdout, stderr)."""
    command = 'source tools/dev/shell.sh && run_bazel "$@"'
    run = subprocess.run(
        ["bash", "-c", command, "mutate", *arguments],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
    )
    if check and run.returncode:
        raise RuntimeError("bazel %s: %s" % (" ".join(arguments), run.stderr[-4000:]))
    return run.returncode, run.stdout, run.stderr


def build(folder, options, targets):
    """Returns ({(path, line, column): message}, stderr) of what does not compile."""
    status, _, stderr = bazel(
        folder, "build", "--keep_going", *options, *targets, check=False
    )
    if status == 0:
        return {}, ""
    errors = {}
    for path, line, column, message in ERROR.findall(stderr):
        errors[path, int(line), int(column)] = message
    return errors, stderr


def limit():
    os.nice(10)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, resource.RLIM_INFINITY))
    resource.setrlimit(resource.RLIMIT_FSIZE, (FILE, resource.RLIM_INFINITY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


class Test:
    """A test's program, as Bazel built it."""

    def __init__(self, label, bin_folder):
        self.label = label
        self.program = os.path.join(bin_folder, label.lstrip("/").replace(":", "/"))
        self.seconds = 0.0
        self.reached = frozenset()

    def run(self, mutant, seconds, reached=None):
        """Returns (how it failed or "", output's end); 0 is no mutant, recorded."""
        runfiles = self.program + ".runfiles"
        scratch = tempfile.mkdtemp(prefix="tekmatch-mutate-test-")
        environment = dict(
            os.environ,
            TEST_TMPDIR=scratch,
            TEST_SRCDIR=runfiles,
            TEST_WORKSPACE="tekmatch",
            TEST_TARGET=self.label,
            RUNFILES_DIR=runfiles,
            GTEST_FAIL_FAST="1",
            TEKMATCH_MUTANT=str(mutant),
            TZ="UTC",
        )
        if reached is not None:
            environment["TEKMATCH_MUTANTS_REACHED"] = reached
        try:
            with tempfile.TemporaryFile(dir=scratch) as output:
                process = subprocess.Popen(
                    [self.program],
                    cwd=os.path.join(runfiles, "tekmatch"),
                    env=environment,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    preexec_fn=limit,
                    start_new_session=True,
                )
                try:
                    status = process.wait(seconds)
                    how = "" if status == 0 else "failed"
                except subprocess.TimeoutExpired:
                    how = "took too long"
                # What it started goes, too.
                try:
                    os.killpg(process.pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
                process.wait()
                output.seek(max(0, output.seek(0, os.SEEK_END) - 3000))
                return how, output.read().decode("utf-8", "replace")
        finally:
            shutil.rmtree(scratch, ignore_errors=True)


def record(tests, seconds):
    """Runs each test without a mutant, notes what it reaches and what it takes.

    Returns [(label, output)] of those that fail.
    """
    failed = []
    for test in tests:
        with tempfile.NamedTemporaryFile("r") as file:
            began = time.monotonic()
            how, output = test.run(0, seconds, file.name)
            test.seconds = time.monotonic() - began
            test.reached = frozenset(int(line) for line in file if line.strip())
        if how:
            failed.append((test.label, how + "\n" + output))
    return failed


def try_mutant(mutant, tests):
    """Returns (verdict, test): killed, too long, survived or unreached."""
    reaching = [t for t in tests if mutant in t.reached]
    for test in sorted(reaching, key=lambda t: t.seconds):
        how, _ = test.run(mutant, 10 * test.seconds + 5)
        if how:
            return ("killed" if how == "failed" else "too long"), test.label
    return ("survived" if reaching else "unreached"), ""


def try_all(mutants, tests, jobs, progress):
    """Returns {mutant: (verdict, test)}; progress(done) is called after each."""
    verdicts = {}
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        futures = {pool.submit(try_mutant, m, tests): m for m in mutants}
        for future in concurrent.futures.as_completed(futures):
            verdicts[futures[future]] = future.result()
            progress(len(verdicts))
    return verdicts


def cc_tests(folder, patterns):
    """Returns the labels of the tests in C++."""
    query = "kind(cc_test, %s) - attr(tags, manual, %s)" % (
        (" + ".join(patterns),) * 2
    )
    _, output, _ = bazel(folder, "query", query)
    return sorted(output.split())


def compile_arguments(folder, pattern):
    """Returns {source: arguments for Clang} by tools/dev/compile_commands.py."""
    command = ["tools/dev/compile_commands.py", pattern]
    run = subprocess.run(command, cwd=folder, stderr=subprocess.PIPE, text=True)
    if run.returncode:
        raise RuntimeError("%s: %s" % (" ".join(command), run.stderr[-4000:]))
    with open(os.path.join(folder, "compile_commands.json"), encoding="utf-8") as f:
        commands = json.load(f)
    result = {}
    for entry in commands:
        arguments = iter(entry["arguments"][1:])
        kept = []
        for argument in arguments:
            if argument in ("-c", "-o"):
                next(arguments)
            elif argument != "-MD":
                kept.append(argument)
        result[entry["file"]] = kept
    return result
