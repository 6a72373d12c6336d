#!/bin/bash
# Fails, and shows where, when clang-format or buildifier would change a file of
# the tree.
#
# Usage: tools/dev/check_format.sh
# shellcheck source=tools/dev/shell.sh
source "$(dirname "${BASH_SOURCE[0]}")/shell.sh"
cd "$root"

list() {
  git ls-files -z --cached --others --exclude-standard "$@"
}

status=0
list '*.h' '*.cc' '*.c' '*.proto' |
  xargs -0 --no-run-if-empty clang-format-14 --dry-run -Werror || status=1
list '*WORKSPACE' '*.bazel' '*.bzl' '*.BUILD' |
  xargs -0 --no-run-if-empty tools/dev/npm/node_modules/.bin/buildifier \
    -mode=check -lint=off || status=1
exit "$status"
