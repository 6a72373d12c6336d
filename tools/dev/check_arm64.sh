#!/bin/bash
# Cross-builds for 64-bit Arm all that an app links, and runs under emulation the
# tests of the kernels, and those that use them; they are small enough for that.
# `tools/dev/setup.sh --arm64` installs what this needs.
#
# Usage: tools/dev/check_arm64.sh [option of `bazel test`]...
# shellcheck source=tools/dev/shell.sh
source "$(dirname "${BASH_SOURCE[0]}")/shell.sh"

for tool in aarch64-linux-gnu-g++ qemu-aarch64; do
  command -v "$tool" >/dev/null ||
    step "looking for $tool (tools/dev/setup.sh --arm64 installs it)" false
done

step "building for arm64" run_bazel build --config=arm64 "$@" \
  //keyformat/... //matcher/...
"$root/test" --config=arm64 "$@" \
  //tests/matcher/join:en_crypto_test \
  //tests/matcher/kernels:kernels_test \
  //tests/matcher/join:match_engine_test \
  //tests/matcher/join:sighting_index_test \
  //tests/matcher/kernels:weak_symbols_test
