#!/usr/bin/env python3
"""Writes compile_commands.json for clangd and clang-tidy from `bazel aquery`.

Usage: tools/dev/compile_commands.py [--arm64] [bazel target pattern]  (default //...)
Generated headers have to be built first: bazel build //...

The commands are GCC's, so that no second configuration has to be built, less
what Clang does not understand.  With --arm64 they include those of the kernels
for 64-bit Arm, which another compiler builds (tools/dev/setup.sh --arm64).
"""

import json
import os
import subprocess
import sys

GCC_ONLY = frozenset(["-fno-canonical-system-headers", "-Wno-free-nonheap-object"])

# "manual", which //... leaves out; the first needs the JDK's header.
JNI = "//matcher/api/java:jni"
JNI_HEADER = "/usr/lib/jvm/default-java/include/jni.h"
MANUAL = [
    "//tests/matcher/kernels:hidden_keys",
    "//tests/matcher/kernels:x86_vaes512_msan",
    "//tests/registration/service:hidden_token",
]


def clang_arguments(arguments, repositories):
    """Returns the arguments of a GCC compile action as Clang takes them.

    `repositories` is the folder that the actions call external.
    """
    result = []
    rest = iter(arguments)
    for argument in rest:
        if argument in GCC_ONLY:
            continue
        if argument == "-MF":  # The file of dependencies belongs to Bazel.
            next(rest)
            continue
        if argument == "-iquote":
            folder = next(rest)
            # Generated headers are not ours to tidy.
            generated = folder.startswith("bazel-out/")
            result += ["-isystem" if generated else "-iquote", folder]
            continue
        # Headers that are in a repository themselves: the JDK's.
        if result[-1:] == ["-isystem"] and argument.startswith("external/"):
            argument = repositories + argument[len("external") :]
        result.append(argument)
    return result


def bazel(*arguments):
    result = subprocess.run(
        ["bazel", *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    if result.returncode:
        sys.exit("bazel %s: %s" % (arguments[0], result.stderr))
    return result.stdout


def compile_actions(pattern, *options):
    """Yields (source, arguments) of the tree's own compilations."""
    query = 'mnemonic("CppCompile", %s)' % pattern
    output = bazel("aquery", "--output=jsonproto", *options, query)
    for action in json.loads(output)["actions"]:
        arguments = action["arguments"]
        source = arguments[arguments.index("-c") + 1]
        if not source.startswith(("external/", "bazel-out/")):
            yield source, arguments


def main():
    arguments = sys.argv[1:]
    arm64 = "--arm64" in arguments
    if arm64:
        arguments.remove("--arm64")
    root = bazel("info", "workspace").strip()
    repositories = bazel("info", "output_base").strip() + "/external"
    found = []
    if arm64:
        kernels = compile_actions("//matcher/kernels:arm64_crypto", "--config=arm64")
        for source, command in kernels:
            found.append((source, command + ["--target=aarch64-linux-gnu"]))
    # Last, so that Bazel goes on with this configuration.
    if not arguments and os.path.exists(JNI_HEADER):
        found += compile_actions(JNI)
    if not arguments:
        for target in MANUAL:
            found += compile_actions(target)
    found += compile_actions(arguments[0] if arguments else "//...")
    commands = {
        source: {
            "directory": root,
            "file": source,
            "arguments": clang_arguments(command, repositories),
        }
        for source, command in found
    }
    with open(os.path.join(root, "compile_commands.json"), "w", encoding="utf-8") as f:
        json.dump(list(commands.values()), f, indent=1)


if __name__ == "__main__":
    main()
