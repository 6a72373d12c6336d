"""The libraries of this project."""

load("//third_party:library.bzl", "library")

_GITHUB = "https://github.com/"

def dependencies():
    library(
        name = "com_google_absl",
        debian_package = "libabsl-dev",
        system_archive_prefix = "libabsl_",
        system_build_file = "//third_party:absl.system.BUILD",
        system_packages = {
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
        system_probe = "/usr/include/absl/base/config.h",
    )

    library(
        name = "com_google_googletest",
        debian_package = "libgtest-dev libgmock-dev",
        sha256 = "81964fe578e9bd7c94dfdb09c8e4d6e6759e19967e397dbea48d1c10e45d0df2",
        strip_prefix = "googletest-release-1.12.1",
        system_build_file = "//third_party:googletest.system.BUILD",
        system_probe = "/usr/include/gmock/gmock.h",
        urls = [
            _GITHUB + "google/googletest/archive/refs/tags/release-1.12.1.tar.gz",
        ],
    )

    library(
        name = "com_github_google_benchmark",
        debian_package = "libbenchmark-dev",
        sha256 = "6430e4092653380d9dc4ccb45a1e2dc9259d581f4866dc0759713126056bc1d7",
        strip_prefix = "benchmark-1.7.1",
        system_build_file = "//third_party:benchmark.system.BUILD",
        system_probe = "/usr/include/benchmark/benchmark.h",
        urls = [
            _GITHUB + "google/benchmark/archive/refs/tags/v1.7.1.tar.gz",
        ],
    )

    library(
        name = "boringssl",
        debian_package = "android-libboringssl-dev",
        system_build_file = "//third_party:boringssl.system.BUILD",
        system_probe = "/usr/include/android/openssl/base.h",
    )

    library(
        name = "com_google_protobuf",
        debian_package = "libprotobuf-dev protobuf-compiler",
        system_build_file = "//third_party:protobuf.system.BUILD",
        system_probe = "/usr/include/google/protobuf/message.h",
    )

    library(
        name = "com_github_intel_isa_l",
        debian_package = "libisal-dev",
        system_build_file = "//third_party:isal.system.BUILD",
        system_probe = "/usr/include/isa-l/igzip_lib.h",
    )

    library(
        name = "zlib",
        debian_package = "zlib1g-dev",
        system_build_file = "//third_party:zlib.system.BUILD",
        system_probe = "/usr/include/zlib.h",
    )

    library(
        name = "minizip",
        debian_package = "libminizip-dev",
        system_build_file = "//third_party:minizip.system.BUILD",
        system_probe = "/usr/include/minizip/unzip.h",
    )

    library(
        name = "com_github_google_leveldb",
        debian_package = "libleveldb-dev libsnappy-dev",
        system_build_file = "//third_party:leveldb.system.BUILD",
        system_probe = "/usr/include/leveldb/db.h",
    )

    library(
        name = "com_github_google_snappy",
        debian_package = "libsnappy-dev",
        system_build_file = "//third_party:snappy.system.BUILD",
        system_probe = "/usr/include/snappy.h",
    )

    library(
        name = "com_github_nlohmann_json",
        debian_package = "nlohmann-json3-dev",
        system_build_file = "//third_party:nlohmann_json.system.BUILD",
        system_probe = "/usr/include/nlohmann/json.hpp",
    )

    library(
        name = "com_github_cliutils_cli11",
        debian_package = "libcli11-dev",
        system_build_file = "//third_party:cli11.system.BUILD",
        system_probe = "/usr/include/CLI/CLI.hpp",
    )

    # Only Abseil's source and Bazel 7 itself ask for this one.
    library(
        name = "bazel_skylib",
        debian_package = "bazel-skylib",
        sha256 = "9f38886a40548c6e96c106b752f242130ee11aaa068a56ba7e56f4511f33e4f2",
        system_path = "/usr/share/bazel/tools/skylib",
        system_probe = "/usr/share/bazel/tools/skylib/lib/selects.bzl",
        urls = [_GITHUB + "bazelbuild/bazel-skylib/releases/download/1.6.1/bazel-skylib-1.6.1.tar.gz"],
    )
