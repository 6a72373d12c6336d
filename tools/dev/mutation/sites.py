"""Finds what can be changed in C++ sources: the mutants.

Clang parses each source as Bazel compiles it.  What it calls an expression or a
statement gives the places; the text between two operands gives the operator, for
libclang 14 does not.  Left out: what a macro writes (but not the arguments of the
TEKMATCH_ macros), enumerators, case labels, static assertions, constants outside
functions, and template arguments.
"""

import bisect
import ctypes
import re
import sys

try:
    from clang import cindex
except ImportError:  # Another Python than Debian's, which has the module.
    sys.path.append("/usr/lib/python3/dist-packages")
    from clang import cindex
from mutation.mutant import DELETED, EXPRESSION, NO_JUMP, UNCHECKED, Mutant, plain

Kind = cindex.CursorKind

# What takes an operator's place.
OPERATORS = {
    b"<": [b"<=", b">="],
    b"<=": [b"<", b">"],
    b">": [b">=", b"<="],
    b">=": [b">", b"<"],
    b"==": [b"!="],
    b"!=": [b"=="],
    b"+": [b"-"],
    b"-": [b"+"],
    b"*": [b"/"],
    b"/": [b"*"],
    b"%": [b"*"],
    b"<<": [b">>"],
    b">>": [b"<<"],
    b"&": [b"|"],
    b"|": [b"&"],
    b"^": [b"&"],
    b"&&": [b"||"],
    b"||": [b"&&"],
    b"+=": [b"-="],
    b"-=": [b"+="],
    b"*=": [b"/="],
    b"/=": [b"*="],
    b"<<=": [b">>="],
    b">>=": [b"<<="],
    b"&=": [b"|="],
    b"|=": [b"&="],
    b"^=": [b"&="],
}
RELATIONS = frozenset([b"<", b"<=", b">", b">=", b"==", b"!="])
LOGIC = frozenset([b"&&", b"||"])
INTEGER = re.compile(rb"(0[xX][0-9a-fA-F']+|[0-9][0-9']*)([uUlLzZ]*)")
ERROR = re.compile(rb"absl::\w+Error\(")
SPEED = re.compile(rb"(\.|->)reserve\(|__builtin_prefetch\(")
COMMENT = re.compile(rb"//[^\n]*|/\*.*?\*/", re.DOTALL)

def file_offset(location):
    """Returns (file's name, offset) of a location: a macro's argument is where it is
    written, which Python's own interface does not say."""
    file, offset = ctypes.c_void_p(), ctypes.c_uint()
    function = cindex.conf.lib.clang_getFileLocation
    function.argtypes = [cindex.SourceLocation] + [ctypes.c_void_p] * 4
    function(location, ctypes.byref(file), None, None, ctypes.byref(offset))
    return file.value, offset.value


class File:
    """A source's text and what was found in it."""

    def __init__(self, path, text):
        self.path = path
        self.text = text
        self.lines = [0] + [m.end() for m in re.finditer(b"\n", text)]
        self.macros = []  # (start, end, start of arguments, end), of each use
        self.found = {}

    def line_of(self, offset):
        return bisect.bisect_right(self.lines, offset)

    def in_macro(self, start, end):
        """Says whether the span was written by a macro, or lies in the arguments
        of one that may use them twice or not at all."""
        for first, last, open_, close in self.macros:
            if end <= first or last <= start or (start <= first and last <= end):
                if (start, end) != (first, last):
                    continue
            if not (open_ <= start and end <= close):
                return True
        return False

    def add(self, start, end, form, text, after, at=None):
        if self.in_macro(start, end) and form != UNCHECKED:
            return
        before = self.text[start:end]
        line = self.line_of(start if at is None else at)
        where = self.text[self.lines[line - 1] :].split(b"\n", 1)[0]
        mutant = Mutant(
            self.path, start, end, form, text, line, plain(before), plain(after), plain(where)
        )
        self.found[start, end, form, text] = mutant


class Finder:
    """Walks one translation unit."""

    def __init__(self, unit, files):
        self.files = files  # by libclang's handle
        for cursor in unit.cursor.get_children():
            file = self.file_of(cursor)
            if file is None:
                continue
            if cursor.kind == Kind.MACRO_INSTANTIATION:
                self.add_macro(file, cursor)
        for cursor in unit.cursor.get_children():
            if self.file_of(cursor) is not None and not cursor.kind.is_preprocessing():
                self.walk(cursor, None, None)

    def file_of(self, cursor):
        return self.files.get(file_offset(cursor.extent.start)[0])

    @staticmethod
    def add_macro(file, cursor):
        start, end = cursor.extent.start.offset, cursor.extent.end.offset
        open_ = close = start  # no arguments
        if cursor.spelling.startswith("TEKMATCH_"):
            inside = file.text.find(b"(", start, end)
            if inside >= 0:
                open_, close = inside + 1, end - 1
        file.macros.append((start, end, open_, close))
        if cursor.spelling == "TEKMATCH_RETURN_IF_ERROR":
            arguments = file.text[open_:close]
            file.add(start, end, UNCHECKED, arguments, b"(void)(%s)" % arguments)

    def span(self, cursor):
        """Returns (file, start, end) or None."""
        first, start = file_offset(cursor.extent.start)
        last, end = file_offset(cursor.extent.end)
        file = self.files.get(first)
        if file is None or first != last or start >= end:
            return None
        return file, start, end

    def walk(self, cursor, parent, function):
        """`function` is the result's type of the function around, or None."""
        kind = cursor.kind
        if kind in (Kind.ENUM_DECL, Kind.STATIC_ASSERT, Kind.TYPE_REF, Kind.TEMPLATE_REF):
            return
        if cursor.spelling == "__builtin_prefetch":  # Wants constants; only speed.
            return
        children = list(cursor.get_children())
        if kind in (Kind.FUNCTION_DECL, Kind.CXX_METHOD, Kind.CONVERSION_FUNCTION):
            function = cursor.result_type.spelling
        elif kind in (Kind.CONSTRUCTOR, Kind.DESTRUCTOR, Kind.LAMBDA_EXPR):
            function = None
        elif kind == Kind.FUNCTION_TEMPLATE:
            function = cursor.result_type.spelling
        elif kind == Kind.VAR_DECL:
            span = self.span(cursor)
            if span is None:
                return
            file, start, end = span
            name = file_offset(cursor.location)[1]
            constant = re.search(rb"\bconst(expr|init)\b", file.text[start:name])
            if constant or cursor.semantic_parent.kind in (
                Kind.NAMESPACE,
                Kind.TRANSLATION_UNIT,
            ):
                return
            # Template arguments of its type come first.
            children = [c for c in children if file_offset(c.extent.start)[1] > name]
        elif kind in (Kind.FIELD_DECL, Kind.PARM_DECL):
            name = file_offset(cursor.location)[1]
            children = [c for c in children if file_offset(c.extent.start)[1] > name]
        elif kind == Kind.CASE_STMT:
            children = children[1:]
        self.visit(cursor, children, parent, function)
        for child in children:
            self.walk(child, cursor, function)

    def visit(self, cursor, children, parent, function):
        span = self.span(cursor)
        if span is None:
            return
        file, start, end = span
        text = file.text[start:end]
        kind = cursor.kind
        if kind in (Kind.BINARY_OPERATOR, Kind.COMPOUND_ASSIGNMENT_OPERATOR):
            self.operator(file, start, end, children, OPERATORS)
        elif kind == Kind.CALL_EXPR and len(children) >= 2:
            self.operator(file, start, end, children, RELATIONS)
        elif kind == Kind.INTEGER_LITERAL:
            self.integer(file, start, end, text)
        elif kind == Kind.CXX_BOOL_LITERAL_EXPR and text in (b"true", b"false"):
            other = b"false" if text == b"true" else b"true"
            file.add(start, end, EXPRESSION, other, other)
        elif kind in (Kind.IF_STMT, Kind.WHILE_STMT, Kind.CONDITIONAL_OPERATOR):
            if children and not re.match(rb"if\s+constexpr", text):
                condition = children[0]
                if condition.kind == Kind.DECL_STMT and kind == Kind.IF_STMT:
                    condition = children[1]
                self.negate(condition)
        elif kind == Kind.RETURN_STMT and children:
            self.result(children[0], function)
        elif kind in (Kind.BREAK_STMT, Kind.CONTINUE_STMT):
            semicolon = file.text.find(b";", end)
            if file.text[end:semicolon].strip() == b"":
                file.add(start, semicolon + 1, NO_JUMP, b"", b";")
        if parent is not None and kind.is_expression():
            self.statement(file, start, end, cursor, parent)

    def operands(self, file, children):
        """Returns (start, end, operator) of what is between two operands."""
        left, right = self.span(children[0]), self.span(children[-1])
        if left is None or right is None or left[0] is not file or right[0] is not file:
            return None
        between = file.text[left[2] : right[1]]
        operator = COMMENT.sub(b"", between).strip()
        if COMMENT.search(between) or operator not in OPERATORS:
            return None
        at = left[2] + between.index(operator)
        return at, at + len(operator), operator

    def operator(self, file, start, end, children, known):
        if len(children) < 2:
            return
        place = self.operands(file, children)
        if place is None or place[2] not in known:
            return
        at, after_it, operator = place
        for other in OPERATORS[operator]:
            text = file.text[start:at] + other + file.text[after_it:end]
            file.add(start, end, EXPRESSION, text, text, at)

    @staticmethod
    def integer(file, start, end, text):
        match = INTEGER.fullmatch(text)
        # A template argument stands beside its bracket.
        if match is None or file.text[start - 1 : start] == b"<":
            return
        if file.text[end : end + 1] == b">" or file.text[start - 1 : start] == b"[":
            return
        value = int(match.group(1).replace(b"'", b"") or b"0", 0)
        for other in {value + 1, max(value - 1, 0)} - {value}:
            replacement = b"%d%s" % (other, match.group(2))
            file.add(start, end, EXPRESSION, replacement, replacement)

    def negate(self, condition):
        """A relation's own mutants negate it, and those of && and || are enough."""
        span = self.span(condition)
        if span is None or not condition.kind.is_expression():
            return
        file, start, end = span
        inner = condition
        while inner.kind in (Kind.PAREN_EXPR, Kind.UNEXPOSED_EXPR):
            parts = list(inner.get_children())
            if len(parts) != 1:
                break
            inner = parts[0]
        parts = list(inner.get_children())
        if inner.kind in (Kind.BINARY_OPERATOR, Kind.CALL_EXPR) and len(parts) >= 2:
            place = self.operands(file, parts)
            if place is not None and (place[2] in RELATIONS or place[2] in LOGIC):
                return
        if inner.kind == Kind.CXX_BOOL_LITERAL_EXPR:
            return
        text = b"!(%s)" % file.text[start:end]
        file.add(start, end, EXPRESSION, text, text)

    def result(self, value, function):
        span = self.span(value)
        if span is None or function is None:
            return
        file, start, end = span
        if function == "absl::Status":
            if file.text[start:end] != b"absl::OkStatus()":
                file.add(start, end, EXPRESSION, b"absl::OkStatus()", b"absl::OkStatus()")
        elif function == "bool":
            self.negate(value)

    def statement(self, file, start, end, cursor, parent):
        """A call, an assignment or a step that stands alone is left out."""
        if parent.kind in (Kind.COMPOUND_STMT, Kind.CASE_STMT, Kind.DEFAULT_STMT):
            pass
        elif parent.kind in (Kind.IF_STMT, Kind.WHILE_STMT, Kind.CXX_FOR_RANGE_STMT):
            if not file.text[:start].rstrip().endswith((b")", b"else")):
                return
        elif parent.kind == Kind.FOR_STMT:
            if not file.text[:start].rstrip().endswith(b")"):
                return
        else:
            return
        if file.text[end : end + 1] != b";":
            return
        if parent.kind == Kind.IF_STMT and cursor == next(parent.get_children()):
            return  # `if (a; b)`
        if SPEED.search(file.text, start, end):
            return
        file.add(start, end, DELETED, b"", b"")


def find(path, text, arguments, folder, wanted, seen):
    """Returns the mutants of a source and of the headers it includes.

    `wanted(path)` says whether a file's mutants are asked for, `seen` holds the
    headers that another source has shown. Raises RuntimeError when Clang does not
    understand the source.
    """
    index = cindex.Index.create()
    unit = index.parse(
        path,
        args=arguments,
        options=cindex.TranslationUnit.PARSE_DETAILED_PROCESSING_RECORD,
    )
    errors = [d for d in unit.diagnostics if d.severity >= cindex.Diagnostic.Error]
    if errors:
        raise RuntimeError("Clang does not understand %s: %s" % (path, errors[0]))
    files = {}
    names = {path: path}
    for inclusion in unit.get_includes():
        name = inclusion.include.name
        names[name[2:] if name.startswith("./") else name] = name
    for name, spelled in names.items():
        if not wanted(name) or name in seen:
            continue
        handle = unit.get_file(spelled)
        with open("%s/%s" % (folder, name), "rb") as f:
            content = f.read()
        location = cindex.SourceLocation.from_offset(unit, handle, 0)
        files[file_offset(location)[0]] = File(name, content)
    Finder(unit, files)
    result = []
    for file in files.values():
        seen.add(file.path)
        result += file.found.values()
    return result
