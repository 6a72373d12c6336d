"""Writes a source with all its mutants in it, one of which can be switched on.

`a < b` becomes `(::tekmatch_mutant(17) ? (a <= b) : (a < b))`: so one build serves
all.  Lines are not numbered as in the source, but what the compiler says of a place
in what is written leads back to the mutant (Rewritten.at).
"""

from mutation.mutant import DELETED, EXPRESSION, UNCHECKED

# On top of each file. Constant evaluation always takes the original. Ids are
# read once; each mutant reached is recorded once, by its number, in a file.
PRELUDE = rb"""#ifndef TEKMATCH_MUTANT_
#define TEKMATCH_MUTANT_
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <type_traits>
namespace tekmatch_mutation {
inline std::atomic<int> selected{-2};
inline std::atomic<bool> reached[20000];
inline bool IsSelected(int id) {
  int now = selected.load(std::memory_order_relaxed);
  if (now == -2) {
    const char* text = std::getenv("TEKMATCH_MUTANT");
    now = text == nullptr ? -1 : std::atoi(text);
    selected.store(now, std::memory_order_relaxed);
  }
  if (now == 0 && !reached[id].load(std::memory_order_relaxed) &&
      !reached[id].exchange(true)) {
    const char* name = std::getenv("TEKMATCH_MUTANTS_REACHED");
    if (std::FILE* file = name ? std::fopen(name, "a") : nullptr) {
      std::fprintf(file, "%d\n", id);
      std::fclose(file);
    }
  }
  return now == id;
}
}  // namespace tekmatch_mutation
constexpr bool tekmatch_mutant(int id) {
  return std::is_constant_evaluated() ? false : tekmatch_mutation::IsSelected(id);
}
#endif
"""
# Warnings of a header would be errors in each source that includes it.
SYSTEM_HEADER = b"#pragma GCC system_header\n"
FIRST_LINE = b"#line 1\n"


class Rewritten:
    """`text` is the file's; mutants that overlap others' edges are in `left_out`."""

    def __init__(self, path, source, mutants):
        self.source = source
        self.spans = []  # (start, end, mutant) in the body
        self.left_out = []
        places = {}
        for mutant in mutants:
            places.setdefault((mutant.start, mutant.end, mutant.form), []).append(mutant)
        order = sorted(places, key=lambda p: (p[0], -p[1], -p[2]))
        self.nested = self._nest(order, places)
        self.body = bytearray()
        self._write(0, len(source), self.nested)
        header = SYSTEM_HEADER if path.endswith(".h") else b""
        self.text = header + PRELUDE + FIRST_LINE + bytes(self.body)

    def _nest(self, order, places):
        top, stack = [], []
        for place in order:
            while stack and stack[-1][0][1] <= place[0]:
                stack.pop()
            if stack and place[1] > stack[-1][0][1]:
                self.left_out += places[place]
                continue
            node = (place, places[place], [])
            (stack[-1][2] if stack else top).append(node)
            stack.append(node)
        return top

    def _write(self, start, end, nodes):
        at = start
        for place, mutants, inner in nodes:
            self.body += self.source[at : place[0]]
            self._write_place(place, mutants, inner)
            at = place[1]
        self.body += self.source[at:end]

    def _write_place(self, place, mutants, inner):
        start, end, form = place
        first = len(self.body)
        switch = [b"::tekmatch_mutant(%d)" % m.id for m in mutants]
        if form == EXPRESSION:
            self.body += b"("
            for mutant, selected in zip(mutants, switch):
                self.body += selected + b" ? ("
                here = len(self.body)
                self.body += mutant.text
                self.spans.append((here, len(self.body), mutant))
                self.body += b") : "
            self.body += b"("
            self._write(start, end, inner)
            self.body += b"))"
        elif form == DELETED:
            self.body += b"(%s ? (void)0 : (void)(" % switch[0]
            self._write(start, end, inner)
            self.body += b"))"
        elif form == UNCHECKED:
            self.body += b"if (%s) { (void)(%s); } else " % (switch[0], mutants[0].text)
            self._write(start, end, inner)
        else:  # NO_JUMP
            self.body += b"{ if (!%s) " % switch[0]
            self._write(start, end, inner)
            self.body += b" }"
        self.spans += [(first, len(self.body), m) for m in mutants]

    def at(self, line, column):
        """Returns the mutants of the innermost place there, from 1, in the body; where
        there is none, those on the line."""
        lines = bytes(self.body).split(b"\n")
        first = sum(len(text) + 1 for text in lines[: line - 1])
        last = first + len(lines[line - 1]) if line <= len(lines) else first
        offset = first + column - 1
        around = [s for s in self.spans if s[0] <= offset < s[1]]
        if not around:
            return [s[2] for s in self.spans if s[0] < last and first < s[1]]
        least = min(s[1] - s[0] for s in around)
        return [s[2] for s in around if s[1] - s[0] == least]
