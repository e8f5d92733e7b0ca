#!/usr/bin/env bash
# The small wheel, as somebody with pip has it: built, installed without a network into an empty environment, and gan-lab
# quickstart and gan-lab sefa run in an empty folder. The wheel is this machine's own; scripts/release.sh makes the one that runs everywhere.
#
#   ./scripts/test-wheel.sh
#
# 77: maturin cannot be had from PyPI.
set -euo pipefail
# shellcheck source=scripts/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
cd "$ROOT"
need_rust

tools=$ROOT/target/release-tools
have_release_tools "$tools" || {
  say "maturin cannot be had from PyPI: the wheel is not tested"
  exit 77
}
WORK=$(mktemp -d)
say "building the wheel"
# In the same target folder, where its parts are compiled already; the program that stood there comes back after it.
program=${CARGO_TARGET_DIR:-$ROOT/target}/release/gan-lab
restore() {
  rm -rf "$WORK"
  [ ! -e "$program.kept" ] || mv -f "$program.kept" "$program"
}
trap restore EXIT
[ ! -e "$program" ] || ln -f "$program" "$program.kept"
(cd packaging/lite && PATH=$tools/bin:$PATH maturin build --quiet --release --compatibility linux --out "$WORK/dist")
say "installing it into an empty environment"
python3 -m venv "$WORK/venv"
"$WORK/venv/bin/pip" install --quiet --no-index "$WORK"/dist/gan_lab_lite-*.whl
mkdir "$WORK/empty"
cd "$WORK/empty"
# Nothing of this folder's project, and no toolchain, is at hand.
env -i HOME="$WORK" PATH=/usr/bin:/bin "$WORK/venv/bin/gan-lab" quickstart --epochs 20 >"$WORK/log" 2>&1 || {
  cat "$WORK/log" >&2
  die "gan-lab quickstart failed in an empty folder."
}
for file in gan.gif wgan.gif wgan-gp.gif quickstart.html; do
  [ -s "$file" ] || die "gan-lab quickstart left no $file."
done
env -i HOME="$WORK" PATH=/usr/bin:/bin "$WORK/venv/bin/gan-lab" sefa --n 2 --k 2 --traits none --out job >"$WORK/log" 2>&1 || {
  cat "$WORK/log" >&2
  die "gan-lab sefa failed in an empty folder."
}
for file in index.html directions.npy job.gif sheets/sheet1.png; do
  [ -s "job/$file" ] || die "gan-lab sefa left no $file."
done
say "gan-lab quickstart and gan-lab sefa work from the wheel ($(du -h "$WORK"/dist/*.whl | cut -f1))"
