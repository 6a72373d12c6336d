"""What tests of the phone share: its process, a person at its pages, a proxy that
records what it sends, and what a phone broadcasts, computed independently.
"""

import base64
import hashlib
import hmac
import html
import http.client
import json
import os
import re
import socket
import subprocess
import threading
import urllib.parse

from harness import NOW, PATIENCE, REGISTRY

DAY = 86400


# ---- What a key broadcasts: AES-128 and HKDF, of no library of the project's.


def _sbox():
    box = [0x63] * 256
    p = q = 1
    while True:
        p ^= (p << 1 ^ (0x11B if p & 0x80 else 0)) & 0x1FF
        p &= 0xFF
        for shift in (1, 2, 4):
            q ^= q << shift
        q &= 0xFF
        if q & 0x80:
            q ^= 0x09
        x = q
        for shift in (1, 2, 3, 4):
            x ^= (q << shift | q >> (8 - shift)) & 0xFF
        box[p] = x ^ 0x63
        if p == 1:
            return box


_BOX = _sbox()


def aes128(key, block):
    words = [list(key[i : i + 4]) for i in range(0, 16, 4)]
    rcon = 1
    for i in range(4, 44):
        word = list(words[i - 1])
        if i % 4 == 0:
            word = [_BOX[b] for b in word[1:] + word[:1]]
            word[0] ^= rcon
            rcon = (rcon << 1 ^ (0x11B if rcon & 0x80 else 0)) & 0xFF
        words.append([a ^ b for a, b in zip(words[i - 4], word)])
    keys = [sum(words[i : i + 4], []) for i in range(0, 44, 4)]
    double = [(b << 1 ^ (0x1B if b & 0x80 else 0)) & 0xFF for b in range(256)]
    state = [a ^ b for a, b in zip(block, keys[0])]
    for turn in range(1, 11):
        state = [_BOX[state[(i + 4 * (i % 4)) % 16]] for i in range(16)]
        if turn < 10:
            mixed = []
            for c in range(0, 16, 4):
                a = state[c : c + 4]
                for r in range(4):
                    b, n = a[r], a[(r + 1) % 4]
                    mixed.append(
                        double[b] ^ double[n] ^ n ^ a[(r + 2) % 4] ^ a[(r + 3) % 4]
                    )
            state = mixed
        state = [a ^ b for a, b in zip(state, keys[turn])]
    return bytes(state)


def _derive(tek, info):
    pseudo = hmac.new(b"\0" * 32, tek, hashlib.sha256).digest()
    return hmac.new(pseudo, info + b"\1", hashlib.sha256).digest()[:16]


def broadcast(tek, seconds):
    """RPI and AEM at a time: Exposure Notification Cryptography Specification v1.2."""
    interval = seconds // 600
    rpi = aes128(
        _derive(tek, b"EN-RPIK"), b"EN-RPI" + b"\0" * 6 + interval.to_bytes(4, "little")
    )
    # Version 1.0, -20 dBm.
    mask = aes128(_derive(tek, b"EN-AEMK"), rpi)
    return rpi, bytes(a ^ b for a, b in zip(mask, b"\x40\xec\0\0"))


# ---- Own keys and sightings


def own_keys(name, days=range(15), now=NOW):
    """(tek, rolling start) of so many days before today; 0 is today."""
    today = now // DAY * 144
    return [
        (hashlib.sha256(b"%s %d" % (name.encode(), day)).digest()[:16], today - 144 * day)
        for day in days
    ]


def own_keys_json(keys):
    return json.dumps(
        [
            {
                "keyData": base64.b64encode(tek).decode(),
                "rollingStartNumber": start,
                "rollingPeriod": 144,
            }
            for tek, start in keys
        ]
    )


def sightings_csv(heard):
    """`heard` has (tek, Unix seconds)."""
    lines = ["time,rpi,aem,rssi"]
    for tek, seconds in heard:
        rpi, aem = broadcast(tek, seconds)
        lines.append("%d,%s,%s,-60" % (seconds, rpi.hex(), aem.hex()))
    return "\n".join(lines) + "\n"


# ---- The process


class Phone:
    """A phone's process, and its folder."""

    def __init__(self, world, name="phone", server=None, exports=None, several=False):
        self.world = world
        self.folder = world.path(name)
        self.name = name
        self.several = several
        self.server = server
        self.exports = exports
        self.process = None
        self.port = None
        os.makedirs(self.folder, exist_ok=True)

    def import_(self, keys=(), heard=(), number=None):
        folder = self.folder if number is None else os.path.join(self.folder, str(number))
        os.makedirs(folder, exist_ok=True)
        with open(self.world.path("own-keys.json"), "w", encoding="utf-8") as f:
            f.write(own_keys_json(keys))
        with open(self.world.path("sightings.csv"), "w", encoding="utf-8") as f:
            f.write(sightings_csv(heard))
        run = subprocess.run(
            [
                REGISTRY,
                "phone-import",
                "--data=" + folder,
                "--own-keys=" + self.world.path("own-keys.json"),
                "--sightings=" + self.world.path("sightings.csv"),
                "--clock-file=" + self.world.path("clock"),
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert run.returncode == 0, run.stderr
        os.remove(self.world.path("own-keys.json"))
        os.remove(self.world.path("sightings.csv"))
        return run.stdout

    def options(self):
        url = "http://127.0.0.1:%d" % (self.world.port or 1)
        return [
            ("--phones=" if self.several else "--data=") + self.folder,
            "--listen=127.0.0.1:0",
            "--server=" + (self.server or url),
            "--exports=" + (self.exports or url),
            "--public-key=" + self.world.path("public.pem"),
            "--key-id=440",
            "--inquiry-phone=03-1234-5678",
            "--consultation=受診・相談センター 03-9999-0000",
            "--log=" + self.world.path("phone-log"),
            "--clock-file=" + self.world.path("clock"),
        ]

    def start(self, *options):
        with open(self.world.path("stderr"), "ab") as stderr:
            self.process = subprocess.Popen(
                [REGISTRY, "phone"] + self.options() + list(options),
                stdout=subprocess.PIPE,
                stderr=stderr,
                text=True,
            )
        line = self.process.stdout.readline()
        match = re.fullmatch(r"listening at 127\.0\.0\.1:(\d+)\n", line)
        assert match, (line, self.world.read("stderr"))
        self.port = int(match.group(1))
        return self

    def end(self, signal="TERM"):
        if self.process is None:
            return None
        (self.process.kill if signal == "KILL" else self.process.terminate)()
        status = self.process.wait(timeout=PATIENCE)
        self.process.stdout.close()
        self.process = None
        return status


class Page:
    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers
        self.body = body
        self.text = html.unescape(re.sub(r"<[^>]*>", "\n", body))
        self.location = headers.get("Location")

    def token(self):
        match = re.search(r'name="token" value="([0-9a-f]+)"', self.body)
        return match and match.group(1)

    def preview(self):
        match = re.search(r'name="preview" value="([0-9a-f]+)"', self.body)
        return match and match.group(1)

    def value(self, field):
        match = re.search(r'<input id="%s"[^>]*? value="([^"]*)"' % field, self.body)
        return html.unescape(match.group(1)) if match else ""


class Person:
    """A browser without a screen: hidden fields, one page after the other."""

    def __init__(self, phone, number=None):
        self.phone = phone
        self.prefix = "" if number is None else "/phone/%d" % number
        self.page = None
        self.path = None

    def ask(self, method, path, body=None, headers=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.phone.port, timeout=PATIENCE)
        try:
            headers = dict(headers or {})
            if body is not None:
                headers.setdefault("Content-Type", "application/x-www-form-urlencoded")
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            page = Page(
                response.status, response.headers, response.read().decode("utf-8", "strict")
            )
        finally:
            connection.close()
        assert "Set-Cookie" not in page.headers
        return page

    def get(self, path):
        """Follows redirections; self.path is where it ended."""
        path = self.prefix + path
        for _ in range(5):
            self.path = path[len(self.prefix) :]
            self.page = self.ask("GET", path)
            if self.page.status != 303:
                return self.page
            path = self.page.location
        raise AssertionError("redirections without end")

    def post(self, path, **fields):
        """Sends a form with the token of the page that is open, and its preview."""
        if self.page and self.page.preview():
            fields.setdefault("preview", self.page.preview())
        token = self.page and self.page.token()
        if not token:
            token = self.get("/").token()
        body = urllib.parse.urlencode(dict(fields, token=token))
        page = self.ask("POST", self.prefix + path, body)
        if page.status == 303:
            return self.get(page.location[len(self.prefix) :])
        self.path = path
        self.page = page
        return page

    def fill(self, number, symptoms="yes", date="2020-12-08"):
        """From home to the preview."""
        self.get("/consent")
        if self.path == "/consent":
            self.post("/consent", agree="yes")
        return self.post("/register", symptoms=symptoms, date=date, number=number)

    def register(self, number, symptoms="yes", date="2020-12-08"):
        page = self.fill(number, symptoms, date)
        if self.path != "/confirm":
            return page
        return self.post("/confirm", action="send")


class Proxy:
    """Passes TCP on to the server, and keeps what goes there.

    mode: "pass"; "swallow", which passes the request and drops the answer;
    "hold", which passes the request and never answers; "refuse", which closes at
    once.

    on_event, where it is set, is called of each connection that begins from then on,
    with "connected", "sent" (a whole request was passed on), "answered" (there is an
    answer, of which nothing was passed back), and "passed" (it was); what it returns
    as false ends the connection.
    """

    def __init__(self, port):
        self.target = port
        self.mode = "pass"
        self.requests = []  # bytes of each connection
        self.answered = threading.Event()
        self.on_event = None
        self.num_open = 0  # connections that are served
        self.closed = threading.Event()
        self.lock = threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.url = "http://127.0.0.1:%d" % self.port
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            with self.lock:
                self.num_open += 1
            threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def is_idle(self):
        with self.lock:
            return self.num_open == 0

    @staticmethod
    def is_whole(sent):
        head, end, body = bytes(sent).partition(b"\r\n\r\n")
        length = re.search(rb"(?i)content-length: (\d+)", head)
        return bool(end) and len(body) >= (int(length.group(1)) if length else 0)

    def serve(self, client):
        try:
            with client:
                self.pass_on(client)
        finally:
            with self.lock:
                self.num_open -= 1

    def pass_on(self, client):
        mode = self.mode
        # Of this connection to its end: "passed" may be told when the next one is
        # about to begin.
        goes_on = self.on_event or (lambda event: True)
        if mode == "refuse" or not goes_on("connected"):
            return
        # No answer is passed on before "sent" was told.
        told = threading.Event()
        told.set()
        try:
            with socket.create_connection(("127.0.0.1", self.target)) as server:
                sent = bytearray()
                with self.lock:
                    self.requests.append(sent)
                done = threading.Event()

                def back():
                    try:
                        while True:
                            data = server.recv(65536)
                            if not data:
                                return
                            told.wait(PATIENCE)
                            self.answered.set()
                            if mode == "hold":
                                self.closed.wait(PATIENCE)
                            if mode != "pass" or not goes_on("answered"):
                                client.shutdown(socket.SHUT_RDWR)
                                return
                            client.sendall(data)
                            if not goes_on("passed"):
                                return
                    except OSError:
                        pass
                    finally:
                        done.set()

                threading.Thread(target=back, daemon=True).start()
                while True:
                    data = client.recv(65536)
                    if not data:
                        break
                    sent += data
                    whole = self.is_whole(sent)
                    if whole:
                        told.clear()
                    server.sendall(data)
                    if whole and not goes_on("sent"):
                        client.shutdown(socket.SHUT_RDWR)
                        return
                    told.set()
                server.shutdown(socket.SHUT_WR)
                done.wait(PATIENCE)
        except OSError:
            pass
        finally:
            told.set()

    def puts(self):
        """Bodies of all whole requests to register, parsed, with their size and headers."""
        found = []
        with self.lock:
            for sent in self.requests:
                if sent.startswith(b"PUT ") and self.is_whole(sent):
                    head, _, body = bytes(sent).partition(b"\r\n\r\n")
                    found.append((head.decode(), body, json.loads(body)))
        return found

    def close(self):
        self.closed.set()
        self.listener.close()
