#!/usr/bin/env python3
"""Runs clang-tidy, with the tree's .clang-tidy files, one process a core.

Usage: tools/dev/check_tidy.py            files that may have new findings
       tools/dev/check_tidy.py --all      all .cc files of the tree
       tools/dev/check_tidy.py FILE.cc... these
       tools/dev/check_tidy.py [--all] --record
                                      and records that the tree is clean

Files that may have new findings are those that changed since the commit named
in tools/dev/tidy_clean_commit, at which the whole tree was clean, and those that
include a changed header, directly or not.  They are all files where that
commit is not in the history, where clang-tidy has another version than then,
or where something changed that concerns every file: clang-tidy's configuration,
Bazel's flags for the builds that it looks at, this script.  A changed line
about flags in a BUILD.bazel makes all files of its folder new.  --record writes
that file, for a commit of its own, and asks for a tree without changes.
Without --all it goes by the record before, as any other run does.

Exits with 1, having printed what clang-tidy said, when it found anything or
when a file is in no target of Bazel's.  Where TEKMATCH_TIMES names a folder, it
gets the CPU-seconds of each file (tools/dev/slowest.py).
"""

import concurrent.futures
import json
import os
import re
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
RECORD = "tools/dev/tidy_clean_commit"

# A change of these concerns every file.
CONCERNS_ALL = re.compile(
    r"(.*/)?\.clang-tidy|WORKSPACE|third_party/.*|bazel/.*"
    r"|tools/dev/(check_tidy|compile_commands)\.py"
)
FLAGS_IN_BUILD_FILE = re.compile(
    r"^[-+].*\b(copts|defines|local_defines|includes|features|strip_include_prefix)\b",
    re.MULTILINE,
)
# Of .bazelrc: the configurations whose commands clang-tidy is given.
FLAGS_IN_BAZELRC = re.compile(
    r"^[-+]\s*(build|common|import|try-import)(:arm64)?\s", re.MULTILINE
)
INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"', re.MULTILINE)


def git(*arguments):
    """Returns what git prints, or None where it fails."""
    result = subprocess.run(
        ["git", *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    return result.stdout if result.returncode == 0 else None


def git_paths(*arguments):
    output = git(*arguments)
    if output is None:
        sys.exit("check_tidy.py: git %s failed" % arguments[0])
    return [path for path in output.split("\0") if path]


def sources(*patterns):
    """Returns the files of the working tree that match; those of examples are
    in a workspace of their own."""
    paths = git_paths(
        "ls-files",
        "-z",
        "--cached",
        "--others",
        "--exclude-standard",
        *patterns,
        ":!examples/",
    )
    return sorted(path for path in set(paths) if os.path.exists(path))


def clang_tidy_version():
    output = subprocess.run(
        ["clang-tidy-14", "--version"], stdout=subprocess.PIPE, text=True, check=True
    ).stdout
    return re.search(r"version (\S+)", output)[1]


# ------------------------------------------------------------ what to look at


def includers(changed):
    """Returns the .cc files that are changed or include something changed."""
    included_by = {}
    for path in sources("*.h", "*.cc"):
        with open(path, encoding="utf-8") as f:
            for header in INCLUDE.findall(f.read()):
                included_by.setdefault(header, set()).add(path)
    reached, left = set(), set(changed)
    while left:
        path = left.pop()
        if path in reached:
            continue
        reached.add(path)
        # protoc writes x.pb.h from x.proto.
        if path.endswith(".proto"):
            left.add(path[: -len("proto")] + "pb.h")
        left |= included_by.get(path, set())
    return reached


def changed_since(commit):
    """Returns the paths that changed, or None where that concerns every file."""
    changed = set(git_paths("diff", "--name-only", "--no-renames", "-z", commit))
    changed |= set(git_paths("ls-files", "-z", "--others", "--exclude-standard"))
    if any(CONCERNS_ALL.fullmatch(path) for path in changed):
        return None
    if FLAGS_IN_BAZELRC.search(git("diff", "-U0", commit, "--", ".bazelrc") or ""):
        return None
    for path in list(changed):
        if os.path.basename(path) != "BUILD.bazel":
            continue
        if FLAGS_IN_BUILD_FILE.search(git("diff", "-U0", commit, "--", path) or ""):
            folder = os.path.dirname(path)
            changed |= {p for p in sources("*.cc") if os.path.dirname(p) == folder}
    return changed


def choose(all_files):
    """Returns the files that may have new findings, and why so many."""
    try:
        with open(RECORD, encoding="utf-8") as f:
            commit, version = f.read().split()
    except (OSError, ValueError):
        return all_files, "no record of a clean tree"
    if version != clang_tidy_version():
        return all_files, "another clang-tidy than at the recorded commit"
    if git("merge-base", "--is-ancestor", commit, "HEAD") is None:
        return all_files, "the recorded commit is not in the history"
    changed = changed_since(commit)
    if changed is None:
        return all_files, "what changed concerns every file"
    reached = includers(changed)
    return [path for path in all_files if path in reached], "changed since " + commit[:12]


# ------------------------------------------------------------------- the runs


def tidy(path):
    """Returns the findings in a file, or "", and its CPU-seconds."""
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(
            ["clang-tidy-14", "--quiet", "-p", ".", path],
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        seconds = usage.ru_utime + usage.ru_stime
        if process.returncode == 0:
            return "", seconds
        output.seek(0)
        text = output.read().decode("utf-8", "replace")
    # The count is of what it suppressed.
    text = re.sub(r"^\d+ warnings? generated\.\n", "", text, flags=re.MULTILINE)
    return text or "clang-tidy ended with %d\n" % process.returncode, seconds


def tidy_all(files):
    """Prints the findings; returns whether there were none."""
    clean = True
    times = []
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for path, (text, seconds) in zip(files, pool.map(tidy, files)):
            times.append((seconds, path))
            if text:
                clean = False
                print("%s:\n%s" % (path, text), flush=True)
    folder = os.environ.get("TEKMATCH_TIMES")
    if folder:
        stage = os.environ.get("TEKMATCH_STAGE", "other")
        with open(os.path.join(folder, stage + ".tidy"), "w", encoding="utf-8") as f:
            f.writelines("%.2f\t%s\n" % row for row in times)
    return clean


def prepare(files):
    """Writes compile_commands.json, which has to have all of the files."""
    # The headers that protoc writes have to be there.
    subprocess.run(
        ["bash", "-c", 'source tools/dev/shell.sh && run_bazel build "$@"', "bash", "//..."],
        check=True,
    )
    arm64 = ["--arm64"] if any("/arm64_" in path for path in files) else []
    subprocess.run(["tools/dev/compile_commands.py", *arm64], check=True)
    with open("compile_commands.json", encoding="utf-8") as f:
        known = {entry["file"] for entry in json.load(f)}
    # clang-tidy would guess the command of another one.
    missing = [path for path in files if path not in known]
    if missing:
        sys.exit("check_tidy.py: in no target of Bazel's: " + " ".join(missing))


def main():
    os.chdir(ROOT)
    arguments = sys.argv[1:]
    all_files = sources("*.cc")
    if arguments == ["--help"]:
        print(__doc__.strip())
        return
    record = "--record" in arguments
    look_at_all = "--all" in arguments
    arguments = [a for a in arguments if a not in ("--record", "--all")]
    if arguments and (record or look_at_all):
        sys.exit("check_tidy.py: --all and --record go with no files")
    if look_at_all:
        files, why = all_files, "all"
    elif arguments:
        files, why = [os.path.normpath(path) for path in arguments], "as asked"
    else:
        files, why = choose(all_files)
    commit = (git("rev-parse", "HEAD") or "").strip()
    if record and git("status", "--porcelain"):
        sys.exit("check_tidy.py: --record asks for a tree without changes")
    print("%d of %d files (%s)" % (len(files), len(all_files), why), flush=True)
    if files:
        prepare(files)
        if not tidy_all(files):
            sys.exit(1)
    if record:
        with open(RECORD, "w", encoding="utf-8") as f:
            f.write("%s %s\n" % (commit, clang_tidy_version()))


if __name__ == "__main__":
    main()
