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

# A folder that says that it is whole, and is.
lay_out() {
  mkdir -p "$1/lib" "$1/include/ATen"
  for name in lib/libtorch_cpu.so lib/libc10.so lib/libtorch.so include/ATen/ATen.h; do echo x >"$1/$name"; done
}
lay_out "$WORLD/project/.libtorch"
echo 2.13.0 >"$WORLD/project/.libtorch/build-version"
echo cpu >"$WORLD/project/.libtorch/variant"
stub python3 'exit 9'
expect 0 "" with_stubs "$setup"
: >"$WORLD/project/.libtorch/lib/libc10.so"
stub python3 'case "$*" in *"pip --version"*) exit 0 ;; *) echo "not whole" >&2; exit 1 ;; esac'
expect 1 "not whole" with_stubs "$setup"
rm -r "$WORLD/project/.libtorch"

# A pip.py in the current folder, or where PYTHONPATH leads, is not run.
mkdir "$WORLD/trap"
echo "open('$WORLD/sprung', 'w')" >"$WORLD/trap/pip.py"
rm "$WORLD/bin/python3"
(cd "$WORLD/trap" && PYTHONPATH="$WORLD/trap" bash -c '. "$1/scripts/common.sh"; run_pip --version' - "$ROOT") >/dev/null 2>&1 || true
[ ! -e "$WORLD/sprung" ] || die "a pip.py in the current folder was run"
passed=$((passed + 1))

# A pip that fetches nothing; one that fetches all, with another project's folder of the same kind in the way.
stub python3 'case "$*" in *unpack.py*) mkdir -p "$4/lib" && echo 2.13.0 >"$4/build-version" ;; esac'
expect 1 "holds no whole libtorch" with_stubs "$setup"
[ ! -e "$WORLD/project/.libtorch" ] || die "an empty libtorch was put in place"
stub python3 "case \"\$*\" in *unpack.py*) cp -r '$WORLD/whole' \"\$4\" ;; esac"
lay_out "$WORLD/whole"
expect 0 "is ready" with_stubs "$setup"
rm -r "$WORLD/project/.libtorch"

# What a killed run left goes; what a living one is at work on stays.
host=$(uname -n | tr -c 'A-Za-z0-9\n' _)
true &
dead=$!
wait "$dead"
mkdir "$WORLD/project/.libtorch.part.$host.$dead.abcdef"
with_stubs "$setup" 2>/dev/null || die "a set-up beside a killed one's folder failed"
[ ! -e "$WORLD/project/.libtorch.part.$host.$dead.abcdef" ] || die "a killed run's folder stayed"
rm -r "$WORLD/project/.libtorch"
mkdir "$WORLD/project/.libtorch.part.$host.$$.abcdef" "$WORLD/project/.libtorch.part.elsewhere.$dead.abcdef"
with_stubs "$setup" 2>/dev/null || die "a set-up beside a living one's folder failed"
for kept in "$host.$$" "elsewhere.$dead"; do
  rmdir "$WORLD/project/.libtorch.part.$kept.abcdef" || die "a living run's folder is gone"
done
rm -r "$WORLD/project/.libtorch"
passed=$((passed + 3))

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
