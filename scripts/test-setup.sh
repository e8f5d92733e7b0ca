#!/usr/bin/env bash
# Tests of setup-libtorch.sh that need no download: what it refuses, and that it leaves nothing behind.
set -euo pipefail
# shellcheck source=scripts/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

WORLD=$(mktemp -d)
trap 'rm -rf "$WORLD"' EXIT
mkdir -p "$WORLD/project" "$WORLD/bin"
cp -r "$ROOT/scripts" "$WORLD/project/scripts"
setup="$WORLD/project/scripts/setup-libtorch.sh"
passed=0

# expect CODE TEXT COMMAND…: the command's exit code, and what it says.
expect() {
  local code=$1 text=$2 got=0 said
  shift 2
  said=$("$@" 2>&1) || got=$?
  [ "$got" = "$code" ] || die "expected exit code $code, got $got from: $*" "$said"
  case "$said" in *"$text"*) ;; *) die "expected '$text' from: $*" "$said" ;; esac
  [ -z "$(find "$WORLD/project" -maxdepth 1 -name '.libtorch.part*')" ] || die "left something half-made: $*"
  passed=$((passed + 1))
}

# A folder of tools in front of the real ones.
stub() {
  printf '#!/bin/sh\n%s\n' "$2" >"$WORLD/bin/$1"
  chmod +x "$WORLD/bin/$1"
}
with_stubs() { env -u LIBTORCH PATH="$WORLD/bin:$PATH" "$@"; }

expect 1 "can be cpu or cuda" env -u LIBTORCH GAN_LAB_TORCH=tpu "$setup"
expect 1 "no lib/libtorch_cpu there" env LIBTORCH="$WORLD/nothing" "$setup"

mkdir -p "$WORLD/own/lib" && touch "$WORLD/own/lib/libtorch_cpu.so"
echo 2.1.0 >"$WORLD/own/build-version"
expect 0 "warning" env LIBTORCH="$WORLD/own" "$setup"
echo 2.13.0+cpu >"$WORLD/own/build-version"
expect 0 "using your libtorch" env LIBTORCH="$WORLD/own" "$setup"

mkdir "$WORLD/project/.libtorch"
echo 2.13.0 >"$WORLD/project/.libtorch/build-version"
echo cpu >"$WORLD/project/.libtorch/variant"
stub python3 'exit 9'
expect 0 "" with_stubs "$setup"
rm -r "$WORLD/project/.libtorch"

stub python3 'case "$*" in *"pip --version"*) exit 0 ;; *) echo "hashes do not match" >&2; exit 1 ;; esac'
expect 1 "could not be fetched" with_stubs "$setup"
stub df 'echo "Filesystem 1048576-blocks Used Available Capacity Mounted"; echo "/dev/x 100 90 10 90% /"'
expect 1 "10 MB free" with_stubs "$setup"
rm "$WORLD/bin/df"
stub uname 'case "$1" in -s) echo Plan9 ;; *) echo mips ;; esac'
expect 1 "no libtorch wheel for Plan9-mips" with_stubs "$setup"
stub uname 'case "$1" in -s) echo Darwin ;; *) echo arm64 ;; esac'
expect 1 "Linux x86-64 only" with_stubs env GAN_LAB_TORCH=cuda "$setup"
rm "$WORLD/bin/uname"

# Interrupted while it fetches.
stub python3 'case "$*" in *"pip --version"*) exit 0 ;; *) kill -TERM "$PPID"; exit 0 ;; esac'
expect 143 "fetching" with_stubs "$setup"
[ ! -e "$WORLD/project/.libtorch" ] || die "an interrupted set-up left a .libtorch"

say "setup-libtorch.sh: $passed checks passed"
