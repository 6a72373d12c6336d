"""All processes that a browser test needs: the chain of hersys_chain.py with pages for
operators, a server that publishes, phones with pages, an SMS gateway's webhook and
a mail server.

The phones are those of three people: 0 tested positive, 1 was near to 0 on two
days, 2 has no key of an earlier day.
"""

import asyncio
import hashlib
import hmac
import json
import os
import re
import subprocess
import sys
import threading
import unittest

try:
    from aiosmtpd.smtp import SMTP
except ImportError as error:
    MISSING = "aiosmtpd is missing; run tools/dev/setup.sh --registration"
    if os.environ.get("CI"):
        raise AssertionError(MISSING) from error
    raise unittest.SkipTest(MISSING) from error

sys.path.insert(0, os.path.join("tests", "registration"))
import beacons
from hersys_chain import CENTRE, HOUR, SMS_SECRET, TELEPHONE, Chain
from harness import NOW, PATIENCE, REGISTRY, SLOT, key, wait_for

AGREE = "同意する"
PASSWORD = "correct-horse-battery-staple"
TODAY = "2020-12-10"
ONSET = "2020-12-08"
NUM_PHONES = 3
NUMBER = re.compile(r"(?<!\d)\d{8}(?!\d)")
DAY = 24 * HOUR
MIDNIGHT = NOW // DAY * DAY

# Of the menu; all but the first as the ministry's paper has them.
FAQ = "https://example.jp/faq"
MAIL = "appsupport@cov19.mhlw.go.jp"
MINISTRY = "https://www.mhlw.go.jp/stf/seisakunitsuite/bunya/cocoa_00138.html"
CALL_CENTRE = "0120-565653"

# A patient with all that a number needs, in the order of the page.
PATIENT = {
    "facility": "第一病院",
    "positive": True,
    "confirmed": True,
    "diagnosed_on": "2020-12-09",
    "app": "yes",
    "wants": "yes",
    "consent": True,
    "name": "厚労 太郎",
    "kana": "コウロウ タロウ",
    "contact": "090-1234-5678",
}


class MailSink:
    """aiosmtpd, which keeps what it is given, and refuses one address."""

    def __init__(self):
        self.mails = []  # (sender, recipients, message)
        sink = self

        class Handler:
            async def handle_RCPT(self, server, session, envelope, address, options):
                if address.startswith("nobody@"):
                    return "550 no such person"
                envelope.rcpt_tos.append(address)
                return "250 ok"

            async def handle_DATA(self, server, session, envelope):
                sink.mails.append(
                    (envelope.mail_from, envelope.rcpt_tos, envelope.content)
                )
                return "250 taken"

        self.loop = asyncio.new_event_loop()

        def protocol():
            return SMTP(Handler(), hostname="sink", loop=self.loop)

        self.server = self.loop.run_until_complete(
            self.loop.create_server(protocol, "127.0.0.1", 0)
        )
        port = self.server.sockets[0].getsockname()[1]
        self.url = "smtp://127.0.0.1:%d" % port
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()

    def close(self):
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.server.close()
        self.loop.run_until_complete(self.server.wait_closed())
        self.loop.close()


def tek_of(phone, day):
    """The key of a phone that began `day` days ago."""
    return bytes([phone + 1, day]) * 8


class BrowserWorld(Chain):
    def __init__(self):
        super().__init__(MailSink)
        self.phone = None
        self.phones = None  # the address of their pages
        self.pages = None  # of the operators'
        with open(self.path("password"), "w", encoding="utf-8") as f:
            f.write(PASSWORD + "\n")

    # ---- Processes

    def listening(self, process, what):
        line = process.stdout.readline()
        match = re.fullmatch(what + r" at (127\.0\.0\.1:\d+)\n", line)
        if match is None:
            raise AssertionError("%r\n%s" % (line, self.read("stderr")))
        return "http://" + match.group(1)

    def start_pages(self, *options):
        """The management system, with an operator of each kind."""
        self.start_hersys("--pages=127.0.0.1:0", *options)
        self.pages = self.listening(self.hersys, "pages")
        self.add_operator("hanako", CENTRE)
        self.add_operator("kanri", CENTRE, "admin")

    def add_operator(self, login, centre, role="operator"):
        done = self.run(
            "operator",
            "--centre=" + centre,
            "--inquiry-phone=" + TELEPHONE,
            "--login=" + login,
            "--role=" + role,
            "--password-file=" + self.path("password"),
        )
        assert done.returncode == 0, done.stderr

    def start_phones(self):
        """Phones that fetch from the server, which is started before."""
        server = "http://127.0.0.1:%d" % self.port
        for i in range(NUM_PHONES):
            os.makedirs(self.path("phones", str(i)))
        days = {0: range(0, 14), 1: range(0, 14), 2: [0]}
        for phone, ages in days.items():
            self.import_keys(phone, [(tek_of(phone, age), age) for age in ages])
        heard = [
            line
            for age in (2, 3)
            for line in beacons.sightings(tek_of(0, age), MIDNIGHT - age * DAY + 3 * HOUR, 30)
        ]
        self.import_sightings(1, heard)
        stderr = open(self.path("stderr"), "ab")
        self.phone = subprocess.Popen(
            [
                REGISTRY,
                "phone",
                "--phones=" + self.path("phones"),
                "--listen=127.0.0.1:0",
                "--server=" + server,
                "--exports=" + server,
                "--public-key=" + self.path("public.pem"),
                "--key-id=440",
                "--inquiry-phone=" + TELEPHONE,
                "--faq-url=" + FAQ,
                "--mail=" + MAIL,
                "--ministry-url=" + MINISTRY,
                "--call-centre=" + CALL_CENTRE,
                "--clock-file=" + self.path("clock"),
            ],
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
        )
        stderr.close()
        self.phones = self.listening(self.phone, "listening")
        self.link = self.phones + "/phone/0/a/"

    def import_keys(self, phone, keys):
        path = self.path("own-keys-%d.json" % phone)
        with open(path, "w", encoding="utf-8") as f:
            json.dump([key(tek, (MIDNIGHT - age * DAY) // 600) for tek, age in keys], f)
        self.phone_import(phone, "--own-keys=" + path)
        os.remove(path)

    def import_sightings(self, phone, lines):
        path = self.path("sightings-%d.csv" % phone)
        with open(path, "w", encoding="utf-8") as f:
            f.write(beacons.SIGHTINGS_HEADER)
            f.writelines(lines)
        self.phone_import(phone, "--sightings=" + path)
        os.remove(path)

    def phone_import(self, phone, *options):
        done = subprocess.run(
            [
                REGISTRY,
                "phone-import",
                "--data=" + self.path("phones", str(phone)),
                "--clock-file=" + self.path("clock"),
            ]
            + list(options),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert done.returncode == 0, done.stderr

    def start_all(self):
        self.start()
        self.start_phones()
        self.start_pages()

    def close(self):
        if self.phone is not None:
            self.phone.kill()
            self.phone.wait(timeout=PATIENCE)
            self.phone.stdout.close()
        super().close()

    # ---- What happened

    def numbers(self):
        """All processing numbers that were sent."""
        found = [NUMBER.search(m["text"]).group() for m in self.sms.messages]
        return found

    def report_delivery(self, message):
        """As the gateway does, of a message that it got."""
        body = b'{"status":"delivered"}'
        signature = hmac.new(SMS_SECRET.encode(), body, hashlib.sha512).hexdigest()
        path = "/internal/sms/" + self.sms.messages[message]["id"]
        status, _ = self.ask_hersys("POST", path, body, {"X-Signature": signature})
        assert status == 204, status

    def num_puts(self):
        """Requests to register in the server's log, where each is after its answer."""
        path = self.path("log")
        return self.read("log").count("PUT /v1/diagnosis") if os.path.exists(path) else 0

    def wait_for_puts(self, number):
        assert wait_for(lambda: self.num_puts() >= number), self.read("log")
        assert self.num_puts() == number, self.read("log")

    def publish_today(self):
        """Moves time to the slot, and waits until the server has published."""
        self.set_time(SLOT)
        assert wait_for(lambda: self.published() != {}), self.read("log")

    # ---- Steps that a browser does

    def log_in(self, browser, login="hanako"):
        browser.open(self.pages + "/login")
        browser.fill(login=login, password=PASSWORD)
        browser.press_button("ログイン")

    def add_patient(self, browser, **changes):
        """By the pages, with all that a number needs, and reported; the patient's
        number."""
        fields = dict(PATIENT, **changes)
        reported = fields.pop("reported", True)
        fields = {name: value for name, value in fields.items() if value is not None}
        browser.open(self.pages + "/new")
        browser.put(**fields)
        browser.press_button("追加")
        match = re.fullmatch(r"/patient/(\d+)(\?.*)?", browser.path)
        assert match is not None, (browser.path, browser.text)
        patient = int(match.group(1))
        if reported:
            self.open_tab(browser, patient, "report")
            browser.press_button("報告")
        return patient

    def open_tab(self, browser, patient, tab):
        browser.open("%s/patient/%d?tab=%s" % (self.pages, patient, tab))

    def issue_by_page(self, browser, patient, button="処理番号発行"):
        """Presses the button: the number that was sent."""
        before = len(self.sms.messages)
        self.open_tab(browser, patient, "number")
        browser.press_button(button)
        number = self.number(before)
        self.wait_for_states(patient, ["handed"] + self.states(patient)[1:])
        return number

    def open_phone(self, browser, path="/", phone=0):
        browser.open("%s/phone/%d%s" % (self.phones, phone, path))

    def agree(self, browser, phone=0):
        """Goes through the consent, to the form."""
        self.open_phone(browser, "/consent", phone)
        browser.press_button(AGREE)
