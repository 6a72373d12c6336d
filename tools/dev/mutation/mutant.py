"""A mutant: one small change of a source."""

import dataclasses

# How a mutant is written, the innermost first where several share a place.
EXPRESSION, DELETED, UNCHECKED, NO_JUMP = range(4)


@dataclasses.dataclass
class Mutant:
    """One change: source[start:end] becomes `text`, or goes, by its form."""

    path: str
    start: int
    end: int
    form: int
    text: bytes
    line: int
    before: str
    after: str
    where: str  # the line of the source
    key: str = ""  # what stays true when lines are added above; unique
    id: int = 0


def plain(text):
    return " ".join(text.decode("utf-8", "replace").split())


def name_all(mutants):
    """Sorts them and gives each its key."""
    mutants.sort(key=lambda m: (m.path, m.start, m.end, m.form, m.text))
    count = {}
    for mutant in mutants:
        after = mutant.after if mutant.form != DELETED else "nothing"
        key = "%s: `%s` -> `%s` in `%s`" % (mutant.path, mutant.before, after, mutant.where)
        count[key] = count.get(key, 0) + 1
        mutant.key = key if count[key] == 1 else "%s #%d" % (key, count[key])
    return mutants
