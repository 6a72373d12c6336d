#!/bin/bash
# Fails, and shows where, when clang-format would change a file of the tree.
#
# Usage: tools/check_format.sh
source "$(dirname "${BASH_SOURCE[0]}")/shell.sh"
cd "$root"

git ls-files -z --cached --others --exclude-standard '*.h' '*.cc' '*.proto' |
  xargs -0 --no-run-if-empty clang-format-14 --dry-run -Werror
