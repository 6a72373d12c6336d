"""The whole chain for tests: a real management system between gateways of the
test's own, which keep what they were given, and a world (harness.py) around it.
"""

import hashlib
import hmac
import http.client
import http.server
import json
import os
import re
import socket
import socketserver
import subprocess
import threading
import time
import uuid

import harness
from harness import PATIENCE, REGISTRY, wait_for

SMS_SECRET = "secret-that-the-gateway-shares"
CENTRE = "千代田保健所"
TELEPHONE = "03-1234-5678"
NAME = "厚労 太郎"
CONTACT = "09012345678"
HOUR = 3600


def tek(n):
    return bytes([n >> 8, n & 0xFF]) * 8


class SmsSink:
    """A gateway's webhook. It answers with `status`, after `delay` seconds."""

    def __init__(self):
        self.messages = []
        self.wrong_signatures = 0
        self.status = 200
        self.delay = 0
        sink = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                wanted = hmac.new(SMS_SECRET.encode(), body, hashlib.sha512).hexdigest()
                if self.headers["X-Signature"] != wanted:
                    sink.wrong_signatures += 1
                sink.messages.append(json.loads(body))
                status = sink.status
                time.sleep(sink.delay)
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *args):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, connection, client_address):
                pass  # a hersys that was killed

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = "http://127.0.0.1:%d/sms" % self.server.server_port
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class MailSink:
    """A mail server that knows just enough, and one address that is refused."""

    def __init__(self):
        self.mails = []  # (sender, recipients, message)
        sink = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self):
                def say(text):
                    self.wfile.write(text.encode() + b"\r\n")

                say("220 sink")
                sender, recipients = None, []
                for line in self.rfile:
                    command = line.decode().strip()
                    verb = command.upper()
                    if verb.startswith(("EHLO", "HELO")):
                        say("250 sink")
                    elif verb.startswith("MAIL FROM:"):
                        sender = command[10:]
                        say("250 ok")
                    elif verb.startswith("RCPT TO:"):
                        if "nobody@" in command:
                            say("550 no such person")
                        else:
                            recipients.append(command[8:])
                            say("250 ok")
                    elif verb == "DATA":
                        say("354 go on")
                        lines = []
                        for part in self.rfile:
                            if part == b".\r\n":
                                break
                            lines.append(part)
                        sink.mails.append((sender, recipients, b"".join(lines)))
                        say("250 taken")
                    elif verb == "QUIT":
                        say("221 bye")
                        return
                    else:
                        say("500 what")

        class Server(socketserver.ThreadingTCPServer):
            daemon_threads = True
            allow_reuse_address = True

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = "smtp://127.0.0.1:%d" % self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Chain(harness.World):
    """A world whose management system is the real one."""

    def __init__(self, mail_sink=MailSink):
        super().__init__()
        self.management.close()
        self.sms = SmsSink()
        self.mail = mail_sink()
        self.link = "https://example.jp/a/"
        self.hersys = None
        self.said = []  # by every command and every answer
        with open(self.path("sms-secret"), "w", encoding="utf-8") as f:
            f.write(SMS_SECRET)

    def start_hersys(self, *options):
        stderr = open(self.path("stderr"), "ab")
        self.hersys = subprocess.Popen(
            [
                REGISTRY,
                "hersys",
                "--data=" + self.path("hersys"),
                "--listen=unix:" + self.path("hersys.sock"),
                "--secret-file=" + self.path("secret"),
                "--sms-url=" + self.sms.url,
                "--sms-secret-file=" + self.path("sms-secret"),
                "--smtp-url=" + self.mail.url,
                "--mail-from=cocoa@example.jp",
                "--link=" + self.link,
                "--log=" + self.path("hersys.log"),
                "--clock-file=" + self.path("clock"),
            ]
            + list(options),
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
        )
        stderr.close()
        line = self.hersys.stdout.readline()
        if not line.startswith("listening at unix:"):
            raise AssertionError("%r\n%s" % (line, self.read("stderr")))

    def end_hersys(self, signal="TERM"):
        if self.hersys is None:
            return None
        (self.hersys.kill if signal == "KILL" else self.hersys.terminate)()
        status = self.hersys.wait(timeout=PATIENCE)
        self.hersys.stdout.close()
        self.hersys = None
        return status

    def person(self, **changes):
        person = {
            "outpatient_facility": "第一病院",
            "test_positive": True,
            "confirmed_case": True,
            "diagnosed_on": "2020-12-09",
            "reported": True,
            "app_in_use": "yes",
            "wants_to_register": "yes",
            "consent": True,
            "name": NAME,
            "kana": "ｺｳﾛｳ ﾀﾛｳ",
            "contact": CONTACT,
        }
        person.update(changes)
        path = self.path("person-%s.json" % uuid.uuid4())
        with open(path, "w", encoding="utf-8") as f:
            json.dump(person, f)
        return path

    def run(self, command, *options):
        done = subprocess.run(
            [
                REGISTRY,
                command,
                "--data=" + self.path("hersys"),
                "--clock-file=" + self.path("clock"),
            ]
            + list(options),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.said += [done.stdout, done.stderr]
        return done

    def issue(self, *options, centre=CENTRE, **changes):
        """Adds a person and asks for a number: the patient's id."""
        path = self.person(**changes)
        done = self.run(
            "issue",
            "--centre=" + centre,
            "--inquiry-phone=" + TELEPHONE,
            "--person=" + path,
            *options
        )
        os.remove(path)
        assert done.returncode == 0, done.stderr
        return int(re.match(r"patient (\d+)\n", done.stdout).group(1))

    def reissue(self, patient, *options, centre=CENTRE):
        return self.run(
            "issue", "--centre=" + centre, "--patient=%d" % patient, *options
        )

    def states(self, patient):
        """Newest first."""
        done = self.run("issues", "--centre=" + CENTRE, "--patient=%d" % patient)
        assert done.returncode == 0, done.stderr
        return [line.split(" ")[1] for line in done.stdout.splitlines()[1:]]

    def number(self, i):
        """Of message i of the SMS sink, once it is there."""
        assert wait_for(lambda: len(self.sms.messages) > i), self.read("hersys.log")
        return re.search(r"(?<!\d)\d{8}(?!\d)", self.sms.messages[i]["text"]).group()

    def wait_for_states(self, patient, states):
        assert wait_for(lambda: self.states(patient) == states), self.states(patient)

    def put(self, sent, headers=None):
        status, answer = super().put(sent, headers)
        self.said.append(json.dumps(answer))
        return status, answer

    def ask_hersys(self, method, path, body, headers):
        connection = http.client.HTTPConnection("localhost", timeout=PATIENCE)
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.connect(self.path("hersys.sock"))
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            answer = response.read().decode()
            self.said.append(answer)
            return response.status, answer
        finally:
            connection.close()

    def holders_of(self, *secrets):
        """The files and outputs of ours that hold one of them."""
        found = []
        for path, content in harness.files_in(self.folder):
            found += [os.path.basename(path) for s in secrets if s.encode() in content]
        return found + [text for text in self.said for s in secrets if s in text]

    def close(self):
        self.end_hersys("KILL")
        self.sms.close()
        self.mail.close()
        super().close()
