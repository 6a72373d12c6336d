"""A Chromium without a window, driven as a person drives it.

A client of chromedriver by Python's standard library: W3C WebDriver, and the
commands of Chromium's developer tools for what that has not: a small screen, dark
colours, an input method.

Scripts of pages are off unless a test asks for them: so each test shows that the
pages need none. What a test itself runs in a page is not a script of the page.
"""

import base64
import json
import os
import re
import shutil
import time

from chromedriver import ELEMENT, PATIENCE, Driver, Element, WebDriverError
from keyboard import Keyboard


def wanted(arguments, scripts):
    """What a session is asked for."""
    capabilities = {
        "browserName": "chrome",
        "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"},
        "goog:chromeOptions": {
            "binary": shutil.which("chromium"),
            "args": [
                "--headless=new",
                "--disable-gpu",
                "--disable-dev-shm-usage",
                "--disable-background-networking",
                "--disable-component-update",
                "--hide-scrollbars",
                "--no-first-run",
                "--window-size=1000,900",
            ]
            + arguments,
            "prefs": {
                "profile.managed_default_content_settings.javascript": 1 if scripts else 2
            },
        },
    }
    return {"capabilities": {"alwaysMatch": capabilities}}


class Browser(Keyboard):
    """A window of its own, with cookies of its own. Open pages by open(); whatever
    leads to another page is done within new_page()."""

    def __init__(self, scripts=False):
        self.driver = Driver()
        # Chromium's own sandbox does not start for root, nor within some others.
        # The pages are ours.
        tries = [[], ["--no-sandbox"]] if os.geteuid() != 0 else [["--no-sandbox"]]
        for i, arguments in enumerate(tries):
            try:
                session = self.driver.ask("POST", "/session", wanted(arguments, scripts))
                break
            except WebDriverError as error:
                if i + 1 == len(tries):
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
        end = time.monotonic() + PATIENCE
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
