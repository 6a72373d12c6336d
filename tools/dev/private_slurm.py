"""Slurm on this machine alone: a controller and some nodes in a folder of their own.

Everything listens on 127.0.0.1, on ports that are free, and belongs to the process
that starts it: what daemons and jobs leave behind ends with it, too. Needs root, and
`tools/dev/setup.sh --slurm`.
"""

import ctypes
import os
import pathlib
import secrets
import shutil
import signal
import socket
import subprocess
import time

PROGRAMS = ["munged", "slurmctld", "slurmd", "sbatch", "squeue", "scontrol", "sinfo"]

CONFIGURATION = """\
ClusterName=check
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge/socket,cred_expire=10
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
SlurmctldPort={port}
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd-%n.pid
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool-%n
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd-%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerParameters=sched_interval=1,bf_interval=2,batch_sched_delay=0
MpiDefault=none
ReturnToService=2
SlurmdTimeout=10
KillWait=2
MinJobAge=600
SwitchType=switch/none
AccountingStorageType=accounting_storage/none
MailProg=/bin/true
SlurmdParameters=config_overrides
"""
NODE = "NodeName={name} NodeHostname={host} NodeAddr=127.0.0.1 Port={port} CPUs=1\n"
PARTITION = "PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE\n"

PR_SET_CHILD_SUBREAPER = 36


class NoSlurm(Exception):
    """Why there is none here."""


def wait_until(what, condition, seconds=180):
    """Returns what the condition gives, once that is true."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise TimeoutError("after %d s, still not so: %s" % (seconds, what))
        time.sleep(0.1)


def free_ports(number):
    """Ports on which nobody listens, below those that the kernel gives to clients.

    Those a client could take before a daemon does. The first one is chosen by chance:
    two checks at once take others.
    """
    given = pathlib.Path("/proc/sys/net/ipv4/ip_local_port_range").read_text(encoding="ascii")
    ports = range(1024, int(given.split()[0]))
    start = secrets.randbelow(max(1, len(ports)))
    found = []
    for port in [*ports[start:], *ports[:start]]:
        if len(found) == number:
            break
        with socket.socket() as one:
            try:
                one.bind(("127.0.0.1", port))
            except OSError:
                continue
        found.append(port)
    if len(found) < number:
        raise NoSlurm("fewer than %d ports are free below %s" % (number, ports.stop))
    return found


def children():
    """The children of each process, by its number."""
    found = {}
    for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            # The second field is a name in brackets, which may hold spaces.
            parent = (
                stat.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[1]
            )
        except OSError:
            continue  # it has just ended
        found.setdefault(int(parent), []).append(int(stat.parent.name))
    return found


def descendants(process):
    by_parent, found = children(), [process]
    for one in found:
        found += by_parent.get(one, [])
    return found[1:]


def kill(processes):
    for process in processes:
        try:
            os.kill(process, signal.SIGKILL)
        except ProcessLookupError:
            pass


class PrivateSlurm:
    """A context: up within it, with `nodes` idle; gone after it."""

    def __init__(self, folder, nodes):
        self.folder = pathlib.Path(folder)
        self.nodes = nodes
        self.daemons = {}
        self.environment = dict(os.environ, SLURM_CONF=str(self.folder / "slurm.conf"))

    def __enter__(self):
        if os.geteuid() != 0:
            raise NoSlurm("a Slurm of one's own needs root")
        missing = [program for program in PROGRAMS if not shutil.which(program)]
        if missing:
            raise NoSlurm("%s missing: tools/dev/setup.sh --slurm" % ", ".join(missing))
        # Jobs outlive what started them; they become this process's children.
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        try:
            self._bring_up()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        # A job's process may start another one while the list is read.
        for _ in range(20):
            left = descendants(os.getpid())
            if not left:
                break
            kill(left)
            self._reap()
            time.sleep(0.05)

    def _reap(self):
        for daemon in self.daemons.values():
            daemon.poll()
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            pass

    def _bring_up(self):
        host = socket.gethostname().split(".")[0]
        ports = free_ports(1 + len(self.nodes))
        text = CONFIGURATION.format(host=host, folder=self.folder, port=ports[0])
        for name, port in zip(self.nodes, ports[1:]):
            (self.folder / ("spool-" + name)).mkdir()
            text += NODE.format(name=name, host=host, port=port)
        (self.folder / "slurm.conf").write_text(text + PARTITION, encoding="utf-8")
        (self.folder / "cgroup.conf").write_text(
            "CgroupAutomount=no\nCgroupPlugin=cgroup/v1\n", encoding="utf-8"
        )
        (self.folder / "state").mkdir()
        munge = self.folder / "munge"
        munge.mkdir(mode=0o700)
        with open(os.open(munge / "key", os.O_WRONLY | os.O_CREAT, 0o400), "wb") as f:
            f.write(secrets.token_bytes(128))
        self._start(
            "munged",
            ["--foreground", "--force", "--num-threads=2"]
            + [
                "--%s=%s" % (option, munge / name)
                for option, name in (
                    ("key-file", "key"),
                    ("socket", "socket"),
                    ("pid-file", "pid"),
                    ("log-file", "log"),
                    ("seed-file", "seed"),
                )
            ],
        )
        wait_until("munged answers", (munge / "socket").exists)
        self.start_controller("-c")
        for name in self.nodes:
            self._start("slurmd", ["-D", "-N", name], "slurmd-" + name)
        wait_until("all nodes are idle", lambda: self.idle() == set(self.nodes))

    def _start(self, program, arguments, name=None):
        name = name or program
        with open(self.folder / (name + ".output"), "ab") as output:
            self.daemons[name] = subprocess.Popen(
                [shutil.which(program)] + arguments,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                # Ctrl-C is for the check, which ends these by itself.
                start_new_session=True,
            )

    def start_controller(self, *options):
        self._start("slurmctld", ["-D", *options])
        wait_until("slurmctld answers", lambda: self.ask("scontrol", "ping").returncode == 0)

    def save_jobs(self):
        """Waits until the controller has written down what jobs there are now."""
        mark = secrets.token_hex(8)
        jobs = self.ask_until("squeue", "--noheader", "--states=PENDING,RUNNING", "--format=%A")
        self.ask_until("scontrol", "update", "JobId=" + jobs.split()[0], "Comment=" + mark)
        state = self.folder / "state" / "job_state"
        wait_until(
            "the controller has saved its jobs",
            lambda: state.exists() and mark.encode() in state.read_bytes(),
        )

    def kill_controller(self):
        kill([self.daemons["slurmctld"].pid])
        self.daemons["slurmctld"].wait()

    def kill_node(self, name):
        """Its daemon, its steps and what these run, as if its power went."""
        daemon = self.daemons["slurmd-" + name]
        # slurmd starts a step's process and leaves it: they are no descendants.
        marker = b"SLURMD_NODENAME=" + name.encode() + b"\0"
        job = [p for p in descendants(os.getpid()) if marker in environment_of(p)]
        steps = [
            parent
            for parent, some in children().items()
            if parent != os.getpid() and set(some) & set(job)
        ]
        kill([daemon.pid] + steps + job)
        daemon.wait()

    def ask(self, *command):
        return subprocess.run(
            command,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
        )

    def ask_until(self, *command, says=lambda _: True):
        """Asks again until it is answered, and with what it should say; returns that.

        A controller may answer nobody for a moment.
        """
        answers = []

        def answered():
            answers[:] = [self.ask(*command)]
            return answers[0].returncode == 0 and says(answers[0].stdout)

        wait_until("answered: " + " ".join(command), answered)
        return answers[0].stdout

    def in_state(self, *states):
        output = self.ask("sinfo", "--noheader", "--Node", "--format=%N %t").stdout
        # A node that does not answer has a * behind its state.
        rows = [line.split() for line in output.splitlines()]
        return {row[0] for row in rows if len(row) == 2 and row[1] in states}

    def idle(self):
        return self.in_state("idle")

    def logs(self):
        """The end of each daemon's log, for who looks why it went wrong."""
        parts = []
        for path in sorted(self.folder.glob("*.log")) + sorted(self.folder.glob("*.output")):
            lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
            parts.append("== %s\n%s" % (path.name, "\n".join(lines[-25:])))
        return "\n".join(parts)


def environment_of(process):
    try:
        return pathlib.Path("/proc/%d/environ" % process).read_bytes() + b"\0"
    except OSError:
        return b""
