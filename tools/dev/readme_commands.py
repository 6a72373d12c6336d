#!/usr/bin/env python3
"""Runs the commands that the documents show, and follows their links.

Usage: tools/dev/readme_commands.py DOCUMENT.md...

Fenced blocks count by their language:

  sh       each line is a command;
  console  a line that starts with "$ " is a command, and the lines up to the
           next one are what it prints, to the letter, stdout and stderr.

A command may go on after a backslash at the end of a line.  Each is run by
`bash -euo pipefail` in the root of the checkout and has to exit with 0 within
ten minutes.  What a document needs it has to set: a line of sh that is an
assignment alone (NAME=VALUE or export NAME=VALUE) holds for the commands after
it in the same document, for what they start, too.  `mktemp` in one makes its
file in a folder that is deleted at the end.  $OUT of the caller is not passed
on.  Blocks in other names of a shell are refused, so that none is left out by
mistake.

A link to a file, or to a heading of a document (its words in lower case, with
hyphens between them), has to lead there.  Links to other machines are not
followed.

Prints one line for each command, and what went wrong; exits with 1 when
something did.  Where TEKMATCH_TALLY names a file, the counts (passed, failed,
skipped) are appended to it.
"""

import collections
import os
import re
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

# `expected` is None where a document shows no output.
Command = collections.namedtuple("Command", "place text expected")

REFUSED = frozenset(["bash", "shell", "zsh", "shell-session", "shellsession"])

ASSIGNMENT = re.compile(
    r"(?:export )?([A-Za-z_][A-Za-z_0-9]*)=(?:\$\([^()]*\)|[^\s;&|()])*"
)

# Commands that a run of these checks is already part of, or follows.
NOT_RUN = re.compile(r"(\./test|(bash )?\.ci/run|tools/dev/readme_commands\.py|git clone|cd) ?")


def read_blocks(document):
    """Yields (language, number of the first line, lines) of each fenced block."""
    with open(os.path.join(ROOT, document), encoding="utf-8") as f:
        lines = f.read().split("\n")
    fence, language, first = None, "", 0
    for number, line in enumerate(lines, 1):
        match = re.match(r" {0,3}(```+|~~~+)\s*(\S*)", line)
        if match and fence is None:
            fence, language, first = match[1], match[2], number + 1
        elif match and match[1].startswith(fence) and not match[2]:
            yield language, first, lines[first - 1 : number - 1]
            fence = None
    if fence is not None:
        sys.exit("%s:%d: this block is not closed" % (document, first - 1))


def read_prose(document):
    """The document without its fenced blocks."""
    with open(os.path.join(ROOT, document), encoding="utf-8") as f:
        lines = f.read().split("\n")
    for _, first, block in read_blocks(document):
        lines[first - 2 : first + len(block)] = [""] * (len(block) + 2)
    return "\n".join(lines)


def read_anchors(document):
    """What links to its headings say, as GitHub makes it of their text."""
    return {
        re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        for heading in re.findall(r"^#+ +(.*?) *$", read_prose(document), re.MULTILINE)
    }


def broken_links(document):
    """The links of a document that lead nowhere here."""
    broken = []
    for link in re.findall(r"\]\(([^()\s]+)\)", read_prose(document)):
        if re.match(r"[a-z]+:", link):
            continue
        name, _, anchor = link.partition("#")
        path = os.path.join(os.path.dirname(document), name) if name else document
        if not os.path.exists(os.path.join(ROOT, path)) or (
            anchor and anchor not in read_anchors(path)
        ):
            broken.append(link)
    return broken


def read_sh(document, first, lines):
    """Yields the commands of a block in sh."""
    text, number = "", first
    for i, line in enumerate(lines, first):
        if not text:
            if not line.strip() or line.lstrip().startswith("#"):
                continue
            number = i
        text += line + "\n"
        if not line.endswith("\\"):
            yield Command("%s:%d" % (document, number), text.rstrip("\n"), None)
            text = ""
    if text:
        yield Command("%s:%d" % (document, number), text, None)


def read_console(document, first, lines):
    """Yields the commands of a block in console."""
    command = None
    for i, line in enumerate(lines, first):
        if line.startswith("$ "):
            if command:
                yield command
            command = Command("%s:%d" % (document, i), line[2:], "")
        elif command is None:
            sys.exit("%s:%d: console blocks start with '$ '" % (document, i))
        elif not command.expected and command.text.endswith("\\"):
            command = command._replace(text=command.text + "\n" + line)
        else:
            command = command._replace(expected=command.expected + line + "\n")
    if command:
        yield command


def read_commands(document):
    commands = []
    for language, first, lines in read_blocks(document):
        if language in REFUSED:
            sys.exit("%s:%d: write sh or console for %s" % (document, first - 1, language))
        if language == "sh":
            commands += read_sh(document, first, lines)
        elif language == "console":
            commands += read_console(document, first, lines)
    return commands


def run(command, environment, scratch):
    """Returns what is wrong with a command, or None; what it assigns is added."""
    assignment = ASSIGNMENT.fullmatch(command.text)
    if assignment:
        return assign(assignment[1], command, environment, scratch)
    try:
        result = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", command.text],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            timeout=600,
        )
    except subprocess.TimeoutExpired:
        return "still running after ten minutes"
    if result.returncode:
        return "exit status %d\n%s" % (result.returncode, result.stdout)
    if command.expected is not None and result.stdout != command.expected:
        return "printed\n%sinstead of\n%s" % (result.stdout, command.expected)
    return None


def assign(name, command, environment, scratch):
    """Adds to the environment what the command assigns; returns as run()."""
    result = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", command.text + '\nprintf %s "$' + name + '"'],
        cwd=ROOT,
        env=dict(environment, TMPDIR=scratch),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )
    if result.returncode:
        return "exit status %d\n%s" % (result.returncode, result.stderr)
    environment[name] = result.stdout
    return None


def run_all(commands, scratch):
    """Runs the commands of a document; returns how many passed and failed."""
    outcomes = collections.Counter()
    environment = dict(os.environ)
    environment.pop("OUT", None)
    for command in commands:
        if NOT_RUN.match(command.text):
            print("not run: %s: %s" % (command.place, command.text))
            continue
        problem = run(command, environment, scratch)
        outcome = "failed" if problem else "passed"
        outcomes[outcome] += 1
        print("%s: %s: %s" % (outcome, command.place, command.text), flush=True)
        if problem:
            print(problem)
    return outcomes


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    # Before anything is run.
    documents = [read_commands(document) for document in sys.argv[1:]]
    outcomes = collections.Counter()
    for document in sys.argv[1:]:
        broken = broken_links(document)
        if broken:
            print("failed: %s: links that lead nowhere: %s" % (document, " ".join(broken)))
            outcomes["failed"] += 1
    with tempfile.TemporaryDirectory() as scratch:
        for commands in documents:
            outcomes += run_all(commands, scratch)
    if "TEKMATCH_TALLY" in os.environ:
        with open(os.environ["TEKMATCH_TALLY"], "a", encoding="utf-8") as f:
            f.write("%d %d 0\n" % (outcomes["passed"], outcomes["failed"]))
    sys.exit(1 if outcomes["failed"] or not outcomes["passed"] else 0)


if __name__ == "__main__":
    main()
