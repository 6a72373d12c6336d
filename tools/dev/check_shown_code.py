#!/usr/bin/env python3
"""Fails where a document shows code that is not in a file.

Usage: tools/dev/check_shown_code.py DOCUMENT.md LANGUAGE FILE...

Each block of the language in the document has to stand in one of the files, line
by line, apart from its indentation.
"""

import re
import sys
import textwrap


def flat(text):
    """Lines of the text, each without what all of them begin with."""
    return textwrap.dedent(text).rstrip().split("\n")


def is_in(block, lines):
    """Whether the lines of the block follow on one another in the file, deeper by
    the same indentation."""
    for start in range(len(lines) - len(block) + 1):
        part = textwrap.dedent("\n".join(lines[start : start + len(block)]))
        if part.split("\n") == block:
            return True
    return False


def main():
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    document, language = sys.argv[1:3]
    files = []
    for path in sys.argv[3:]:
        with open(path, encoding="utf-8") as f:
            files.append([line.rstrip() for line in f.read().split("\n")])
    with open(document, encoding="utf-8") as f:
        blocks = re.findall(
            r"^```%s\n(.*?)^```$" % re.escape(language), f.read(), re.M | re.S
        )
    defects = [b for b in blocks if not any(is_in(flat(b), lines) for lines in files)]
    for block in defects:
        print("%s: in no file:\n%s" % (document, block))
    print("%d blocks of %s in %s" % (len(blocks), language, document))
    return 1 if defects or not blocks else 0


if __name__ == "__main__":
    sys.exit(main())
