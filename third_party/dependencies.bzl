"""The libraries of this project, for its own WORKSPACE and for an app's."""

load(":library.bzl", "library", "stand_in")

# Bazel's own rules load these, and would fetch them from the network.
_STAND_INS = [
    "remote_coverage_tools",
    "rules_cc",
    "rules_java",
    "rules_proto",
]

def _maybe(rule, name, **kwargs):
    """What an app's WORKSPACE has defined already stays."""
    if not native.existing_rule(name):
        rule(name = name, **kwargs)

def tekmatch_dependencies():
    """Defines all repositories that tekmatch's targets name."""
    for name in _STAND_INS:
        _maybe(stand_in, name = name)

    _maybe(
        library,
        name = "com_google_absl",
        debian_package = "libabsl-dev",
        archive_prefix = "libabsl_",
        build_file = Label("//third_party:absl.system.BUILD"),
        packages = {
            "absl/algorithm": ["algorithm", "container"],
            "absl/base": ["base", "config", "core_headers", "dynamic_annotations", "endian", "log_severity", "prefetch"],
            "absl/cleanup": ["cleanup"],
            "absl/container": ["btree", "fixed_array", "flat_hash_map", "flat_hash_set", "inlined_vector", "node_hash_map", "node_hash_set"],
            "absl/debugging": ["failure_signal_handler", "leak_check", "stacktrace", "symbolize"],
            "absl/flags": ["flag", "marshalling", "parse", "reflection", "usage"],
            "absl/functional": ["any_invocable", "bind_front", "function_ref"],
            "absl/hash": ["hash"],
            "absl/memory": ["memory"],
            "absl/meta": ["type_traits"],
            "absl/numeric": ["bits", "int128"],
            "absl/random": ["bit_gen_ref", "distributions", "random", "seed_sequences"],
            "absl/status": ["status", "statusor"],
            "absl/strings": ["cord", "str_format", "strings"],
            "absl/synchronization": ["synchronization"],
            "absl/time": ["time"],
            "absl/types": ["any", "compare", "optional", "span", "variant"],
            "absl/utility": ["utility"],
        },
        probe = "/usr/include/absl/base/config.h",
    )

    _maybe(
        library,
        name = "com_google_googletest",
        debian_package = "libgtest-dev libgmock-dev",
        build_file = Label("//third_party:googletest.system.BUILD"),
        probe = "/usr/include/gmock/gmock.h",
    )

    # Makes worlds for tests of laws, and shrinks the ones that break them.
    _maybe(
        library,
        name = "com_github_emil_e_rapidcheck",
        debian_package = "librapidcheck-dev",
        build_file = Label("//third_party:rapidcheck.system.BUILD"),
        probe = "/usr/include/rapidcheck.h",
    )

    _maybe(
        library,
        name = "com_github_google_benchmark",
        debian_package = "libbenchmark-dev",
        build_file = Label("//third_party:benchmark.system.BUILD"),
        probe = "/usr/include/benchmark/benchmark.h",
    )

    _maybe(
        library,
        name = "boringssl",
        debian_package = "android-libboringssl-dev",
        build_file = Label("//third_party:boringssl.system.BUILD"),
        probe = "/usr/include/android/openssl/base.h",
    )

    _maybe(
        library,
        name = "com_google_protobuf",
        debian_package = "libprotobuf-dev protobuf-compiler",
        build_file = Label("//third_party:protobuf.system.BUILD"),
        probe = "/usr/include/google/protobuf/message.h",
    )

    _maybe(
        library,
        name = "com_github_intel_isa_l",
        debian_package = "libisal-dev",
        build_file = Label("//third_party:isal.system.BUILD"),
        probe = "/usr/include/isa-l/igzip_lib.h",
    )

    _maybe(
        library,
        name = "zlib",
        debian_package = "zlib1g-dev",
        build_file = Label("//third_party:zlib.system.BUILD"),
        probe = "/usr/include/zlib.h",
    )

    _maybe(
        library,
        name = "minizip",
        debian_package = "libminizip-dev",
        build_file = Label("//third_party:minizip.system.BUILD"),
        probe = "/usr/include/minizip/unzip.h",
    )

    _maybe(
        library,
        name = "sqlite3",
        debian_package = "libsqlite3-dev",
        build_file = Label("//third_party:sqlite3.system.BUILD"),
        probe = "/usr/include/sqlite3.h",
    )

    _maybe(
        library,
        name = "com_github_google_leveldb",
        debian_package = "libleveldb-dev libsnappy-dev",
        build_file = Label("//third_party:leveldb.system.BUILD"),
        probe = "/usr/include/leveldb/db.h",
    )

    _maybe(
        library,
        name = "com_github_google_snappy",
        debian_package = "libsnappy-dev",
        build_file = Label("//third_party:snappy.system.BUILD"),
        probe = "/usr/include/snappy.h",
    )

    _maybe(
        library,
        name = "com_github_nlohmann_json",
        debian_package = "nlohmann-json3-dev",
        build_file = Label("//third_party:nlohmann_json.system.BUILD"),
        probe = "/usr/include/nlohmann/json.hpp",
    )

    _maybe(
        library,
        name = "com_github_cliutils_cli11",
        debian_package = "libcli11-dev",
        build_file = Label("//third_party:cli11.system.BUILD"),
        probe = "/usr/include/CLI/CLI.hpp",
    )

    # What registration alone uses.  curl with GnuTLS: one with OpenSSL crashes in
    # a process that has BoringSSL, too.
    _maybe(
        library,
        name = "microhttpd",
        debian_package = "libmicrohttpd-dev",
        build_file = Label("//third_party:microhttpd.system.BUILD"),
        probe = "/usr/include/microhttpd.h",
    )

    _maybe(
        library,
        name = "curl_gnutls",
        debian_package = "libcurl4-gnutls-dev",
        build_file = Label("//third_party:curl_gnutls.system.BUILD"),
        probe = "/usr/share/doc/libcurl4-gnutls-dev",
    )

    _maybe(
        library,
        name = "argon2",
        debian_package = "libargon2-dev",
        build_file = Label("//third_party:argon2.system.BUILD"),
        probe = "/usr/include/argon2.h",
    )

    # Only the classes of matcher/api/java ask for this one.
    _maybe(
        library,
        name = "jdk",
        debian_package = "default-jdk-headless",
        build_file = Label("//third_party:jdk.system.BUILD"),
        path = "/usr/lib/jvm/default-java/include",
        probe = "/usr/lib/jvm/default-java/include/jni.h",
    )

    # Only Abseil's source and Bazel 7 itself ask for this one.
    _maybe(
        library,
        name = "bazel_skylib",
        debian_package = "bazel-skylib",
        path = "/usr/share/bazel/tools/skylib",
        probe = "/usr/share/bazel/tools/skylib/lib/selects.bzl",
    )
