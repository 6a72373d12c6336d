"""chromedriver, a process, and what it has of a page: elements.

A test of a browser that is not there is skipped, and fails in CI.
"""

import http.client
import json
import os
import re
import shutil
import subprocess
import tempfile
import unittest

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
PROGRAMS = ("chromedriver", "chromium")
PATIENCE = 240  # as harness.py has it


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
            "127.0.0.1", int(match.group(1)), timeout=PATIENCE
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
        self.process.wait(timeout=PATIENCE)
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
