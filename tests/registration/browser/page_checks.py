"""What holds for every page, as a browser has it.

Language, headings, names of fields for screen readers, focus that can be seen,
contrast of all text on light and on dark, width on a small screen, no request to
anybody else, the policy that the answer carries, nothing on the console, and no
processing number but where the person typed it. Each page is kept as pictures,
320 and 1000 pixels wide, among the outputs of the test.
"""

import os
import re
import tempfile

from keyboard import TAB

OUTPUTS = os.environ.get("TEST_UNDECLARED_OUTPUTS_DIR", tempfile.gettempdir())
WIDTHS = (320, 1000)
POLICY = "default-src 'self'"

# WCAG 2.2: relative luminance, contrast ratio. Grounds are laid over each other
# from the text's element up to the page's own.
COLOURS = r"""
function parts(colour) {
  const p = colour.match(/[\d.]+/g).map(Number);
  return [p[0], p[1], p[2], p.length > 3 ? p[3] : 1];
}
function over(top, below) {
  return [0, 1, 2].map(i => top[i] * top[3] + below[i] * (1 - top[3])).concat([1]);
}
function ground(element) {
  const layers = [];
  for (let e = element; e; e = e.parentElement) {
    const style = getComputedStyle(e);
    if (style.backgroundImage !== "none") throw Error("a picture below text");
    layers.push(parts(style.backgroundColor));
    if (layers.at(-1)[3] === 1) break;
  }
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  let colour = dark ? [18, 18, 18, 1] : [255, 255, 255, 1];
  for (const layer of layers.reverse()) colour = over(layer, colour);
  return colour;
}
function luminance(colour) {
  const [r, g, b] = colour.slice(0, 3).map(c => c / 255).map(
    c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
function contrast(a, b) {
  const [x, y] = [luminance(a), luminance(b)];
  return (Math.max(x, y) + 0.05) / (Math.min(x, y) + 0.05);
}
"""

FAINT = (
    COLOURS
    + r"""
const faint = [];
let texts = 0;
function look(element, colour, what, least) {
  const below = ground(element);
  const ratio = contrast(over(parts(colour), below), below);
  ++texts;
  if (ratio < least) faint.push(what + " " + ratio.toFixed(2));
}
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (walker.nextNode()) {
  const text = walker.currentNode.textContent.trim(), e = walker.currentNode.parentElement;
  if (!text || !e.checkVisibility()) continue;
  let opacity = 1;
  for (let a = e; a; a = a.parentElement) opacity *= getComputedStyle(a).opacity;
  if (opacity < 1) faint.push("see-through: " + text);
  look(e, getComputedStyle(e).color, text, 4.5);
}
for (const e of document.querySelectorAll("input, textarea")) {
  if (e.type === "hidden") continue;
  const style = getComputedStyle(e);
  look(e, style.color, "in " + e.name, 4.5);
  if (e.placeholder) look(e, getComputedStyle(e, "::placeholder").color, e.placeholder, 4.5);
  // The edge of a field, on what is around it.
  if (!["radio", "checkbox"].includes(e.type)) {
    look(e.parentElement, style.borderTopColor, "edge of " + e.name, 3);
  }
}
return [texts, faint];
"""
)

# Whether the element with the focus shows that it has it: an outline that can be
# told from its ground.
FOCUS = (
    COLOURS
    + r"""
const e = document.activeElement;
if (e === document.body || e === document.documentElement) return null;
const style = getComputedStyle(e), box = e.getBoundingClientRect();
const seen = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2 &&
  contrast(parts(style.outlineColor), ground(e.parentElement)) >= 3 &&
  box.width > 0 && box.right > 0 && box.bottom > 0;
const group = e.type === "radio" ? e.name : "";
window.focusIds = window.focusIds || new Map();
if (!focusIds.has(e)) focusIds.set(e, focusIds.size);
return [focusIds.get(e), group, seen, e.tagName + " " + (e.name || e.textContent.trim())];
"""
)

FOCUSABLE = r"""
const groups = new Set();
return [...document.querySelectorAll("a[href], button, input, textarea, select, [tabindex]")]
  .filter(e => !e.disabled && e.type !== "hidden" && e.tabIndex >= 0 && e.checkVisibility())
  .filter(e => {
    if (e.type !== "radio") return true;
    if (groups.has(e.name)) return false;
    groups.add(e.name);
    return true;
  }).length;
"""

STRUCTURE = r"""
const bad = [];
const all = css => [...document.querySelectorAll(css)];
if (document.documentElement.lang !== "ja") bad.push("lang");
if (!document.title.trim()) bad.push("no title");
if (all("h1").length !== 1) bad.push(all("h1").length + " h1");
let level = 0;
for (const h of all("h1, h2, h3, h4, h5, h6")) {
  const n = Number(h.tagName[1]);
  if (n > level + 1) bad.push("heading skips a level: " + h.textContent);
  level = n;
}
if (all("main").length !== 1) bad.push("main");
for (const css of ["script", "iframe", "object", "embed", "img", "[style]", "style"]) {
  if (document.querySelector(css)) bad.push(css);
}
const ids = all("[id]").map(e => e.id);
if (new Set(ids).size !== ids.length) bad.push("an id twice: " + ids);
for (const e of all("[aria-describedby]")) {
  for (const id of e.getAttribute("aria-describedby").split(" ")) {
    if (!document.getElementById(id)) bad.push("described by " + id + ", which is not there");
  }
}
for (const e of all("a[href^='#']")) {
  if (!document.getElementById(e.getAttribute("href").slice(1))) bad.push("dead " + e.href);
}
for (const e of all("input, textarea, select")) {
  if (e.type !== "hidden" && e.labels.length === 0) bad.push("no label: " + e.name);
}
for (const e of all("input[type=radio]")) {
  const set = e.closest("fieldset");
  if (!set || !set.querySelector("legend")) bad.push("no legend: " + e.name);
}
for (const e of all("form")) {
  if (e.method !== "post" || !e.querySelector("[type=hidden][name=token]")) bad.push("form");
}
for (const e of all("table")) {
  if (!e.caption || e.querySelector("th:not([scope])")) bad.push("table");
}
for (const e of all("[tabindex]")) if (e.tabIndex > 0) bad.push("tabindex");
// Targets have 24 pixels each way (WCAG 2.5.8), but for links within text.
for (const e of all("button, input, textarea, select, nav a")) {
  const box = e.getBoundingClientRect();
  const label = e.labels && e.labels.length ? e.labels[0].getBoundingClientRect() : box;
  if (e.type !== "hidden" && Math.max(box.height, label.height) < 24) {
    bad.push("small: " + (e.name || e.textContent));
  }
}
return bad;
"""

WIDE = r"""
const wide = [...document.querySelectorAll("body, body *")].filter(e =>
  !(e.parentElement && e.parentElement.closest(".scroll")) &&
  !e.matches(".skip") && e.getBoundingClientRect().right > innerWidth + 1);
return [document.documentElement.scrollWidth > innerWidth, wide.map(e => e.tagName)];
"""

# What a page's text has of 8 digits, with or without what may part them.
NUMBER = re.compile(r"(?<![0-9０-９])[0-9０-９](?:[-－ 　]?[0-9０-９]){7}(?![0-9０-９])")
# Telephones and dates.
NO_NUMBER = re.compile(
    r"(?<!\d)(?:0\d{1,3}-\d{2,4}-\d{4}|0120-\d{6}|(?:19|20)\d\d-\d\d-\d\d)(?!\d)"
)


class PageChecks:
    """Of a test case: look() at a page that is open in self.browser."""

    def look(self, name, numbers=(), typed=False):
        """`numbers`: the processing numbers that were sent. `typed`: the page may
        have one as the value of a field, since the person typed it, or came by a
        link with it."""
        browser = self.browser
        self.assertEqual(browser.run(STRUCTURE), [], name)
        for css in ("input:not([type=hidden])", "textarea", "button", "a"):
            for element in browser.find_all(css):
                self.assertNotEqual(element.label.strip(), "", (name, css, element.text))
        self.looks(name)
        self.takes_the_focus(name)
        self.keeps_numbers(name, numbers, typed)
        self.asks_nobody_else(name)

    def looks(self, name):
        browser = self.browser
        for dark in (False, True):
            for width in WIDTHS:
                browser.screen(width, dark=dark)
                kind = "-dark" if dark else ""
                browser.screenshot(os.path.join(OUTPUTS, "%s-%d%s.png" % (name, width, kind)))
                self.assertEqual(browser.run(WIDE), [False, []], (name, width))
            texts, faint = browser.run(FAINT)
            self.assertEqual(faint, [], (name, dark))
            self.assertGreater(texts, 3, name)
        browser.screen(1000)

    def takes_the_focus(self, name):
        """Tab reaches all that can be used, and shows where it is."""
        browser = self.browser
        wanted = browser.run(FOCUSABLE)
        browser.run("document.activeElement.blur()")
        reached, groups = set(), set()
        for _ in range(wanted + 10):
            browser.press(TAB)
            focus = browser.run(FOCUS)
            if focus is None:
                continue  # the end of the page
            identity, group, seen, what = focus
            self.assertTrue(seen, (name, what))
            if group:
                groups.add(group)
            else:
                reached.add(identity)
            if len(reached) + len(groups) == wanted:
                break
        self.assertEqual(len(reached) + len(groups), wanted, name)

    def keeps_numbers(self, name, numbers, typed):
        html = self.browser.html
        if typed:
            for element in self.browser.find_all("input[name=number]"):
                html = html.replace('value="%s"' % element.value, "")
        for number in numbers:
            self.assertNotIn(number, html, name)
        self.assertEqual(NUMBER.findall(NO_NUMBER.sub("", self.browser.text)), [], name)

    def asks_nobody_else(self, name):
        """And nobody is told where a person was: no other site's addresses."""
        browser = self.browser
        ours = browser.run("return location.origin") + "/"
        for url in browser.requests():
            self.assertTrue(url.startswith((ours, "data:")), (name, url))
        documents = browser.documents()
        self.assertNotEqual(documents, [], name)
        for url, _, headers in documents:
            policy = headers.get("content-security-policy", "")
            self.assertEqual(policy.split(";")[0], POLICY, url)
            self.assertNotIn("unsafe", policy, url)
            self.assertEqual(headers.get("cache-control"), "no-store", url)
            self.assertEqual(headers.get("content-type"), "text/html; charset=utf-8", url)
        self.assertEqual(browser.console_errors(), [], name)
