"""The commit that a build is told of."""

def _commit_header(ctx):
    header = ctx.actions.declare_file("commit.h")
    ctx.actions.write(
        header,
        "#define TEKMATCH_COMMIT \"%s\"\n" % ctx.build_setting_value,
    )
    return [DefaultInfo(files = depset([header]))]

commit_header = rule(
    doc = "Writes commit.h; --//PACKAGE:NAME=COMMIT sets what is in it.",
    implementation = _commit_header,
    build_setting = config.string(flag = True),
)
