"""What Bazel's proto rules look for in @com_google_protobuf, whatever the runtime."""

# For import only, their code is in libprotobuf.
_WELL_KNOWN = [
    "any",
    "api",
    "descriptor",
    "duration",
    "empty",
    "field_mask",
    "source_context",
    "struct",
    "timestamp",
    "type",
    "wrappers",
]

_WELL_KNOWN_DEPS = {
    "api": [
        "source_context",
        "type",
    ],
    "type": [
        "any",
        "source_context",
    ],
}

def protobuf_rules(runtime):
    """The well-known types, the system's compiler, and the toolchain.

    Args:
      runtime: the library that generated code needs.
    """
    for name in _WELL_KNOWN:
        native.genrule(
            name = "copy_%s_proto" % name,
            outs = ["google/protobuf/%s.proto" % name],
            cmd = "cp /usr/include/google/protobuf/%s.proto $@" % name,
            visibility = ["//visibility:private"],
        )
        native.proto_library(
            name = "%s_proto" % name,
            srcs = ["google/protobuf/%s.proto" % name],
            deps = [":%s_proto" % dep for dep in _WELL_KNOWN_DEPS.get(name, [])],
        )

    native.genrule(
        name = "protoc_sh",
        outs = ["protoc.sh"],
        cmd = "printf '#!/bin/sh\\nexec /usr/bin/protoc \"$$@\"\\n' >$@",
        executable = True,
        visibility = ["//visibility:private"],
    )

    native.sh_binary(
        name = "protoc",
        srcs = ["protoc.sh"],
    )

    native.proto_lang_toolchain(
        name = "cc_toolchain",
        blacklisted_protos = [":%s_proto" % name for name in _WELL_KNOWN],
        command_line = "--cpp_out=$(OUT)",
        runtime = runtime,
    )
