#!/bin/bash
# Runs all tests instrumented, and prints which share of the lines of keyformat,
# matcher and tools they run, by folder.  Needs clang-14 and llvm-14
# (`tools/dev/setup.sh --coverage`).
#
# Fails where it is less than 90 % of a folder: something was not run at all.
#
# Usage: tools/dev/check_coverage.sh [FILE]
# With FILE, the report in lcov's format goes there too (genhtml draws it).
# shellcheck source=tools/dev/shell.sh
source "$(dirname "${BASH_SOURCE[0]}")/shell.sh"

step coverage run_bazel coverage --config=coverage --keep_going //tests/...
report=$(run_bazel info --config=coverage output_path)/_coverage/_coverage_report.dat
[[ -s $report ]] || step "looking for coverage in the report" false
[[ -z ${1-} ]] || cp "$report" "$1"

# A line is in the report once for each test that could run it.
awk -F '[:,]' '
  $1 == "SF" { file = $2; ours = file ~ /^(keyformat|matcher|tools)\// }
  $1 == "DA" && ours { lines[file, $2] = 1; if ($3 > 0) run[file, $2] = 1 }
  END {
    for (key in lines) {
      split(key, part, SUBSEP)
      folder = part[1]
      sub("/[^/]*$", "", folder)
      ++all[folder]
      if (key in run) ++hit[folder]
    }
    for (folder in all) {
      printf "%-20s %5d of %5d lines, %5.1f %%\n", folder, hit[folder], \
        all[folder], 100 * hit[folder] / all[folder]
      few = few || hit[folder] < 0.9 * all[folder]
      ++folders
    }
    exit few || folders < 10
  }' "$report" | sort
