"""What may be on a disk when the power goes, by a trace (write_trace.h) and fsync.

A write, a change of a length, and a change of a folder (a file made, renamed,
removed) are on the disk once its file, or its folder, was synced after it.
Before that, any of them may be there and any other one not; of the last write
there may be some sectors.  A rename is there or not, as a whole.
"""

import os
import struct

HEAD = struct.Struct("=IIIQQQ")
CREATE, WRITE, TRUNCATE, RENAME, UNLINK, FOLDER, SYNC, SAID = range(1, 9)
SECTOR = 512


class File:
    """A file, or a folder, whatever it is called."""

    def __init__(self, content=None):
        self.content = content  # None: a folder


class Op:
    """A change: of `file` (data) or of folders (names), or a sync, or what was said."""

    def __init__(self, change, file=None, name=None, to=None, offset=0, data=b""):
        self.change = change
        self.file = file
        self.name = name
        self.to = to
        self.offset = offset
        self.data = data
        self.folders = []  # of names: what has to be synced


class Trace:
    """Reads a trace of what was done in `folder`, which was like `before` then.

    inodes: those of the folder's files before, by their relative names.
    """

    def __init__(self, path, folder, template, inodes):
        self.folder = os.path.realpath(folder)
        self.names = {}  # before
        by_inode = {}
        for name, inode in inodes.items():
            full = os.path.join(template, name)
            content = None
            if not os.path.isdir(full):
                with open(full, "rb") as f:
                    content = f.read()
            self.names[name] = by_inode[inode] = File(content)
        self.ops = []
        names = dict(self.names)
        with open(path, "rb") as f:
            trace = f.read()
        at = 0
        while at < len(trace):
            change, name_size, to_size, inode, offset, size = HEAD.unpack_from(trace, at)
            at += HEAD.size
            name = trace[at : at + name_size].decode()
            to = trace[at + name_size : at + name_size + to_size].decode()
            at += name_size + to_size
            data = trace[at : at + size]
            at += size
            names_of_op = (self.relative(name), self.relative(to))
            self.add(change, *names_of_op, inode, offset, data, names, by_inode)

    def relative(self, name):
        if not name:
            return None
        parent, last = os.path.split(os.path.normpath(name))
        found = os.path.relpath(os.path.join(os.path.realpath(parent), last), self.folder)
        return None if found.startswith("..") else found

    def add(self, change, name, to, inode, offset, data, names, by_inode):
        op = Op(change, name=name, to=to, offset=offset, data=data)
        if change in (CREATE, FOLDER) and name:
            op.file = by_inode[inode] = names[name] = File(b"" if change == CREATE else None)
            op.folders = [names.get(os.path.dirname(name) or ".")]
        elif change == RENAME and name and to:
            op.file = names.pop(name)
            names[to] = op.file
            op.folders = [names.get(os.path.dirname(to) or ".")]
            if op.file.content is None:  # what is in a folder goes with it
                for inner in [n for n in names if n.startswith(name + "/")]:
                    names[to + inner[len(name) :]] = names.pop(inner)
        elif change == UNLINK and name:
            op.file = names.pop(name, None)
            op.folders = [names.get(os.path.dirname(name) or ".")]
        elif change in (WRITE, TRUNCATE, SYNC) and inode in by_inode:
            op.file = by_inode[inode]
        elif change != SAID:
            return  # elsewhere
        self.ops.append(op)

    def pending(self, cut):
        """Indexes of the ops before `cut` that need not be on the disk."""
        synced = set()
        found = []
        for i in range(cut - 1, -1, -1):
            op = self.ops[i]
            if op.change == SYNC:
                synced.add(id(op.file))
            elif op.change in (WRITE, TRUNCATE):
                if id(op.file) not in synced:
                    found.append(i)
            elif op.change != SAID and not any(id(folder) in synced for folder in op.folders):
                found.append(i)
        return found[::-1]

    def state(self, cut, missing, torn=None):
        """The files by name, without the ops in `missing`; None is a folder.

        torn: the index of a write, and which of its sectors are there.
        """
        names = dict(self.names)
        contents = {id(f): bytearray(f.content) for f in names.values() if f.content is not None}
        for i, op in enumerate(self.ops[:cut]):
            if i in missing or op.change in (SYNC, SAID):
                continue
            if op.change in (WRITE, TRUNCATE):
                content = contents.setdefault(id(op.file), bytearray())
                if op.change == TRUNCATE:
                    del content[op.offset :]
                    content.extend(bytes(op.offset - len(content)))
                    continue
                sectors = torn[1] if torn and torn[0] == i else None
                for start in range(0, len(op.data), SECTOR):
                    if sectors is not None and start // SECTOR not in sectors:
                        continue
                    part = op.data[start : start + SECTOR]
                    end = op.offset + start + len(part)
                    content.extend(bytes(max(0, end - len(content))))
                    content[end - len(part) : end] = part
            elif op.change in (CREATE, FOLDER):
                names[op.name] = op.file
            elif op.change == UNLINK:
                names.pop(op.name, None)
            elif op.change == RENAME:
                # Its file is there under the new name, whatever came before.
                names.pop(op.name, None)
                names[op.to] = op.file
                for inner in [n for n in names if n.startswith(op.name + "/")]:
                    names[op.to + inner[len(op.name) :]] = names.pop(inner)
        found = {}
        for name, file in sorted(names.items()):
            parent = os.path.dirname(name)
            if name == "." or parent and parent not in names:
                continue  # its folder is not there
            is_folder = file.content is None
            found[name] = None if is_folder else bytes(contents.get(id(file), b""))
        return found


def inodes_of(folder):
    found = {".": os.stat(folder).st_ino}
    for root, folders, files in os.walk(folder):
        for name in folders + files:
            path = os.path.join(root, name)
            found[os.path.relpath(path, folder)] = os.stat(path).st_ino
    return found


def write_state(state, folder):
    """Makes the folder; files of mode 0600."""
    os.makedirs(folder, mode=0o700)
    for name, content in sorted(state.items()):
        path = os.path.join(folder, name)
        if content is None:
            os.makedirs(path, mode=0o700, exist_ok=True)
            continue
        with open(path, "wb") as f:
            f.write(content)
        os.chmod(path, 0o600)
