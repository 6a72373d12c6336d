"""Runs a program whose n-th call of a kind fails (fault_plan.h)."""

import errno
import os
import struct
import subprocess

# In the order of fault_plan.h.
KINDS = (
    "open read write sync rename remove truncate make map thread allocate stat seek lock close mode"
).split()

REPORT_BYTES = 4096
SECONDS = 120  # for a run of a second; a machine may be slow

# What may happen to calls of a kind: an errno or "short", once or from then on.
WAYS = {
    "open": [("EMFILE", False), ("EIO", False), ("EMFILE", True)],
    "read": [("EIO", False), ("EINTR", False), ("short", False), ("short", True), ("EIO", True)],
    "write": [
        ("ENOSPC", False),
        ("ENOSPC", True),
        ("EIO", False),
        ("EINTR", False),
        ("short", False),
        ("short", True),
    ],
    "sync": [("EIO", False), ("EIO", True)],
    "rename": [("EIO", False), ("ENOSPC", True)],
    "remove": [("EIO", False), ("EACCES", True)],
    "truncate": [("EIO", False), ("ENOSPC", True)],
    "make": [("ENOSPC", False)],
    "map": [("ENOMEM", False), ("ENOMEM", True)],
    "thread": [("EAGAIN", False), ("EAGAIN", True)],
    "allocate": [("ENOMEM", False), ("ENOMEM", True)],
    "stat": [("EIO", False), ("EACCES", True)],
    "seek": [("EIO", False)],
    "lock": [("EIO", False), ("EINTR", False), ("EIO", True)],
    "close": [("EIO", False)],
    "mode": [("EPERM", False)],
}

# What a program has to get over: it asks again.
HARMLESS = ["EINTR", "short"]
ASK_AGAIN = ["read", "pread", "pread64", "write", "pwrite", "pwrite64"]


class Fault:
    """The n-th call of a kind, counted from 1."""

    def __init__(self, kind, n, how, lasting=False):
        self.kind = kind
        self.n = n
        self.how = how
        self.lasting = lasting

    def __str__(self):
        until = " from then on" if self.lasting else ""
        return "%s %d: %s%s" % (self.kind, self.n, self.how, until)

    def plan(self):
        how = self.how if self.how == "short" else str(getattr(errno, self.how))
        return "%s:%d:%s%s" % (self.kind, self.n, how, ":lasting" if self.lasting else "")


class Run:
    """What became of a program: status, stdout, stderr, and of its calls."""

    def __init__(self, library, argv, folder, report, fault=None, trace=None):
        env = dict(os.environ, TEKMATCH_FAULT_REPORT=report)
        if library:
            env["LD_PRELOAD"] = library
            with open(report, "wb") as f:
                f.write(bytes(REPORT_BYTES))
        if fault:
            env["TEKMATCH_FAULT"] = fault.plan()
        if trace:
            env["TEKMATCH_TRACE"] = trace
        done = subprocess.run(
            argv,
            cwd=folder,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            timeout=SECONDS,
        )
        self.status = done.returncode
        self.stdout = done.stdout.decode("utf-8", "replace")
        self.stderr = done.stderr.decode("utf-8", "replace")
        self.calls = {}
        self.reached = False
        self.function = ""
        if library:
            with open(report, "rb") as f:
                found = f.read()
            self.calls = dict(zip(KINDS, struct.unpack_from("=%dQ" % len(KINDS), found)))
            at = 8 * len(KINDS)
            self.reached = struct.unpack_from("=Q", found, at)[0] > 0
            self.function = found[at + 8 : at + 40].rstrip(b"\0").decode()

    def has_to_pass(self, fault):
        return not self.reached or (fault.how in HARMLESS and self.function in ASK_AGAIN)
