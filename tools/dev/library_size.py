#!/usr/bin/env python3
"""Says what takes the space in a library: bytes of its symbols, by their origin.

Usage: tools/dev/library_size.py NM LIBRARY

LIBRARY is not stripped. Origins are known by names: BoringSSL has no common
prefix, so that what C has and nobody else claims is its.
"""

import re
import subprocess
import sys

# In this order: the first that is found in a demangled name counts.
ORIGINS = [
    ("JSON", r"\bnlohmann\b"),
    ("tekmatch", r"\btekmatch\b|^tekmatch_"),
    ("Abseil", r"\babsl\b|^Absl|^absl"),
    ("Protocol Buffers", r"\bgoogle::protobuf\b"),
    ("SQLite", r"^sqlite3|^sqlite"),
    (
        "C++ library",
        r"\bstd::|__cxa|__gnu_cxx|__cxxabi|^operator (new|delete)|\b_Unwind|^__gxx"
        r"|^(typeinfo|vtable|VTT|construction vtable) |d_(print|demangle|type|name)"
        r"|^_?d_|^cplus_demangle|^__gcc_|^uw_|^base_of|^read_encoded|^size_of_encoded",
    ),
]


def main():
    nm, library = sys.argv[1:]
    listing = subprocess.run(
        [nm, "-S", "--size-sort", "--demangle", library],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    sizes = {}
    seen = set()
    for line in listing.splitlines():
        address, size, kind, name = line.split(" ", 3)
        # Uninitialised data takes no space, and aliases take theirs once.
        if kind in "bB" or address in seen:
            continue
        seen.add(address)
        origin = next(
            (o for o, pattern in ORIGINS if re.search(pattern, name)),
            "C (BoringSSL, zlib)",
        )
        sizes[origin] = sizes.get(origin, 0) + int(size, 16)
    for origin, size in sorted(sizes.items(), key=lambda item: -item[1]):
        print("%9d  %s" % (size, origin))
    print("%9d  all symbols; the rest is tables for linking and unwinding" % sum(sizes.values()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
