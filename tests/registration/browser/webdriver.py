"""A Chromium without a window, driven as a person drives it.

A client of chromedriver by Python's standard library: W3C WebDriver, and the
commands of Chromium's developer tools for what that has not: a small screen, dark
colours, an input method.

Scripts of pages are off unless a test asks for them: so each test shows that the
pages need none. What a test itself runs in a page is not a script of the page.
The browser's language is that of its package, English: it orders the parts of a
date (date_orders).

A test of a browser that is not there is skipped, and fails in CI.
"""

import base64
import http.client
import json
import os
import re
import shutil
import subprocess
import tempfile
import time
import unittest

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"

TAB, ENTER, SPACE, BACKSPACE = "\ue004", "\ue007", " ", "\ue003"
SHIFT, CONTROL = "\ue008", "\ue009"
LEFT, UP, RIGHT, DOWN = "\ue012", "\ue013", "\ue014", "\ue015"

PROGRAMS = ("chromedriver", "chromium")


class WebDriverError(Exception):
    def __init__(self, error, message):
        super().__init__("%s: %s" % (error, message.split("\n")[0]))
        self.error = error


class Driver:
    """A process of chromedriver."""

    def __init__(self):
        missing = [name for name in PROGRAMS if shutil.which(name) is None]
        if missing:
            message = "%s: missing; run tools/dev/setup.sh --registration" % missing
            if os.environ.get("CI"):
                raise AssertionError(message)
            raise unittest.SkipTest(message)
        # A home of its own: the person's settings and caches are none of a test's.
        self.home = tempfile.TemporaryDirectory()
        self.process = subprocess.Popen(
            ["chromedriver", "--port=0"],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=dict(os.environ, HOME=self.home.name, TZ="Asia/Tokyo"),
        )
        said = ""
        for line in self.process.stdout:
            said += line
            match = re.search(r"started successfully on port (\d+)", line)
            if match:
                break
        else:
            raise AssertionError("chromedriver: " + said)
        self.connection = http.client.HTTPConnection(
            "127.0.0.1", int(match.group(1)), timeout=60
        )

    def ask(self, method, path, body=None):
        if method == "POST" and body is None:
            body = {}
        text = None if body is None else json.dumps(body)
        headers = {"Content-Type": "application/json; charset=utf-8"}
        self.connection.request(method, path, text, headers)
        response = self.connection.getresponse()
        value = json.loads(response.read())["value"]
        if response.status != 200:
            raise WebDriverError(value["error"], value["message"])
        return value

    def close(self):
        self.connection.close()
        self.process.terminate()
        self.process.wait(timeout=30)
        self.process.stdout.close()
        self.home.cleanup()


class Element:
    def __init__(self, browser, identity):
        self.browser = browser
        self.path = "/element/" + identity
        self.reference = {ELEMENT: identity}

    def ask(self, method, what, body=None):
        return self.browser.ask(method, self.path + what, body)

    @property
    def text(self):
        return self.ask("GET", "/text")

    @property
    def label(self):
        """What a screen reader calls it."""
        return self.ask("GET", "/computedlabel")

    @property
    def role(self):
        return self.ask("GET", "/computedrole")

    @property
    def value(self):
        return self.ask("GET", "/property/value")

    @property
    def is_checked(self):
        return self.ask("GET", "/selected")

    @property
    def is_enabled(self):
        return self.ask("GET", "/enabled")

    def attribute(self, name):
        return self.browser.run("return arguments[0].getAttribute(arguments[1])", self, name)

    def click(self):
        self.ask("POST", "/click")

    def keys(self, text):
        self.ask("POST", "/value", {"text": text})

    def clear(self):
        self.ask("POST", "/clear")


class Browser:
    """A window of its own, with cookies of its own. Open pages by open(); whatever
    leads to another page is done within new_page()."""

    def __init__(self, scripts=False):
        self.driver = Driver()
        arguments = [
            "--headless=new",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--disable-background-networking",
            "--disable-component-update",
            "--hide-scrollbars",
            "--no-first-run",
            "--window-size=1000,900",
        ]
        if os.geteuid() == 0:
            # Chromium's own sandbox does not start for root. The pages are ours.
            arguments.append("--no-sandbox")
        prefs = {"profile.managed_default_content_settings.javascript": 1 if scripts else 2}
        wanted = {
            "browserName": "chrome",
            "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"},
            "goog:chromeOptions": {
                "binary": shutil.which("chromium"),
                "args": arguments,
                "prefs": prefs,
            },
        }
        try:
            session = self.driver.ask(
                "POST", "/session", {"capabilities": {"alwaysMatch": wanted}}
            )
        except WebDriverError as error:
            self.driver.close()
            raise AssertionError("the browser does not start: %s" % error) from error
        self.session = "/session/" + session["sessionId"]
        self.events = []  # of the network, since the last forget()
        self.console = []

    def close(self):
        try:
            self.ask("DELETE", "")
        finally:
            self.driver.close()

    def ask(self, method, path, body=None):
        return self.driver.ask(method, self.session + path, body)

    def cdp(self, command, **parameters):
        """A command of the developer tools' protocol."""
        return self.ask("POST", "/goog/cdp/execute", {"cmd": command, "params": parameters})

    def run(self, script, *arguments):
        """The result of the body of a function in the page."""
        sent = [a.reference if isinstance(a, Element) else a for a in arguments]
        value = self.ask("POST", "/execute/sync", {"script": script, "args": sent})
        if isinstance(value, dict) and ELEMENT in value:
            return Element(self, value[ELEMENT])
        return value

    # ---- Pages

    def open(self, url):
        self.ask("POST", "/url", {"url": url})

    def back(self):
        self.ask("POST", "/back")

    def reload(self):
        self.ask("POST", "/refresh")

    @property
    def url(self):
        return self.ask("GET", "/url")

    @property
    def path(self):
        return re.sub(r"^\w+://[^/]*", "", self.url)

    @property
    def title(self):
        return self.ask("GET", "/title")

    @property
    def text(self):
        """All that can be read on the page."""
        return self.find("body").text

    @property
    def html(self):
        return self.ask("GET", "/source")

    def forget(self):
        """Logs, and all cookies."""
        self.cdp("Network.clearBrowserCookies")
        self.read_logs()
        self.events, self.console = [], []

    # ---- Elements

    def find_all(self, css):
        found = self.ask("POST", "/elements", {"using": "css selector", "value": css})
        return [Element(self, f[ELEMENT]) for f in found]

    def find(self, css):
        found = self.find_all(css)
        if len(found) != 1:
            raise AssertionError(
                "%d of %s at %s:\n%s" % (len(found), css, self.path, self.text)
            )
        return found[0]

    def field(self, name):
        return self.find("[name='%s']:not([type=hidden])" % name)

    def with_text(self, tag, text):
        """The one element of that tag with just that text."""
        found = self.run(
            "return [...document.querySelectorAll(arguments[0])]"
            ".filter(e => e.textContent.trim() === arguments[1])",
            tag,
            text,
        )
        if len(found) != 1:
            raise AssertionError(
                "%d %s with %s at %s:\n%s" % (len(found), tag, text, self.path, self.text)
            )
        return Element(self, found[0][ELEMENT])

    def button(self, text):
        return self.with_text("button", text)

    def link(self, text):
        return self.with_text("a", text)

    # ---- Mouse and forms

    def fill(self, **values):
        """Text into fields; True or False into a box; a choice by its value."""
        for name, value in values.items():
            if isinstance(value, bool):
                box = self.find("input[type=checkbox][name='%s']" % name)
                if box.is_checked != value:
                    box.click()
                continue
            found = self.find_all("[name='%s']:not([type=hidden])" % name)
            if found and found[0].attribute("type") == "radio":
                self.find("input[name='%s'][value='%s']" % (name, value)).click()
                continue
            field = self.field(name)
            if field.attribute("type") == "date" and value:
                # By its parts: see type_date.
                self.run("arguments[0].focus()", field)
                self.type_date(value)
            else:
                field.clear()
                field.keys(value)

    def put(self, **values):
        """As fill(), at once: for what is not what the test is about."""
        self.run(
            """for (const [name, value] of Object.entries(arguments[0])) {
              const fields = [...document.querySelectorAll(`main [name="${name}"]`)];
              if (fields.length === 0) throw Error("no " + name);
              for (const e of fields) {
                if (e.type === "radio") e.checked = e.value === value;
                else if (e.type === "checkbox") e.checked = value;
                else if (e.type !== "hidden") e.value = value;
              }
            }""",
            values,
        )

    def new_page(self):
        return NewPage(self)

    def press_button(self, text):
        with self.new_page():
            self.button(text).click()

    def follow(self, text):
        with self.new_page():
            self.link(text).click()

    def double_click(self, element):
        """Twice, as fast as a mouse can."""
        click = [{"type": "pointerDown", "button": 0}, {"type": "pointerUp", "button": 0}]
        move = {"type": "pointerMove", "origin": element.reference, "x": 0, "y": 0}
        mouse = {"type": "pointer", "id": "mouse", "actions": [move] + click + click}
        self.ask("POST", "/actions", {"actions": [mouse]})

    # ---- Keyboard

    def press(self, *keys):
        """One key after the other."""
        actions = []
        for key in keys:
            actions += [{"type": "keyDown", "value": key}, {"type": "keyUp", "value": key}]
        self.ask(
            "POST", "/actions", {"actions": [{"type": "key", "id": "keys", "actions": actions}]}
        )

    def press_with(self, modifier, key):
        actions = [
            {"type": "keyDown", "value": modifier},
            {"type": "keyDown", "value": key},
            {"type": "keyUp", "value": key},
            {"type": "keyUp", "value": modifier},
        ]
        self.ask(
            "POST", "/actions", {"actions": [{"type": "key", "id": "keys", "actions": actions}]}
        )

    def enter(self, key=ENTER):
        """Presses a key that leads to another page."""
        with self.new_page():
            self.press(key)

    def type(self, text):
        self.press(*text)

    @property
    def focused(self):
        return self.run("return document.activeElement")

    def tab_to(self, css, most=60):
        """Presses Tab until the element has the focus."""
        for _ in range(most):
            if self.run(
                "return document.activeElement.matches(arguments[0])", css
            ):
                return
            self.press(TAB)
        raise AssertionError("Tab does not reach %s at %s:\n%s" % (css, self.path, self.text))

    def tab_to_button(self, text):
        """The same, by what stands on a button or a link."""
        for _ in range(60):
            if (
                self.run(
                    "const e = document.activeElement;"
                    "return e.matches('button, a') ? e.textContent.trim() : null"
                )
                == text
            ):
                return
            self.press(TAB)
        raise AssertionError("Tab does not reach %s at %s:\n%s" % (text, self.path, self.text))

    def type_date(self, date):
        """Into the date field that has the focus: "2020-12-05". Its parts stand in
        the order of the browser's language."""
        year, month, day = date.split("-")
        for order in ((month, day, year), (year, month, day), (day, month, year)):
            self.press(*[LEFT] * 3)
            for i, part in enumerate(order):
                # A part that is full leads to the next by itself, or does not.
                self.press(*[LEFT] * 3, *[RIGHT] * i)
                self.type(part)
            if self.run("return document.activeElement.value") == date:
                return
        raise AssertionError("the date field takes no %s" % date)

    def compose(self, text):
        """As an input method does: the text is underlined, then taken."""
        self.cdp(
            "Input.imeSetComposition",
            text=text,
            selectionStart=len(text),
            selectionEnd=len(text),
        )
        self.cdp("Input.insertText", text=text)

    def copy(self, text):
        """Into the clipboard, from a page of its own, which stays open."""
        self.open("data:text/html;charset=utf-8,<textarea autofocus></textarea>")
        self.find("textarea").keys(text)
        self.press_with(CONTROL, "a")
        self.press_with(CONTROL, "c")

    # ---- How it looks

    def screen(self, width, height=900, dark=False):
        self.cdp(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.cdp("Emulation.setEmulatedMedia", features=[scheme])

    def screenshot(self, path):
        """Of the whole page."""
        size = self.run(
            "const e = document.documentElement; return [e.scrollWidth, e.scrollHeight]"
        )
        clip = {"x": 0, "y": 0, "width": size[0], "height": size[1], "scale": 1}
        taken = self.cdp(
            "Page.captureScreenshot", format="png", captureBeyondViewport=True, clip=clip
        )
        with open(path, "wb") as f:
            f.write(base64.b64decode(taken["data"]))

    # ---- What happened

    def read_logs(self):
        for entry in self.ask("POST", "/se/log", {"type": "performance"}):
            event = json.loads(entry["message"])["message"]
            if event["method"].startswith("Network."):
                self.events.append(event)
        self.console += self.ask("POST", "/se/log", {"type": "browser"})

    def requests(self):
        """The addresses of all requests since forget()."""
        self.read_logs()
        return [
            e["params"]["request"]["url"]
            for e in self.events
            if e["method"] == "Network.requestWillBeSent"
        ]

    def documents(self):
        """(address, status, headers in lower case) of all pages since forget()."""
        self.read_logs()
        found = []
        for event in self.events:
            parameters = event["params"]
            if event["method"] != "Network.responseReceived":
                continue
            if parameters["type"] != "Document":
                continue
            response = parameters["response"]
            if not response["url"].startswith("http"):
                continue  # the window's own begin
            headers = {k.lower(): v for k, v in response["headers"].items()}
            found.append((response["url"], response["status"], headers))
        return found

    @property
    def status(self):
        """Of the page that is shown."""
        documents = [d for d in self.documents() if d[0].split("#")[0] == self.url.split("#")[0]]
        assert documents, "no document of %s" % self.url
        return documents[-1][1]

    def console_errors(self):
        """What the console has, but for a page's own status such as 422."""
        pages = {url for url, status, _ in self.documents() if status >= 400}
        return [
            entry["message"]
            for entry in self.console
            if not (
                "the server responded with a status of" in entry["message"]
                and entry["message"].split(" ")[0] in pages
            )
        ]


class NewPage:
    """Waits at its end for another document than at its begin."""

    def __init__(self, browser):
        self.browser = browser

    def __enter__(self):
        self.browser.run("document.documentElement.dataset.old = 1")

    def __exit__(self, kind, value, trace):
        if kind is not None:
            return
        end = time.monotonic() + 20
        while time.monotonic() < end:
            try:
                if self.browser.run(
                    "return document.readyState === 'complete' &&"
                    " !document.documentElement.dataset.old"
                ):
                    return
            except WebDriverError:
                pass  # between two documents
            time.sleep(0.005)
        raise AssertionError(
            "no other page after %s:\n%s" % (self.browser.path, self.browser.text)
        )
