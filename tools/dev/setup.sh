#!/bin/bash
# Installs, on Debian 12, the packages that tekmatch needs and that are
# missing; does nothing, and asks no server, when none is.
#
# Usage: tools/dev/setup.sh [--checks] [--arm64] [--library] [--java]
#                           [--report] [--coverage] [--mutation] [--registration]
#                           [--slurm]
#        tools/dev/setup.sh --fingerprint
#
# Without options: what the build and the tests need. And with
#   --checks       what the checks of .ci/run need
#   --arm64        what --config=arm64 needs
#   --library      what tools/dev/build_library needs
#   --java         what its --java needs: a JDK
#   --report       what tools/dev/bench_report needs, and tests of pages
#   --coverage     what --config=coverage needs
#   --mutation     what tools/dev/mutate needs
#   --registration  what the build and the tests of registration/ need
#   --slurm        what tools/dev/check_slurm and docs/scale.md need
#   --fingerprint  prints a hash of the versions installed, and does nothing else
#   --help         prints this
set -euo pipefail

build=(
  bazel-bootstrap
  g++
  python3
  tzdata
  # Libraries, in the order of third_party/dependencies.bzl.
  libabsl-dev
  libgtest-dev
  libgmock-dev
  librapidcheck-dev
  libbenchmark-dev
  android-libboringssl-dev
  libprotobuf-dev
  protobuf-compiler
  zlib1g-dev
  libisal-dev
  libminizip-dev
  libsqlite3-dev
  libleveldb-dev
  libsnappy-dev
  nlohmann-json3-dev
  libcli11-dev
)
checks=(
  clang-14
  clang-format-14
  clang-tidy-14
  cmake
  git
  libclang-rt-14-dev
  libssl-dev
  lld-14
  openssl
  pkgconf
  pyflakes3
  shellcheck
  # What it says of Bluetooth captures is compared with what is read of them.
  tshark
  # For tools/dev/check_memory.
  valgrind
)

# The native packages' headers serve both architectures. BoringSSL's -dev package
# cannot be installed for two at once: its library is linked by its full name.
# ISA-L cannot at all, so what uses it is compiled for arm64 but not linked; nor is
# what uses SQLite.
arm64=(
  g++-aarch64-linux-gnu
  qemu-user
  libabsl-dev:arm64
  libgtest-dev:arm64
  libgmock-dev:arm64
  android-libboringssl:arm64
  zlib1g-dev:arm64
)
library=(
  bazel-skylib
  dpkg-dev
  git
  tcl
)
java=(
  default-jdk-headless
)
report=(
  # Tests look at pages in it, Japanese ones, too.
  chromium-headless-shell
  fonts-ipafont-gothic
)
coverage=(
  clang-14
  lld-14
  llvm-14
)
mutation=(
  # Clang's headers, and its library for Python.
  libclang-common-14-dev
  python3-clang-14
)

registration=(
  # Libraries: serves HTTP; calls other servers and sends mail; hashes passwords.
  libmicrohttpd-dev
  libcurl4-gnutls-dev
  libargon2-dev
  # Receives the tests' mail.
  python3-aiosmtpd
  # Tests open the pages in a Chromium that they drive by WebDriver, as a person
  # does: keys, clipboard, input methods. It brings the whole browser. Without the
  # font Japanese texts are boxes on the pictures, and nobody sees what is wrong.
  chromium-driver
  fonts-ipafont-gothic
)
slurm=(
  slurm-wlm
  # By which Slurm's daemons know each other.
  munge
  # Other ways to run shards: GNU's, and Kubernetes, whose YAML a test reads.
  parallel
  python3-yaml
)

say() {
  printf 'tools/dev/setup.sh: %s\n' "$*" >&2
}

fail() {
  say "$*"
  exit 1
}

command -v dpkg-query >/dev/null ||
  fail "this is not Debian; install by hand the packages listed here"

packages=("${build[@]}")
foreign=
node_packages=
for option; do
  case $option in
    --checks)
      # The classes for Java are among what is checked.
      packages+=("${checks[@]}" "${java[@]}")
      node_packages=yes
      # Any npm will do; Debian's brings hundreds of packages.
      command -v npm >/dev/null || packages+=(npm)
      ;;
    --arm64)
      packages+=("${arm64[@]}")
      foreign=arm64
      ;;
    --library) packages+=("${library[@]}") ;;
    --java) packages+=("${java[@]}") ;;
    --report) packages+=("${report[@]}") ;;
    --coverage) packages+=("${coverage[@]}") ;;
    --mutation) packages+=("${mutation[@]}") ;;
    --registration) packages+=("${registration[@]}") ;;
    --slurm) packages+=("${slurm[@]}") ;;
    --fingerprint)
      # dpkg-query exits with 1 when it does not know one of the packages.
      { dpkg-query --show "${build[@]}" clang-14 lld-14 libc6-dev libstdc++-12-dev \
        libstdc++-12-dev-arm64-cross 2>/dev/null || true; } |
        sha256sum | cut -c1-16
      exit
      ;;
    --help)
      sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "$0"
      exit
      ;;
    *) fail "unknown argument $option (--help lists them)" ;;
  esac
done

# dpkg-query exits with 1 here too. A package named without an architecture is
# the native one or one for all.
installed=$(dpkg-query --show \
  --showformat='${db:Status-Status} ${Package}:${Architecture}\n' \
  "${packages[@]}" 2>/dev/null || true)
native=$(dpkg --print-architecture)
missing=()
for package in "${packages[@]}"; do
  grep -qxF -e "installed $package" -e "installed $package:$native" \
    -e "installed $package:all" <<<"$installed" || missing+=("$package")
done
install_missing() {
  local as_root=()
  if ((EUID != 0)); then
    command -v sudo >/dev/null || fail "no sudo here; as root, run:" \
      "${foreign:+dpkg --add-architecture $foreign && }apt-get update &&" \
      "apt-get install --no-install-recommends ${missing[*]}"
    as_root=(sudo)
  fi
  say "installing ${missing[*]}"
  if [[ -n $foreign && $foreign != "$native" ]]; then
    "${as_root[@]}" dpkg --add-architecture "$foreign"
  fi
  apt update
  # What apt would ask about: sizes, of these and of what they depend on.
  local size
  while IFS= read -r size; do
    say "$size"
  done < <("${as_root[@]}" env LC_ALL=C apt-get install --assume-no --no-install-recommends \
    "${missing[@]}" 2>/dev/null | grep -E '^(Need to get|After this operation)')
  apt install --no-install-recommends "${missing[@]}"
}

# still_at_it LOG: says the log's last line, every 20 seconds, while this script
# runs. Its sleep, which may outlive it by seconds, holds no pipe open.
still_at_it() {
  while sleep 20 >/dev/null 2>&1 && kill -0 "$$" 2>/dev/null; do
    say "$(tail -n 1 "$1")"
  done
}

# Uses as_root of its caller.
apt() {
  local log ticker status=0
  log=$(mktemp)
  still_at_it "$log" &
  ticker=$!
  # Another apt-get may be at work on a machine that has just started.
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get \
    -o DPkg::Lock::Timeout=300 --assume-yes --quiet=1 "$@" \
    </dev/null >"$log" 2>&1 || status=$?
  kill "$ticker"
  wait "$ticker" 2>/dev/null || true
  if ((status != 0)); then
    cat "$log" >&2
    rm -f "$log"
    fail "apt-get $*"
  fi
  rm -f "$log"
}

((!${#missing[@]})) || install_missing

# buildifier is npm's. npm writes a copy of the lock file when it is done.
if [[ -n $node_packages ]]; then
  cd "$(dirname "$0")/npm"
  if [[ ! -e node_modules/.package-lock.json ||
    package-lock.json -nt node_modules/.package-lock.json ]]; then
    say "installing buildifier"
    output=$(npm ci --no-audit --no-fund 2>&1) || {
      printf '%s\n' "$output" >&2
      fail "npm ci"
    }
    touch node_modules/.package-lock.json
  fi
fi
