#!/bin/bash
# Cross-builds for 64-bit Arm all that an app links, and runs under emulation the
# tests of the kernels, and those that use them; they are small enough for that.
# `tools/setup.sh --arm64` installs what this needs.
#
# Usage: tools/check_arm64.sh [option of `bazel test`]...
# shellcheck source=tools/shell.sh
source "$(dirname "${BASH_SOURCE[0]}")/shell.sh"

for tool in aarch64-linux-gnu-g++ qemu-aarch64; do
  command -v "$tool" >/dev/null ||
    step "looking for $tool (tools/setup.sh --arm64 installs it)" false
done

step "building for arm64" run_bazel build --config=arm64 "$@" \
  //keyformat/... //matcher/...
"$root/test" --config=arm64 "$@" \
  //tests/matcher:en_crypto_test \
  //tests/matcher:kernels_test \
  //tests/matcher:match_engine_test \
  //tests/matcher:sighting_index_test \
  //tests/matcher:weak_symbols_test
