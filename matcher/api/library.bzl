"""How the self-contained shared libraries are linked: that of C and that of Java."""

load("@rules_cc//cc:defs.bzl", "cc_binary")

def self_contained_library(name, soname, version_script, deps):
    """Declares a shared library that needs libc, libm and the loader alone.

    tools/dev/build_library builds it, with its dependencies in source form.

    Args:
      name: of the target, which is that of the file.
      soname: what programs that were linked with it look for.
      version_script: the linker's list of the symbols that are seen from outside.
      deps: what is in it.
    """
    cc_binary(
        name = name,
        additional_linker_inputs = [
            version_script,
            "//matcher/api:libstdcxx",
        ],
        linkopts = [
            "-Wl,--version-script=$(location %s)" % version_script,
            "-Wl,-soname," + soname,
            "-Wl,--no-undefined",
            "-Wl,--gc-sections",
            # Bazel adds -lstdc++ behind these.
            "$(location //matcher/api:libstdcxx)",
            "-Wl,--as-needed",
            "-static-libgcc",
        ] + select({
            # Phones have pages of 4 or 16 KiB; the linker's 64 would be half
            # empty.
            "//bazel:aarch64": ["-Wl,-z,max-page-size=16384"],
            "//conditions:default": [],
        }),
        linkshared = True,
        linkstatic = True,
        tags = ["manual"],
        deps = deps,
    )
