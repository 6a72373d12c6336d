#!/bin/bash
# Fails, and shows where, when shellcheck or pyflakes finds a defect in a script
# of the tree.  A script is known by its first line or its name's ending.
#
# Usage: tools/dev/check_scripts.sh
# shellcheck source=tools/dev/shell.sh
source "$(dirname "${BASH_SOURCE[0]}")/shell.sh"
cd "$root"

shell=() python=()
while IFS= read -r -d '' file; do
  read -r first 2>/dev/null <"$file" || first=
  case $file:$first in
    *.sh:* | *:'#!/bin/bash'* | *:'#!/bin/sh'*) shell+=("$file") ;;
    *.py:* | *:'#!/usr/bin/env python3'*) python+=("$file") ;;
  esac
done < <(git grep -lzI -e '' --untracked)

# What lists them may have failed.
((${#shell[@]} > 0 && ${#python[@]} > 0))

status=0
shellcheck --external-sources --source-path=SCRIPTDIR "${shell[@]}" || status=1
pyflakes3 "${python[@]}" || status=1
printf '%d shell scripts, %d Python scripts\n' "${#shell[@]}" "${#python[@]}"
exit "$status"
