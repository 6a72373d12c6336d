"""What a person does without a mouse: keys, a date by its parts, the clipboard, an
input method."""

TAB, ENTER, SPACE, BACKSPACE = "\ue004", "\ue007", " ", "\ue003"
SHIFT, CONTROL = "\ue008", "\ue009"
LEFT, UP, RIGHT, DOWN = "\ue012", "\ue013", "\ue014", "\ue015"


class Keyboard:
    """Of webdriver.py's Browser."""

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
