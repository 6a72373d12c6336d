"""What tests of tekmatch-registry's processes share.

Everything here is the test's own: a management system, a reader of exports that
knows nothing of the project's, clients.
"""

import base64
import http.client
import http.server
import json
import os
import re
import socketserver
import struct
import subprocess
import tempfile
import threading
import time
import uuid
import zipfile

REGISTRY = os.path.join("registration", "commands", "tekmatch-registry")
TEKMATCH = os.path.join("tools", "tekmatch")
SECRET = "secret-that-two-roles-share"

# For tests, and nothing else.
SIGNING_KEY = """-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgauycZEEGXvbo8qTZ
ewO2leRRAey7iXtBoK+T2nJ6E/yhRANCAASAuLV7La9IvF4b6LDTqk7xcwSyGIjj
ShJ0jSakNuxL5k9+PGXVioXDh0Nb+0HS/sbs1lD1PCLBXE3SNKIflX3d
-----END PRIVATE KEY-----
"""
PUBLIC_KEY = """-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEgLi1ey2vSLxeG+iw06pO8XMEshiI
40oSdI0mpDbsS+ZPfjxl1YqFw4dDW/tB0v7G7NZQ9TwiwVxN0jSiH5V93Q==
-----END PUBLIC KEY-----
"""

NOW = 1607590800  # 2020-12-10T09:00:00Z
SLOT = 1607612400  # 2020-12-10T15:00:00Z
YESTERDAY = 1607472000 // 600  # 2020-12-09T00:00:00Z, as an interval

# Seconds within which what has to happen does, on whatever machine: just short of
# the limit of a test, so that it is said what did not.
PATIENCE = 240


def folder_in_memory():
    """A temporary folder that no disk is slow for: what is tested here are processes
    that are killed, whose writes a kernel keeps, and no disk that is. Its path is
    short, as paths of sockets have to be."""
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else "/tmp"
    return tempfile.TemporaryDirectory(dir=memory)


class ManagementSystem:
    """Numbers in memory, behind the calls of internal_messages.h."""

    def __init__(self, path):
        self.lock = threading.Lock()
        self.claims = {}  # number -> claim, or None while nobody has it
        self.used = {}  # number -> how many claims were confirmed
        self.confirmed = set()
        self.num_reserves = 0
        self.num_asked = 0  # to reserve, answered or not
        self.open = threading.Event()  # calls wait for it
        self.open.set()
        system = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status, answer = system.answer(
                    self.path, self.headers["X-Registration-Secret"], json.loads(body)
                )
                text = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *args):
                pass

            def address_string(self):
                return "unix"

        class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
            daemon_threads = True
            request_queue_size = 128

            def handle_error(self, connection, client_address):
                pass  # a server that was killed is no fault of this one

        self.server = Server(path, Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def answer(self, path, secret, message):
        if secret != SECRET:
            return 403, {}
        if path != "/internal/confirm":
            with self.lock:
                self.num_asked += 1
        self.open.wait()
        with self.lock:
            claim = message["claim"]
            if path == "/internal/confirm":
                if claim not in self.confirmed:
                    self.confirmed.add(claim)
                    for number, owner in self.claims.items():
                        if owner == claim:
                            self.used[number] = self.used.get(number, 0) + 1
                return 200, {"result": "ok"}
            if message.get("chaff"):
                return 200, {"result": "ok"}
            self.num_reserves += 1
            number = message["number"]
            if number not in self.claims:
                return 200, {"result": "refused", "live": len(self.claims)}
            if self.claims[number] is None:
                self.claims[number] = claim
            good = self.claims[number] == claim
            return 200, {"result": "ok" if good else "refused", "live": len(self.claims)}

    def close(self):
        self.open.set()
        self.server.shutdown()
        self.server.server_close()


class World:
    """A folder with a management system, and a server that can be started."""

    def __init__(self):
        self.holder = folder_in_memory()
        self.folder = self.holder.name
        self.management = ManagementSystem(self.path("hersys.sock"))
        for name, text in [
            ("signing.pem", SIGNING_KEY),
            ("public.pem", PUBLIC_KEY),
            ("secret", SECRET + "\n"),
        ]:
            with open(self.path(name), "w", encoding="utf-8") as f:
                f.write(text)
        self.set_time(NOW)
        self.process = None
        self.port = None

    def path(self, *names):
        return os.path.join(self.folder, *names)

    def set_time(self, seconds):
        unfinished = self.path("clock.new")
        with open(unfinished, "w", encoding="utf-8") as f:
            f.write("%d\n" % seconds)
        os.rename(unfinished, self.path("clock"))

    def publish_options(self):
        return [
            "--data=" + self.path("server"),
            "--out=" + self.path("out"),
            "--signing-key=" + self.path("signing.pem"),
            "--key-id=440",
            "--base-url=https://example.jp",
            "--clock-file=" + self.path("clock"),
        ]

    def start(self, *options, port=0):
        stderr = open(self.path("stderr"), "ab")
        self.process = subprocess.Popen(
            [REGISTRY, "server"]
            + self.publish_options()
            + [
                "--listen=127.0.0.1:%d" % port,
                "--management=unix:" + self.path("hersys.sock"),
                "--secret-file=" + self.path("secret"),
                "--log=" + self.path("log"),
                "--client-header=X-Real-IP",
            ]
            + list(options),
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
        )
        stderr.close()
        line = self.process.stdout.readline()
        match = re.fullmatch(r"listening at 127\.0\.0\.1:(\d+)\n", line)
        if match is None:
            raise AssertionError("%r\n%s" % (line, self.read("stderr")))
        self.port = int(match.group(1))

    def read(self, *names):
        with open(self.path(*names), "rb") as f:
            return f.read().decode("utf-8", "replace")

    def end(self, signal="TERM"):
        """Ends the server; returns its exit status."""
        if self.process is None:
            return None
        (self.process.kill if signal == "KILL" else self.process.terminate)()
        status = self.process.wait(timeout=PATIENCE)
        self.process.stdout.close()
        self.process = None
        return status

    def publish(self, *options):
        return subprocess.run(
            [REGISTRY, "publish"] + self.publish_options() + list(options),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def ask(self, method, path, body=None, headers=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            connection.request(method, path, body, headers or {})
            response = connection.getresponse()
            return response.status, response.headers, response.read()
        finally:
            connection.close()

    def put(self, request, headers=None):
        """Returns the status and the answer without its padding."""
        body = request if isinstance(request, bytes) else json.dumps(request).encode()
        status, _, answer = self.ask("PUT", "/v1/diagnosis", body, headers)
        answer = json.loads(answer)
        answer.pop("padding")
        return status, answer

    def published(self):
        """Maps each file of list.json to the keys in it, as hexadecimal text."""
        path = self.path("out", "c19r", "440", "list.json")
        if not os.path.exists(path):
            return {}
        with open(path, encoding="utf-8") as f:
            entries = json.load(f)
        files = {}
        for entry in entries:
            name = entry["url"].rsplit("/", 1)[1]
            export = read_export(self.path("out", "c19r", "440", name))
            files[name] = [key["tek"] for key in export["keys"]]
        return files

    def verify(self, name):
        return subprocess.run(
            [
                TEKMATCH,
                "verify",
                "--trusted-key",
                "440:v1=" + self.path("public.pem"),
                self.path("out", "c19r", "440", name),
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def close(self):
        self.end("KILL")
        self.management.close()
        # What a sanitizer said of any server of this world.
        said = self.read("stderr") if os.path.exists(self.path("stderr")) else ""
        self.holder.cleanup()
        assert "Sanitizer" not in said and "runtime error:" not in said, said


def files_in(folder):
    """Yields path and bytes of all files, but sockets; of a folder in which processes
    work: a file that is gone by the time that it is its turn is none."""
    for parent, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(parent, name)
            try:
                if os.path.isfile(path):
                    with open(path, "rb") as f:
                        yield path, f.read()
            except FileNotFoundError:
                pass


def wait_for(condition, seconds=PATIENCE):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.02)
    return False


def key(tek, start=YESTERDAY, period=144):
    return {
        "keyData": base64.b64encode(tek).decode(),
        "rollingStartNumber": start,
        "rollingPeriod": period,
        "reportType": 1,
    }


def request(number, keys, idempotency_key=None):
    return {
        "keys": keys,
        "regions": ["440"],
        "verificationPayload": number,
        "idempotencyKey": idempotency_key or str(uuid.uuid4()),
        "padding": "x" * 500,
    }


# ---- An independent reader of exports: a zip, and protobuf's wire format.


def fields(message):
    """Yields (field number, value) of a protobuf message."""
    at = 0

    def varint():
        nonlocal at
        value = shift = 0
        while True:
            byte = message[at]
            at += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
            shift += 7

    while at < len(message):
        tag = varint()
        kind = tag & 7
        if kind == 0:
            yield tag >> 3, varint()
        elif kind == 1:
            yield tag >> 3, struct.unpack_from("<Q", message, at)[0]
            at += 8
        elif kind == 2:
            size = varint()
            yield tag >> 3, message[at : at + size]
            at += size
        else:
            raise ValueError("wire type %d" % kind)


def read_export(path):
    with zipfile.ZipFile(path) as archive:
        assert sorted(archive.namelist()) == ["export.bin", "export.sig"], archive.namelist()
        content = archive.read("export.bin")
    assert content[:16] == b"EK Export v1    ", content[:16]
    export = {"keys": [], "revised": 0}
    for number, value in fields(content[16:]):
        if number == 1:
            export["start"] = value
        elif number == 2:
            export["end"] = value
        elif number == 3:
            export["region"] = value.decode()
        elif number == 7:
            found = dict(fields(value))
            export["keys"].append(
                {
                    "tek": found[1].hex(),
                    "risk": found.get(2, 0),
                    "start": found[3],
                    "period": found.get(4, 144),
                    "type": found.get(5, 0),
                    "onset": found.get(6),
                }
            )
        elif number == 8:
            export["revised"] += 1
    return export
