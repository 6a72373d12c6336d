"""Cross compilation with Debian's g++-TRIPLET and the libraries of its multiarch."""

load("@bazel_tools//tools/cpp:unix_cc_toolchain_config.bzl", "cc_toolchain_config")
load("@rules_cc//cc:defs.bzl", "cc_toolchain")

# What the configuration asks for by name.
_TOOLS = ["ar", "cpp", "dwp", "gcc", "gcov", "ld", "nm", "objcopy", "objdump", "strip"]

# The tools are absolute paths: there is no file for Bazel to bring.
_FILES = ["all", "ar", "as", "compiler", "dwp", "linker", "objcopy", "strip"]

def cross_toolchain(name, cpu, triplet):
    """Declares the platform linux_NAME and, to build for it, the toolchain cc_NAME.

    Args:
      name: for example "arm64".
      cpu: in @platforms//cpu, for example "aarch64".
      triplet: Debian's, for example "aarch64-linux-gnu".
    """
    constraints = ["@platforms//cpu:" + cpu, "@platforms//os:linux"]
    tool_paths = {tool: "/usr/bin/%s-%s" % (triplet, tool) for tool in _TOOLS}
    tool_paths["llvm-cov"] = "/bin/false"

    native.platform(
        name = "linux_" + name,
        constraint_values = constraints,
    )

    cc_toolchain_config(
        name = name + "_config",
        abi_libc_version = "local",
        abi_version = "local",
        compile_flags = ["-Wall", "-fno-omit-frame-pointer"],
        compiler = "gcc",
        cpu = cpu,
        cxx_builtin_include_directories = [
            "/usr/lib/gcc-cross/" + triplet,
            "/usr/%s/include" % triplet,
            "/usr/include",
        ],
        dbg_compile_flags = ["-g"],
        host_system_name = "local",
        link_flags = ["-Wl,-z,relro,-z,now"],
        link_libs = ["-lstdc++", "-lm"],
        opt_compile_flags = ["-O2", "-DNDEBUG", "-ffunction-sections", "-fdata-sections"],
        opt_link_flags = ["-Wl,--gc-sections"],
        target_libc = "local",
        target_system_name = triplet,
        tool_paths = tool_paths,
        toolchain_identifier = name,
        # As in Bazel's own configuration: a header's path is the one searched.
        unfiltered_compile_flags = ["-fno-canonical-system-headers"],
    )

    native.filegroup(name = name + "_files")

    cc_toolchain(
        name = name + "_cc",
        toolchain_config = name + "_config",
        toolchain_identifier = name,
        **{kind + "_files": name + "_files" for kind in _FILES}
    )

    native.toolchain(
        name = "cc_" + name,
        exec_compatible_with = ["@platforms//os:linux"],
        target_compatible_with = constraints,
        toolchain = name + "_cc",
        toolchain_type = "@bazel_tools//tools/cpp:toolchain_type",
    )
