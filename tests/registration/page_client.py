"""What a browser does with pages and forms, over http.client: cookies, forms with
their hidden fields, buttons that can be pressed. It runs no script."""

import html.parser
import http.client
import re
import urllib.parse

from harness import PATIENCE


class _Forms(html.parser.HTMLParser):
    """The forms of a page, with the values that a browser would send."""

    def __init__(self):
        super().__init__()
        self.forms = []
        self.area = None
        self.texts = []

    def handle_starttag(self, tag, attrs):
        a = dict(attrs)
        if tag == "form":
            self.forms.append({"action": a["action"], "fields": {}, "radios": {}, "buttons": []})
            return
        if not self.forms:
            return
        form = self.forms[-1]
        if tag == "textarea":
            self.area = a["name"]
            form["fields"][self.area] = ""
        elif tag == "button":
            form["buttons"].append((a.get("name"), a.get("value"), "disabled" in a))
        elif tag == "input":
            kind = a.get("type", "text")
            if kind in ("radio", "checkbox"):
                form["radios"].setdefault(a["name"], []).append(a["value"])
                if "checked" in a:
                    form["fields"][a["name"]] = a["value"]
            elif kind != "file":
                form["fields"][a["name"]] = a.get("value", "")

    def handle_endtag(self, tag):
        if tag == "textarea":
            # The first line feed after the tag is none of the text.
            fields = self.forms[-1]["fields"]
            fields[self.area] = fields[self.area].removeprefix("\n")
            self.area = None

    def handle_data(self, data):
        self.texts.append(data)
        if self.area is not None:
            self.forms[-1]["fields"][self.area] += data


class Answer:
    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers
        self.body = body
        self.text = body.decode("utf-8", "replace")
        self.location = headers.get("Location")
        parser = _Forms()
        parser.feed(self.text)
        self.forms = parser.forms
        self.words = re.sub(r"\s+", " ", " ".join(parser.texts))

    def form(self, action):
        """The form that goes to `action`, or None."""
        return next((f for f in self.forms if f["action"] == action), None)


class PageClient:
    """One person's browser. `seen` gets the bytes of every answer."""

    def __init__(self, port, seen=None):
        self.port = port
        self.cookies = {}
        self.seen = [] if seen is None else seen

    def ask(self, method, path, body=None, headers=None):
        sent = {"Host": "127.0.0.1:%d" % self.port, "Sec-Fetch-Site": "same-origin"}
        if self.cookies:
            sent["Cookie"] = "; ".join("%s=%s" % c for c in self.cookies.items())
        sent.update(headers or {})
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            connection.request(method, path, body, {k: v for k, v in sent.items() if v is not None})
            response = connection.getresponse()
            answer = Answer(response.status, response.headers, response.read())
        finally:
            connection.close()
        for cookie in answer.headers.get_all("Set-Cookie") or []:
            name, value = cookie.split(";")[0].split("=", 1)
            self.cookies[name] = value
            if not value:
                del self.cookies[name]
        self.seen.append(answer.text)
        return answer

    def get(self, path, headers=None):
        return self.ask("GET", path, headers=headers)

    def post(self, path, fields, headers=None):
        sent = {"Content-Type": "application/x-www-form-urlencoded"}
        sent.update(headers or {})
        return self.ask("POST", path, urllib.parse.urlencode(fields), sent)

    def submit(self, page, action, button=None, headers=None, **changes):
        """Sends a page's form, with other values; None leaves a field out."""
        form = page.form(action)
        assert form is not None, "no form %s in %s" % (action, page.words)
        fields = dict(form["fields"])
        pressed = [b for b in form["buttons"] if not b[2] and (button is None or b[1] == button)]
        assert pressed, "no button to press in %s" % page.words
        if pressed[0][0]:
            fields[pressed[0][0]] = pressed[0][1]
        fields.update(changes)
        fields = {k: v for k, v in fields.items() if v is not None}
        return self.post(action, fields, headers)

    def log_in(self, login, password):
        return self.submit(self.get("/login"), "/login", login=login, password=password)
