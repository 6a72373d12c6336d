#!/usr/bin/env python3
"""Measures what hostile files cost, as multiples of honest ones of their size.

A table in Markdown: for every kind of tests/keyformat/hostile_exports.h, of
exports that repeat keys which were heard, and of sightings, the processor's time
and the memory of a tekmatch command, by byte of the hostile file, against those
of the same command with the honest file; medians of interleaved runs. Exits 1
when a figure is above 4. A busy machine disturbs it less than it would a clock.

Usage: hostile_costs.py TEKMATCH WRITE_HOSTILE_EXPORTS COST_OF
       [EXPORT_BYTES [SIGHTINGS [RUNS]]]
       (by default 16,000,000 bytes, 1,000,000 sightings, 3 runs)
Run by tools/dev/hostile_costs.
"""

import json
import os
import pathlib
import statistics
import struct
import subprocess
import sys
import tempfile
import zipfile

LIMIT = 4
HEADER = b"EK Export v1    "


def processor():
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return "unknown processor"


class Table:
    """Compares commands; remembers the worst figure."""

    def __init__(self, cost_of, runs):
        self.cost_of = cost_of
        self.runs = runs
        self.worst = 0.0
        print("| kind | command | time | memory |\n|---|---|---:|---:|")

    def cost(self, command):
        """Seconds of the processor and KiB of one run."""
        result = subprocess.run(
            [self.cost_of, *command], check=True, capture_output=True, text=True
        )
        seconds, kib = result.stdout.split()
        return float(seconds), int(kib)

    def compare(self, name, honest, hostile, share=1.0):
        """`share`: the hostile file's size, of the honest one's."""
        costs = ([], [])
        for _ in range(self.runs):
            for found, command in zip(costs, (honest, hostile)):
                found.append(self.cost(command))
        figures = []
        for what in (0, 1):
            own, base = (
                statistics.median(c[what] for c in costs[i]) for i in (1, 0)
            )
            figures.append(own / base / share)
        self.worst = max(self.worst, *figures)
        print(
            f"| {name} | {hostile[1]} | {figures[0]:.2f} | {figures[1]:.2f} |",
            flush=True,
        )


def varint(value):
    out = b""
    while value >= 0x80:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


def key_message(tek, rolling_start, period=144, tag=0x3A):
    content = b"\x0a\x10" + tek + b"\x10\x05\x18" + varint(rolling_start)
    content += b"\x20" + varint(period) + b"\x28\x01\x30\x04"
    return bytes([tag]) + varint(len(content)) + content


def write_zip(path, messages):
    """Not compressed: one key over and over would be refused for that."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as out:
        out.writestr("export.bin", HEADER + b"".join(messages))


def compare_exports(table, tekmatch, folder):
    paths = {p.stem: p for p in folder.glob("*.zip")}
    honest = paths.pop("honest")
    for name, path in sorted(paths.items()):
        share = path.stat().st_size / honest.stat().st_size
        for command in ("verify", "inspect"):
            table.compare(
                name, [tekmatch, command, honest], [tekmatch, command, path], share
            )


def csv_text(rows):
    return "time,rpi,aem,rssi\n" + "".join(
        f"{time},{rpi},{aem},{rssi}\n" for time, rpi, aem, rssi in rows
    )


class World:
    """An honest world, and what makes hostile ones of it."""

    def __init__(self, tekmatch, folder, num_keys, num_sightings):
        self.tekmatch = tekmatch
        self.folder = folder
        self.honest = folder / "honest"
        subprocess.run(
            [tekmatch, "generate", "--days", "14", "--met", "100", "--seed", "1"]
            + ["--keys", str(num_keys), "--sightings", str(num_sightings)]
            + ["--profile", "commuter", "--out", self.honest],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        lines = (self.honest / "sightings.csv").read_text().splitlines()[1:]
        self.rows = [tuple(line.split(",")) for line in lines]
        self.aem = {(time, rpi): aem for time, rpi, aem, _ in self.rows}
        self.num_keys = num_keys
        found = (self.honest / "expected_matches.jsonl").read_text().splitlines()
        found = [json.loads(line) for line in found]
        # The key that was heard most.
        teks = [match["tek"] for match in found]
        tek = max(set(teks), key=teks.count)
        self.matches = [match for match in found if match["tek"] == tek]
        self.tek = bytes.fromhex(tek)
        self.start = self.matches[0]["rolling_start"]
        self.random = [os.urandom(16) for _ in range(num_keys)]

    def match(self, sightings, exports, *options):
        return [self.tekmatch, "match", *exports, "--allow-unsigned"] + [
            "--sightings", sightings, "--threads", "1", *options
        ]

    def write_rows(self, name, rows):
        path = self.folder / name
        path.write_text(csv_text(rows))
        return path

    def heard(self, n):
        """So many sightings of one key."""
        rows = [
            (m["sighting_time"], m["rpi"], self.aem[str(m["sighting_time"]), m["rpi"]],
             m["rssi"])
            for m in self.matches
        ]
        # Each at its time, and in the seconds after it, as a scan hears them.
        return [
            (time + i // len(rows) % 100, rpi, aem, rssi)
            for i in range(n)
            for time, rpi, aem, rssi in [rows[i % len(rows)]]
        ]


def field(tag, content):
    return bytes([tag]) + varint(len(content)) + content


def compare_signatures(table, world):
    """Lists of 64 signatures that name the trusted key, none of which fits,
    against ten that do; of many small files, so that starting does not count."""
    body = HEADER + key_message(world.tek, world.start)

    def sign(of):
        return subprocess.run(
            ["openssl", "dgst", "-sha256", "-sign", world.honest / "signing.pem"],
            input=of, check=True, capture_output=True
        ).stdout

    info = field(0x1A, b"v1") + field(0x22, b"440")
    info += field(0x2A, b"1.2.840.10045.4.3.2")
    commands = []
    for name, of, n in (("ten", body, 10), ("many", body + b"x", 64)):
        path = world.folder / f"{name}.zip"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as out:
            out.writestr("export.bin", body)
            out.writestr("export.sig", b"".join(
                field(0x0A, field(0x0A, info) + b"\x10\1\x18\1" + field(0x22, sign(of)))
                for _ in range(n)))
        copies = [world.folder / f"{name}{i}.zip" for i in range(200)]
        for copy in copies:
            copy.write_bytes(path.read_bytes())
        commands.append([world.tekmatch, "verify", "--trusted-key",
                         f"440:v1={world.honest / 'public.pem'}", *copies])
    # By file: the limit is on a file's signatures, whatever their bytes.
    table.compare("64 wrong signatures by one key", *commands)


def compare_repeated_keys(table, world):
    day = world.start // 144 * 144
    honest = world.folder / "keys.zip"
    # The key that was heard stands in the honest ones, too: once.
    heard = [key_message(world.tek, world.start)]
    spread = [
        key_message(k, day - 144 * (i % 14)) for i, k in enumerate(world.random)
    ]
    n = world.num_keys
    write_zip(honest, heard + spread[1:])
    pair = [world.folder / "keys1.zip", world.folder / "keys2.zip"]
    for i, path in enumerate(pair):
        write_zip(path, heard + spread[i * n // 2 + 1 : (i + 1) * n // 2])
    kinds = {
        "one key repeated": [key_message(world.tek, world.start)] * n,
        "one key at many times": [
            key_message(world.tek, world.start - i % 144, 144 - i // 144 % 144)
            for i in range(n)
        ],
        "one key, revised": [key_message(world.tek, world.start, tag=0x42)] * n,
        "keys of one day": heard + [key_message(k, day) for k in world.random],
        "keys revised": [
            key_message(k, day - 144 * (i % 14), tag=0x42)
            for i, k in enumerate([world.tek, *world.random])
        ],
    }
    sets = {
        "honest sightings": world.honest / "sightings.csv",
        "sightings of that key": world.write_rows(
            "heard.csv", world.heard(len(world.rows))),
    }
    for name, messages in kinds.items():
        path = world.folder / "hostile.zip"
        write_zip(path, messages)
        share = path.stat().st_size / honest.stat().st_size
        for of, sightings in sets.items():
            table.compare(f"{name}; {of}", world.match(sightings, [honest]),
                          world.match(sightings, [path]), share)
    # Its copies in two files, which are no copies of each other.
    halves = [world.folder / "half1.zip", world.folder / "half2.zip"]
    for i, path in enumerate(halves):
        write_zip(path, heard * (n // 2 - 1) + [spread[i]])
    for of, sightings in sets.items():
        table.compare(f"one key repeated in two files; {of}",
                      world.match(sightings, pair), world.match(sightings, halves))


def compare_sightings(table, world):
    exports = [world.honest / p.name for p in world.honest.glob("*.zip")]
    honest = world.honest / "sightings.csv"
    n = len(world.rows)
    time, rpi, aem, rssi = world.rows[0]
    cases = {
        "bad rows: not a time": [("x", r[1], r[2], r[3]) for r in world.rows],
        "bad rows: a short RPI": [(r[0], r[1][1:], r[2], r[3]) for r in world.rows],
        "bad rows: an RSSI that is none": [(*r[:3], "x") for r in world.rows],
        "one time": [(time, *r[1:]) for r in world.rows],
        "one RPI": [(r[0], rpi, *r[2:]) for r in world.rows],
        "one sighting repeated": [(time, rpi, aem, rssi)] * n,
        "of one key": world.heard(n),
    }
    paths = {
        name: world.write_rows(f"s{i}.csv", rows)
        for i, (name, rows) in enumerate(cases.items())
    }
    signed = ["--skip-bad-sightings", "--trusted-key",
              f"440:v1={world.honest / 'public.pem'}"]
    for name, path in paths.items():
        if name.startswith("bad"):
            # One good one, without which there is no result.
            with open(path, "a") as file:
                file.write(",".join(world.rows[0]) + "\n")
        for options in ([], ["--config", "cocoa"]):
            table.compare(
                f"sightings: {name}{' (--config)' if options else ''}",
                world.match(honest, exports, *signed, *options),
                world.match(path, exports, *signed, *options),
                path.stat().st_size / honest.stat().st_size,
            )
    # As many short rows as fit.
    json_lines = world.folder / "honest.jsonl"
    subprocess.run([world.tekmatch, "sightings", honest, "--format", "jsonl",
                    "--out", json_lines], check=True, capture_output=True)
    fillers = {
        honest: ["\n", "x\n", ",\n", ",,,\n", "1,,,\n", '"",,,\n', '"\n', f"{time},{rpi},,\n"],
        json_lines: ["\n", "x\n", "{\n", "{}\n", '{"}\n', '{"":}\n', '{"":0}\n',
                     '{"time":1}\n', '{"time":1,"rpi":"","aem":"","rssi":0}\n',
                     '{"a":' + "[" * 60_000 + "\n",
                     '{"a":[' + "{}," * 20_000 + "0]}\n",
                     '{"a":[' + "0," * 30_000 + "0]}\n",
                     '{"a":' * 10_000 + "0" + "}" * 10_000 + "\n",
                     "{" + ",".join(f'"{i:x}":0' for i in range(7000)) + "}\n"],
    }
    for good, rows in fillers.items():
        size = good.stat().st_size
        with open(good) as file:
            head = file.readline() + file.readline()
        for row in rows:
            path = world.folder / "filled"
            path.write_text(head + row * ((size - len(head)) // len(row)))
            shown = (row if len(row) < 50 else row[:20] + "...").strip()
            table.compare(f"sightings: rows `{shown}` of {good.suffix}",
                          world.match(good, exports, *signed),
                          world.match(path, exports, *signed))


def crc32c(data, crc):
    """A byte at a time: no module that Python brings has it."""
    crc ^= 0xFFFFFFFF
    for byte in data:
        crc = CRC32C[(crc ^ byte) & 0xFF] ^ crc >> 8
    return crc ^ 0xFFFFFFFF


def crc32c_table():
    table = []
    for crc in range(256):
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
        table.append(crc)
    return table


CRC32C = crc32c_table()


def write_tksight(path, records):
    """Sorted (rpi, time, aem, rssi) in bytes; docs/formats.md has the layout."""
    head = b"\x89TKS\r\n\x1a\n" + struct.pack("<IIQ", 1, 0, len(records))
    check = crc32c(head, 0)
    with open(path, "wb") as out:
        out.write(head + struct.pack("<I", check))
        for begin in range(0, len(records), 4096):
            block = b"".join(
                struct.pack("<16sI4sb", *record) for record in records[begin : begin + 4096]
            )
            check = crc32c(block, check)
            out.write(block + struct.pack("<I", check))


def compare_tksight(table, world):
    exports = [world.honest / p.name for p in world.honest.glob("*.zip")]
    records = sorted(
        (bytes.fromhex(rpi), int(time), bytes.fromhex(aem), int(rssi))
        for time, rpi, aem, rssi in world.rows
    )
    options = ["--skip-bad-sightings", "--trusted-key",
               f"440:v1={world.honest / 'public.pem'}"]
    honest = world.folder / "honest.tksight"
    write_tksight(honest, records)
    cases = {
        "bad records": [records[0]] + [(*r[:3], 127) for r in records[1:]],
        "bad records and good ones in turn": [
            (*r[:3], 127 if i % 2 else r[3]) for i, r in enumerate(records)
        ],
        "one RPI": sorted((records[0][0], *r[1:]) for r in records),
        "one sighting repeated": [records[0]] * len(records),
    }
    for name, hostile in cases.items():
        path = world.folder / "hostile.tksight"
        write_tksight(path, hostile)
        table.compare(
            f".tksight: {name}",
            world.match(honest, exports, *options),
            world.match(path, exports, *options),
        )


def main():
    if len(sys.argv) not in (4, 5, 6, 7):
        print(__doc__, file=sys.stderr)
        return 2
    tekmatch, write, cost_of = sys.argv[1:4]
    sizes = [int(a) for a in sys.argv[4:]]
    size, num_sightings, runs = sizes + [16_000_000, 1_000_000, 3][len(sizes):]
    print(f"{processor()}; exports of {size} bytes, {num_sightings} sightings, "
          f"medians of {runs}\n")
    table = Table(cost_of, runs)
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        exports = folder / "exports"
        exports.mkdir()
        subprocess.run([write, exports, str(size)], check=True)
        compare_exports(table, tekmatch, exports)
        world = World(tekmatch, folder, size // 25, num_sightings)
        compare_signatures(table, world)
        compare_repeated_keys(table, world)
        compare_sightings(table, world)
        compare_tksight(table, world)
    print(f"\nworst: {table.worst:.2f}, at most {LIMIT} allowed")
    return 0 if table.worst <= LIMIT else 1


if __name__ == "__main__":
    sys.exit(main())
