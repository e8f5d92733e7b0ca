#!/usr/bin/env bash
# Put libtorch 2.13.0 into .libtorch/ from the wheel on PyPI.
#
#   ./scripts/setup-libtorch.sh                     CPU (Linux x86-64, Linux aarch64, macOS arm64)
#   GAN_LAB_TORCH=cuda ./scripts/setup-libtorch.sh  with CUDA 13 (Linux x86-64)
#   LIBTORCH=/path/to/libtorch …                    your own copy: it is checked and left as it is
#
# Safe to run again (it does nothing when all is there) and to interrupt (nothing half-made stays; what a killed run
# left, the next one removes).
set -euo pipefail
# shellcheck source=scripts/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

VERSION=2.13.0
TARGET="$ROOT/.libtorch"
VARIANT=${GAN_LAB_TORCH:-cpu}

check_users_own() {
  [ -e "$LIBTORCH/lib/libtorch_cpu.so" ] || [ -e "$LIBTORCH/lib/libtorch_cpu.dylib" ] || die \
    "LIBTORCH is $LIBTORCH, but there is no lib/libtorch_cpu there." \
    "Point it at a libtorch $VERSION folder, or unset it to let this script fetch one."
  local found
  found=$(cat "$LIBTORCH/build-version" 2>/dev/null || echo unknown)
  case "$found" in
    "$VERSION"*) say "using your libtorch in $LIBTORCH" ;;
    *) say "warning: the libtorch in $LIBTORCH says version '$found'; gan-lab is built and tested with $VERSION" ;;
  esac
}

# is_whole FOLDER: whether the libraries and headers that gan-lab is built with are there.
is_whole() {
  local name
  for name in libtorch_cpu libc10 libtorch; do
    [ -s "$1/lib/$name.so" ] || [ -s "$1/lib/$name.dylib" ] || return 1
  done
  [ "$VARIANT" = cpu ] || [ -s "$1/lib/libtorch_cuda.so" ] || return 1
  [ -s "$1/include/ATen/ATen.h" ]
}

# Prints the list of wheels for this machine; sets PLATFORMS to pip's names for it.
choose_wheels() {
  case "$VARIANT" in cpu | cuda) ;; *) die "GAN_LAB_TORCH is '$VARIANT'; it can be cpu or cuda." ;; esac
  local machine suffix='' tag
  machine="$(uname -s)-$(uname -m)"
  [ "$VARIANT" = cpu ] || suffix=-cuda
  case "$machine" in
    Linux-x86_64 | Linux-aarch64)
      tag=$(uname -m)
      LIST="$ROOT/scripts/libtorch/linux-$tag$suffix.txt"
      PLATFORMS=(--platform "manylinux2014_$tag" --platform "manylinux2010_$tag" --platform "manylinux1_$tag")
      for glibc in 28 27 26 25 24 23 22 21 20 19 18 17; do PLATFORMS+=(--platform "manylinux_2_${glibc}_$tag"); done
      ;;
    Darwin-arm64)
      LIST="$ROOT/scripts/libtorch/macos-arm64$suffix.txt"
      PLATFORMS=(--platform macosx_14_0_arm64)
      ;;
    *)
      die "there is no libtorch wheel for $machine." \
        "Supported: Linux x86-64, Linux aarch64, macOS arm64." \
        "With a libtorch $VERSION of your own, set LIBTORCH to its folder and run this again."
      ;;
  esac
  [ -f "$LIST" ] || die "the CUDA libraries are set up on Linux x86-64 only; this is $machine." \
    "Leave GAN_LAB_TORCH unset for the CPU, or set LIBTORCH to your own libtorch $VERSION."
}

check_disk() {
  local need_mb=1300 free_mb
  [ "$VARIANT" = cpu ] || need_mb=8500
  free_mb=$(df -Pm "$ROOT" | awk 'NR==2 {print $4}')
  [ "$free_mb" -ge "$need_mb" ] || die "too little disk space: $free_mb MB free at $ROOT, $need_mb MB needed." \
    "Free some space and run this again."
}

if [ -n "${LIBTORCH:-}" ]; then
  check_users_own
  exit 0
fi
if [ "$(cat "$TARGET/build-version" 2>/dev/null)" = "$VERSION" ] &&
  [ "$(cat "$TARGET/variant" 2>/dev/null)" = "$VARIANT" ] && is_whole "$TARGET"; then
  exit 0
fi

choose_wheels
need_python
check_disk

# On the same disk as the target, so that the last step is one rename.
WORK=$(make_part "$ROOT/.libtorch.part")
trap 'rm -rf "$WORK"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

say "fetching libtorch $VERSION ($VARIANT) from PyPI: $(grep -c == "$LIST") packages"
# The wheel for CPython 3.11 whatever Python runs this: only its C++ parts are used.
run_pip download --quiet --disable-pip-version-check --no-deps --require-hashes --only-binary=:all: \
  --implementation cp --python-version 311 "${PLATFORMS[@]}" --dest "$WORK/wheels" --requirement "$LIST" || die \
  "libtorch could not be fetched (pip's own words are above)." \
  "Without a network: copy a .libtorch folder from a machine that has one, or set LIBTORCH." \
  "A hash that does not match means that the file is not the one this project was tested with."
say "unpacking into ${TARGET#"$ROOT"/}/"
python3 -I "$ROOT/scripts/libtorch/unpack.py" "$WORK/wheels" "$WORK/libtorch" "$VARIANT"
is_whole "$WORK/libtorch" || die "what pip fetched holds no whole libtorch, and nothing was put into ${TARGET#"$ROOT"/}/." \
  "Run this again; if that does not help, look at what 'python3 -I -m pip --version' and pip's configuration say."
if [ -e "$TARGET" ]; then mv "$TARGET" "$WORK/old"; fi
mv "$WORK/libtorch" "$TARGET"
say "libtorch $VERSION is ready ($(du -sh "$TARGET" | cut -f1))"
