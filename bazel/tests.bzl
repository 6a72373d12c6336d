"""Targets of //tests, named as their files are, with what most tests include."""

load("@rules_cc//cc:defs.bzl", "cc_library", "cc_test")

# What unit_test links without being told; a helper's own `deps` name it.
_COMMON_DEPS = [
    "//tests:status_matchers",
    "@com_google_absl//absl/status",
    "@com_google_absl//absl/status:statusor",
    "@com_google_absl//absl/strings",
    "@com_google_absl//absl/strings:str_format",
    "@com_google_absl//absl/time",
    "@com_google_absl//absl/types:span",
    "@com_google_googletest//:gtest_main",
]

def unit_test(name, deps = [], **kwargs):
    """Declares a test by GoogleTest: NAME.cc.

    Args:
      name: of the target.
      deps: what the test includes beside _COMMON_DEPS.
      **kwargs: of cc_test, such as tags.
    """
    cc_test(
        name = name,
        size = "small",
        srcs = [name + ".cc"],
        deps = deps + _COMMON_DEPS,
        **kwargs
    )

def tool_test(name, deps = [], **kwargs):
    """Declares a unit_test that runs the tool.

    Args:
      name: of the target.
      deps: what the test includes beside what such tests have in common.
      **kwargs: of cc_test.
    """
    unit_test(
        name = name,
        deps = deps + [
            "//tests:run_tekmatch",
            "//tests:test_files",
            "@com_github_nlohmann_json//:json",
        ],
        **kwargs
    )

def test_library(name, **kwargs):
    """Declares what several tests share: NAME.h and, where there is one, NAME.cc.

    Args:
      name: of the target.
      **kwargs: of cc_library.
    """
    cc_library(
        name = name,
        testonly = True,
        srcs = native.glob([name + ".cc"]),
        hdrs = [name + ".h"],
        visibility = ["//tests:__subpackages__"],
        **kwargs
    )

def script_test(name, **kwargs):
    """Declares a test of a script, in Python: NAME.py, which is executable.

    It is told whether it runs in CI, where nothing may be skipped.

    Not a py_test: what Bazel 4 starts those with asks for `python`, which Debian
    12 does not have.

    Args:
      name: of the target.
      **kwargs: of sh_test.
    """
    native.sh_test(
        name = name,
        size = "small",
        srcs = [name + ".py"],
        env_inherit = ["CI"],
        **kwargs
    )
