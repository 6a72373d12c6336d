#!/usr/bin/env python3
"""Opens the tool's pages in a headless Chromium, as people see them.

Every page is looked at in two widths, light and dark, and printed; what the
browser made of it is asserted by its DOM and by what it measured.  Screenshots
are kept as outputs of the test.
"""

import html.parser
import json
import os
import re
import shutil
import struct
import subprocess
import tempfile
import unittest
import zlib

TOOL = os.path.join("tools", "tekmatch")
BROWSER = "chromium-headless-shell"
OUTPUTS = os.environ.get("TEST_UNDECLARED_OUTPUTS_DIR", tempfile.gettempdir())

# Written into a copy of the page: what a script may measure, the page's own
# policy does not let in.
MEASURE = """<script>addEventListener("load", () => {
const wide = [...document.querySelectorAll("body *")].filter(
  e => !e.closest(".plot") && e.getBoundingClientRect().right > innerWidth + 1);
document.title = "wide:" + wide.map(e => e.tagName).join();
});</script>"""


class Elements(html.parser.HTMLParser):
    """Counts elements, and collects the text of some."""

    def __init__(self, text):
        super().__init__()
        self.count = {}
        self.texts = {}
        self.open = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.count[tag] = self.count.get(tag, 0) + 1
        if tag in ("title", "h1", "h2", "h3", "caption", "figcaption"):
            self.open.append(tag)
            self.texts.setdefault(tag, []).append("")

    def handle_endtag(self, tag):
        if self.open and self.open[-1] == tag:
            self.open.pop()

    def handle_data(self, data):
        if self.open:
            self.texts[self.open[-1]][-1] += data


def browse(page, *options):
    """Returns what the browser prints; fails where the page logs an error."""
    with tempfile.TemporaryDirectory() as profile:
        result = subprocess.run(
            [
                BROWSER,
                "--no-sandbox",
                "--disable-gpu",
                # /dev/shm may be small, and others use it.
                "--disable-dev-shm-usage",
                "--hide-scrollbars",
                "--enable-logging=stderr",
                "--user-data-dir=" + profile,
                *options,
                "file://" + os.path.abspath(page),
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            timeout=240,
            check=True,
        )
    logged = [line for line in result.stderr.decode().split("\n") if "CONSOLE" in line]
    return result.stdout.decode(), logged


def colours(png, rows=150):
    """Returns how often each colour occurs at the top of a picture of 8 bits a
    channel."""
    with open(png, "rb") as f:
        data = f.read()
    at, packed = 8, b""
    while at < len(data):
        size, kind = struct.unpack(">I4s", data[at : at + 8])
        chunk = data[at + 8 : at + 8 + size]
        if kind == b"IHDR":
            width, height, depth, colour = struct.unpack(">IIBB", chunk[:10])
            assert depth == 8 and colour in (2, 6)
            channels = 3 if colour == 2 else 4
        elif kind == b"IDAT":
            packed += chunk
        at += size + 12
    stride = width * channels
    rows = min(rows, height)
    raw = zlib.decompressobj().decompress(packed, rows * (stride + 1))
    above, counts = bytearray(stride), {}
    for y in range(rows):
        start = y * (stride + 1)
        kind, line = raw[start], bytearray(raw[start + 1 : start + 1 + stride])
        for x in range(stride):
            left = line[x - channels] if x >= channels else 0
            corner = above[x - channels] if x >= channels else 0
            if kind == 1:
                line[x] = (line[x] + left) & 255
            elif kind == 2:
                line[x] = (line[x] + above[x]) & 255
            elif kind == 3:
                line[x] = (line[x] + (left + above[x]) // 2) & 255
            elif kind == 4:
                guess = left + above[x] - corner
                near = min((left, above[x], corner), key=lambda v: abs(guess - v))
                line[x] = (line[x] + near) & 255
        for x in range(0, stride, channels):
            colour = bytes(line[x : x + 3])
            counts[colour] = counts.get(colour, 0) + 1
        above = line
    return counts


class PageTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if shutil.which(BROWSER) is None:
            message = BROWSER + " is missing: run tools/dev/setup.sh --report"
            if os.environ.get("CI"):
                raise AssertionError(message)
            raise unittest.SkipTest(message)
        cls.folder = tempfile.mkdtemp()
        cls.tekmatch("demo", "--out", os.path.join(cls.folder, "demo"))

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.folder)

    @classmethod
    def tekmatch(cls, *arguments):
        subprocess.run(
            [TOOL, *arguments],
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )

    def demo(self, name):
        return os.path.join(self.folder, "demo", name)

    def look_at(self, name, page):
        """Asserts what holds for every page, and returns its elements."""
        dom, logged = browse(page, "--dump-dom")
        # A request or a script that the policy forbids would be logged.
        self.assertEqual(logged, [], name)
        elements = Elements(dom)
        for element in ("script", "link", "img", "iframe", "object", "form"):
            self.assertNotIn(element, elements.count, name)
        # Each drawing has a title, a description and a table of its numbers.
        drawings = len(re.findall(r'<svg role="img"', dom))
        self.assertEqual(len(re.findall(r"<desc ", dom)), drawings)
        self.assertEqual(elements.count.get("details", 0), drawings)
        grounds = {}
        for width in (320, 1000):
            for dark in (False, True):
                picture = os.path.join(
                    OUTPUTS,
                    "%s-%d-%s.png" % (name, width, "dark" if dark else "light"),
                )
                options = ["--screenshot=" + picture, "--window-size=%d,800" % width]
                if dark:
                    options.append("--blink-settings=preferredColorScheme=0")
                browse(page, *options)
                counts = colours(picture)
                grounds[dark] = max(counts, key=counts.get)
                # There is more on it than its ground.
                self.assertGreater(len(counts), 20, picture)
        self.assertEqual(grounds[False].hex(), "ffffff")
        self.assertEqual(grounds[True].hex(), "14171a")
        self.fits(name, page)
        pdf = os.path.join(OUTPUTS, name + ".pdf")
        browse(page, "--print-to-pdf=" + pdf, "--no-pdf-header-footer")
        with open(pdf, "rb") as f:
            self.assertEqual(f.read(5), b"%PDF-")
        return elements

    def fits(self, name, page):
        """Nothing but plots, which scroll, is wider than a small screen."""
        with open(page, encoding="utf-8") as f:
            text = f.read()
        measured = os.path.join(self.folder, "measured.html")
        with open(measured, "w", encoding="utf-8") as f:
            f.write(
                re.sub("<meta http-equiv=[^>]*>", "", text).replace(
                    "</head>", MEASURE + "</head>"
                )
            )
        dom, _ = browse(
            measured, "--dump-dom", "--window-size=320,800", "--virtual-time-budget=2000"
        )
        self.assertEqual(re.search("<title>(.*?)</title>", dom)[1], "wide:", name)

    def match(self, page, *more):
        self.tekmatch(
            "match",
            self.demo("export.zip"),
            "--trusted-key",
            "440:v1=" + self.demo("public.pem"),
            "--sightings",
            self.demo("sightings.csv"),
            "--config",
            "cocoa",
            "--time-zone",
            "Asia/Tokyo",
            "--html",
            page,
            "--out",
            os.devnull,
            *more,
        )

    def test_match(self):
        page = os.path.join(self.folder, "match.html")
        self.match(page, "--lang", "ja")
        elements = self.look_at("match-ja", page)
        self.assertEqual(elements.texts["h1"], ["公開されたキーとの接触"])
        self.assertEqual(
            elements.texts["h2"],
            [
                "接触はあったか",
                "どれほど確かか",
                "誰が公開したか",
                "除いたものとその理由",
                "端末の受信記録",
            ],
        )

    def test_match_with_contacts(self):
        page = os.path.join(self.folder, "contacts.html")
        self.match(page, "--show-contacts")
        elements = self.look_at("contacts-en", page)
        self.assertIn("The contacts", elements.texts["h2"])
        self.assertIn("Score of each date", elements.texts["h3"])

    def test_inspect(self):
        for language, heading in (
            ("en", "What these exports hold"),
            ("ja", "エクスポートの内容"),
        ):
            page = os.path.join(self.folder, "inspect-%s.html" % language)
            self.tekmatch(
                "inspect",
                self.demo("export.zip"),
                "--html",
                page,
                "--lang",
                language,
                "--out",
                os.devnull,
            )
            elements = self.look_at("inspect-" + language, page)
            self.assertEqual(elements.texts["h1"], [heading])
            self.assertGreaterEqual(elements.count["figure"], 3)

    def test_log(self):
        """A log of 20 checks, with a gap, of the demonstration's export."""
        described = subprocess.run(
            [TOOL, "inspect", self.demo("export.zip"), "--format", "json"],
            check=True,
            stdout=subprocess.PIPE,
        )
        sha256 = json.loads(described.stdout)[0]["sha256"]
        checks = []
        for n in range(20):
            if n in (8, 9, 10):
                continue
            time = "2020-12-%02d %02d:%02d:00 +0900" % (1 + n // 2, 7 + n % 2 * 9, n)
            files = [{"Hash": sha256, "KeyCount": 1068, "MatchCount": 3}]
            files += [
                {"Hash": "%064x" % (n << 240), "KeyCount": n, "MatchCount": n // 19}
            ]
            checks.append({"Timestamp": time, "Files": files})
        log = os.path.join(self.folder, "log.json")
        with open(log, "w", encoding="utf-8") as f:
            json.dump({"ExportVersion": 2, "ExposureChecks": checks}, f)
        for language, headings in (
            (
                "en",
                [
                    "What did the phone hear?",
                    "When did it check?",
                    "Which files were they?",
                ],
            ),
            (
                "ja",
                ["端末は何を受信していたか", "いつチェックしたか", "どのファイルか"],
            ),
        ):
            page = os.path.join(self.folder, "log-%s.html" % language)
            self.tekmatch(
                "log",
                log,
                self.demo("export.zip"),
                "--sightings",
                self.demo("sightings.csv"),
                "--html",
                page,
                "--time-zone",
                "Asia/Tokyo",
                "--lang",
                language,
                "--out",
                os.devnull,
            )
            elements = self.look_at("log-" + language, page)
            self.assertEqual(elements.texts["h2"], headings)

    def test_cocoa_log(self):
        day = 1606780800000
        data = {
            "platform": "Android",
            "app_version": "2.0.1",
            "daily_summaries": [
                {
                    "DateMillisSinceEpoch": day + n * 86400000,
                    "DaySummary": {
                        "MaximumScore": 300 + n,
                        "ScoreSum": 700 * (1 + n % 3),
                        "WeightedDurationSum": 600,
                    },
                }
                for n in range(8)
            ],
            "exposure_windows": [],
        }
        log = os.path.join(self.folder, "exposure_data.json")
        with open(log, "w", encoding="utf-8") as f:
            json.dump(data, f)
        page = os.path.join(self.folder, "cocoa.html")
        self.tekmatch("log", log, "--html", page, "--lang", "ja", "--out", os.devnull)
        elements = self.look_at("cocoa-ja", page)
        self.assertEqual(elements.texts["h2"], ["日ごとの集計"])
        self.assertIn("日ごとのスコア", elements.texts["h3"])

    def test_benchmarks(self):
        """The kinds of plots that tools/dev/bench_report asks for."""

        def text(name):
            return {
                "id": name,
                "title": "Title of " + name,
                "description": "What it shows.",
                "source": "Source: bench.json.",
                "unit": "million keys/s",
                "table": "The numbers",
                "nothing": "Nothing was measured.",
            }

        kernels = ["x86_vaes512", "x86_vaes256", "x86_aesni", "portable"]
        ranges = [
            {"name": "row_%d" % n, "low": 0.8 + n, "median": 1 + n, "high": 1.1 + 2 * n}
            for n in range(9)
        ]
        lines = [
            {"name": kernel, "points": [[10**x, 10 + x * n] for x in range(3, 8)]}
            for n, kernel in enumerate(kernels)
        ]
        parts = [
            {"notice": "Quick run: these figures mean nothing."},
            {
                "ranges": {
                    **text("ranges"),
                    "row": "row",
                    "low": "lower quartile",
                    "median": "median",
                    "high": "upper quartile",
                    "rows": ranges,
                    "mark": {"name": "as fast", "value": 1},
                }
            },
            {
                "groups": {
                    **text("groups"),
                    "category": "operation",
                    "categories": ["DeriveRpiks", "GenerateRpis", "FindCandidates"],
                    "series": [
                        {"name": kernel, "values": [4 - n, None, 0.5 + n]}
                        for n, kernel in enumerate(kernels)
                    ],
                }
            },
            {
                "lines": {
                    **text("lines"),
                    "line": "by",
                    "x": "sightings",
                    "log_x": True,
                    "series": lines,
                }
            },
        ]
        page = os.path.join(self.folder, "bench.html")
        with open(page, "w", encoding="utf-8") as f:
            subprocess.run(
                [os.path.join("bench", "report_page")],
                input=json.dumps({"language": "en", "title": "T", "parts": parts}),
                stdout=f,
                encoding="utf-8",
                check=True,
            )
        elements = self.look_at("bench", page)
        self.assertEqual(elements.count["figure"], 3)

    def test_window(self):
        keys = os.path.join(self.folder, "keys.jsonl")
        with open(keys, "w", encoding="utf-8") as f:
            for n in range(12):
                start = 2678544 + 144 * n + (54 if n > 5 else 0)
                f.write('{"tek":"%032x","rolling_start":%d}\n' % (n, start))
        for language, heading in (
            ("en", "Which keys would be published"),
            ("ja", "公開されるキー"),
        ):
            page = os.path.join(self.folder, "window-%s.html" % language)
            self.tekmatch(
                "window",
                "--keys",
                keys,
                "--onset",
                "2020-12-10",
                "--registered",
                "2020-12-15T10:00+09:00",
                "--policy",
                "cocoa-1.2.1",
                "--html",
                page,
                "--lang",
                language,
                "--out",
                os.devnull,
            )
            elements = self.look_at("window-" + language, page)
            self.assertEqual(elements.texts["h1"], [heading])
            self.assertEqual(elements.count["figure"], 2)


if __name__ == "__main__":
    unittest.main()
